//! Numbers of payment cards: who issues them, how long they are, and which are published for tests.

use super::check::{luhn, number};
use super::number::is_made_up;

/// Issuers: from and to, with how many leading digits these are, and the lengths of their numbers (ISO/IEC 7812; the lists
/// of ranges that schemes give to merchants).
const ISSUERS: [(u64, u64, usize, &[usize]); 25] = [
    // Visa
    (4, 4, 1, &[13, 16, 19]),
    // Mastercard
    (51, 55, 2, &[16]),
    (2221, 2720, 4, &[16]),
    // American Express
    (34, 34, 2, &[15]),
    (37, 37, 2, &[15]),
    // Discover
    (6011, 6011, 4, &[16, 19]),
    (644, 649, 3, &[16, 19]),
    (65, 65, 2, &[16, 19]),
    // Diners Club
    (300, 305, 3, &[14, 16]),
    (309, 309, 3, &[14, 16]),
    (36, 36, 2, &[14, 16]),
    (38, 39, 2, &[14, 16]),
    // JCB
    (3528, 3589, 4, &[16, 19]),
    // UnionPay
    (62, 62, 2, &[16, 17, 18, 19]),
    (81, 81, 2, &[16, 19]),
    // Maestro
    (5018, 5018, 4, &[12, 13, 16, 18, 19]),
    (5020, 5020, 4, &[12, 13, 16, 18, 19]),
    (5038, 5038, 4, &[12, 13, 16, 18, 19]),
    (6304, 6304, 4, &[12, 13, 16, 18, 19]),
    (6759, 6763, 4, &[12, 13, 16, 18, 19]),
    // Mir
    (2200, 2204, 4, &[16, 19]),
    // RuPay, Elo, Hipercard, Troy
    (508, 508, 3, &[16]),
    (606_282, 606_282, 6, &[16]),
    (607, 608, 3, &[16]),
    (9792, 9792, 4, &[16]),
];

/// Numbers that payment services publish for tests and that pass for real ones: Stripe, Adyen, `PayPal`, Braintree,
/// Worldpay and Authorize.Net, each on its page on testing. Those made of few digits are known without a list.
const TEST_CARDS: &str = "2222400070000005 2222420000001113 2223000048410010 2223003122003222 3056930009020004 \
    30569309025904 3088000000000017 341111111111111 346827630435344 3530111333300000 \
    3566002020360505 3569990010095841 36006666333344 36227206271667 36700102000000 \
    370000000000002 371449635398431 373953192351004 378282246310005 378734493671000 \
    38520000023237 4000056655665556 4000620000000007 4005519200000004 4007000000027 \
    4009348888881881 4012888818888 4012888888881881 4166676667666746 4217651111111119 \
    4444333322221111 4500600000000061 4646464646464644 4915805038587737 4917484589897107 \
    4917610000000000 4988438843884305 5019717010103742 5100290029002909 5105105105105100 \
    5136333333333335 5200828282828210 5424000000000015 5425233430109903 5454545454545454 \
    5555341244441115 5577000055770004 5585558555855583 6011000000000012 6011000400000000 \
    6011000990139424 6011111111111117 6011601160116611 6011981111111113 6200000000000005 \
    6205500000000000004 6243030000000001 6304000000000000 6445644564456445 6759649826438453 \
    6771798021000008";

/// Digits that a real number has at least: of sixteen by chance one in ten thousand has fewer.
const DIGITS_MIN: usize = 5;

/// Whether somebody can have a card with this number.
pub(super) fn is_card(id: &[u8]) -> bool {
    id.iter().all(u8::is_ascii_digit) && luhn(id) && is_issued(id) && !is_test(id)
}

fn is_issued(id: &[u8]) -> bool {
    ISSUERS.iter().any(|(from, to, digits, lens)| {
        lens.contains(&id.len())
            && id.get(..*digits).is_some_and(|head| (*from..=*to).contains(&number(head)))
    })
}

fn is_test(id: &[u8]) -> bool {
    let digits = (b'0'..=b'9').filter(|digit| id.contains(digit)).count();
    digits < DIGITS_MIN || is_made_up(id) || TEST_CARDS.split(' ').any(|card| card.as_bytes() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_for_tests_are_nobodys() {
        for id in TEST_CARDS.split(' ') {
            assert!(luhn(id.as_bytes()) && !is_card(id.as_bytes()), "{id}");
        }
        for id in ["4242424242424242", "4111111111111111", "5555555555554444", "4000000000000002"] {
            assert!(!is_card(id.as_bytes()), "{id}");
        }
    }
}

//! Checksums and ranges of numbers, by the names that `shapes.txt` has for them.
//!
//! Each reads the letters and digits of a number alone, letters as capitals. Sources are named there.

mod nation;

use super::date::is_day;

/// Whether a number can have been issued.
pub(super) type Check = fn(&[u8]) -> bool;

/// The check of this name.
pub(super) fn by_name(name: &str) -> Option<Check> {
    Some(match name {
        "any" => |_| true,
        "luhn" => luhn,
        "card" => super::card::is_card,
        "ssn" => ssn,
        "itin" => itin,
        "aba" => aba,
        "nanp" => super::phone::is_american,
        "british" => |id| !super::phone::is_british_fiction(id),
        "french" => |id| !super::phone::is_french_fiction(id),
        "ean" => ean,
        _ => return nation::by_name(name),
    })
}

/// The value of a digit.
pub(super) fn value(digit: u8) -> u32 {
    u32::from(digit.wrapping_sub(b'0'))
}

/// The number that digits spell.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |all: u64, digit| {
        all.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// The sum of digits, each times its weight.
fn weighted(id: &[u8], weights: &[u32]) -> u32 {
    id.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

/// Two digits at a place.
fn two(id: &[u8], at: usize) -> u32 {
    id.get(at..at + 2).map_or(0, |two| weighted(two, &[10, 1]))
}

/// One digit at a place.
fn one(id: &[u8], at: usize) -> u32 {
    id.get(at).map_or(0, |digit| value(*digit))
}

/// Day and month as they stand, in a leap year.
fn is_date(month: u32, day: u32) -> bool {
    is_day(2000, month, day)
}

/// ISO/IEC 7812-1, annex B.
pub(super) fn luhn(id: &[u8]) -> bool {
    let sum = id.iter().rev().enumerate().map(|(at, digit)| match (at % 2, value(*digit)) {
        (1, digit) if digit > 4 => digit * 2 - 9,
        (1, digit) => digit * 2,
        (_, digit) => digit,
    });
    sum.sum::<u32>().is_multiple_of(10) && id.iter().any(|digit| *digit != b'0')
}

/// ISO/IEC 7064, MOD 97-10, as in bank account numbers: letters are numbers of two digits.
pub(super) fn mod97(id: impl Iterator<Item = u8>) -> bool {
    let rest = id.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + value(byte)) % 97,
        _ => (rest * 100 + u32::from(byte.wrapping_sub(b'A')) + 10) % 97,
    });
    rest == 1
}

/// Whether a number is a sample that nobody has.
pub(super) fn is_void(id: &[u8]) -> bool {
    VOID.contains(&id)
}

/// Numbers that were printed on samples and are void (ssa.gov, "misused numbers").
const VOID: [&[u8]; 3] = [b"078051120", b"219099999", b"457555462"];

/// A social security number: areas, groups and serials that are never issued.
fn ssn(id: &[u8]) -> bool {
    let (area, group, serial) = (one(id, 0) * 100 + two(id, 1), two(id, 3), number_of(id, 5));
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0
}

fn number_of(id: &[u8], from: usize) -> u64 {
    id.get(from..).map_or(0, number)
}

/// A taxpayer's number: which groups are issued.
fn itin(id: &[u8]) -> bool {
    let group = two(id, 3);
    one(id, 0) == 9
        && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
        && number_of(id, 5) != 0
}

/// A bank's routing number.
fn aba(id: &[u8]) -> bool {
    matches!(two(id, 0), 1..=12 | 21..=32 | 61..=72 | 80)
        && weighted(id, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// The last of thirteen digits of GS1.
fn ean(id: &[u8]) -> bool {
    weighted(id, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_know_published_examples_and_refuse_their_neighbours() {
        for (name, id) in [
            ("luhn", "79927398713"),
            ("ssn", "219084673"),
            ("itin", "912701234"),
            ("aba", "021000021"),
            ("ean", "4006381333931"),
            ("nhs", "9434765919"),
            ("steuer", "86095742719"),
            ("nir", "255081416802538"),
            ("dni", "12345678Z"),
            ("nie", "X1234567L"),
            ("fiscal", "RSSMRA85T10A562S"),
            ("pesel", "44051401359"),
            ("bsn", "111222333"),
            ("belgian", "85073003328"),
            ("swedish", "8112289874"),
            ("finnish", "131052308T"),
            ("norwegian", "01010750160"),
            ("cpf", "52998224725"),
            ("cnpj", "11222333000181"),
            ("cnpj", "12ABC34501DE35"),
            ("aadhaar", "999999990019"),
            ("chinese", "11010519491231002X"),
            ("mynumber", "123456789018"),
            ("curp", "HEGG560427MVZRRL04"),
            ("tfn", "123456782"),
            ("southafrican", "8001015009087"),
            ("nric", "S1234567D"),
            ("rut", "123456785"),
            ("cuit", "20123456786"),
            ("nif", "123456789"),
            ("kimlik", "10000000146"),
            ("korean", "8001011100000"),
        ] {
            let check = by_name(name).expect(name);
            assert!(check(id.as_bytes()), "{name} {id}");
            if name == "ssn" || name == "itin" {
                continue;
            }
            // A wrong digit near the end is seen.
            let at = id.bytes().rposition(|byte| byte.is_ascii_digit()).unwrap();
            let mut wrong = id.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'9' { b'0' } else { wrong[at] + 1 };
            assert!(!check(&wrong), "{name} {}", String::from_utf8_lossy(&wrong));
        }
        for (name, id) in [
            ("ssn", "000123456"),
            ("ssn", "666123456"),
            ("ssn", "900123456"),
            ("ssn", "123003456"),
            ("ssn", "123450000"),
            ("itin", "912661234"),
            ("nino", "QQ123456C"),
            ("nino", "GB123456C"),
            ("cpf", "11111111111"),
            ("bsn", "000000000"),
        ] {
            assert!(!by_name(name).unwrap()(id.as_bytes()), "{name} {id}");
        }
        assert!(by_name("nino").unwrap()(b"AB123456C"));
    }
}

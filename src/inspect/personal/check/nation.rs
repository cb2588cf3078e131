//! Numbers that states give to persons.

use super::{Check, is_date, number, one, two, value, weighted};

/// The check of this name.
pub(super) fn by_name(name: &str) -> Option<Check> {
    Some(match name {
        "nino" => nino,
        "nhs" => nhs,
        "steuer" => steuer,
        "nir" => nir,
        "dni" => dni,
        "nie" => nie,
        "fiscal" => fiscal,
        "pesel" => pesel,
        "bsn" => bsn,
        "belgian" => belgian,
        "swedish" => swedish,
        "swedish_form" => |id| swedish(id) && !is_time(id),
        "finnish" => finnish,
        "danish" => danish,
        "norwegian" => norwegian,
        "nif" => nif,
        "kimlik" => kimlik,
        "cpf" => cpf,
        "cnpj" => cnpj,
        "rut" => rut,
        "cuit" => cuit,
        "curp" => curp,
        "tfn" => tfn,
        "southafrican" => southafrican,
        "aadhaar" => aadhaar,
        "chinese" => chinese,
        "korean" => korean,
        "korean_form" => korean_form,
        "mynumber" => mynumber,
        "nric" => nric,
        _ => return None,
    })
}

/// The byte at a place; a zero byte is no digit or letter.
fn at(id: &[u8], place: usize) -> u8 {
    id.get(place).copied().unwrap_or_default()
}

/// Whether a letter or digit of a row stands at a place.
fn has(id: &[u8], place: usize, row: &[u8], index: u32) -> bool {
    let index = usize::try_from(index).ok();
    index.and_then(|index| row.get(index)).is_some_and(|byte| *byte == at(id, place))
}

/// Whether all are the same, which passes most sums and is nobody's.
fn is_flat(id: &[u8]) -> bool {
    id.iter().all(|byte| *byte == at(id, 0))
}

/// Eleven less the rest, where ten and eleven are nought.
fn eleven(sum: u32) -> u32 {
    match 11 - sum % 11 {
        10 | 11 => 0,
        digit => digit,
    }
}

fn nino(id: &[u8]) -> bool {
    let (first, second) = (at(id, 0), at(id, 1));
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&[first, second])
}

fn nhs(id: &[u8]) -> bool {
    let digit = 11 - weighted(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    digit % 11 == one(id, 9) && !is_flat(id)
}

/// ISO/IEC 7064, MOD 11,10; of its first ten digits one stands two or three times, all others once.
fn steuer(id: &[u8]) -> bool {
    let Some((check, digits)) = id.split_last() else { return false };
    let mut counts = [0; 10];
    for digit in digits {
        if let Some(count) = counts.get_mut(usize::from(digit.wrapping_sub(b'0'))) {
            *count += 1;
        }
    }
    let repeated: Vec<u8> = counts.into_iter().filter(|count| *count > 1).collect();
    let rest = digits.iter().fold(10, |rest, digit| match (value(*digit) + rest) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    matches!(repeated.as_slice(), [2 | 3]) && (11 - rest) % 10 == value(*check)
}

/// Departments of Corsica count as 19 and 18.
fn nir(id: &[u8]) -> bool {
    let digits: Vec<u8> = match (at(id, 5), at(id, 6)) {
        (b'2', letter @ (b'A' | b'B')) => {
            let corsica = if letter == b'A' { *b"19" } else { *b"18" };
            [id.get(..5).unwrap_or_default(), &corsica, id.get(7..).unwrap_or_default()].concat()
        }
        _ => id.to_vec(),
    };
    let Some((body, key)) = digits.split_at_checked(13) else { return false };
    let month = two(&digits, 3);
    digits.iter().all(u8::is_ascii_digit)
        && matches!(month, 1..=12 | 20..=42 | 50..=99)
        && two(&digits, 5) != 0
        && 97 - number(body) % 97 == number(key)
}

const DNI: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn dni(id: &[u8]) -> bool {
    let digits = id.get(..8).unwrap_or_default();
    u32::try_from(number(digits) % 23).is_ok_and(|rest| has(id, 8, DNI, rest)) && !is_flat(digits)
}

fn nie(id: &[u8]) -> bool {
    let first = at(id, 0).wrapping_sub(b'X').wrapping_add(b'0');
    let digits = [&[first], id.get(1..8).unwrap_or_default()].concat();
    u32::try_from(number(&digits) % 23).is_ok_and(|rest| has(id, 8, DNI, rest))
}

fn fiscal(id: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let order = |byte: u8| match byte {
        b'0'..=b'9' => value(byte),
        _ => u32::from(byte.wrapping_sub(b'A')),
    };
    let body = id.get(..15).unwrap_or_default().iter().enumerate();
    let sum: u32 = body
        .map(|(place, byte)| match (place % 2, order(*byte)) {
            (0, order) => {
                usize::try_from(order).ok().and_then(|order| ODD.get(order)).copied().unwrap_or(0)
            }
            (_, order) => order,
        })
        .sum();
    let letter = u32::from(at(id, 15).wrapping_sub(b'A'));
    sum % 26 == letter
}

fn pesel(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    sum.is_multiple_of(10) && two(id, 2) < 93 && is_date(two(id, 2) % 20, two(id, 4))
}

fn bsn(id: &[u8]) -> bool {
    // The last digit counts as less than nothing: ten times it is as much, modulo eleven.
    weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11) && !is_flat(id)
}

fn belgian(id: &[u8]) -> bool {
    let Some((body, key)) = id.split_at_checked(9) else { return false };
    let (old, new) = (number(body) % 97, (2_000_000_000 + number(body)) % 97);
    let key = number(key);
    two(id, 2) % 20 <= 12 && two(id, 4) <= 31 && (97 - old == key || 97 - new == key)
}

/// The last ten digits; a coordination number has sixty more in the day.
fn swedish(id: &[u8]) -> bool {
    let id = id.get(id.len().saturating_sub(10)..).unwrap_or_default();
    let day = two(id, 4);
    super::luhn(id) && is_date(two(id, 2), if day > 60 { day - 60 } else { day })
}

/// `241231-1530` is when something was.
fn is_time(id: &[u8]) -> bool {
    let start = id.len().saturating_sub(4);
    two(id, start) < 24 && two(id, start + 2) < 60
}

fn finnish(id: &[u8]) -> bool {
    let digits: Vec<u8> = id.iter().copied().filter(u8::is_ascii_digit).collect();
    let digits = digits.get(..9).unwrap_or_default();
    let rest = u32::try_from(number(digits) % 31).unwrap_or_default();
    let last = id.len().saturating_sub(1);
    digits.len() == 9
        && is_date(two(id, 2), two(id, 0))
        && has(id, last, b"0123456789ABCDEFHJKLMNPRSTUVWXY", rest)
}

/// Numbers of today have no check digit.
fn danish(id: &[u8]) -> bool {
    is_date(two(id, 2), two(id, 0))
}

fn norwegian(id: &[u8]) -> bool {
    let day = two(id, 0);
    let month = two(id, 2);
    let first = weighted(id, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(id, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    is_date(if month > 40 { month - 40 } else { month }, if day > 40 { day - 40 } else { day })
        && first.is_multiple_of(11)
        && second.is_multiple_of(11)
}

fn nif(id: &[u8]) -> bool {
    eleven(weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2])) == one(id, 8)
}

fn kimlik(id: &[u8]) -> bool {
    let odd = weighted(id, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(id, &[0, 1, 0, 1, 0, 1, 0, 1, 0]);
    (odd * 7 + 100 - even) % 10 == one(id, 9) && weighted(id, &[1; 10]) % 10 == one(id, 10)
}

fn cpf(id: &[u8]) -> bool {
    let first = eleven(weighted(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2]));
    let second = eleven(weighted(id, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]));
    first == one(id, 9) && second == one(id, 10) && !is_flat(id)
}

/// Letters count by their code, which is what the digits' weights are made for (from 2026 on).
fn cnpj(id: &[u8]) -> bool {
    let first = eleven(weighted(id, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    let second = eleven(weighted(id, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    first == one(id, 12) && second == one(id, 13) && !is_flat(id)
}

fn rut(id: &[u8]) -> bool {
    let Some((check, digits)) = id.split_last() else { return false };
    let weights = (2..=7).cycle();
    let sum: u32 =
        digits.iter().rev().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum();
    match 11 - sum % 11 {
        10 => *check == b'K',
        digit => value(*check) == digit % 11,
    }
}

fn cuit(id: &[u8]) -> bool {
    let digit = 11 - weighted(id, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    matches!(two(id, 0), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34)
        && digit < 10 + u32::from(digit == 11) * 2
        && digit % 11 == one(id, 10)
}

fn curp(id: &[u8]) -> bool {
    let order = |byte: u8| match byte {
        b'0'..=b'9' => value(byte),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        // Ñ stands between N and O.
        _ => u32::from(byte.wrapping_sub(b'A')) + 11,
    };
    let body = id.get(..17).unwrap_or_default();
    let sum: u32 =
        body.iter().zip((2..=18).rev()).map(|(byte, weight)| order(*byte) * weight).sum();
    (10 - sum % 10) % 10 == one(id, 17) && is_date(two(id, 6), two(id, 8))
}

fn tfn(id: &[u8]) -> bool {
    weighted(id, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !is_flat(id)
}

fn southafrican(id: &[u8]) -> bool {
    super::luhn(id) && is_date(two(id, 2), two(id, 4)) && one(id, 10) <= 2
}

/// Verhoeff's sum over the symmetries of a pentagon.
fn aadhaar(id: &[u8]) -> bool {
    const MOVED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let moved = |digit: u32| {
        usize::try_from(digit).ok().and_then(|digit| MOVED.get(digit)).copied().unwrap_or(digit)
    };
    let sum = id.iter().rev().enumerate().fold(0, |sum, (place, digit)| {
        let digit = (0..place % 8).fold(value(*digit), |digit, _| moved(digit));
        match (sum < 5, digit < 5) {
            (true, true) => (sum + digit) % 5,
            (true, false) => 5 + (sum + digit) % 5,
            (false, true) => 5 + (sum - digit) % 5,
            (false, false) => (sum + 5 - digit) % 5,
        }
    });
    sum == 0 && !is_flat(id)
}

/// GB 11643: where and when somebody was born, and MOD 11-2.
fn chinese(id: &[u8]) -> bool {
    let sum = weighted(id, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    matches!(two(id, 0), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
        && matches!(two(id, 6), 18..=20)
        && is_date(two(id, 10), two(id, 12))
        && has(id, 17, b"10X98765432", sum % 11)
}

fn korean(id: &[u8]) -> bool {
    let sum = weighted(id, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    korean_form(id) && (11 - sum % 11) % 10 == one(id, 12)
}

/// Numbers issued since October 2020 have no check digit.
fn korean_form(id: &[u8]) -> bool {
    is_date(two(id, 2), two(id, 4)) && matches!(one(id, 6), 1..=8)
}

fn mynumber(id: &[u8]) -> bool {
    eleven(weighted(id, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) == one(id, 11) && !is_flat(id)
}

fn nric(id: &[u8]) -> bool {
    let sum = weighted(id.get(1..).unwrap_or_default(), &[2, 7, 6, 5, 4, 3, 2]);
    match at(id, 0) {
        b'S' => has(id, 8, b"JZIHGFEDCBA", sum % 11),
        b'T' => has(id, 8, b"JZIHGFEDCBA", (sum + 4) % 11),
        b'F' => has(id, 8, b"XWUTRQPNMLK", sum % 11),
        b'G' => has(id, 8, b"XWUTRQPNMLK", (sum + 4) % 11),
        _ => false,
    }
}

//! A number of JSON, exactly: no comparison depends on how a machine rounds.

use std::cmp::Ordering;
use std::fmt;

/// A number: its digits times a power of ten.
///
/// The digits have no zero at the end, so that equal numbers are equal values: `1`, `1.0` and `10e-1` are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    digits: u64,
    exponent: i32,
}

impl Number {
    fn new(negative: bool, mut digits: u64, mut exponent: i32) -> Self {
        if digits == 0 {
            return Self { negative: false, digits: 0, exponent: 0 };
        }
        while digits.is_multiple_of(10) {
            digits /= 10;
            exponent = exponent.saturating_add(1);
        }
        Self { negative, digits, exponent }
    }

    /// A whole number.
    pub(super) fn whole(number: i64) -> Self {
        Self::new(number < 0, number.unsigned_abs(), 0)
    }

    /// A whole number from zero on.
    pub(super) fn positive(number: u64) -> Self {
        Self::new(false, number, 0)
    }

    /// What is written as digits, perhaps a point and digits, and an exponent. `None`: it is none, or has more than
    /// nineteen digits.
    pub(super) fn written(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (plain, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
        if whole.is_empty() {
            return None;
        }
        let power: i32 = power.parse().ok()?;
        let mut digits: u64 = 0;
        for digit in whole.bytes().chain(part.bytes()) {
            let digit = char::from(digit).to_digit(10)?;
            digits = digits.checked_mul(10)?.checked_add(digit.into())?;
        }
        Some(Self::new(negative, digits, power.checked_sub(i32::try_from(part.len()).ok()?)?))
    }

    /// Whether it has no part behind the point.
    pub(super) const fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// Whether it is above zero.
    pub(super) const fn is_positive(self) -> bool {
        !self.negative && self.digits > 0
    }

    /// As a count. `None`: it is negative, has a part, or is too large.
    pub(super) fn count(self) -> Option<u64> {
        let power = 10_u64.checked_pow(u32::try_from(self.exponent).ok()?)?;
        if self.negative { None } else { self.digits.checked_mul(power) }
    }

    /// Whether it is a whole number of times the other, which is not zero.
    pub(super) fn is_multiple_of(self, other: Self) -> bool {
        if self.digits == 0 || other.digits == 0 {
            return self.digits == 0;
        }
        // The last digit that is not zero stands further right than the other's: nothing multiplies to that.
        let Ok(mut power) = u32::try_from(i64::from(self.exponent) - i64::from(other.exponent))
        else {
            return false;
        };
        let divisor = u128::from(other.digits);
        let (mut rest, mut ten) = (u128::from(self.digits) % divisor, 10 % divisor);
        while power > 0 {
            if power & 1 == 1 {
                rest = rest * ten % divisor;
            }
            ten = ten * ten % divisor;
            power >>= 1;
        }
        rest == 0
    }

    /// How many digits stand before its point, less those zeros that stand behind it.
    fn order(self) -> i64 {
        let digits = self.digits.checked_ilog10().map_or(0, |most| i64::from(most) + 1);
        digits + i64::from(self.exponent)
    }

    /// Compares what is left without signs.
    fn size(self, other: Self) -> Ordering {
        if self.digits == 0 || other.digits == 0 {
            return self.digits.cmp(&other.digits);
        }
        // Of the same order: at most twenty digits, to be written with the same count of them.
        let filled = |one: Self| {
            let missing = 19 - one.digits.checked_ilog10().unwrap_or(0);
            u128::from(one.digits) * 10_u128.pow(missing)
        };
        self.order().cmp(&other.order()).then_with(|| filled(self).cmp(&filled(other)))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size(*other),
            (true, true) => other.size(*self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = self.digits.to_string();
        match usize::try_from(self.exponent) {
            Ok(zeros) if zeros <= 18 => write!(f, "{sign}{digits}{}", "0".repeat(zeros)),
            Ok(zeros) => write!(f, "{sign}{digits}e{zeros}"),
            Err(_) => {
                let behind = usize::try_from(self.exponent.unsigned_abs()).unwrap_or_default();
                match digits.len().checked_sub(behind) {
                    Some(before) if before > 0 => {
                        let (whole, part) = digits.split_at(before);
                        write!(f, "{sign}{whole}.{part}")
                    }
                    _ if behind <= 18 => write!(f, "{sign}0.{digits:0>behind$}"),
                    _ => write!(f, "{sign}{digits}e-{behind}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Number {
        Number::written(text).unwrap()
    }

    #[test]
    fn numbers_are_what_they_are_written_as() {
        for (text, shown) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("10e-1", "1"),
            ("1500", "1500"),
            ("-1.50", "-1.5"),
            ("0.007", "0.007"),
            ("7e-3", "0.007"),
            ("1e300", "1e300"),
            ("1e-300", "1e-300"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(of(text).to_string(), shown, "{text}");
        }
        for text in ["", "a", "1e", "99999999999999999999", "--1"] {
            assert_eq!(Number::written(text), None, "{text}");
        }
        assert_eq!(of("1e2").count(), Some(100));
        assert_eq!((of("-1").count(), of("0.5").count(), of("1e30").count()), (None, None, None));
    }

    #[test]
    fn they_are_in_order() {
        let sorted = [
            "-1e300", "-20", "-3", "-0.5", "0", "1e-300", "0.05", "0.3", "0.31", "1", "1.5", "2",
            "19", "20", "1e19", "1e300",
        ];
        for (at, one) in sorted.iter().enumerate() {
            for (other_at, other) in sorted.iter().enumerate() {
                assert_eq!(of(one).cmp(&of(other)), at.cmp(&other_at), "{one} {other}");
            }
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (number, of_it, is) in [
            ("6", "3", true),
            ("7", "3", false),
            ("0.3", "0.1", true),
            ("4.35", "0.01", true),
            ("0.35", "0.1", false),
            ("1", "0.3", false),
            ("1e308", "7", false),
            ("1e308", "8", true),
            ("0", "5", true),
            ("-9", "3", true),
            ("100", "1e2", true),
            ("110", "1e2", false),
        ] {
            assert_eq!(of(number).is_multiple_of(of(of_it)), is, "{number} {of_it}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn whole_numbers_compare_and_divide_like_whole_numbers(a in any::<i64>(), b in any::<i64>()) {
            let (one, other) = (Number::whole(a), Number::whole(b));
            prop_assert_eq!(one.cmp(&other), a.cmp(&b));
            if b != 0 {
                let small = Number::whole(b % 100);
                if b % 100 != 0 {
                    prop_assert_eq!(one.is_multiple_of(small), a % (b % 100) == 0);
                }
            }
            prop_assert_eq!(Number::written(&a.to_string()), Some(one));
        }
    }
}

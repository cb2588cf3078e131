//! Sizes for people.

/// `612`, `2.1k`, `18.1k`, `402k`, `1.2M`: decimal, cut down and never rounded up, at most five columns.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    let mut whole = bytes;
    let mut tenth = 0;
    let mut unit = 0;
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenth = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("");
    if unit == 0 || whole >= 100 {
        format!("{whole}{name}")
    } else {
        format!("{whole}.{tenth}{name}")
    }
}

/// The exact number with its digits in groups: `2 143 B`.
#[must_use]
pub fn exact(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 2);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out.push_str(" B");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_never_rounded_up() {
        let shown: Vec<String> = [0, 612, 999, 1000, 2143, 18_199, 99_999, 100_000, 1_999_999]
            .into_iter()
            .chain([u64::MAX])
            .map(size)
            .collect();
        assert_eq!(
            shown,
            ["0", "612", "999", "1.0k", "2.1k", "18.1k", "99.9k", "100k", "1.9M", "18446P"]
        );
    }

    #[test]
    fn exact_sizes_are_grouped() {
        assert_eq!(
            [0, 12, 999, 1000, 2_143_000].map(exact),
            ["0 B", "12 B", "999 B", "1 000 B", "2 143 000 B"]
        );
    }
}

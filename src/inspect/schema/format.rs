//! Forms of texts that a schema names, read mildly: what misses even these is of another form for every reader.
//!
//! JSON Schema Validation 2020-12, section 7.3, names them and leaves it to the reader whether to check. Servers are
//! milder than the standards behind the names: a time without a zone is one for most of them. A text that fits here is
//! therefore not known to fit.

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Date,
    Time,
    DateTime,
    Email,
    Uri,
    Uuid,
    Ipv4,
    Ipv6,
}

impl Format {
    /// By its name; of others, which are only notes by the standard, nothing is checked.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date" => Self::Date,
            "time" => Self::Time,
            "date-time" => Self::DateTime,
            "email" => Self::Email,
            "uri" => Self::Uri,
            "uuid" => Self::Uuid,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            _ => return None,
        })
    }

    /// Its name in schemas.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "date-time",
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Uuid => "uuid",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }

    /// Whether a text could be one. The empty text stands for nothing given and is one.
    pub(super) fn may_be(self, text: &str) -> bool {
        text.is_empty()
            || match self {
                Self::Date => is_date(text),
                Self::Time => is_time(text),
                Self::DateTime => {
                    let parts = text.split_once(['T', 't', ' ']);
                    parts.map_or(is_date(text), |(date, time)| is_date(date) && is_time(time))
                }
                Self::Email => {
                    let parts = text.rsplit_once('@');
                    parts.is_some_and(|(who, at)| !who.is_empty() && !at.is_empty())
                }
                Self::Uri => is_uri(text),
                Self::Uuid => is_uuid(text),
                Self::Ipv4 => is_ipv4(text),
                Self::Ipv6 => is_ipv6(text),
            }
    }
}

fn is_digits(text: &str, len: std::ops::RangeInclusive<usize>) -> bool {
    len.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2024-01-31`.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut next = |len| parts.next().is_some_and(|part| is_digits(part, len));
    next(4..=4) && next(1..=2) && next(1..=2)
}

/// `10:30`, `10:30:00`, `10:30:00.5Z`, `10:30:00+02:00`.
fn is_time(text: &str) -> bool {
    let end = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(end).unwrap_or((text, ""));
    let mut parts = clock.trim_end().splitn(3, ':');
    let hour = parts.next().is_some_and(|part| is_digits(part, 1..=2));
    let minute = parts.next().is_some_and(|part| is_digits(part, 2..=2));
    let second = parts.next().is_none_or(|part| {
        let (whole, behind) = part.split_once(['.', ',']).unwrap_or((part, "0"));
        is_digits(whole, 1..=2) && is_digits(behind, 1..=12)
    });
    let zoned = zone.bytes().skip(1).all(|byte| byte.is_ascii_digit() || byte == b':');
    hour && minute && second && zoned && zone.len() <= 9
}

/// A scheme (RFC 3986, section 3.1), and no white space or control behind it.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.bytes();
    let first = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let others = letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    first && others && !rest.is_empty() && !rest.chars().any(|c| c.is_control() || c == ' ')
}

/// Thirty-two hexadecimal digits, with dashes or without.
fn is_uuid(text: &str) -> bool {
    let bare = text.strip_prefix("urn:uuid:").unwrap_or(text);
    let digits = bare.bytes().filter(|byte| *byte != b'-');
    bare.len() <= 38
        && digits.clone().count() == 32
        && digits.clone().all(|byte| byte.is_ascii_hexdigit())
}

fn is_ipv4(text: &str) -> bool {
    let part = |part: &str| is_digits(part, 1..=3) && part.parse::<u8>().is_ok();
    text.split('.').count() == 4 && text.split('.').all(part)
}

/// Groups of hexadecimal digits between colons, perhaps with an address of four parts and a zone at the end.
fn is_ipv6(text: &str) -> bool {
    let bare = text.split_once('%').map_or(text, |(bare, _)| bare);
    let all = bare.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte));
    all && bare.len() <= 45 && (2..=8).contains(&bare.bytes().filter(|byte| *byte == b':').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_mildly() {
        for (name, fit, unfit) in [
            ("date", &["2024-01-31", "2024-1-5", ""][..], &["tomorrow", "2024", "2024-01-31x"][..]),
            ("time", &["10:30", "10:30:00.25Z", "9:05:00+02:00"], &["noon", "10", "10:30:00Zulu"]),
            (
                "date-time",
                &["2024-01-31T10:30:00Z", "2024-01-31 10:30", "2024-01-31", "2024-01-31T10:30:00"],
                &["now", "T10:30", "31.01.2024 10:30"],
            ),
            ("email", &["a@b", "Ann <ann@example.org>"], &["ann", "@b", "a@"]),
            (
                "uri",
                &["https://example.org/ä?x=1", "urn:a:b", "file:///x"],
                &["example.org", "a b:c", ":x", "x: y"],
            ),
            (
                "uuid",
                &["550e8400-e29b-41d4-a716-446655440000"],
                &["550e8400", "x".repeat(36).as_str()],
            ),
            ("ipv4", &["10.0.0.1"], &["10.0.0", "10.0.0.256"]),
            ("ipv6", &["::1", "fe80::1%eth0"], &["10.0.0.1", "x"]),
        ] {
            let format = Format::named(name).unwrap();
            assert_eq!(format.word(), name);
            assert_eq!(fit.iter().find(|text| !format.may_be(text)), None, "{name}");
            assert_eq!(unfit.iter().find(|text| format.may_be(text)), None, "{name}");
        }
        assert_eq!(Format::named("binary"), None);
    }
}

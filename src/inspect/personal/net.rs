//! Addresses of networks that lead to a household or a device.

use std::ops::Range;

use super::Seen;
use super::context::Around;
use super::kinds;

/// The longest address of version six, in bytes.
const LEN_MAX: usize = 45;
/// Octets of versions and sections are below: four of the first, or three of the second. Of addresses one in four thousand
/// has only such.
const SMALL: u8 = 32;
const SMALLER: u8 = 16;

/// The address of version four that begins with the word here.
pub(super) fn v4(around: &Around<'_>, word: &Range<usize>) -> Option<Seen> {
    let text = around.text();
    let (octets, end) = octets(text, word.start)?;
    let span = word.start..end;
    let kind = kinds::by_id("ip-address")?;
    if !is_public(octets) || !ends(text, &span) {
        return None;
    }
    let near = around.says(kind.id, &span);
    let quiet = is_like_version(octets)
        || is_version(text, &span)
        || is_drawn(text, &span)
        || around.denies();
    (!is_made_up(octets) && (near || !quiet)).then_some(Seen { kind, span, near })
}

/// Four numbers with dots between.
fn octets(text: &str, at: usize) -> Option<([u8; 4], usize)> {
    let mut octets = [0; 4];
    let mut end = at;
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            end += usize::from(text.as_bytes().get(end) == Some(&b'.'));
        }
        let rest = text.get(end..)?;
        let len = rest.bytes().take(4).take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..len)?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        *octet = digits.parse().ok()?;
        end += len;
    }
    // Without its dots it would be a long number.
    (text.get(at..end)?.matches('.').count() == 3).then_some((octets, end))
}

/// Whether it leads to somebody: not what IANA's registry of special-purpose addresses keeps, and no public resolver.
const fn is_public(octets: [u8; 4]) -> bool {
    let [a, b, c, d] = octets;
    !matches!(
        (a, b, c, d),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, ..)
            | (169, 254, ..)
            | (172, 16..=31, ..)
            | (192, 168, ..)
            | (192, 0, 0 | 2, _)
            | (192, 88, 99, _)
            | (198, 18 | 19, ..)
            | (198, 51, 100, _)
            | (203, 0, 113, _)
            | (8, 8, 8, 8)
            | (8, 8, 4, 4)
            | (1, 1, 1, 1)
            | (1, 0, 0, 1)
            | (9, 9, 9, 9)
            | (208, 67, 222 | 220, 222 | 220)
    )
}

fn is_like_version(octets: [u8; 4]) -> bool {
    // Object identifiers (ITU-T X.660): `2.5.29.37`, `1.3.101.112`.
    let [a, b, ..] = octets;
    matches!((a, b), (1, 3) | (2, 5 | 16 | 23))
        || octets.iter().all(|octet| *octet < SMALL)
        || octets.iter().take(3).all(|octet| *octet < SMALLER)
}

/// `12.34.56.78`, `42.42.42.42`, networks, masks and addresses of all: nobody's.
fn is_made_up(octets: [u8; 4]) -> bool {
    let [a, b, c, d] = octets;
    let step = b.wrapping_sub(a);
    let counted = c.wrapping_sub(b) == step && d.wrapping_sub(c) == step;
    counted || matches!(d, 0 | 255) || octets == [123, 45, 67, 89] || (a, b, c) == (1, 2, 3)
}

/// Whether numbers with a point stand beside it, as in drawings: `2.83-2.12 3.51.98.32 2.03.5`.
fn is_drawn(text: &str, span: &Range<usize>) -> bool {
    let part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let is_number = |word: &[u8]| {
        let points = memchr::memchr_iter(b'.', word).count();
        points > 0 && points != 3 && word.iter().any(u8::is_ascii_digit)
    };
    let behind = text.as_bytes().get(span.end..).and_then(|behind| behind.strip_prefix(b" "));
    let behind: Vec<u8> =
        behind.unwrap_or_default().iter().take(LEN_MAX).copied().take_while(part).collect();
    let before = text.as_bytes().get(..span.start).and_then(|before| before.strip_suffix(b" "));
    let before = before.unwrap_or_default().iter().rev().take(LEN_MAX);
    let before: Vec<u8> = before.copied().take_while(part).collect();
    // A sentence ends with a point, too.
    is_number(behind.strip_suffix(b".").unwrap_or(&behind))
        || is_number(before.strip_prefix(b".").unwrap_or(&before))
}

/// Whether nothing goes on before or behind: a longer number, a name, a range of addresses.
fn ends(text: &str, span: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let before = span.start.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let (next, after) = (bytes.get(span.end).copied(), bytes.get(span.end + 1).copied());
    let goes_on = match next {
        Some(b'.' | b'-') => after.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        Some(b'/') => {
            let rest = text.get(span.end + 1..).unwrap_or_default();
            // A whole network is nobody's; one address of it has all its bits.
            after.is_some_and(|byte| byte.is_ascii_digit()) && !rest.starts_with("32")
        }
        Some(byte) => byte.is_ascii_alphanumeric() || byte == b'_',
        None => false,
    };
    !goes_on && !before.is_ascii_alphanumeric() && !matches!(before, b'.' | b'_' | b'-' | b'+')
}

/// Whether it is a version: `v1.2.3.4`, `pkg==1.2.3.4`, `Chrome/1.2.3.4`, `version 1.2.3.4`.
fn is_version(text: &str, span: &Range<usize>) -> bool {
    const WORDS: [&str; 17] = [
        "version", "versions", "ver", "v", "release", "rev", "section", "chapter", "sec", "build",
        "driver", "firmware", "§", "step", "rule", "sections", "oid",
    ];
    let before = text.get(..span.start).unwrap_or_default();
    let scheme = before.ends_with("://") || before.ends_with("\\\\");
    let joined = before.ends_with(['=', '>', '<', '~', '^', '/', '@', 'v']) && !scheme;
    let assigned = before.ends_with('=')
        && !before.ends_with("==")
        && !before.ends_with(">=")
        && !before.ends_with("<=");
    let words = before.trim_end_matches([' ', ':', '"', '\'', '=', '>', '<', '~', '(', '*', '`']);
    let start = words.rfind(|c: char| !c.is_alphanumeric() && c != '§').map_or(0, |at| {
        at + words.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let word = words.get(start..).unwrap_or_default();
    let short = words.strip_suffix('.').is_some_and(|words| {
        let len = words.bytes().rev().take(4).take_while(u8::is_ascii_alphabetic).count();
        let word = words.get(words.len() - len..).unwrap_or_default();
        ["ver", "rev", "sec", "v"].iter().any(|known| word.eq_ignore_ascii_case(known))
    });
    let named = short || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    named || joined && !assigned || is_upgrade(before)
}

/// `update V8 to 6.5.254.40 from 6.5.254.38`.
fn is_upgrade(before: &str) -> bool {
    const WORDS: [&str; 6] = ["upgrad", "updat", "bump", "patch", "downgrad", "v8"];
    const NEAR: usize = 36;
    let near: Vec<u8> = before
        .bytes()
        .rev()
        .take(NEAR)
        .take_while(|byte| *byte != b'\n')
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    let near: Vec<u8> = near.into_iter().rev().collect();
    WORDS.iter().any(|word| near.windows(word.len()).any(|part| part == word.as_bytes()))
}

/// The address of version six or of a device that the word here is in, and where the run of such characters ends.
pub(super) fn colons(
    around: &Around<'_>,
    word: &Range<usize>,
    floor: usize,
) -> Option<(Option<Seen>, usize)> {
    let text = around.text();
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let run = |sign: u8| {
        let part = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == sign;
        let before = bytes.get(floor..word.start).unwrap_or_default().iter().rev();
        let start = word.start - before.take(LEN_MAX).take_while(part).count();
        let behind = bytes.get(word.start..).unwrap_or_default().iter();
        start..word.start + behind.take(LEN_MAX + 1).take_while(part).count()
    };
    let sign = [b':', b'-'].into_iter().find(|sign| {
        let beside = |at: Option<usize>| at.and_then(|at| bytes.get(at)) == Some(sign);
        beside(Some(word.end)) || beside(word.start.checked_sub(1))
    })?;
    if !bytes.get(word.clone())?.iter().all(is_part) {
        return None;
    }
    let whole = run(sign);
    let outside = |byte: Option<&u8>| {
        byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"_-:".contains(byte))
    };
    let alone = outside(whole.start.checked_sub(1).and_then(|at| bytes.get(at)))
        && outside(bytes.get(whole.end));
    let written = text.get(whole.clone())?;
    if alone && is_device(written, sign) {
        let kind = kinds::by_id("mac-address")?;
        let near = around.says(kind.id, &whole);
        return Some((Some(Seen { kind, span: whole.clone(), near }), whole.end));
    }
    if sign == b':' && alone && is_public_v6(written) && !is_network(text, whole.end) {
        let kind = kinds::by_id("ip-address")?;
        return Some((Some(Seen { kind, span: whole.clone(), near: true }), whole.end));
    }
    (sign == b':').then_some((None, whole.end))
}

fn is_network(text: &str, end: usize) -> bool {
    let behind = text.get(end..).and_then(|behind| behind.strip_prefix('/'));
    behind.is_some_and(|behind| {
        behind.starts_with(|c: char| c.is_ascii_digit()) && !behind.starts_with("128")
    })
}

/// Six pairs that a maker gave to one device: not a group's, not one that a program made up, none of documentation (RFC 7042), no row.
fn is_device(text: &str, sign: u8) -> bool {
    const MADE_UP: [&str; 8] = [
        "00:11:22:33:44:55",
        "01:23:45:67:89:ab",
        "11:22:33:44:55:66",
        "12:34:56:78:90:ab",
        "12:34:56:78:9a:bc",
        "a1:b2:c3:d4:e5:f6",
        "00:1a:2b:3c:4d:5e",
        "00:1b:44:11:3a:b7",
    ];
    let parts = || text.split(char::from(sign));
    let mut octets = [0; 6];
    let mut count = 0;
    for part in parts() {
        let (Some(octet), Ok(value)) = (octets.get_mut(count), u8::from_str_radix(part, 16)) else {
            return false;
        };
        if part.len() != 2 {
            return false;
        }
        *octet = value;
        count += 1;
    }
    let same = text.to_ascii_lowercase().replace('-', ":");
    let letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let [a, b, c, ..] = octets;
    let like = |octet: u8| memchr::memchr_iter(octet, &octets).count();
    let flat = like(a) >= 5 || like(0) >= 4;
    let spelt = same.contains("de:ad:be:ef") || same.contains("ca:fe:ba:be");
    // `aa:bb:cc:dd:ee:ff`, and pairs of one digit each.
    let pairs = parts().filter(|part| part.bytes().next() == part.bytes().next_back()).count();
    count == 6
        && letters
        && a.trailing_zeros() >= 2
        && (a, b, c) != (0, 0, 0x5E)
        && !flat
        && !spelt
        && pairs < 5
        && !MADE_UP.contains(&same.as_str())
}

/// An address of the global range (RFC 4291) that somebody can have.
fn is_public_v6(text: &str) -> bool {
    let (before, behind) = match text.split_once("::") {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    };
    let read = |part: &str| -> Option<Vec<u16>> {
        if part.is_empty() {
            return Some(Vec::new());
        }
        let group =
            |group: &str| (group.len() <= 4).then(|| u16::from_str_radix(group, 16).ok()).flatten();
        part.split(':').map(group).collect()
    };
    let (Some(head), Some(tail)) = (read(before), read(behind.unwrap_or_default())) else {
        return false;
    };
    let groups = head.len() + tail.len();
    let whole = if behind.is_some() { groups < 8 } else { groups == 8 };
    let (first, second) = (head.first().copied().unwrap_or(0), head.get(1).copied().unwrap_or(0));
    let resolver = tail
        .last()
        .is_some_and(|last| matches!(last, 0x8888 | 0x8844 | 0x1111 | 0x1001 | 0xfe | 9));
    let reserved = first == 0x2001 && matches!(second, 0..=0x1FF | 0xDB8)
        || first == 0x2002
        || first == 0x3FFF;
    // A network's own address ends with nothing.
    whole
        && groups >= 3
        && (0x2000..=0x3FFF).contains(&first)
        && !reserved
        && !(resolver && groups <= 6)
        && !text.ends_with("::")
}

#[cfg(test)]
mod tests {
    use super::super::context::Place;
    use super::*;

    fn v4_in(text: &str) -> Option<&str> {
        let place = Place::new(None, text);
        (0..text.len()).filter(|at| text.as_bytes()[*at].is_ascii_digit()).find_map(|at| {
            let begins = at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
            let len = text.get(at..)?.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let seen = begins.then(|| v4(&Around::new(&place, at), &(at..at + len)))??;
            text.get(seen.span)
        })
    }

    #[test]
    fn public_addresses_are_told_and_versions_are_not() {
        for text in [
            "from 91.64.12.7 at",
            "client: 91.64.12.7.",
            "http://91.64.12.7/a",
            "91.64.12.7:443",
            "ip=91.64.12.7",
            "91.64.12.7/32",
            "ip 5.61.7.8",
        ] {
            assert!(v4_in(text).is_some(), "{text}");
        }
        for text in [
            "10.1.2.3",
            "192.168.0.7",
            "203.0.113.9",
            "127.0.0.1",
            "8.8.8.8",
            "1.2.3.4",
            "2.5.29.17",
            "1.3.6.1.4.1.311",
            "version 91.64.12.7",
            "v91.64.12.7",
            "Chrome/91.64.12.7",
            "pkg==91.64.12.7",
            "lib-91.64.12.7.jar",
            "Ver. 91.64.12.7",
            "91.64.12.0/24",
            "91.64.12.7/24",
            "91.64.012.7",
            "91.64.12.300",
            "120.0.0.0",
            "ip 42.42.42.42",
            "12.34.56.78",
            "2.83-2.12 3.51.98.32 2.03.5",
            "8.2.4.44",
            "deps: update V8 to 6.5.254.40",
            "OID 1.3.101.112",
        ] {
            assert_eq!(v4_in(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_of_version_six_and_of_devices_are_told() {
        for text in ["2a02:8109:9a40:1234::7", "2600:1700:1:2:3:4:5:6"] {
            assert!(is_public_v6(text), "{text}");
        }
        for text in [
            "2001:db8::1",
            "fe80::1",
            "::1",
            "2a02::",
            "12:30:45",
            "2001:4860:4860::8888",
            "3fff::1",
            "2a02:1:2",
        ] {
            assert!(!is_public_v6(text), "{text}");
        }
        assert!(is_device("3c:22:fb:9a:01:7e", b':') && is_device("3C-22-FB-9A-01-7E", b'-'));
        for text in [
            "00:11:22:33:44:55",
            "aa:bb:cc:dd:ee:ff",
            "02:42:ac:11:00:02",
            "00:00:5e:00:53:af",
            "10:20:30:40:50:60",
        ] {
            assert!(!is_device(text, b':'), "{text}");
        }
    }
}

//! What is encoded in a text, where something cheap says that it may be worth it.
//!
//! A run of the right letters is decoded only if its first characters decode to text: of random base64, of images, digests
//! and keys one in a hundred thousand does. Escapes and percent signs are undone where there are at least three in a run.

use std::ops::Range;

use super::Seen;
use super::scan::{runs, scan};
use crate::inspect::normal::{Step, View, decoded};

/// The shortest code worth decoding, in characters: fifteen bytes of base64.
const CODE_MIN: usize = 20;
/// Characters that are looked at first.
const HEAD: usize = 16;
/// Escapes in a run behind which it is decoded.
const ESCAPES_MIN: usize = 3;

/// All that a text has encoded, with what was undone. The runs are those of the text.
pub(super) fn disguised(text: &str, runs: &[Range<usize>], found: &mut Vec<(Vec<Step>, Seen)>) {
    for run in runs {
        if let Some(part) = text.get(run.clone()).and_then(worth) {
            of_part(text, run.start + part.start..run.start + part.end, found);
        }
    }
    if let Some(part) = unseen(text) {
        of_part(text, part, found);
    }
}

/// Looks through all forms of a part of a text.
fn of_part(text: &str, part: Range<usize>, found: &mut Vec<(Vec<Step>, Seen)>) {
    let Some(inside) = text.get(part.clone()) else { return };
    for view in decoded(inside) {
        let mut seen = Vec::new();
        scan(&view.text, &runs(&view.text), &mut seen);
        found
            .extend(seen.into_iter().map(|one| (view.steps.clone(), back(one, &view, part.start))));
    }
}

fn back(mut one: Seen, view: &View, offset: usize) -> Seen {
    let there = view.source(one.span);
    one.span = offset + there.start..offset + there.end;
    one
}

/// The part of a run that may have something encoded.
fn worth(run: &str) -> Option<Range<usize>> {
    let escapes = run.bytes().filter(|byte| matches!(byte, b'%' | b'\\')).count();
    if escapes >= ESCAPES_MIN {
        return Some(0..run.len());
    }
    // `name=code`.
    let bare = run.trim_end_matches('=');
    let start = bare.rfind('=').map_or(0, |at| at + 1);
    let code = bare.get(start..).filter(|code| code.len() >= CODE_MIN)?;
    let head = code.as_bytes().get(..HEAD)?;
    (is_hex_text(head) || is_base64_text(head) || is_base32(code)).then_some(start..run.len())
}

const fn is_printed(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

fn is_hex_text(head: &[u8]) -> bool {
    let (pairs, _) = head.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let digits = pair.iter().map(|digit| char::from(*digit).to_digit(16));
        digits.sum::<Option<u32>>()?;
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16).unwrap_or_default());
        u8::try_from(high * 16 + low).ok()
    };
    pairs.iter().all(|pair| byte(pair).is_some_and(is_printed))
}

fn is_base64_text(head: &[u8]) -> bool {
    let (groups, _) = head.as_chunks::<4>();
    let text = |group: &[u8; 4]| {
        let [Some(a), Some(b), Some(c), Some(d)] = group.map(base64_value) else { return false };
        is_printed(a << 2 | b >> 4) && is_printed(b << 4 | c >> 2) && is_printed(c << 6 | d)
    };
    groups.iter().all(text)
}

const fn base64_value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Long enough for an access key, and no constant's name.
fn is_base32(code: &str) -> bool {
    code.len() >= 32 && code.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}

/// From the first to the last place where what is not seen stands within a word, or letters in another width do.
fn unseen(text: &str) -> Option<Range<usize>> {
    if text.is_ascii() {
        return None;
    }
    let word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let bytes = text.as_bytes();
    let told = |at: &usize| {
        let Some(c) = text.get(*at..).and_then(|rest| rest.chars().next()) else { return false };
        let split = match c {
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => true,
            // Letters and digits in another width, and tags.
            '\u{FF10}'..='\u{FF19}'
            | '\u{FF21}'..='\u{FF3A}'
            | '\u{FF41}'..='\u{FF5A}'
            | '\u{E0020}'..='\u{E007E}' => return true,
            _ => false,
        };
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        split && word(before) && word(bytes.get(at + c.len_utf8()))
    };
    // The first bytes of all these, in UTF-8.
    let common = memchr::memchr3_iter(0xC2, 0xE2, 0xEF, bytes).filter(told);
    let tags = memchr::memchr_iter(0xF3, bytes).filter(told);
    let (first, last) =
        common.chain(tags).fold((usize::MAX, 0), |(first, last), at| (first.min(at), last.max(at)));
    let start = text.floor_char_boundary(first.saturating_sub(AROUND));
    (first <= last).then(|| start..text.ceil_char_boundary(last.saturating_add(AROUND)))
}

/// What belongs to a token around the first and the last of them, with its name, in bytes.
const AROUND: usize = 128;

//! Where a text may have a secret at all, told at nearly the speed of memory: most texts have no such place.
//!
//! 1. Runs of at least [`RUN_MIN`] characters that tokens are made of.
//! 2. A few short words: before passwords, which may be short, and before blocks of keys.
//! 3. `@`, behind which the host of an address stands.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Seen, block, named, tokens, url};

/// The shortest token of a form of its own is an access key of AWS, with 20 characters.
pub(super) const RUN_MIN: usize = 20;

/// Parts of words before short secrets, in the ways that they are written. So few are looked for with vector instructions.
const WORDS: [&str; 11] = [
    "-----BEGIN ",
    "assw",
    "ASSW",
    "pwd",
    "PWD",
    "Pwd",
    "assphr",
    "ASSPHR",
    "asic ",
    "ASIC ",
    "PASS=",
];
static WORD: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(WORDS).ok());

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// Aligned words of so many bytes, of which every long run has [`WHOLE`] behind one another.
const ALIGNED: usize = 4;
const WHOLE: usize = (RUN_MIN - ALIGNED + 1) / ALIGNED;
const ALL: u32 = u32::from_ne_bytes([1; ALIGNED]);

/// Whether tokens are made of it, or what is encoded; without branches, so that a block takes vector instructions.
const fn is_part(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // `-`, `.`, `/` and the digits stand behind each other.
    let digit = byte.wrapping_sub(b'-') <= b'9' - b'-';
    letter || digit || matches!(byte, b'$' | b'%' | b'+' | b'=' | b'\\' | b'_' | b'~')
}

/// The same for single bytes, which a table tells sooner.
static PART: [bool; 256] = parts();

const fn parts() -> [bool; 256] {
    let mut all = [false; 256];
    let (mut byte, mut rest): (u8, &mut [bool]) = (0, &mut all);
    while let Some((first, tail)) = rest.split_first_mut() {
        *first = is_part(byte);
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    all
}

fn is_in(byte: u8) -> bool {
    PART.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The byte before a place.
pub(super) fn before(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at.checked_sub(1)?).copied()
}

/// Long runs of what tokens are made of, in their order.
pub(super) fn runs(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    // One bit for each whole word, with the last ones of the block before in front.
    let (mut words, mut done) = (0_u32, 0);
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        words = words >> (BLOCK / ALIGNED) | whole_words(block) << (WHOLE - 1);
        let mut rows = (1..WHOLE).fold(words, |rows, by| rows & words >> by);
        while rows != 0 {
            let word = usize::try_from(rows.trailing_zeros()).unwrap_or_default();
            rows &= rows - 1;
            let at = (number * BLOCK + word * ALIGNED).saturating_sub((WHOLE - 1) * ALIGNED);
            if at < done {
                continue;
            }
            let (head, tail) = (bytes.get(done..at), bytes.get(at..));
            let head = head.unwrap_or_default().iter().rev().take_while(|byte| is_in(**byte));
            let tail = tail.unwrap_or_default().iter().take_while(|byte| is_in(**byte));
            let run = at - head.count()..at + tail.count();
            done = run.end;
            if run.len() >= RUN_MIN && !is_ruler(bytes.get(run.clone()).unwrap_or_default()) {
                runs.push(run);
            }
        }
    }
    runs
}

/// Whether it is one character over and over: a line drawn across a text, a table, or filling. No secret is that.
fn is_ruler(run: &[u8]) -> bool {
    run.first().is_none_or(|first| run.iter().all(|byte| byte == first))
}

/// Which aligned words of a block are of such bytes alone.
fn whole_words(block: &[u8; BLOCK]) -> u32 {
    let mut flags = [0_u8; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is_part(*byte));
    }
    let (words, _) = flags.as_chunks::<ALIGNED>();
    let bit = |all: u32, word: &[u8; ALIGNED]| {
        all >> 1 | u32::from(u32::from_ne_bytes(*word) == ALL) << 31
    };
    words.iter().fold(0, bit) >> (32 - BLOCK / ALIGNED)
}

/// Parts of the names that short secrets have in JSON, and what escapes of characters begin with.
const NAMES: [&str; 13] = [
    "ecret",
    "ECRET",
    "oken",
    "OKEN",
    "_key",
    "_KEY",
    "-key",
    "Key",
    "pikey",
    "APIKEY",
    "redential",
    "REDENTIAL",
    "\\u",
];
static NAME: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(NAMES).ok());

/// Whether there is anything to look at in a line of JSON.
pub(super) fn may(json: &str) -> bool {
    let any = |words: &Option<AhoCorasick>| words.as_ref().is_none_or(|words| words.is_match(json));
    !runs(json).is_empty()
        || memchr::memchr(b'@', json.as_bytes()).is_some()
        || any(&WORD)
        || any(&NAME)
}

/// All that a text has in clear, in no order and perhaps more than once. The runs are those of the text.
pub(super) fn scan(text: &str, runs: &[Range<usize>], found: &mut Vec<Seen>) {
    for run in runs {
        // A colon may stand before a token and belong to it.
        let begin = if before(text, run.start) == Some(b':') { run.start - 1 } else { run.start };
        tokens::tokens(text, begin..run.end, found);
        named::in_run(text, run.clone(), found);
    }
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        found.extend(url::password(text, at));
    }
    let Some(words) = WORD.as_ref() else { return };
    for hit in words.find_iter(text) {
        match WORDS.get(hit.pattern().as_usize()).copied() {
            Some("-----BEGIN ") => found.extend(block::block(text, hit.start())),
            Some("asic " | "ASIC ") => found.extend(url::basic(text, hit.end())),
            _ => found.extend(named::behind(text, hit.end())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn long_runs_are_all_found(text in "([a-z]{0,30}[ ,]{1,2}){0,12}[a-z]{0,30}") {
            let mut expected = Vec::new();
            let mut at = 0;
            for word in text.split([' ', ',']) {
                if word.len() >= RUN_MIN && !is_ruler(word.as_bytes()) {
                    expected.push(at..at + word.len());
                }
                at += word.len() + 1;
            }
            prop_assert_eq!(runs(&text), expected);
        }
    }
}

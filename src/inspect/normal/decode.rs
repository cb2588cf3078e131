//! What is encoded in a text, undone once.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::runs::runs;
use super::{Step, View};

/// What a file of gzip begins with: its mark, and deflate as the method (RFC 1952, section 2.3).
const GZIP: [u8; 3] = [0x1F, 0x8B, 8];
/// Bytes that one run is inflated to: an order stands at the beginning, or it is not read.
const INFLATED_BYTES_MAX: usize = 64 * 1024;

/// Shorter runs are words, names and numbers: of so many characters no order is made.
const RUN_MIN: usize = 16;
/// Encoded characters behind which a text is decoded in place: one `%20` is an address.
const CODES_MIN: usize = 3;
/// Of a hundred decoded characters so many have to be printed ones: else it is data.
const PRINTED_MIN: usize = 90;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// The views that undo what is encoded in this one: in place, or each run for itself. What is compressed is inflated to
/// as many bytes as `inflate` has left.
pub(super) fn within(view: &View, inflate: &mut usize) -> Vec<View> {
    let mut found = Vec::new();
    found.extend(tags(view));
    found.extend(in_place(view, Step::Percent, b'%', percent));
    found.extend(in_place(view, Step::Entities, b'&', entity));
    found.extend(in_place(view, Step::Escapes, b'\\', escape));
    for run in runs(view.text.as_bytes(), RUN_MIN, is_code) {
        let Some(text) = view.text.get(run.clone()) else { continue };
        if let Some((step, decoded)) = run_of(text, inflate) {
            let mut one = View::after(view, Some(step));
            one.push(&decoded, view, run);
            found.push(one);
        }
    }
    found
}

/// Tag characters spell ASCII that nobody sees.
fn tags(view: &View) -> Option<View> {
    // Their first byte in UTF-8.
    memchr::memchr(0xF3, view.text.as_bytes())?;
    let mut one = View::after(view, Some(Step::Tags));
    for (at, c) in view.text.char_indices() {
        if let '\u{E0020}'..='\u{E007E}' = c {
            let plain = u8::try_from(u32::from(c) - 0xE0000).map(char::from).unwrap_or_default();
            let mut buffer = [0; 4];
            one.push(plain.encode_utf8(&mut buffer), view, at..at + c.len_utf8());
        }
    }
    // Flags of regions have six.
    (one.text.len() > 6).then_some(one)
}

/// A code's bytes, and how long it is.
type Code = (Vec<u8>, usize);

/// The text with all codes of a kind undone, where it has some.
fn in_place(view: &View, step: Step, begins: u8, code: fn(&str) -> Option<Code>) -> Option<View> {
    let text = view.text.as_str();
    memchr::memchr(begins, text.as_bytes())?;
    let mut one = View::after(view, Some(step));
    let (mut done, mut at, mut codes) = (0, 0, 0);
    while let Some(next) = memchr::memchr(begins, text.as_bytes().get(at..)?) {
        let start = at + next;
        // Codes that stand behind each other may be one character.
        let (mut bytes, mut end) = (Vec::new(), start);
        while let Some((more, len)) = text.get(end..).and_then(code) {
            bytes.extend(more);
            end += len;
            codes += 1;
        }
        if end == start {
            at = start + 1;
            continue;
        }
        one.push(text.get(done..start)?, view, done..start);
        one.push(&String::from_utf8_lossy(&bytes), view, start..end);
        (done, at) = (end, end);
    }
    if codes < CODES_MIN {
        return None;
    }
    one.push(text.get(done..)?, view, done..text.len());
    Some(one)
}

fn hex_byte(text: &str) -> Option<u8> {
    let digits = text.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

fn percent(text: &str) -> Option<Code> {
    Some((vec![hex_byte(text.strip_prefix('%')?)?], 3))
}

fn utf8(code: u32) -> Option<Vec<u8>> {
    let c = char::from_u32(code)?;
    Some(c.encode_utf8(&mut [0; 4]).as_bytes().to_vec())
}

fn entity(text: &str) -> Option<Code> {
    const NAMED: [(&str, u8); 6] = [
        ("amp", b'&'),
        ("lt", b'<'),
        ("gt", b'>'),
        ("quot", b'"'),
        ("apos", b'\''),
        ("nbsp", b' '),
    ];
    let inside = text.strip_prefix('&')?;
    let end = inside.bytes().take(10).position(|byte| byte == b';')?;
    let name = inside.get(..end)?;
    let bytes = if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = match hex {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        utf8(code.ok()?)?
    } else {
        vec![NAMED.iter().find(|(known, _)| *known == name)?.1]
    };
    Some((bytes, end + 2))
}

fn escape(text: &str) -> Option<Code> {
    let inside = text.strip_prefix('\\')?;
    if let Some(digits) = inside.strip_prefix('x') {
        return Some((utf8(hex_byte(digits)?.into())?, 4));
    }
    let digits = inside.strip_prefix('u')?.get(..4)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| hex)?;
    Some((utf8(code)?, 6))
}

/// What codes are made of.
fn is_code(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'=')
}

/// What a run says, where it says something.
fn run_of(run: &str, inflate: &mut usize) -> Option<(Step, String)> {
    let bare = run.trim_end_matches('=');
    let all = |is: fn(u8) -> bool| bare.bytes().all(is);
    if all(|byte| byte.is_ascii_hexdigit()) && bare.len().is_multiple_of(2) {
        let pairs = (0..bare.len()).step_by(2);
        let bytes: Option<Vec<u8>> =
            pairs.map(|at| hex_byte(bare.get(at..).unwrap_or_default())).collect();
        return said(Step::Hex, bytes?, inflate);
    }
    if all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
        && let Some(read) = said(Step::Base32, base32(bare), inflate)
    {
        return Some(read);
    }
    // Words and names decode as well, to nothing that is printed.
    let engine = if bare.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    said(Step::Base64, engine.decode(bare).ok()?, inflate)
}

/// The text that decoded bytes are, or that they are compressed of.
fn said(step: Step, bytes: Vec<u8>, inflate: &mut usize) -> Option<(Step, String)> {
    if bytes.starts_with(&GZIP) {
        return printed(inflated(&bytes, inflate)?).map(|text| (Step::Gzip, text));
    }
    printed(bytes).map(|text| (step, text))
}

/// The beginning of what is compressed with gzip. Its end need not be there, nor its sum be right: a reader may be as mild.
fn inflated(bytes: &[u8], left: &mut usize) -> Option<Vec<u8>> {
    let limit = INFLATED_BYTES_MAX.min(*left);
    if limit == 0 {
        return None;
    }
    let read = decompress_to_vec_with_limit(deflated(bytes)?, limit);
    let mut text = read.unwrap_or_else(|cut| cut.output);
    text.truncate(limit);
    *left = left.saturating_sub(text.len());
    // The limit may have cut a character.
    if let Err(fault) = str::from_utf8(&text)
        && fault.error_len().is_none()
    {
        text.truncate(fault.valid_up_to());
    }
    Some(text).filter(|text| !text.is_empty())
}

/// What stands behind the head of gzip (RFC 1952, section 2.3.1), whose parts of any length are told by its flags.
fn deflated(bytes: &[u8]) -> Option<&[u8]> {
    const CHECKED: u8 = 2;
    const MORE: u8 = 4;
    const NAMED: u8 = 8;
    const COMMENTED: u8 = 16;
    let flags = *bytes.get(GZIP.len())?;
    let mut rest = bytes.get(10..)?;
    if flags & MORE != 0 {
        let (len, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*len))..)?;
    }
    for flag in [NAMED, COMMENTED] {
        if flags & flag != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    if flags & CHECKED != 0 { rest.get(2..) } else { Some(rest) }
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            _ => byte.wrapping_sub(b'2').wrapping_add(26),
        };
        held = (held << 5 | u32::from(value)) & 0xFFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).unwrap_or_default());
        }
    }
    bytes
}

/// Decoded bytes that are a text.
fn printed(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let all = text.chars().count();
    let seen = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).count();
    let letter = |c: &char| c.is_alphabetic() || matches!(c, ' ' | '\u{E0020}'..='\u{E007E}');
    let letters = text.chars().filter(letter).count();
    // Of random bytes that happen to be UTF-8 few are letters.
    (seen * 100 >= all * PRINTED_MIN && letters * 2 >= all).then_some(text)
}

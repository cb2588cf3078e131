//! Which code points a reader can see, and by what name the others are shown.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_width::UnicodeWidthChar as _;

/// How a code point is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// As itself.
    Plain,
    /// As itself on a base, up to [`MARKS_MAX`]; takes no column of its own.
    Mark,
    /// As a token, for the layout of text: tab, carriage return, line feed.
    Layout,
    /// As a token, and counted: a reader would not see it, or see something else.
    Hidden,
}

/// Marks that may sit on one base: Vietnamese and Hangul need two, more are drawn over other rows.
pub const MARKS_MAX: usize = 2;

/// Names of the controls that have one; the rest are `U+XXXX`.
const NAMES: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "\\t", "\\n", "VT", "FF", "\\r",
    "SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC",
    "FS", "GS", "RS", "US",
];

/// The class of a code point by itself.
#[must_use]
pub fn class(c: char) -> Class {
    match c {
        ' '..='~' => Class::Plain,
        '\t' | '\n' | '\r' => Class::Layout,
        _ if is_unseen(c) || is_unsteady(c) => Class::Hidden,
        _ => by_category(c),
    }
}

fn by_category(c: char) -> Class {
    use GeneralCategory as Category;
    let category = c.general_category();
    let unseen = [
        Category::Control,
        Category::Format,
        Category::SpaceSeparator,
        Category::LineSeparator,
        Category::ParagraphSeparator,
        Category::PrivateUse,
        Category::Surrogate,
        Category::Unassigned,
    ];
    let marks = [Category::NonspacingMark, Category::EnclosingMark];
    if unseen.contains(&category) {
        Class::Hidden
    } else if marks.contains(&category) || c.width().unwrap_or(0) == 0 {
        Class::Mark
    } else {
        Class::Plain
    }
}

/// Letters and marks that draw nothing, and variation selectors and tags.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{034F}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}'
            | '\u{FFFC}'
            | '\u{1D159}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// What terminals draw in a different number of columns, or together with its neighbours: flags, skin
/// tones, the long Arabic ligatures, and letters that join the cluster behind them.
const fn is_unsteady(c: char) -> bool {
    matches!(
        c,
        '\u{1F1E6}'..='\u{1F1FF}'
            | '\u{1F3FB}'..='\u{1F3FF}'
            | '\u{FDFA}'..='\u{FDFD}'
            | '\u{0D4E}'
            | '\u{111C2}'
            | '\u{111C3}'
            | '\u{113D1}'
            | '\u{1193F}'
            | '\u{11941}'
            | '\u{11A3A}'
            | '\u{11A84}'..='\u{11A89}'
            | '\u{11D46}'
            | '\u{11F02}'
    )
}

/// The token of a code point: `<ESC>`, `<\n>`, `<U+202E>`.
#[must_use]
pub fn token(c: char) -> String {
    let code = u32::from(c);
    match usize::try_from(code).ok().and_then(|at| NAMES.get(at)) {
        Some(name) => format!("<{name}>"),
        None if c == '\u{7F}' => "<DEL>".to_owned(),
        None if c == '<' => "<<>".to_owned(),
        None => format!("<U+{code:04X}>"),
    }
}

/// The length of the token that `text` begins with, if it begins with one.
#[must_use]
pub fn token_len(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('<')?;
    is_inside(inside).map(|len| len + 1)
}

/// The length of a token without its opening bracket, if `text` begins with one.
fn is_inside(text: &str) -> Option<usize> {
    if text.starts_with("<>") {
        return Some(2);
    }
    let end = text.char_indices().take(10).find(|(_, c)| *c == '>')?.0;
    let name = text.get(..end)?;
    let known = NAMES.contains(&name)
        || name == "DEL"
        || name.strip_prefix("U+").is_some_and(|hex| {
            (4..=6).contains(&hex.len())
                && hex.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
        });
    known.then_some(end + 1)
}

/// Whether a literal `<` before `rest` would read as the beginning of a token.
#[must_use]
pub fn would_be_token(rest: &str) -> bool {
    is_inside(rest).is_some()
}

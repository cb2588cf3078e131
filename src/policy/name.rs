//! The spellings of a name that a rule which asks or denies sees through.

use unicode_normalization::UnicodeNormalization as _;

use crate::text::skeleton::skeleton;

/// What a rule that asks or denies is matched against, beside the exact name.
///
/// 1. White space, control characters and characters that show nothing (zero-width, direction marks,
///    variation selectors, tags, fillers) are taken out, ASCII letters are made small:
///    `Write\u{200b}_File` is `write_file`.
///    A character that is read for an ASCII letter or digit counts as it (UTS 39, confusables, and compatibility
///    forms): `send_em\u{430}il` and full-width `ｓend_email` are `send_email`.
/// 2. In the second form, words are told apart as well, by case and by any separator, and joined by
///    `_`: `fs.writeFile` and `fs/write-file` are `fs_write_file`.
pub(super) fn folded(name: &str) -> [String; 2] {
    let shown = |c: &char| !is_unseen(*c);
    let read: String = if name.is_ascii() { name.to_owned() } else { read(name) };
    let plain = read.chars().filter(|c| shown(c) && !c.is_whitespace() && !c.is_control());
    [plain.map(|c| c.to_ascii_lowercase()).collect(), words(read.chars().filter(shown))]
}

/// With ASCII in the place of what is read for it; everything else stays.
fn read(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let mut buffer = [0; 4];
        let same = c.encode_utf8(&mut buffer);
        let of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let plain = |text: &str| !text.is_empty() && text.bytes().all(of_name);
        let compatible: String = same.nfkc().collect();
        let alike: String = skeleton(same).collect();
        if c.is_ascii() || is_unseen(c) || c.is_whitespace() {
            out.push(c);
        } else if plain(&compatible) {
            out.push_str(&compatible);
        } else if plain(&alike) {
            out.push_str(&alike);
        } else {
            out.push(c);
        }
    }
    out
}

/// A pattern in the spelling that [`folded`] names are matched in.
pub(super) fn folded_pattern(pattern: &str) -> String {
    read(pattern).to_ascii_lowercase()
}

fn words(name: impl Iterator<Item = char>) -> String {
    let mut words = String::new();
    let mut name = name.peekable();
    let mut before = '_';
    while let Some(c) = name.next() {
        let is_separator =
            matches!(c, '_' | '-' | '.' | '/' | ':') || c.is_whitespace() || c.is_control();
        let ends_acronym =
            before.is_ascii_uppercase() && name.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || before.is_ascii_digit() || ends_acronym);
        if begins {
            words.push('_');
        }
        before = if is_separator { '_' } else { c };
        words.push(before.to_ascii_lowercase());
    }
    words
}

/// The code points that Unicode lets a renderer leave out (`Default_Ignorable_Code_Point`,
/// `DerivedCoreProperties.txt` 16.0), and the interlinear annotation marks.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_name_fold_together() {
        for (name, plain, words) in [
            ("write_file", "write_file", "write_file"),
            ("WRITE_File", "write_file", "write_file"),
            ("writeFile", "writefile", "write_file"),
            ("fs.writeFile", "fs.writefile", "fs_write_file"),
            ("wri\u{200b}te\u{feff}_file\u{202e}", "write_file", "write_file"),
            (" write file\n", "writefile", "_write_file_"),
            ("HTTPPost", "httppost", "http_post"),
            ("v2Delete", "v2delete", "v2_delete"),
            ("", "", ""),
            ("\u{0}\u{200b}", "", "_"),
            ("Überschreiben", "Überschreiben", "Überschreiben"),
            ("send_em\u{430}il", "send_email", "send_email"),
            ("ｓｅｎｄ＿ｅｍａｉｌ", "send_email", "send_email"),
            ("\u{405}\u{435}nd\u{395}mail", "sendemail", "send_email"),
            ("\u{1d5cc}end", "send", "send"),
            (
                "\u{43f}\u{438}\u{441}\u{44c}\u{43c}\u{43e}",
                "\u{43f}\u{438}c\u{44c}\u{43c}o",
                "\u{43f}\u{438}c\u{44c}\u{43c}o",
            ),
        ] {
            assert_eq!(folded(name), [plain, words], "{name:?}");
        }
    }
}

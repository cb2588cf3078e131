//! Whether a text is worth a parser's time.
//!
//! The parser repairs what is no script, and needs time in the square of the signs that are open then: 4,096 bytes of `a|`
//! take 0.3 s, 64 kB of it 180 s. Texts of words, quotes and heredocs take linear time, and so do scripts. So signs are
//! counted before, outside of what quotes protect.

/// Signs outside of single quotes, heredocs and comments: a hundred lines of a script have so many, and what is worst of
/// them takes a tenth of a second.
const SIGNS_MAX: usize = 1_024;
/// Signs anywhere, because a text may be made so that this count takes other things for quoted than the parser does.
const ALL_MAX: usize = 4_096;

/// Whether there are too many signs in a text.
pub(super) fn is_too_much(text: &str) -> bool {
    let bytes = text.as_bytes();
    let all = bytes.iter().filter(|byte| is_sign(**byte)).count();
    all > SIGNS_MAX && (all > ALL_MAX || outside(bytes) > SIGNS_MAX)
}

fn is_sign(byte: u8) -> bool {
    b"|&;<>()[]{}$`".contains(&byte)
}

/// Signs outside of what quotes protect.
fn outside(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut at = 0;
    let mut in_double = false;
    // What is not closed is searched for once.
    let mut closes = true;
    let mut heredoc: Option<Vec<u8>> = None;
    while let Some(&byte) = bytes.get(at) {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b'\n');
        let rest = bytes.get(at + 1..).unwrap_or_default();
        at += 1;
        count += usize::from(is_sign(byte));
        match byte {
            b'\\' => at += 1,
            b'"' => in_double = !in_double,
            b'\'' if !in_double => {
                at += rest.iter().position(|byte| *byte == b'\'').map_or(0, |end| end + 1);
            }
            b'#' if !in_double && before.is_ascii_whitespace() => {
                at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            }
            b'<' if !in_double && before == b'<' && heredoc.is_none() => heredoc = delimiter(rest),
            b'\n' if closes => {
                if let Some(delimiter) = heredoc.take() {
                    let end = body(rest, &delimiter);
                    closes = end.is_some();
                    at += end.unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    count
}

/// The word behind `<<`, without quotes.
fn delimiter(rest: &[u8]) -> Option<Vec<u8>> {
    let word = rest.iter().skip_while(|byte| matches!(**byte, b'-' | b' '));
    let word = word.take_while(|byte| !byte.is_ascii_whitespace() && !is_sign(**byte));
    let plain: Vec<u8> =
        word.copied().filter(|byte| !matches!(byte, b'\'' | b'"' | b'\\')).collect();
    (!plain.is_empty() && plain.first() != Some(&b'<')).then_some(plain)
}

/// How long the body of a heredoc is.
fn body(rest: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut len = 0;
    for line in rest.split(|byte| *byte == b'\n') {
        if line.trim_ascii_start() == delimiter {
            return Some(len);
        }
        len += line.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_counted_outside_of_quotes() {
        for (text, expected) in [
            ("a|b;c", 2),
            ("a '|;|' b", 0),
            ("a \"$(b)\"", 3),
            ("a \"it's|\"", 1),
            ("cat <<'EOF'\n|;|;\nEOF\nb|c", 3),
            ("cat <<E\n|;|;\n", 6),
            ("a # |;\nb", 0),
            ("a \\| b", 0),
        ] {
            assert_eq!(outside(text.as_bytes()), expected, "{text}");
        }
        assert!(is_too_much(&"a|".repeat(2_000)));
        assert!(!is_too_much(&format!("cat > a <<'EOF'\n{}\nEOF\n", "f(x);\n".repeat(1_000))));
        assert!(!is_too_much(&"word ".repeat(9_000)));
    }
}

//! Regular expressions of Go (RE2 syntax, github.com/google/re2/wiki/Syntax) as the crate `regex` reads them.
//!
//! 1. `\d`, `\w`, `\s`, `\b` mean ASCII in Go.
//! 2. A brace that begins no repetition stands for itself in Go.
//! 3. Within a class, brackets and doubled signs stand for themselves in Go; the crate has sets there.
//! 4. `\<` and `\>` are signs in Go, and the edges of words for the crate. `\Q…\E` quotes.

/// What cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: String,
    pub(super) next: &'static str,
}

/// The same expression for the crate.
pub(super) fn translate(written: &str) -> Result<String, Fault> {
    let mut out = String::with_capacity(written.len() * 2);
    let mut rest = written;
    // Whether it is in a class, and how many characters of it there are.
    let mut class: Option<usize> = None;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\\' {
            rest = escape(behind, class.is_some(), &mut out)?;
            class = class.map(|count| count + 1);
            continue;
        }
        rest = behind;
        match (class, c) {
            (None, '[') => {
                class = Some(0);
                out.push('[');
                if let Some(behind) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = behind;
                }
            }
            (None, '{') if !is_repetition(behind) => out.push_str(r"\{"),
            (None, _) => out.push(c),
            // The first bracket of a class stands for itself.
            (Some(0), ']') => {
                out.push_str(r"\]");
                class = Some(1);
            }
            (Some(_), ']') => {
                out.push(']');
                class = None;
            }
            (Some(count), '[') => {
                let named = behind.strip_prefix(':').and_then(|name| name.find(":]"));
                let end = named.filter(|_| behind.starts_with(':')).map(|end| end + 3);
                if let Some(name) = end.and_then(|end| behind.get(..end)) {
                    out.push('[');
                    out.push_str(name);
                    rest = behind.get(name.len()..).unwrap_or_default();
                } else {
                    out.push_str(r"\[");
                }
                class = Some(count + 1);
            }
            (Some(count), '&' | '~') => {
                out.push('\\');
                out.push(c);
                class = Some(count + 1);
            }
            // The end of a range may be a hyphen: `+--`; one at the end stands for itself.
            (Some(count), '-')
                if behind.starts_with(']') || behind.starts_with('-') || count == 0 =>
            {
                out.push_str(r"\-");
                class = Some(count + 1);
            }
            (Some(count), _) => {
                out.push(c);
                class = Some(count + 1);
            }
        }
    }
    Ok(out)
}

/// Writes what stands behind a backslash, and tells what is left.
fn escape<'a>(behind: &'a str, in_class: bool, out: &mut String) -> Result<&'a str, Fault> {
    let Some(c) = behind.chars().next() else {
        let next = "take the last backslash away";
        return Err(Fault { reason: "it ends with a backslash".to_owned(), next });
    };
    let rest = behind.get(c.len_utf8()..).unwrap_or_default();
    match (c, in_class) {
        ('d', false) => out.push_str("[0-9]"),
        ('d', true) => out.push_str("0-9"),
        ('w', false) => out.push_str("[0-9A-Za-z_]"),
        ('w', true) => out.push_str("0-9A-Za-z_"),
        ('s', false) => out.push_str(r"[\t\n\f\r ]"),
        ('s', true) => out.push_str(r"\t\n\f\r "),
        ('D', _) => out.push_str("[^0-9]"),
        ('W', _) => out.push_str("[^0-9A-Za-z_]"),
        ('S', _) => out.push_str(r"[^\t\n\f\r ]"),
        ('b', false) => out.push_str(r"(?-u:\b)"),
        ('B', false) => out.push_str(r"(?:(?-u:\b{start-half})(?-u:\b{end-half})|\B)"),
        ('<' | '>', _) => out.push(c),
        ('Q', false) => {
            let (quoted, rest) = rest.split_once(r"\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(quoted));
            return Ok(rest);
        }
        ('C', false) => {
            let reason = r"`\C` (one byte) is not supported".to_owned();
            return Err(Fault { reason, next: "write `.` instead" });
        }
        ('1'..='9', _) => {
            let reason = format!(r"`\{c}` refers to a group, which takes more than linear time");
            return Err(Fault { reason, next: "write the group's expression again" });
        }
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
    Ok(rest)
}

/// Whether what stands behind a brace makes it a repetition: `3}`, `3,}`, `3,5}`.
fn is_repetition(behind: &str) -> bool {
    let Some((inside, _)) = behind.split_once('}') else { return false };
    let (from, to) = inside.split_once(',').unwrap_or((inside, "0"));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !from.is_empty() && number(from) && number(to)
}

/// What to do about an expression that the crate refuses.
pub(super) fn next(written: &str) -> &'static str {
    if ["(?=", "(?!", "(?<=", "(?<!"].into_iter().any(|look| written.contains(look)) {
        return "look-around takes more than linear time; match what stands around and take secretGroup for the secret";
    }
    if ["(?>", "++", "*+", "?+"].into_iter().any(|part| written.contains(part)) {
        return "possessive and atomic parts are not supported; take the sign away";
    }
    "write it in the syntax of docs.rs/regex"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_otherwise_is_written_otherwise() {
        for (written, expected) in [
            (r"a\d{2}", "a[0-9]{2}"),
            (r"[\w.-]{0,50}?x", r"[0-9A-Za-z_.\-]{0,50}?x"),
            (r"^\$(?:\d+|{\d+})$", r"^\$(?:[0-9]+|\{[0-9]+})$"),
            (r"[[a]", r"[\[a]"),
            ("[]a]", r"[\]a]"),
            ("[^]a]", r"[^\]a]"),
            ("[[:alpha:]&&]", r"[[:alpha:]\&\&]"),
            (r"\<a\>", "<a>"),
            (r"\Qa.b\Ec", r"a\.bc"),
            (r"\x60[\x60]", r"\x60[\x60]"),
        ] {
            let translated = translate(written).unwrap();
            assert_eq!(translated, expected, "{written}");
            assert!(regex::Regex::new(&translated).is_ok(), "{translated}");
        }
        assert!(translate(r"(a)\1").is_err());
        assert!(translate(r"a\C").is_err());
        assert!(translate("a\\").is_err());
    }
}

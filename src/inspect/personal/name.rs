//! Names of persons, where a title, a label or a sentence says that it is one.

use std::ops::Range;
use std::sync::LazyLock;

use super::Seen;
use super::ends::Ends;
use super::kinds;
use super::label::{self, Label};

const GIVEN_TEXT: &str = include_str!("given.txt");

/// Words of a name, and letters of each.
const WORDS_MAX: usize = 5;
const LETTERS_MAX: usize = 24;
/// The longest value of a member that is a name, in bytes.
const VALUE_MAX: usize = 80;

/// The longest address, in bytes.
const ADDRESS_MAX: usize = 160;

/// What stands before a name, in small letters, and how many words the name has at least.
const BEFORE: [(&str, usize); 30] = [
    ("mr.", 1),
    ("mrs.", 1),
    ("ms.", 1),
    ("dr.", 1),
    ("mr", 1),
    ("mrs", 1),
    ("dr", 2),
    ("prof.", 2),
    ("miss", 2),
    ("herr", 1),
    ("frau", 1),
    ("herrn", 1),
    ("monsieur", 1),
    ("madame", 1),
    ("mme", 1),
    ("señor", 1),
    ("señora", 1),
    ("sra.", 1),
    ("signora", 1),
    ("signor", 1),
    ("my name is", 1),
    ("my full name is", 1),
    ("mein name ist", 1),
    ("ich heiße", 1),
    ("je m'appelle", 1),
    ("me llamo", 1),
    ("mi nombre es", 1),
    ("mi chiamo", 1),
    ("meu nome é", 1),
    ("me chamo", 1),
];
/// What stands before many things and also before names: a given name has to follow, and another word.
const BEFORE_GIVEN: [&str; 10] = [
    "i am", "i'm", "this is", "patient", "customer", "client", "employee", "dear", "ich bin",
    "je suis",
];
/// Words that are no name behind a title or a label.
const NOT_NAMES: &str = "president speaker chairman chairwoman chair minister secretary ambassador mayor judge justice \
    doctor professor director the a an no none null nil unknown undefined anonymous true false string text name names \
    first last full given family middle user username test admin administrator customer client patient employee value \
    values example sample default optional required claude chatgpt assistant gemini your my company field enter type \
    select please insert foo bar baz n/a tbd und and or et y new all any and/or is not this that";
/// Small words within a name.
const PARTICLES: [&str; 20] = [
    "van", "von", "de", "der", "den", "da", "di", "do", "dos", "du", "del", "della", "la", "le",
    "el", "al", "bin", "ibn", "ter", "zu",
];

/// The name that begins with the capital letter here.
pub(super) fn name(text: &str, at: usize) -> Option<Seen> {
    let before = text.get(..at)?;
    let kind = kinds::by_id("name")?;
    let bare = before.trim_end_matches(' ');
    if bare.len() < before.len() && ENDS.may_end(bare.as_bytes()) {
        let least =
            BEFORE.iter().filter(|(word, _)| ends_with(bare, word)).map(|(_, least)| *least).min();
        if let Some(least) = least {
            return Some(Seen { kind, span: words(text, at, least)?, near: true });
        }
        if BEFORE_GIVEN.iter().any(|word| ends_said(bare, word)) {
            let span = words(text, at, 2)?;
            let given = is_named(text.get(span.clone())?, Label::Name);
            return given.then_some(Seen { kind, span, near: true });
        }
    }
    let (said, quoted) = label::before(before)?;
    if said == Label::Address {
        return address(text, at, quoted);
    }
    let span = words(text, at, 1)?;
    // All of the value or of the rest of its line: `Name: Build Image with Cache` is no name.
    if !ends(text, span.end, quoted) || !is_named(text.get(span.clone())?, said) {
        return None;
    }
    Some(Seen { kind, span, near: true })
}

/// Whether a title or a sentence before a name ends here in JSON, where a line's end within a text is an `n` behind a
/// backslash. Most words are told by their last two bytes.
pub(super) fn is_before(json: &[u8], at: usize) -> bool {
    let before = json.get(..at).unwrap_or_default().trim_ascii_end();
    ENDS.may_end(before)
        && phrases().any(|phrase| {
            let Some(start) = before.len().checked_sub(phrase.len()) else { return false };
            let same =
                before.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(phrase.as_bytes()));
            let begins = match before.get(..start).unwrap_or_default() {
                [.., b'\\', b'n' | b'r' | b't' | b'f' | b'b'] | [] => true,
                [.., byte] => !byte.is_ascii_alphanumeric(),
            };
            same && begins
        })
}

fn phrases() -> impl Iterator<Item = &'static str> {
    BEFORE.iter().map(|(phrase, _)| *phrase).chain(BEFORE_GIVEN)
}

static ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(phrases()));

/// All of a member's value, where the member's name says that it is a name or an address.
pub(super) fn value(name: &str, text: &str) -> Option<Seen> {
    let said = label::of(name)?;
    let bare = text.trim();
    let start = text.len() - text.trim_start().len();
    let span = start..start + bare.len();
    if bare.is_empty() || bare.len() > VALUE_MAX && said != Label::Address {
        return None;
    }
    if said == Label::Address {
        return is_address(bare).then_some(Seen {
            kind: kinds::by_id("postal-address")?,
            span,
            near: true,
        });
    }
    let whole = words(bare, 0, 1).is_some_and(|found| found == (0..bare.len())) || is_foreign(bare);
    (whole && is_named(bare, said)).then_some(Seen {
        kind: kinds::by_id("name")?,
        span,
        near: true,
    })
}

/// The address that begins with the digits here, where a label says that it is one.
pub(super) fn numbered(text: &str, at: usize) -> Option<Seen> {
    match label::before(text.get(..at)?)? {
        (Label::Address, quoted) => address(text, at, quoted),
        (Label::Name | Label::Person, _) => None,
    }
}

/// A name in letters without capitals: Chinese, Japanese, Korean, Arabic, Hindi and others.
pub(super) fn foreign(text: &str, at: usize) -> Option<Seen> {
    let rest = text.get(at..)?;
    let skipped = rest.trim_start_matches(['：', ':', ' ', '\u{3000}', '"', '”', '「', '是', '=']);
    let start = text.len() - skipped.len();
    if start == at {
        return None;
    }
    let len: usize =
        skipped.chars().take(9).take_while(|c| is_ideograph(*c)).map(char::len_utf8).sum();
    let name = skipped.get(..len)?;
    (2..=8)
        .contains(&name.chars().count())
        .then(|| Some(Seen { kind: kinds::by_id("name")?, span: start..start + len, near: true }))?
}

const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}')
}

/// Two to five words of a script without capitals, and nothing else.
fn is_foreign(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let cased = text.chars().any(|c| c.is_lowercase() || c.is_uppercase());
    let other =
        text.chars().any(|c| !c.is_alphabetic() && !" ·・\u{3000}".contains(c) && !is_mark(c));
    letters >= 2
        && !cased
        && !other
        && text.chars().count() <= 30
        && text.split(' ').count() <= WORDS_MAX
}

/// Vowels of Indic and Arabic letters are no letters.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{610}'..='\u{65F}' | '\u{900}'..='\u{DFF}' | '\u{E31}'..='\u{E4E}')
}

/// Whether a text ends with a title, which has a capital letter (`it took 15 ms. Then`), or a phrase.
fn ends_with(text: &str, phrase: &str) -> bool {
    let capital = || {
        text.get(text.len() - phrase.len()..).is_some_and(|end| end.starts_with(char::is_uppercase))
    };
    ends_said(text, phrase) && (phrase.contains(' ') || capital())
}

/// Whether a text ends with a word or phrase, in whatever case, before which no letter stands.
fn ends_said(text: &str, phrase: &str) -> bool {
    if text.as_bytes().last().map(u8::to_ascii_lowercase) != phrase.as_bytes().last().copied() {
        return false;
    }
    let Some(start) = text.len().checked_sub(phrase.len()) else { return false };
    let Some(end) = text.get(start..) else { return false };
    let begins = text.get(..start).and_then(|before| before.chars().next_back());
    end.eq_ignore_ascii_case(phrase) && begins.is_none_or(|c| !c.is_alphanumeric())
}

/// Words that begin with a capital letter, initials and particles within, with one space between; so many at least.
fn words(text: &str, at: usize, least: usize) -> Option<Range<usize>> {
    let (mut end, mut count, mut next) = (at, 0, at);
    for _ in 0..WORDS_MAX {
        let rest = text.get(next..)?;
        let len =
            rest.find(|c: char| !c.is_alphabetic() && !"'’-".contains(c)).unwrap_or(rest.len());
        let word = rest.get(..len)?.trim_end_matches(['-', '\'', '’']);
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
        let begins = word.chars().next().is_some_and(char::is_uppercase);
        let initial =
            word.chars().count() == 1 && rest.get(len..).is_some_and(|rest| rest.starts_with('.'));
        let size = word.chars().count();
        if begins && (2..=LETTERS_MAX).contains(&size) && !is_listed(NOT_NAMES, word) {
            count += 1;
            end = next + word.len();
        } else if begins && initial {
            count += 1;
            end = next + word.len() + 1;
        } else if count == 0 || !PARTICLES.contains(&word) {
            break;
        }
        let whole = next + len + usize::from(initial);
        if !text.get(whole..)?.starts_with(' ')
            || end < next && !PARTICLES.contains(&word)
            || word.len() != len && !initial
        {
            break;
        }
        next = whole + 1;
    }
    let long = text.get(at..end)?.chars().filter(|c| c.is_alphabetic()).count() >= 3;
    (count >= least && long).then_some(at..end)
}

fn is_listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word))
}

/// Whether the value ends here: with its quote, or with its line, cell or entry.
fn ends(text: &str, end: usize, quoted: bool) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    if quoted {
        return rest.starts_with(['"', '\'']) || rest.starts_with("\\\"");
    }
    // What is called is a function: `SURNAME = Identifier("2.5.4.4")`.
    if rest.starts_with('(') {
        return false;
    }
    let rest = rest.trim_start_matches([' ', '.', '\r']);
    rest.is_empty()
        || rest.starts_with([',', ';', '\n', '|', '<', '&', ')', '}', '\\', '(', '/', '"'])
}

/// Whether words behind a label are a name: behind a plain `name` the first one has to be a given name.
fn is_named(name: &str, said: Label) -> bool {
    let first = name.split([' ', '-']).next().unwrap_or_default();
    match said {
        Label::Name => name.contains(' ') && is_given(first) && !is_foreign(name),
        Label::Person => true,
        Label::Address => false,
    }
}

/// Whether many people have this name.
fn is_given(word: &str) -> bool {
    let listed = || kinds::lines(GIVEN_TEXT).flat_map(|line| line.split(' '));
    let lower = word.to_lowercase();
    listed().any(|name| name == lower)
}

/// An address that is a value of its own.
fn address(text: &str, at: usize, quoted: bool) -> Option<Seen> {
    let rest = text.get(at..)?;
    let quote = text.get(..at)?.chars().next_back().filter(|_| quoted);
    let stops = |c: char| matches!(c, '\n' | ';' | '\\') || Some(c) == quote;
    let value = rest.chars().take(ADDRESS_MAX + 1).take_while(|c| !stops(*c));
    let value = rest.get(..value.map(char::len_utf8).sum())?.trim_end();
    let kind = kinds::by_id("postal-address")?;
    is_address(value).then_some(Seen { kind, span: at..at + value.len(), near: true })
}

/// A house's number and two words at least.
fn is_address(text: &str) -> bool {
    let number = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        word.starts_with(|c: char| c.is_ascii_digit())
            && (1..=6).contains(&digits)
            && word.len() <= 8
    };
    let word = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() >= 3;
    let capital = text.chars().any(char::is_uppercase);
    let mut words = text.split([' ', ',', '\n']).filter(|word| !word.is_empty());
    let few = text.len() <= ADDRESS_MAX
        && !text.contains(['{', '}', '=', '@', '<', '|'])
        && !text.contains("://");
    let numbers = words.clone().filter(|word| number(word)).count();
    few && capital && numbers > 0 && words.any(word) && text.split(' ').count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<&str> {
        let capitals = text.char_indices().filter(|(_, c)| c.is_ascii_uppercase());
        let starts =
            capitals.filter(|(at, _)| *at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric());
        let mut end = 0;
        let mut told = Vec::new();
        for (at, _) in starts {
            if let Some(seen) = name(text, at).filter(|_| at >= end) {
                end = seen.span.end;
                told.push(text.get(seen.span).unwrap());
            }
        }
        told
    }

    #[test]
    fn names_are_told_where_something_says_so() {
        for (text, names) in [
            ("Please ask Mr. Miller about it.", &["Miller"][..]),
            ("Mrs. Anna-Lena van der Berg signed.", &["Anna-Lena van der Berg"]),
            ("Dr. J. R. Okafor's notes", &["J. R. Okafor"]),
            ("Hi, my name is Jane Doe and", &["Jane Doe"]),
            ("Je m'appelle Zoé Martin.", &["Zoé Martin"]),
            ("Sehr geehrte Frau Schröder,", &["Schröder"]),
            ("name: Jane Doe", &["Jane Doe"]),
            ("Name: Jane Doe\nAge: 3", &["Jane Doe"]),
            (r#"{"name": "Jane Doe", "age": 3}"#, &["Jane Doe"]),
            (r#"{"full_name":"Qora Xilmen"}"#, &["Qora Xilmen"]),
            (r#"{"firstName":"Qora","lastName":"Xilmen"}"#, &["Qora", "Xilmen"]),
            ("Patient name: Xilmen Qora", &["Xilmen Qora"]),
            ("Hi, I'm Sarah Connor, and", &["Sarah Connor"]),
            ("Patient: John Smith, DOB", &["John Smith"]),
            ("Customer John Smith (VIP)", &["John Smith"]),
            ("street: Musterweg 12", &["Musterweg 12"]),
        ] {
            assert_eq!(told(text), names, "{text}");
        }
        for text in [
            "It took 15 ms. Use more.",
            "MS Word Documents and MS Crypto",
            "I am Claude. This is Great News, Dear Customer Support Team, customer Success Stories",
            "- name: Run Tests",
            "name: Build Docker Image",
            "name: Checkout",
            r#"{"name": "Read File", "description": "Reads"}"#,
            r#"{"first_name": {"type": "String"}}"#,
            "Mr. President, members",
            "The file name is Readme and",
            "My name is not important.",
            "First Name: String",
            "Dr. ",
            "full name: The name of the user.",
            "name: Jane Doe Memorial Library Opening Hours And More",
        ] {
            assert_eq!(told(text), [] as [&str; 0], "{text}");
        }
    }
}

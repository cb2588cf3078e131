//! Tools that are for attacks by their own words: what they are called, what their description says first that they do, or what
//! they ask for.
//!
//! Such a tool hides nothing, and an operator may well want it. Whoever did not ask for one should know that a server has it
//! before an agent calls it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use super::finding::Found;
use super::order::{lines, sentences};
use super::rule::ATTACK;
use super::walk::Text;

/// Words that may stand between two of a technique's.
const GAP: usize = 2;
/// Words behind a technique that say that it is looked for.
const BEHIND: usize = 2;
/// Words of a sentence that are looked at.
const WORDS_MAX: usize = 64;
/// The technique of parameters.
const ASKS: &str = "asks";
const DEFENDS: &str = "defends";
const EVADES: &str = "evades";
const KEEPS: &str = "keeps";
/// What is no technique, and speaks against one.
const GUARDS: [&str; 3] = [DEFENDS, EVADES, KEEPS];

static TECHNIQUES: LazyLock<Techniques> =
    LazyLock::new(|| Techniques::read(include_str!("attack/techniques.txt")));

/// What an attack is called in a definition, of which these are the texts: in which of them.
#[must_use]
pub fn attack(texts: &[Text<'_>]) -> Option<(usize, Found)> {
    let of = |path: &str| {
        let is_it = |one: &Text<'_>| !one.name && one.path == path;
        let at = texts.iter().position(is_it)?;
        Some((at, &*texts.get(at)?.text))
    };
    let known = &*TECHNIQUES;
    let description = of("/description");
    if let Some((at, text)) = description {
        let described = words(first_sentence(text));
        if described.first().is_some_and(|first| known.is(first, KEEPS)) {
            return None;
        }
        if let Some(found) = known.in_sentence(&described, |technique| technique != ASKS) {
            return Some((at, told(found, &described, text)));
        }
        if described.first().is_some_and(|first| known.is(first, DEFENDS)) {
            return None;
        }
    }
    if let Some((at, text)) = of("/name") {
        let named = words(text);
        if let Some(found) = known.in_sentence(&named, |technique| technique != ASKS) {
            return Some((at, told(found, &named, text)));
        }
    }
    let parameter = |one: &Text<'_>| {
        let name = one.path.strip_prefix("/inputSchema/properties/");
        one.name && name.is_some_and(|name| !name.contains('/'))
    };
    let mut parameters = texts.iter().enumerate().filter(|(_, one)| parameter(one));
    parameters.find_map(|(at, one)| {
        let asked = words(&one.text);
        let found = known.in_sentence(&asked, |technique| technique == ASKS)?;
        Some((at, told(found, &asked, &one.text)))
    })
}

fn told(found: Fit, words: &[Word<'_>], text: &str) -> Found {
    let place = |at: usize| words.get(at).map(|word| word.range.clone()).unwrap_or_default();
    let span = place(found.first).start..place(found.last).end;
    let because =
        if found.technique == ASKS { "a parameter of such tools" } else { found.technique };
    Found { because: vec![because.to_owned()], ..Found::plain(&ATTACK, span, text) }
}

fn first_sentence(text: &str) -> &str {
    let said =
        |range: &Range<usize>| text.get(range.clone()).is_some_and(|one| !one.trim().is_empty());
    // From the beginning on, so that places in it are places in the text.
    sentences(text).find(said).and_then(|range| text.get(..range.end)).unwrap_or_default()
}

/// A word in small letters, and where it stands.
struct Word<'a> {
    text: Cow<'a, str>,
    range: Range<usize>,
}

/// The words of a sentence or a name: `portScan`, `port_scan`.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut small = false;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || c == '&';
        let humps = small && c.is_uppercase();
        if let Some(from) = start.take_if(|_| !inside || humps) {
            let word = text.get(from..at).unwrap_or_default();
            let loud = word.bytes().any(|byte| byte.is_ascii_uppercase());
            let text =
                if loud { Cow::Owned(word.to_ascii_lowercase()) } else { Cow::Borrowed(word) };
            words.push(Word { text, range: from..at });
            if words.len() == WORDS_MAX {
                break;
            }
        }
        if inside && start.is_none() {
            start = Some(at);
        }
        small = c.is_lowercase() || c.is_numeric();
    }
    words
}

/// A technique's words in a sentence, from the first to the last.
#[derive(Debug, Clone, Copy)]
struct Fit {
    technique: &'static str,
    first: usize,
    last: usize,
}

/// A pattern up to one of its parts, and its first and last word so far.
#[derive(Debug, Clone, Copy)]
struct Begun {
    pattern: usize,
    part: usize,
    first: usize,
    last: usize,
}

/// A word of techniques, and which part of which patterns it is.
#[derive(Debug)]
struct Listed {
    word: &'static str,
    /// Any ending may follow.
    open: bool,
    uses: Vec<(usize, usize)>,
}

/// The patterns of techniques, by their words.
#[derive(Debug)]
struct Techniques {
    listed: Vec<Listed>,
    /// Of each pattern its technique and its number of parts.
    patterns: Vec<(&'static str, usize)>,
}

impl Techniques {
    fn read(data: &'static str) -> Self {
        let mut all = Self { listed: Vec::new(), patterns: Vec::new() };
        for (name, line) in lines(data) {
            // A row of parts with their alternatives, or alternatives alone.
            let parts: Vec<Vec<&str>> = if GUARDS.contains(&name) {
                vec![line.split(' ').collect()]
            } else {
                line.split(' ').map(|part| part.split('|').collect()).collect()
            };
            let pattern = all.patterns.len();
            all.patterns.push((name, parts.len()));
            for (part, words) in parts.into_iter().enumerate() {
                for word in words {
                    all.list(word, (pattern, part));
                }
            }
        }
        all.listed.sort_by_key(|listed| listed.word);
        all
    }

    fn list(&mut self, word: &'static str, of: (usize, usize)) {
        let stem = word.strip_suffix('*');
        let (word, open) = (stem.unwrap_or(word), stem.is_some());
        let same = |listed: &&mut Listed| (listed.word, listed.open) == (word, open);
        if let Some(listed) = self.listed.iter_mut().find(same) {
            listed.uses.push(of);
        } else {
            self.listed.push(Listed { word, open, uses: vec![of] });
        }
    }

    /// What a word is: parts of patterns.
    fn of(&self, word: &str) -> impl Iterator<Item = (usize, usize)> {
        // Those that begin as it does stand beside each other.
        let begins = word.get(..1).unwrap_or_default();
        let from = self.listed.partition_point(|listed| listed.word < begins);
        let near =
            self.listed.iter().skip(from).take_while(move |one| one.word.starts_with(begins));
        let is_it = move |one: &&Listed| one.word == word || one.open && word.starts_with(one.word);
        near.filter(is_it).flat_map(|one| one.uses.iter().copied())
    }

    fn is(&self, word: &Word<'_>, what: &str) -> bool {
        let is_what =
            |(pattern, _)| self.patterns.get(pattern).is_some_and(|(name, _)| *name == what);
        self.of(&word.text).any(is_what)
    }

    /// The first technique in a sentence that nothing in it speaks against.
    fn in_sentence(&self, words: &[Word<'_>], wanted: fn(&str) -> bool) -> Option<Fit> {
        let fits = self.fits(words);
        fits.into_iter()
            .filter(|fit| wanted(fit.technique))
            .find(|fit| !self.is_defence(words, *fit))
    }

    /// Every technique in a sentence.
    fn fits(&self, words: &[Word<'_>]) -> Vec<Fit> {
        let (mut fits, mut begun) = (Vec::new(), Vec::<Begun>::new());
        for (at, word) in words.iter().enumerate() {
            for (pattern, part) in self.of(&word.text) {
                let Some((technique, parts)) = self.patterns.get(pattern) else { continue };
                let goes_on = |one: &&Begun| {
                    (one.pattern, one.part + 1) == (pattern, part)
                        && (1..=GAP + 1).contains(&(at - one.last))
                };
                let first = match part {
                    0 => Some(at),
                    _ => begun.iter().rev().find(goes_on).map(|one| one.first),
                };
                let Some(first) = first else { continue };
                begun.push(Begun { pattern, part, first, last: at });
                if part + 1 == *parts && !GUARDS.contains(technique) {
                    fits.push(Fit { technique, first, last: at });
                }
            }
        }
        fits
    }

    /// Whether a technique is spoken of because it is looked for or kept away.
    fn is_defence(&self, words: &[Word<'_>], fit: Fit) -> bool {
        let (before, rest) = words.split_at(fit.first);
        let defends = |words: &[Word<'_>]| words.iter().any(|word| self.is(word, DEFENDS));
        let evades = rest.first().is_some_and(|first| self.is(first, EVADES));
        let behind = words.get(fit.last + 1..).unwrap_or_default();
        defends(before) || !evades && defends(behind.get(..BEHIND).unwrap_or(behind))
    }
}

#[cfg(test)]
mod tests {
    use super::super::walk;
    use super::*;

    fn seen(name: &str, description: &str, parameter: &str) -> Option<(String, String)> {
        let tool = serde_json::json!({
            "name": name, "description": description,
            "inputSchema": { "type": "object", "properties": { parameter: { "type": "string" } } },
        });
        let tool = tool.to_string();
        let texts = walk::texts(&tool);
        let (at, found) = attack(&texts)?;
        assert_eq!(texts[at].text.get(found.span.clone()), Some(found.evidence.as_str()));
        Some((found.evidence, found.because.concat()))
    }

    #[test]
    fn a_tool_that_is_for_attacks_says_so() {
        for (name, description, parameter, evidence, technique) in [
            ("tickets", "Forges a Kerberos golden ticket.", "user", "golden ticket", "T1558"),
            ("dumpLsass", "", "pid", "dumpLsass", "T1003"),
            (
                "net",
                "Opens a reverse shell to a host. Returns its number.",
                "host",
                "reverse shell",
                "T1059",
            ),
            ("helper", "Bypasses the AMSI scanner.", "x", "Bypasses the AMSI", "T1562"),
            ("arp_spoof", "Sends packets.", "x", "", ""),
            ("arp_spoof", "Starts it.", "x", "arp_spoof", "T1557"),
            (
                "run",
                "Runs it in a process.",
                "shellcode_hex",
                "shellcode",
                "a parameter of such tools",
            ),
        ] {
            let expected =
                (!evidence.is_empty()).then(|| (evidence.to_owned(), technique.to_owned()));
            assert_eq!(seen(name, description, parameter), expected, "{name}: {description}");
        }
    }

    #[test]
    fn a_tool_that_defends_or_keeps_records_is_none() {
        for (name, description) in [
            ("sql_injection_scanner", "Scans a site for SQL injection and cross site scripting."),
            ("waf", "Blocks requests that carry an SQL injection."),
            ("brute_force_protection", "Turns the protection on."),
            ("mitre", "Describes how attackers dump credentials and move laterally."),
            ("attack_search", "Searches MITRE ATT&CK for techniques such as process injection."),
            ("alerts", "Lists alerts about ransomware."),
            ("report_phishing", "Reports a phishing mail to the provider."),
            ("delete_event", "Deletes an event from the calendar."),
            ("update_vacation", "Updates the vacation responder."),
            ("exec", "Executes a shell command in the container."),
            ("read_file", "Reads a file. Do not use it to dump credentials."),
            ("login", "Logs in with a password and a token."),
        ] {
            assert_eq!(seen(name, description, "payload"), None, "{name}: {description}");
        }
    }

    #[test]
    fn the_data_is_read_as_it_is_written() {
        let data = include_str!("attack/techniques.txt");
        for (name, line) in lines(data) {
            let technique = name.strip_prefix('T').is_some_and(|id| id.parse::<u16>().is_ok());
            assert!(technique || name == ASKS || GUARDS.contains(&name), "{name}");
            let plain = |word: &str| {
                let word = word.strip_suffix('*').unwrap_or(word);
                word.len() > 1 && words(word).first().is_some_and(|one| one.text == word)
            };
            assert!(line.split([' ', '|']).all(plain), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_found_stands_in_the_text(name in "(dump|Lsass|_|é|&|golden|Ticket| ){0,9}", text in "(?s).{0,40}") {
            seen(&name, &text, &name);
        }
    }
}

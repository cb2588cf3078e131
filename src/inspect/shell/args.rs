//! Options and operands of a command, and what they mean, from a table.

use std::sync::LazyLock;

use super::value::Value;

const PROGRAMS_TEXT: &str = include_str!("programs.txt");
const WRAPPERS_TEXT: &str = include_str!("wrappers.txt");

static PROGRAMS: LazyLock<Vec<Program>> = LazyLock::new(|| {
    let mut all: Vec<Program> = lines(PROGRAMS_TEXT).flat_map(programs).collect();
    all.sort_by_key(|program| program.name);
    all
});
static WRAPPERS: LazyLock<Vec<Wrapper>> = LazyLock::new(|| {
    let mut all: Vec<Wrapper> = lines(WRAPPERS_TEXT).filter_map(wrapper).collect();
    all.sort_by_key(|wrapper| wrapper.name);
    all
});

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// What a program takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program {
    pub(super) name: &'static str,
    /// Options with values, each with what the value is: `-o=w`.
    options: &'static str,
    operands: &'static str,
}

/// A program that runs another one.
#[derive(Debug)]
pub(super) struct Wrapper {
    pub(super) name: &'static str,
    /// Words between its options and the command.
    pub(super) operands: usize,
    options: &'static str,
}

/// What a word of a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A file that is read.
    Read,
    /// A file that is written.
    Write,
    /// A file that is deleted.
    Delete,
    /// A file that is sent.
    Upload,
    /// Data that is sent; `@file` is what is in the file.
    Data,
    /// A command line.
    Command,
    /// An address.
    Address,
    /// Text that does nothing.
    Nothing,
}

fn role(letter: &str) -> Role {
    match letter {
        "r" => Role::Read,
        "w" => Role::Write,
        "d" => Role::Delete,
        "f" => Role::Upload,
        "s" => Role::Data,
        "x" => Role::Command,
        "u" => Role::Address,
        _ => Role::Nothing,
    }
}

fn programs(line: &'static str) -> impl Iterator<Item = Program> {
    let (names, rest) = line.split_once(':').unwrap_or((line, ""));
    let (options, operands) = rest.split_once(';').unwrap_or((rest, "r"));
    names.split_whitespace().map(move |name| Program { name, options, operands: operands.trim() })
}

fn wrapper(line: &'static str) -> Option<Wrapper> {
    let (name, rest) = line.split_once(':')?;
    let (operands, options) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    Some(Wrapper { name, operands: operands.parse().ok()?, options })
}

/// The program of a name.
pub(super) fn program(name: &str) -> Option<Program> {
    let at = PROGRAMS.binary_search_by(|program| program.name.cmp(name)).ok()?;
    PROGRAMS.get(at).copied()
}

/// The wrapper of a name, or of a name and its first word: `uv run`.
pub(super) fn wrapper_of(name: &str) -> Option<&'static Wrapper> {
    let at = WRAPPERS.binary_search_by(|wrapper| wrapper.name.cmp(name)).ok()?;
    WRAPPERS.get(at)
}

/// The names that a pattern may stand for.
pub(super) fn known_names() -> impl Iterator<Item = &'static str> {
    let wrappers = WRAPPERS.iter().map(|wrapper| wrapper.name);
    PROGRAMS.iter().map(|program| program.name).chain(wrappers)
}

/// The words behind a wrapper's options and operands, and its options.
pub(super) fn unwrapped<'a>(
    wrapper: &Wrapper,
    words: &'a [Value],
) -> (Vec<(String, Option<Value>)>, &'a [Value]) {
    let mut options = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word.text == "--" {
            at += 1;
            break;
        }
        if !word.text.starts_with('-') || word.text == "-" {
            break;
        }
        let next = words.get(at + 1);
        at += 1;
        let (found, took) = split(word, next, wrapper.options);
        options.extend(found);
        at += usize::from(took);
    }
    (options, words.get(at + wrapper.operands..).unwrap_or_default())
}

impl Wrapper {
    /// Whether the value of an option is a file that is written.
    pub(super) fn writes(&self, option: &str) -> bool {
        find(self.options, option).is_some_and(|found| found.ends_with("=w"))
    }
}

/// A command's words, told apart.
#[derive(Debug, Default)]
pub(super) struct Args {
    /// Options as they are named, with their values.
    pub(super) options: Vec<(String, Option<Value>)>,
    pub(super) operands: Vec<Value>,
}

impl Args {
    /// Reads words behind a command's name; `valued` names options with values.
    pub(super) fn read(words: &[Value], valued: &str) -> Self {
        let mut args = Self::default();
        let mut at = 0;
        let mut only_operands = false;
        while let Some(word) = words.get(at) {
            at += 1;
            if only_operands || !word.text.starts_with('-') || word.text == "-" || word.open_first {
                args.operands.push(word.clone());
            } else if word.text == "--" {
                only_operands = true;
            } else {
                let (found, took) = split(word, words.get(at), valued);
                args.options.extend(found);
                at += usize::from(took);
            }
        }
        args
    }

    /// Whether any of these options is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    /// The value of the first of these options.
    pub(super) fn value(&self, names: &[&str]) -> Option<&Value> {
        let found = self.options.iter().find(|(name, _)| names.contains(&name.as_str()));
        found.and_then(|(_, value)| value.as_ref())
    }

    /// The operand at a place, or nothing.
    pub(super) fn word(&self, at: usize) -> &str {
        self.operands.get(at).map_or("", |value| value.text.as_str())
    }
}

impl Program {
    /// One of which only the usual names of options are known.
    pub(super) const fn any(name: &'static str) -> Self {
        let options =
            "-o=w --output=w --out=w --outfile=w --output-file=w --log-file=w --logfile=w";
        Self { name, options, operands: "r" }
    }

    /// Its words, told apart.
    pub(super) fn read(&self, words: &[Value]) -> Args {
        Args::read(words, self.options)
    }

    /// What each word is, options' values first.
    pub(super) fn roles(&self, args: &Args) -> Vec<(Role, Value)> {
        let mut all = Vec::new();
        for (name, value) in &args.options {
            let letter = find(self.options, name).and_then(|found| found.split_once('='));
            if let (Some((_, letter)), Some(value)) = (letter, value) {
                all.push((role(letter), value.clone()));
            }
        }
        let count = args.operands.len();
        // `n r`: the first is nothing, all others are read. `r >w`: the last one is written.
        let mut letters = self.operands.split(' ').filter(|letter| !letter.is_empty()).peekable();
        let mut current = letters.next().unwrap_or("n");
        if let Some(letter) = current.strip_prefix('?') {
            let is_given = args.has(&["-e", "-f", "--regexp", "--file", "--expression"]);
            current = if is_given { letters.next().unwrap_or("n") } else { letter };
        }
        let last = self.operands.split(' ').find_map(|letter| letter.strip_prefix('>'));
        for (at, operand) in args.operands.iter().enumerate() {
            let is_last = at + 1 == count && (count > 1 || current.starts_with('>'));
            let letter = match last {
                Some(last) if is_last => last,
                _ => current,
            };
            all.push((role(letter), operand.clone()));
            if let Some(next) = letters.peek().filter(|letter| !letter.starts_with('>')) {
                current = next;
                letters.next();
            }
        }
        all
    }
}

/// The entry of an option in a table: `-o=w`, or `-o`.
fn find(options: &'static str, name: &str) -> Option<&'static str> {
    options.split(' ').find(|option| option.split('=').next() == Some(name))
}

/// The options in a word and whether one of them took the next word: `-abo file`, `--out=file`.
fn split(word: &Value, next: Option<&Value>, valued: &str) -> (Vec<(String, Option<Value>)>, bool) {
    let takes = |name: &str| valued.split(' ').any(|option| option.split('=').next() == Some(name));
    let text = word.text.as_str();
    if let Some((name, value)) = text.split_once('=').filter(|_| text.starts_with("--")) {
        let at = text.len() - value.len();
        return (vec![(name.to_owned(), Some(word.tail(at)))], false);
    }
    if text.starts_with("--") || takes(text) {
        let took = takes(text) && next.is_some();
        return (vec![(text.to_owned(), next.filter(|_| took).cloned())], took);
    }
    let mut found = Vec::new();
    for (at, c) in text.char_indices().skip(1) {
        let name = format!("-{c}");
        if takes(&name) {
            let rest = at + c.len_utf8();
            if rest < text.len() || word.open {
                found.push((name, Some(word.tail(rest))));
                return (found, false);
            }
            found.push((name, next.cloned()));
            return (found, next.is_some());
        }
        found.push((name, None));
    }
    (found, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Value> {
        text.split(' ').map(|word| Value::plain(word, 0..0)).collect()
    }

    #[test]
    fn options_and_operands_are_told_apart() {
        let args = Args::read(&words("-sSo out --data=x a -- -b"), "-o=w --data=s");
        let names: Vec<&str> = args.options.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["-s", "-S", "-o", "--data"]);
        assert_eq!(args.value(&["-o"]).unwrap().text, "out");
        assert_eq!(args.value(&["--data"]).unwrap().text, "x");
        assert_eq!((args.word(0), args.word(1), args.word(2)), ("a", "-b", ""));
    }

    #[test]
    fn the_table_tells_what_words_are() {
        let roles = |line: &str| -> Vec<String> {
            let all = words(line);
            let program = program(&all[0].text).unwrap();
            let args = program.read(&all[1..]);
            program
                .roles(&args)
                .iter()
                .map(|(role, value)| format!("{role:?} {}", value.text))
                .collect()
        };
        assert_eq!(roles("cp a b c"), ["Read a", "Read b", "Write c"]);
        assert_eq!(roles("grep -e x f"), ["Read f"]);
        assert_eq!(roles("grep x f g"), ["Nothing x", "Read f", "Read g"]);
        assert_eq!(roles("sort -o out in"), ["Write out", "Read in"]);
        assert!(WRAPPERS.len() > 30 && PROGRAMS.len() > 60);
    }
}

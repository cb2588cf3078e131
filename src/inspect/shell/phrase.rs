//! Commands that do something by their words alone, from a table.

use std::sync::LazyLock;

use super::args::Args;
use super::run::Run;
use super::value::{Call, Value};
use crate::inspect::effect::rules::{
    DELETES, FETCH_AND_RUN, HIDES, PERSISTS, READS_SECRETS, ROOT, SENDS, STOPS,
};
use crate::inspect::rule::{Rule, Severity};

const PHRASES_TEXT: &str = include_str!("phrases.txt");
const RULES: [&Rule; 8] =
    [&DELETES, &FETCH_AND_RUN, &HIDES, &PERSISTS, &READS_SECRETS, &ROOT, &SENDS, &STOPS];

static PHRASES: LazyLock<Vec<Phrase>> =
    LazyLock::new(|| PHRASES_TEXT.lines().filter_map(Phrase::read).collect());

/// The names of programs, sorted, each with the place of a phrase that begins with it.
static PROGRAMS: LazyLock<Vec<(&'static str, usize)>> = LazyLock::new(|| {
    let names = PHRASES.iter().enumerate().flat_map(|(at, phrase)| {
        let program = phrase.words.first().copied().unwrap_or_default();
        program.split('|').map(move |name| (name, at))
    });
    let mut all: Vec<(&str, usize)> = names.collect();
    all.sort_unstable();
    all
});

struct Phrase {
    rule: &'static Rule,
    severity: Severity,
    /// The program and its words, each with its choices.
    words: Vec<&'static str>,
    what: &'static str,
}

impl Phrase {
    fn read(line: &'static str) -> Option<Self> {
        let (head, what) = line.split_once(" = ").filter(|_| !line.starts_with('#'))?;
        let mut words = head.split(' ');
        let id = words.next()?;
        let rule = RULES.iter().find(|rule| rule.id.strip_prefix("shell.") == Some(id))?;
        let severity = match words.next()? {
            "high" => Severity::High,
            "medium" => Severity::Medium,
            _ => Severity::Low,
        };
        Some(Self { rule, severity, words: words.collect(), what })
    }

    fn fits(&self, rest: &[Value], args: &Args) -> bool {
        let words = self.words.get(1..).unwrap_or_default();
        let mut at = 0;
        words.iter().all(|word| {
            let option = word.split('|').filter(|choice| choice.starts_with('-'));
            if option.clone().any(|option| has(option, rest, args)) {
                return true;
            }
            let words: Vec<&str> = word.split('|').filter(|one| !one.starts_with('-')).collect();
            let operands = args.operands.get(at..).unwrap_or_default();
            let found = operands
                .iter()
                .position(|operand| words.iter().any(|choice| fits(choice, &operand.text)));
            at += found.map_or(0, |found| found + 1);
            found.is_some()
        })
    }
}

fn has(option: &str, rest: &[Value], args: &Args) -> bool {
    let written = |word: &Value| {
        word.text.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    args.has(&[option]) || rest.iter().any(written)
}

fn fits(choice: &str, word: &str) -> bool {
    choice.strip_suffix('*').map_or(choice == word, |head| word.starts_with(head))
}

impl Run<'_> {
    /// Tells what the words of a command say; what of it is secret.
    pub(super) fn phrases(
        &mut self,
        name: &str,
        first: &Value,
        rest: &[Value],
        args: &Args,
        call: &Call,
    ) -> Option<(Severity, String)> {
        // `mkfs.ext4` is one of many.
        let program = if name.starts_with("mkfs.") { "mkfs" } else { name };
        let from = PROGRAMS.partition_point(|(known, _)| *known < program);
        let mut own = PROGRAMS.iter().skip(from).take_while(|(known, _)| *known == program);
        let phrase = own.find_map(|(_, at)| PHRASES.get(*at).filter(|one| one.fits(rest, args)))?;
        let span = first.span.start..call.span.end.max(first.span.end);
        let span = if self.source.get(span.clone()).is_some() { span } else { first.span.clone() };
        self.tell(phrase.rule, phrase.severity, span, phrase.what.to_owned());
        let is_secret = phrase.rule == &READS_SECRETS;
        is_secret.then(|| (phrase.severity, format!("what `{name}` gives out")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = PHRASES_TEXT.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(PHRASES.len(), lines);
    }
}

//! A value against a schema, in three outcomes: it fits, it does not, or the schema does not say so clearly.

mod inside;

use super::json::Json;
use super::node::{Bound, Check, Form, Id, Measure, Node};
use super::number::Number;
use super::{UNREADABLE, VIOLATION, VIOLATIONS_MAX, Violation, told};

/// Steps of a check for every byte of the value. An honest schema takes two or three.
const STEPS_PER_BYTE: u64 = 16;
/// And so many more.
const STEPS_MORE: u64 = 20_000;
/// Schemas within schemas that are entered; a level of a value takes two or three.
const DEPTH_MAX: usize = 384;
/// Characters of a member's name in a path.
const NAME_CHARS_MAX: usize = 64;
/// References behind one another that are followed to see which kinds fit.
const REFS_MAX: usize = 8;

/// Whether a value fits a schema; the worse one of two is that of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It fits.
    Fits,
    /// The schema cannot be read so far, or the check was given up.
    Open,
    /// It does not fit.
    Fails,
}

use Verdict::{Fails, Fits, Open};

/// A step into a value.
#[derive(Debug, Clone, Copy)]
enum Step<'v> {
    Name(&'v str),
    Item(usize),
}

/// One check.
pub(super) struct Run<'s, 'v> {
    nodes: &'s [Node],
    steps: u64,
    depth: usize,
    given_up: bool,
    path: Vec<Step<'v>>,
    found: Vec<Violation>,
}

impl<'s, 'v> Run<'s, 'v> {
    /// With the first of these nodes as the schema, and of a value of so many bytes.
    pub(super) fn new(nodes: &'s [Node], bytes: usize) -> Self {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let steps = bytes.saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS_MORE);
        Self { nodes, steps, depth: 0, given_up: false, path: Vec::new(), found: Vec::new() }
    }

    /// All violations, as far as they are told.
    pub(super) fn all(mut self, value: &'v Json<'v>) -> Vec<Violation> {
        self.node(0, value, true);
        if self.given_up {
            let expected = "a schema that is checked in proportion to the value".to_owned();
            let actual = "the check took too many steps and is not complete".to_owned();
            let (rule, path, keyword) = (&UNREADABLE, String::new(), "steps");
            self.found.push(Violation { rule, path, keyword, expected, actual });
        }
        self.found
    }

    /// Takes steps; `false` where there are none left.
    fn take(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(u64::try_from(steps).unwrap_or(u64::MAX));
        self.steps = left.unwrap_or_default();
        self.given_up |= left.is_none();
        left.is_some()
    }

    /// Tells a violation where it is asked for.
    fn fail(
        &mut self,
        loud: bool,
        keyword: &'static str,
        said: impl FnOnce() -> (String, String),
    ) -> Verdict {
        if loud && self.found.len() < VIOLATIONS_MAX {
            let (expected, actual) = said();
            let path = told(&self.pointer());
            self.found.push(Violation { rule: &VIOLATION, path, keyword, expected, actual });
        }
        Fails
    }

    fn pointer(&self) -> String {
        let step = |step: &Step<'_>| match step {
            Step::Item(at) => format!("/{at}"),
            Step::Name(name) => {
                let cut =
                    name.char_indices().nth(NAME_CHARS_MAX).and_then(|(at, _)| name.get(..at));
                let end = if cut.is_some() { "…" } else { "" };
                let name = cut.unwrap_or(name).replace('~', "~0").replace('/', "~1");
                format!("/{name}{end}")
            }
        };
        self.path.iter().map(step).collect()
    }

    /// A value against a node. It is `loud` where a violation is one of the whole value.
    fn node(&mut self, id: Id, value: &'v Json<'v>, loud: bool) -> Verdict {
        let nodes = self.nodes;
        let Some(node) = nodes.get(id) else { return Open };
        if self.depth >= DEPTH_MAX {
            self.given_up = true;
        }
        if self.given_up || !self.take(1) {
            return Open;
        }
        // A schema that does not fit itself says nothing clearly.
        let excused =
            !node.excused.is_empty() && self.take(value.parts()) && node.excused.contains(value);
        let loud = loud && !excused;
        self.depth += 1;
        let mut verdict = if node.open { Open } else { Fits };
        if node.never {
            let said = || ("nothing at all here".to_owned(), value.short());
            verdict = self.fail(loud, "false", said);
        }
        if let Some(types) = node.types.filter(|types| !types.fit(value)) {
            verdict = self.fail(loud, "type", || (types.words(), value.short()));
        }
        for check in &node.checks {
            // All of them are told, and the first is enough to know.
            if verdict == Fails && (!loud || self.found.len() >= VIOLATIONS_MAX) {
                break;
            }
            verdict = verdict.max(self.check(check, value, loud));
        }
        self.depth -= 1;
        if excused { verdict.min(Open) } else { verdict }
    }

    fn check(&mut self, check: &Check, value: &'v Json<'v>, loud: bool) -> Verdict {
        match check {
            Check::Count { keyword, measure, least, limit } => {
                let Some(count) = measure.of(value) else { return Fits };
                let steps = if *measure == Measure::Characters { count / 16 } else { 0 };
                let exact = u64::try_from(count).unwrap_or(u64::MAX);
                if !self.take(steps) {
                    return Open;
                }
                if if *least { exact >= *limit } else { exact <= *limit } {
                    return Fits;
                }
                let (most, unit) = (if *least { "at least" } else { "at most" }, measure.word());
                let said = || (format!("{most} {limit} {unit}"), format!("{count} {unit}"));
                self.fail(loud, keyword, said)
            }
            Check::Bound { keyword, bound, limit } => {
                let Json::Number(number) = value else { return Fits };
                let (fits, word) = match bound {
                    Bound::Minimum => (number >= limit, "at least"),
                    Bound::Maximum => (number <= limit, "at most"),
                    Bound::Above => (number > limit, "more than"),
                    Bound::Below => (number < limit, "less than"),
                    Bound::Multiple => (number.is_multiple_of(*limit), "a multiple of"),
                };
                if fits {
                    return Fits;
                }
                self.fail(loud, keyword, || (format!("{word} {limit}"), measured(*number)))
            }
            Check::Enum { keyword, values, told } => {
                if !self.take(value.parts()) {
                    return Open;
                }
                if values.binary_search(value).is_ok() {
                    return Fits;
                }
                let said = || (told.clone(), format!("{} that is none of them", value.short()));
                self.fail(loud, keyword, said)
            }
            Check::Pattern(..) | Check::Format(_) => {
                let Json::Text(text) = value else { return Fits };
                self.text(check, text, value, loud)
            }
            Check::List(of) => match value {
                Json::List(items) => self.list(of, items, value, loud),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                    Fits
                }
            },
            Check::Object(of) => match value {
                Json::Object(members) => self.object(of, members, value, loud),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                    Fits
                }
            },
            Check::Form(form) => self.form(form, value, loud),
        }
    }

    fn text(&mut self, check: &Check, text: &str, value: &Json<'_>, loud: bool) -> Verdict {
        if !self.take(text.len()) {
            return Open;
        }
        match check {
            Check::Pattern(regex, pattern) if !regex.is_match(text) => {
                let said = || (format!("a string that fits {pattern}"), value.short());
                self.fail(loud, "pattern", said)
            }
            Check::Format(format) if !format.may_be(text) => {
                self.fail(loud, "format", || (format!("the form {}", format.word()), value.short()))
            }
            // A form is read mildly, so that nothing fits it for certain.
            Check::Format(_) => Open,
            Check::Pattern(..)
            | Check::Count { .. }
            | Check::Bound { .. }
            | Check::Enum { .. }
            | Check::List(_)
            | Check::Object(_)
            | Check::Form(_) => Fits,
        }
    }

    /// Checks that are made of others.
    fn form(&mut self, form: &Form, value: &'v Json<'v>, loud: bool) -> Verdict {
        match form {
            Form::Ref(id) => self.node(*id, value, loud),
            Form::All(ids) => {
                let mut verdict = Fits;
                for id in ids {
                    verdict = verdict.max(self.node(*id, value, loud));
                    if verdict == Fails && !loud {
                        break;
                    }
                }
                verdict
            }
            Form::Any(ids) => {
                let mut best = Fails;
                for id in ids {
                    best = best.min(self.node(*id, value, false));
                    if best == Fits {
                        return Fits;
                    }
                }
                if best == Fails { self.closest("anyOf", ids, value, loud) } else { best }
            }
            Form::One(ids) => {
                let (mut fit, mut open) = (0, 0);
                for id in ids {
                    match self.node(*id, value, false) {
                        Fits => fit += 1,
                        Open => open += 1,
                        Fails => {}
                    }
                }
                match (fit, open) {
                    (0, 0) => self.closest("oneOf", ids, value, loud),
                    (1, 0) => Fits,
                    (0 | 1, _) => Open,
                    _ => self.fail(loud, "oneOf", || {
                        (format!("one of {} forms", ids.len()), format!("{fit} of them at once"))
                    }),
                }
            }
            Form::Not(id) => match self.node(*id, value, false) {
                Fits => {
                    let said = || ("another form than this".to_owned(), value.short());
                    self.fail(loud, "not", said)
                }
                Open => Open,
                Fails => Fits,
            },
            Form::If(condition, then, other) => {
                let next = match self.node(*condition, value, false) {
                    Fits => then,
                    Fails => other,
                    Open => return Open,
                };
                next.map_or(Fits, |id| self.node(id, value, loud))
            }
        }
    }

    /// Tells why none of several forms fits: by the only one that is for values of this kind, or else by all.
    fn closest(
        &mut self,
        keyword: &'static str,
        ids: &[Id],
        value: &'v Json<'v>,
        loud: bool,
    ) -> Verdict {
        let mut near = ids.iter().filter(|id| self.is_for(**id, value));
        let only = near.next().filter(|_| near.next().is_none()).copied();
        let before = self.found.len();
        if let Some(id) = only.filter(|_| loud) {
            self.node(id, value, true);
        }
        if self.found.len() > before {
            return Fails;
        }
        self.fail(loud, keyword, || (format!("one of {} forms", ids.len()), value.short()))
    }

    /// Whether a node is for values of this kind.
    fn is_for(&self, mut id: Id, value: &Json<'_>) -> bool {
        for _ in 0..REFS_MAX {
            let Some(node) = self.nodes.get(id) else { return false };
            if let Some(types) = node.types {
                return types.fit(value);
            }
            let next = node.checks.iter().find_map(|check| {
                if let Check::Form(Form::Ref(id)) = check { Some(*id) } else { None }
            });
            let Some(next) = next else { return !node.never };
            id = next;
        }
        true
    }
}

/// A number as it is told: a short one as it is, because the limit is to be tuned by it.
fn measured(number: Number) -> String {
    let text = number.to_string();
    if text.len() <= 7 { text } else { format!("a number of {} digits", text.len()) }
}

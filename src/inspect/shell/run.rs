//! Going through a script as a shell would, without doing anything.

use std::collections::BTreeMap;
use std::ops::Range;

use super::parse::{self, Origin};
use super::syntax::{Body, Direction, Item, Redirect, Script, Stage, Word};
use super::value::{Call, Flow, Value};
use super::{EFFECTS_MAX, NESTING_MAX, STEPS_MAX, TEXT_MAX};
use crate::inspect::effect::rules::{DELETES, ESCAPES, PERSISTS, REMOTE_SHELL, STOPS, UNPARSEABLE};
use crate::inspect::effect::{Effect, short};
use crate::inspect::places::Roots;
use crate::inspect::rule::{Rule, Severity};

/// Words that a loop is followed with: what happens to more happens to these.
const LOOPS_MAX: usize = 8;
/// Lines that are read by themselves, and the longest of them in bytes.
const LINES_MAX: usize = 256;
const LINE_MAX: usize = 512;
/// Bytes of a variable or an output that are kept.
pub(super) const KEPT_MAX: usize = 16 * 1024;

/// What a shell would know at some point of a script.
pub(super) struct Run<'r> {
    pub(super) roots: &'r Roots,
    /// The text that was given.
    pub(super) source: &'r str,
    pub(super) effects: Vec<Effect>,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) functions: BTreeMap<String, Script>,
    pub(super) aliases: BTreeMap<String, String>,
    /// What is in files that the script made.
    pub(super) files: BTreeMap<String, Flow>,
    /// What commands get that write into `>(…)`.
    pub(super) sinks: BTreeMap<String, Script>,
    /// What a function or script was called with.
    pub(super) arguments: Vec<Value>,
    /// The folder it is in, where that is known.
    pub(super) folder: Option<String>,
    /// What commands read that nothing is piped into.
    pub(super) input: Option<Flow>,
    /// How many texts within texts this is.
    pub(super) depth: usize,
    /// Functions that are running, innermost last.
    pub(super) calls: Vec<String>,
    steps: usize,
    told_limit: bool,
}

impl<'r> Run<'r> {
    pub(super) fn new(source: &'r str, roots: &'r Roots) -> Self {
        Self {
            roots,
            source,
            effects: Vec::new(),
            variables: BTreeMap::new(),
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            files: BTreeMap::new(),
            sinks: BTreeMap::new(),
            arguments: Vec::new(),
            folder: roots.start().map(str::to_owned),
            input: None,
            depth: 0,
            calls: Vec::new(),
            steps: 0,
            told_limit: false,
        }
    }

    /// Tells an effect, once.
    pub(super) fn tell(
        &mut self,
        rule: &'static Rule,
        severity: Severity,
        span: Range<usize>,
        what: String,
    ) {
        let effect = Effect { rule, severity, span, what };
        let is_known = |known: &&mut Effect| {
            known.rule == rule && known.span == effect.span && known.what == effect.what
        };
        if let Some(known) = self.effects.iter_mut().find(is_known) {
            known.severity = known.severity.max(severity);
        } else if self.effects.len() < EFFECTS_MAX {
            self.effects.push(effect);
        }
    }

    /// Reads a text as a script and goes through it.
    pub(super) fn text(&mut self, text: &str, span: Range<usize>) -> Flow {
        if self.depth > NESTING_MAX {
            let what = "Commands are nested too deep to be followed.".to_owned();
            self.tell(&UNPARSEABLE, Severity::Medium, span, what);
            return Flow::default();
        }
        if text.len() > TEXT_MAX {
            let what = "The command is too long to be read.".to_owned();
            self.tell(&UNPARSEABLE, Severity::Medium, span.clone(), what);
            return self.lines(text, &span);
        }
        let carrier = self.source.get(span.clone()).unwrap_or_default();
        let origin = match carrier.find(text).filter(|_| !text.is_empty()) {
            Some(at) => Origin::At(span.start + at),
            None => Origin::Whole(span.clone()),
        };
        let Some(read) = parse::read(text, &origin) else {
            let what = "The command cannot be read in reasonable time.".to_owned();
            self.tell(&UNPARSEABLE, Severity::Medium, span.clone(), what);
            return self.lines(text, &span);
        };
        self.depth += 1;
        let flow = self.script(&read.script);
        self.depth -= 1;
        if let Some(fault) = read.faults.first() {
            let part = short(self.source.get(fault.clone()).unwrap_or_default());
            let what = format!("A part of the command cannot be read: `{part}`.");
            self.tell(&UNPARSEABLE, Severity::Medium, fault.clone(), what);
        }
        flow
    }

    /// Each line of a text that cannot be read as a whole, so that what is plain in it is told nevertheless.
    fn lines(&mut self, text: &str, span: &Range<usize>) -> Flow {
        let lines = text.lines().filter(|line| line.len() <= LINE_MAX);
        for line in lines.take(LINES_MAX) {
            if let Some(read) = parse::read(line, &Origin::Whole(span.clone())) {
                self.depth += 1;
                self.script(&read.script);
                self.depth -= 1;
            }
        }
        Flow::default()
    }

    /// Goes through statements; what comes out of all of them.
    pub(super) fn script(&mut self, script: &Script) -> Flow {
        let mut all = Flow::nothing();
        for item in script.iter() {
            let flow = self.item(item);
            all.add(&flow);
            if all.text.as_ref().is_some_and(|text| text.len() > KEPT_MAX) {
                all.text = None;
            }
        }
        all
    }

    fn item(&mut self, item: &Item) -> Flow {
        match item {
            Item::Define { name, body } => {
                self.functions.insert(name.clone(), body.clone());
                if is_bomb(name, body) {
                    let span = first_span(body).unwrap_or(0..0);
                    let what = format!("`{}` starts itself again and again.", short(name));
                    self.tell(&STOPS, Severity::High, span, what);
                }
                Flow::nothing()
            }
            Item::Each { name, words, body } => {
                let mut values = self.words(words);
                if values.is_empty() {
                    let span = words.first().map_or(0..0, |word| word.span.clone());
                    values.push(Value::unknown(Flow::default(), span));
                }
                let mut all = Flow::nothing();
                for value in values.into_iter().take(LOOPS_MAX) {
                    self.variables.insert(name.clone(), value);
                    let flow = self.script(body);
                    all.add(&flow);
                }
                all
            }
            Item::Pipe { stages, .. } => {
                let mut flow = self.input.clone();
                for stage in stages {
                    flow = Some(self.stage(stage, flow));
                }
                flow.unwrap_or_else(Flow::nothing)
            }
        }
    }

    fn stage(&mut self, stage: &Stage, input: Option<Flow>) -> Flow {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            if !self.told_limit {
                self.told_limit = true;
                let what = "It runs too many commands to be followed.".to_owned();
                self.tell(&UNPARSEABLE, Severity::Medium, stage.span.clone(), what);
            }
            return Flow::default();
        }
        let mut call = Call { input, span: stage.span.clone(), root: false, wired: false };
        let mut outputs = Vec::new();
        for redirect in &stage.redirects {
            self.redirect(redirect, &mut call, &mut outputs);
        }
        call.wired |= outputs.iter().any(|(_, value, _)| is_wire(&value.text));
        let mut out = match &stage.body {
            Body::Simple { assigns, words } => self.simple(assigns, words, &call),
            Body::Group(script) => self.group(script, &call),
            Body::Subshell(script) => {
                let folder = self.folder.clone();
                let variables = self.variables.clone();
                let out = self.group(script, &call);
                self.folder = folder;
                self.variables = variables;
                out
            }
        };
        let mut taken = false;
        for (descriptor, value, append) in outputs {
            let what = if descriptor == 2 { Flow::default() } else { out.clone() };
            taken |= descriptor == 1;
            self.put(&value, &what, append, &call);
        }
        if taken {
            out = Flow::nothing();
        }
        out
    }

    fn group(&mut self, script: &Script, call: &Call) -> Flow {
        let before = std::mem::replace(&mut self.input, call.input.clone());
        let out = self.script(script);
        self.input = before;
        out
    }

    fn redirect(
        &mut self,
        redirect: &Redirect,
        call: &mut Call,
        outputs: &mut Vec<(u8, Value, bool)>,
    ) {
        let Some(value) = self.words(std::slice::from_ref(&redirect.word)).into_iter().next()
        else {
            return;
        };
        match redirect.to {
            Direction::Out { descriptor, append } => outputs.push((descriptor, value, append)),
            Direction::Text => {
                let mut flow = value.flow.clone();
                flow.text = (!value.open).then(|| value.text.clone());
                call.input = Some(flow);
            }
            Direction::In => {
                call.wired |= is_wire(&value.text);
                let mut flow = self.read(&value, call);
                if call.wired {
                    flow.fetched = Some(value.text.clone());
                }
                call.input = Some(flow);
            }
        }
    }

    /// What goes into a file by redirection.
    fn put(&mut self, value: &Value, flow: &Flow, append: bool, call: &Call) {
        if let Some(host) = wire(&value.text) {
            let what = format!("It connects to {}.", short(host));
            if self.effects.iter().any(|known| known.rule == &REMOTE_SHELL) {
                return;
            }
            self.send(flow, host, Severity::Medium, value.span.clone(), what);
            return;
        }
        self.write(value, flow, append, call);
    }

    fn simple(&mut self, assigns: &[(String, Word)], words: &[Word], call: &Call) -> Flow {
        let values = self.words(words);
        let mut set = Vec::new();
        for (name, word) in assigns {
            let name = name.trim_end_matches('+').to_owned();
            set.push((name, self.joined(word)));
        }
        for (name, value) in &set {
            self.assigned(name, value);
        }
        if values.is_empty() {
            let flow = set.iter().fold(Flow::nothing(), |mut all, (_, value)| {
                all.add(&value.flow.origin());
                all
            });
            self.variables.extend(set);
            return call.input.clone().filter(|_| assigns.is_empty()).unwrap_or(flow);
        }
        let declares = matches!(
            values.first().map(|value| value.text.as_str()),
            Some("export" | "declare" | "local" | "readonly" | "typeset")
        );
        if declares {
            self.variables.extend(set);
        }
        self.command(&values, call)
    }

    /// Programs that run what a variable says.
    pub(super) fn assigned(&mut self, name: &str, value: &Value) {
        const RUN: [&str; 12] = [
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "LD_AUDIT",
            "PROMPT_COMMAND",
            "BASH_ENV",
            "ENV",
            "GIT_SSH_COMMAND",
            "PAGER",
            "GIT_PAGER",
            "MANPAGER",
            "LESSOPEN",
            "VISUAL",
        ];
        if name.starts_with("HIST") {
            self.history(name, value);
        }
        if RUN.contains(&name) && Self::names_shell(&value.text) {
            self.escapes(value, name);
        }
        if name == "PROMPT_COMMAND" {
            let what = "Every prompt of the shell would run a command.".to_owned();
            self.tell(&PERSISTS, Severity::Medium, value.span.clone(), what);
        }
        if matches!(name, "LD_PRELOAD" | "LD_AUDIT" | "BASH_ENV") {
            let what = format!("Programs that start would run {}.", value.shown());
            self.tell(&ESCAPES, Severity::Medium, value.span.clone(), what);
        }
    }

    /// A disk that is written over.
    pub(super) fn disk(&mut self, value: &Value) {
        let what = format!("{} is written over.", value.shown());
        self.tell(&DELETES, Severity::High, value.span.clone(), what);
    }
}

/// Another host as a file of bash.
pub(super) fn wire(path: &str) -> Option<&str> {
    ["/dev/tcp/", "/dev/udp/"].iter().find_map(|prefix| path.strip_prefix(prefix))
}

fn is_wire(path: &str) -> bool {
    wire(path).is_some()
}

/// A function that calls itself twice, or once in the background.
fn is_bomb(name: &str, body: &Script) -> bool {
    fn count(name: &str, script: &Script, depth: usize, background: &mut bool) -> usize {
        let mut calls = 0;
        for item in script.iter().filter(|_| depth < 4) {
            let Item::Pipe { stages, background: behind } = item else { continue };
            let before = calls;
            for stage in stages {
                calls += match &stage.body {
                    Body::Simple { words, .. } => {
                        usize::from(words.first().is_some_and(|word| is_just(word, name)))
                    }
                    Body::Group(inner) | Body::Subshell(inner) => {
                        count(name, inner, depth + 1, background)
                    }
                };
            }
            *background |= *behind && calls > before;
        }
        calls
    }
    let mut background = false;
    let calls = count(name, body, 0, &mut background);
    calls > 0 && background
}

fn is_just(word: &Word, name: &str) -> bool {
    let mut text = String::new();
    for part in &word.parts {
        if let super::syntax::Part::Text { text: more, .. } = part {
            text.push_str(more);
        }
    }
    text == name
}

fn first_span(script: &Script) -> Option<Range<usize>> {
    script.iter().find_map(|item| match item {
        Item::Pipe { stages, .. } => stages.first().map(|stage| stage.span.clone()),
        Item::Define { .. } | Item::Each { .. } => None,
    })
}

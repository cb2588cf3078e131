//! What is done to files and hosts, whoever does it.

use std::ops::Range;

use super::run::{Run, wire};
use super::value::{Call, Flow, Form, Value};
use crate::inspect::effect::rules::{
    DELETES, ESCAPES, FETCH_AND_RUN, HIDES, PERSISTS, READS_SECRETS, SENDS, WRITES_OUTSIDE,
};
use crate::inspect::effect::short;
use crate::inspect::places::address::{self, Host};
use crate::inspect::places::table::{Meaning, Written, meaning};
use crate::inspect::places::{Spot, Zone, of_address};
use crate::inspect::rule::Severity;

impl Run<'_> {
    /// Where a word leads, seen from where the script is.
    pub(super) fn spot(&self, value: &Value) -> Spot {
        let text = if value.form == Form::Quoted {
            format!("./{}", value.text)
        } else {
            value.text.clone()
        };
        self.roots.spot(&text, self.folder.as_deref())
    }

    fn means(&self, value: &Value, spot: &Spot, what: Meaning) -> Option<(Severity, &'static str)> {
        let text = &value.text;
        // Nothing in the table is a plain word, except the usual names of keys.
        if !text.contains(['/', '.', '~']) && !spot.path.contains("/.") && !text.starts_with("id_")
        {
            return None;
        }
        let written = if value.form == Form::Pattern { Written::Glob } else { Written::Plain };
        meaning(&spot.path, self.roots, written, what)
    }

    /// What is read, with what is in it.
    pub(super) fn read(&mut self, value: &Value, call: &Call) -> Flow {
        if value.text == "-" || value.text == "/dev/stdin" {
            return call.input.clone().unwrap_or_default();
        }
        let spot = self.spot(value);
        let mut flow = value.flow.origin();
        if let Some((severity, what)) = self.secret(value, &spot) {
            let severity = if call.root { Severity::High } else { severity };
            let told = format!("{} is read: {what}.", value.shown());
            self.tell(&READS_SECRETS, severity, value.span.clone(), told);
            flow.secret = Some((severity, what.to_owned()));
        }
        if let Some(known) = self.files.get(&spot.path).or_else(|| self.files.get(&value.text)) {
            let text = known.text.clone();
            flow.add(known);
            flow.text = text;
        }
        flow
    }

    fn secret(&self, value: &Value, spot: &Spot) -> Option<(Severity, &'static str)> {
        let whole = self.means(value, spot, Meaning::Secret);
        // `file=/etc/shadow`, `@/etc/shadow`, `php://filter/…=/etc/shadow`.
        whole.or_else(|| {
            let at = value.text.find(['=', '@', ':']).filter(|_| value.text.len() < 200)?;
            let part = value.tail(at + 1);
            let part = Value { text: part.text.trim_start_matches('@').to_owned(), ..part };
            self.means(&part, &self.spot(&part), Meaning::Secret)
        })
    }

    /// Paths within a word of code or of a language of its own: `slurp </etc/shadow`.
    pub(super) fn inner_paths(&mut self, value: &Value, call: &Call) -> Flow {
        const WORDS_MAX: usize = 64;
        let mut all = Flow::default();
        let parts =
            value.text.split(|c: char| c.is_whitespace() || "'\"`(){}[]<>,;=@:|".contains(c));
        let parts = parts.filter(|part| part.starts_with('/') || part.starts_with("~/"));
        let parts: Vec<Value> = parts
            .filter(|part| part.len() < value.text.len())
            .take(WORDS_MAX)
            .map(|part| Value::plain(part, value.span.clone()))
            .collect();
        for part in parts {
            let spot = self.spot(&part);
            if self.means(&part, &spot, Meaning::Secret).is_some() {
                all.add(&self.read(&part, call).origin());
            }
        }
        all
    }

    /// What is written, with what comes into it.
    pub(super) fn write(&mut self, value: &Value, flow: &Flow, append: bool, call: &Call) {
        if value.text == "-" || value.text.is_empty() {
            return;
        }
        if let Some(host) = wire(&value.text) {
            let what = format!("It connects to {}.", short(host));
            self.send(flow, host, Severity::Medium, value.span.clone(), what);
            return;
        }
        if let Some(script) = self.sinks.get(&value.text).cloned() {
            let before = self.input.replace(flow.clone());
            self.script(&script);
            self.input = before;
            return;
        }
        let spot = self.spot(value);
        let shown = value.shown();
        let mut file = flow.clone();
        if append {
            let mut before = self.files.remove(&spot.path).unwrap_or_default();
            before.add(&file);
            file = before;
        }
        self.files.insert(spot.path.clone(), file);
        if spot.zone == Zone::Disk {
            self.disk(value);
            return;
        }
        if let Some((severity, what)) = self.means(value, &spot, Meaning::Persist) {
            let told = format!("{shown} is written: {what}.");
            self.tell(&PERSISTS, severity, value.span.clone(), told);
            return;
        }
        if let Some((severity, what)) = self.means(value, &spot, Meaning::Log).filter(|_| !append) {
            let told = format!("{shown} is overwritten: {what}.");
            self.tell(&HIDES, severity, value.span.clone(), told);
            return;
        }
        self.written(value, &spot, call);
    }

    fn written(&mut self, value: &Value, spot: &Spot, call: &Call) {
        let severity = match spot.zone {
            Zone::System if is_runtime(&spot.path) => Severity::Medium,
            Zone::System => Severity::High,
            Zone::Home if spot.path.contains("/.") => Severity::Medium,
            Zone::Elsewhere => Severity::Medium,
            Zone::Home | Zone::Above => Severity::Low,
            Zone::Unknown if call.root => Severity::Medium,
            Zone::Inside | Zone::Temporary | Zone::Device | Zone::Unknown | Zone::Disk => return,
        };
        // What begins with something unknown leads anywhere, and usually not to the root.
        if value.open_first && value.text.starts_with('/') {
            return;
        }
        let what = format!("{} is written, outside the project.", value.shown());
        self.tell(&WRITES_OUTSIDE, severity, value.span.clone(), what);
    }

    /// What is deleted; `all`: with everything in it.
    pub(super) fn delete(&mut self, value: &Value, all: bool, call: &Call) {
        let spot = self.spot(value);
        self.files.remove(&spot.path);
        let Some(severity) = self.harm(value, &spot, all, call) else { return };
        if let Some((_, what)) = self.means(value, &spot, Meaning::Log) {
            let told = format!("{} is deleted: {what}.", value.shown());
            self.tell(&HIDES, Severity::High, value.span.clone(), told);
            return;
        }
        let how = if all { " with everything in it" } else { "" };
        let what = match (value.open_first, value.text.as_str()) {
            (true, "/" | "/*") => "The whole disk is deleted if the variable is empty.".to_owned(),
            (_, _) if spot.path == "/" || spot.path == "/*" => {
                "The whole disk is deleted.".to_owned()
            }
            _ => format!("{} is deleted{how}.", value.shown()),
        };
        self.tell(&DELETES, severity, value.span.clone(), what);
    }

    fn harm(&self, value: &Value, spot: &Spot, all: bool, call: &Call) -> Option<Severity> {
        let path = spot.path.trim_end_matches("/*").trim_end_matches("/.*");
        let depth = path.split('/').filter(|part| !part.is_empty()).count();
        let in_home = self.roots.in_home(path);
        if value.open_first {
            let is_deadly = matches!(value.text.as_str(), "/" | "/*" | "/.*" | "/.")
                || spot.zone == Zone::System && depth == 1 && value.text.starts_with('/');
            let worst = if is_deadly && all { Severity::High } else { Severity::Low };
            // A variable in a folder of temporary files or of the project is nothing to tell.
            let is_told = all || spot.zone == Zone::System && call.root;
            return is_told.then_some(worst);
        }
        if path.is_empty() || path == "/" {
            return Some(Severity::High);
        }
        match spot.zone {
            Zone::System if is_runtime(path) => Some(Severity::Medium),
            Zone::System | Zone::Disk => Some(Severity::High),
            Zone::Home if all && in_home.is_some_and(|rest| rest.len() < 2) => Some(Severity::High),
            Zone::Home if all && in_home.is_some_and(is_cache) => Some(Severity::Low),
            Zone::Home | Zone::Elsewhere if all => Some(Severity::Medium),
            Zone::Home | Zone::Elsewhere => Some(Severity::Low),
            Zone::Unknown if all && depth < 2 => Some(Severity::High),
            Zone::Unknown | Zone::Above if all => Some(Severity::Medium),
            Zone::Unknown | Zone::Above => Some(Severity::Info),
            Zone::Temporary | Zone::Device => None,
            Zone::Inside if !all => None,
            Zone::Inside => {
                let is_whole = self.roots.start() == Some(path) || matches!(path, "." | "*");
                let is_git = path.ends_with("/.git") || path == ".git";
                (is_whole || is_git).then_some(Severity::Medium)
            }
        }
    }

    /// What goes to another host.
    pub(super) fn send(
        &mut self,
        flow: &Flow,
        to: &str,
        severity: Severity,
        span: Range<usize>,
        what: String,
    ) {
        let host = address::host_of(to);
        if host.as_ref().is_some_and(|name| address::host(name) == Host::Local) {
            return;
        }
        let to = host.unwrap_or_else(|| "another host".to_owned());
        let (severity, what) = match &flow.secret {
            Some((_, secret)) => {
                let is_variable = secret.starts_with("the variable");
                let severity = if is_variable { Severity::Medium } else { Severity::High };
                (severity, format!("{secret} goes to {}.", short(&to)))
            }
            None => (severity, what),
        };
        self.tell(&SENDS, severity, span, what);
    }

    /// An address that is asked, with what goes along in it.
    pub(super) fn address(&mut self, value: &Value, call: &Call) -> Flow {
        let text = value.text.as_str();
        if let Some(path) = text.strip_prefix("file://") {
            let at = text.len() - path.len();
            return self.read(&value.tail(at), call);
        }
        if let Some(effect) = of_address(text) {
            self.tell(effect.rule, effect.severity, value.span.clone(), effect.what);
        }
        if value.flow.secret.is_some() {
            self.send(&value.flow, text, Severity::High, value.span.clone(), String::new());
        } else if value.flow.said && value.open && text.contains('?') {
            let what = "The output of a command goes along with the address.".to_owned();
            self.send(&value.flow, text, Severity::Low, value.span.clone(), what);
        }
        Flow { fetched: Some(text.to_owned()), ..Flow::default() }
    }

    /// A file that is run.
    pub(super) fn run_file(&mut self, value: &Value, call: &Call) -> bool {
        let spot = self.spot(value);
        let known = self.files.get(&spot.path).or_else(|| self.files.get(&value.text)).cloned();
        let Some(flow) = known else { return false };
        self.run_flow(&flow, call, value.span.clone());
        true
    }

    /// Data that a shell runs; what comes out of it.
    pub(super) fn run_flow(&mut self, flow: &Flow, call: &Call, span: Range<usize>) -> Flow {
        if let Some(from) = &flow.fetched {
            let what = format!("What {} sends is run.", short(from));
            self.tell(&FETCH_AND_RUN, Severity::High, span, what);
            return Flow::default();
        }
        if flow.decoded {
            let what = "A command is run that was encoded.".to_owned();
            self.tell(&HIDES, Severity::High, span.clone(), what);
        }
        let Some(text) = &flow.text else { return flow.origin() };
        // What was said elsewhere in the command stands there.
        let places = [span, call.span.clone(), 0..self.source.len()];
        let carrier = places.iter().find(|span| self.holds(span, text)).cloned();
        let mut out = self.text(text, carrier.unwrap_or_else(|| call.span.clone()));
        out.said = true;
        out
    }

    fn holds(&self, span: &Range<usize>, text: &str) -> bool {
        self.source.get(span.clone()).is_some_and(|part| part.contains(text))
    }

    /// A program that is no shell and would start one.
    pub(super) fn escapes(&mut self, value: &Value, name: &str) {
        let what = format!("`{}` would start a shell.", short(name));
        self.tell(&ESCAPES, Severity::Medium, value.span.clone(), what);
    }

    /// Whether a text names a shell by its path.
    pub(super) fn names_shell(text: &str) -> bool {
        const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "dash", "ksh", "ash"];
        text.match_indices("bin/").any(|(at, _)| {
            let rest = text.get(at + 4..).unwrap_or_default();
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            SHELLS.contains(&rest.get(..end).unwrap_or_default())
        })
    }
}

/// What programs keep while they run: less than the system itself.
fn is_runtime(path: &str) -> bool {
    const PLACES: [&str; 5] = ["/usr/local/", "/var/cache/", "/var/lib/", "/run/", "/var/www/"];
    PLACES.iter().any(|place| path.starts_with(place)) && path.split('/').count() > 3
}

/// What tools make again: `/.cache/…` behind a home.
fn is_cache(rest: &str) -> bool {
    const PLACES: [&str; 7] = [
        "/.cache/",
        "/.npm/",
        "/.cargo/registry",
        "/Library/Caches/",
        "/.gradle/caches",
        "/.m2/repository",
        "/.local/share/Trash/",
    ];
    PLACES.iter().any(|place| rest.starts_with(place))
}

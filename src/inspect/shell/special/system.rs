//! Programs that change the shell itself, the machine, or who may do what.

use super::super::args::Args;
use super::super::run::Run;
use super::super::value::{Call, Flow, Value};
use crate::inspect::effect::rules::{ESCAPES, FETCH_AND_RUN, HIDES, PERSISTS, ROOT, STOPS};
use crate::inspect::effect::short;
use crate::inspect::rule::Severity;
use crate::inspect::sql;

/// Variables that keep the history of commands.
const HISTORY: [&str; 5] = ["HISTFILE", "HISTSIZE", "HISTFILESIZE", "SAVEHIST", "HISTCONTROL"];

impl Run<'_> {
    pub(super) fn crontab(&mut self, args: &Args, call: &Call) -> Flow {
        if args.has(&["-l", "-r", "-e", "-h", "-V"]) {
            return Flow { said: true, ..Flow::default() };
        }
        if !args.operands.is_empty() || call.input.is_some() {
            let what = "The jobs of the user are replaced.".to_owned();
            self.tell(&PERSISTS, Severity::High, call.span.clone(), what);
        }
        let text = call.input.as_ref().and_then(|flow| flow.text.clone());
        // Behind the five columns of the time stands a command.
        for line in text.iter().flat_map(|text| text.lines()).take(16) {
            let skip = if line.starts_with('@') { 1 } else { 5 };
            let command: Vec<&str> = line.split_whitespace().skip(skip).collect();
            self.text(&command.join(" "), call.span.clone());
        }
        Flow::nothing()
    }

    pub(super) fn at(&mut self, args: &Args, call: &Call) -> Flow {
        if args.has(&["-l", "-q", "-c"]) && args.operands.is_empty() {
            return Flow::default();
        }
        let what = "A command runs later.".to_owned();
        self.tell(&PERSISTS, Severity::Medium, call.span.clone(), what);
        if let Some(input) = call.input.clone() {
            self.run_flow(&input, call, call.span.clone());
        }
        Flow::nothing()
    }

    pub(super) fn su(&mut self, rest: &[Value], call: &Call) -> Option<Flow> {
        let args = Args::read(rest, "-c --command -s --shell -g -G -w");
        let user = args.operands.iter().find(|word| word.text != "-");
        let is_root = user.is_none_or(|user| user.text == "root");
        if is_root {
            let what = "`su` makes the user root.".to_owned();
            self.tell(&ROOT, Severity::High, call.span.clone(), what);
        }
        let script = args.value(&["-c", "--command"])?.clone();
        let flow = Flow::of(&script.text);
        Some(self.run_flow(&flow, &Call { root: is_root, ..call.clone() }, script.span))
    }

    pub(super) fn kill(&mut self, rest: &[Value], call: &Call) -> Flow {
        let targets = rest.iter().skip(1).any(|word| word.text == "-1");
        let only = matches!(rest, [word] if word.text == "-1");
        if targets && !only {
            let what = "All processes are stopped.".to_owned();
            self.tell(&STOPS, Severity::High, call.span.clone(), what);
        }
        let init = rest.iter().any(|word| word.text == "1" && !word.open);
        if init && rest.iter().all(|word| word.text != "-0") {
            let what = "The first process of the machine is stopped.".to_owned();
            self.tell(&STOPS, Severity::Medium, call.span.clone(), what);
        }
        Flow::nothing()
    }

    pub(super) fn unset(&mut self, args: &Args, first: &Value) -> Flow {
        for word in &args.operands {
            if HISTORY.contains(&word.text.as_str()) {
                let what = "The history of commands is switched off.".to_owned();
                self.tell(&HIDES, Severity::High, first.span.start..word.span.end, what);
            }
            self.variables.remove(&word.text);
        }
        Flow::nothing()
    }

    /// `HISTFILE=/dev/null`, `HISTSIZE=0`.
    pub(in super::super) fn history(&mut self, name: &str, value: &Value) {
        let is_off = matches!(value.text.as_str(), "" | "0" | "/dev/null") && !value.open;
        if HISTORY.contains(&name) && is_off && name != "HISTCONTROL" {
            let what = "The history of commands is switched off.".to_owned();
            self.tell(&HIDES, Severity::High, value.span.clone(), what);
        }
    }

    pub(super) fn eval(&mut self, rest: &[Value], call: &Call) -> Flow {
        let texts: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
        let mut flow = Flow::of(&texts.join(" "));
        for word in rest {
            let origin = word.flow.origin();
            flow.add(&Flow { text: Some(String::new()), ..origin });
        }
        let span = match rest {
            [only] => only.span.clone(),
            _ => call.span.clone(),
        };
        self.run_flow(&flow, call, span)
    }

    pub(super) fn trap(&mut self, args: &Args) -> Option<Flow> {
        let script = args.operands.first()?.clone();
        self.text(&script.text, script.span);
        Some(Flow::nothing())
    }

    pub(super) fn alias(&mut self, rest: &[Value]) -> Flow {
        for word in rest {
            if let Some((name, text)) = word.text.split_once('=') {
                self.aliases.insert(name.to_owned(), text.to_owned());
            }
        }
        Flow::nothing()
    }

    pub(super) fn cd(&mut self, args: &Args) -> Flow {
        let to = args.operands.first().cloned();
        let home = Value::plain("~", 0..0);
        let to = to.unwrap_or(home);
        self.folder = if to.open || to.text == "-" {
            // Nobody knows where that is; most likely it is a folder of the project.
            self.folder.take()
        } else {
            Some(self.spot(&to).path).filter(|path| path != ".")
        };
        Flow::nothing()
    }

    /// What comes in is in variables then.
    pub(super) fn read_in(&mut self, args: &Args, call: &Call) -> Flow {
        let input = call.input.clone().unwrap_or_default();
        for name in &args.operands {
            let mut value = Value::unknown(input.origin(), call.span.clone());
            if let Some(text) = input.text.as_deref() {
                text.lines().next().unwrap_or_default().clone_into(&mut value.text);
                value.open = false;
                value.open_first = false;
            }
            self.variables.insert(name.text.clone(), value);
        }
        Flow::nothing()
    }

    /// `set`, `printenv NAME`: what variables hold.
    pub(super) fn variables_told(rest: &[Value]) -> Flow {
        let which = match rest.first() {
            None => "all variables".to_owned(),
            Some(name) => format!("the variable {}", short(&name.text)),
        };
        let plain = rest
            .iter()
            .all(|word| matches!(word.text.as_str(), "PATH" | "HOME" | "USER" | "SHELL"));
        let secret = (rest.is_empty() || !plain).then_some((Severity::Medium, which));
        Flow { secret, said: true, ..Flow::default() }
    }

    /// Containers that get the machine.
    pub(super) fn container(&mut self, rest: &[Value], args: &Args, call: &Call) -> Flow {
        let mounts = args.options.iter().filter_map(|(name, value)| {
            let is_mount = matches!(name.as_str(), "-v" | "--volume" | "--mount");
            value.clone().filter(|_| is_mount)
        });
        let mounts: Vec<Value> = mounts.collect();
        for mount in mounts {
            let source =
                mount.text.split_once("source=").map_or(mount.text.as_str(), |(_, rest)| rest);
            let source = source.split([':', ',']).next().unwrap_or_default();
            let is_whole =
                matches!(source, "/" | "/etc" | "/root" | "/var/run/docker.sock" | "/proc");
            if is_whole {
                let what = format!("A container gets {source} of the machine.");
                let severity =
                    if source.contains("docker.sock") { Severity::Medium } else { Severity::High };
                self.tell(&ROOT, severity, mount.span.clone(), what);
            } else {
                let source = Value { text: source.to_owned(), ..mount.clone() };
                self.read(&source, call);
            }
        }
        let verb = args.word(0);
        if matches!(verb, "exec" | "run") {
            // `docker exec name sh -c '…'`: what it runs is read, as far as it is a script.
            let script = rest.windows(3).find_map(|three| match three {
                [shell, option, script]
                    if matches!(shell.text.rsplit('/').next(), Some("sh" | "bash"))
                        && option.text.starts_with('-')
                        && option.text.ends_with('c') =>
                {
                    Some(script.clone())
                }
                _ => None,
            });
            if let Some(script) = script.filter(|_| self.depth < 4) {
                let folder = self.folder.take();
                self.inside(&script);
                self.folder = folder;
            }
        }
        Flow { said: true, ..Flow::default() }
    }

    /// A script of a container: only what leaves the container counts.
    fn inside(&mut self, script: &Value) {
        let before = self.effects.len();
        self.text(&script.text, script.span.clone());
        let all = std::mem::take(&mut self.effects);
        let leaves = |rule: &str| {
            matches!(
                rule,
                "shell.sends" | "shell.remote-shell" | "shell.fetch-and-run" | "shell.unparseable"
            )
        };
        let keep = |(at, effect): (usize, _)| -> Option<crate::inspect::effect::Effect> {
            let effect: crate::inspect::effect::Effect = effect;
            (at < before || leaves(effect.rule.id)).then_some(effect)
        };
        self.effects = all.into_iter().enumerate().filter_map(keep).collect();
    }

    /// Queries on the command line.
    pub(super) fn database(&mut self, name: &str, rest: &[Value], call: &Call) -> Flow {
        let mut texts: Vec<Value> = rest.to_vec();
        if let Some(text) = call.input.as_ref().and_then(|flow| flow.text.clone()) {
            texts.push(Value::plain(&text, call.span.clone()));
        }
        for value in texts {
            for effect in sql::effects(&value.text) {
                self.tell(effect.rule, effect.severity, value.span.clone(), effect.what);
            }
            let escape = value.text.trim_start();
            let is_shell =
                ["\\!", ".shell", "system ", ".system"].iter().any(|head| escape.starts_with(head));
            if is_shell {
                let what = format!("`{name}` would run a command.");
                self.tell(&ESCAPES, Severity::Medium, value.span.clone(), what);
            }
            self.read(&value, call);
        }
        if let Some(from) = call.input.as_ref().and_then(|flow| flow.fetched.clone()) {
            let what = format!("What {} sends is run as SQL.", short(&from));
            self.tell(&FETCH_AND_RUN, Severity::Medium, call.span.clone(), what);
        }
        Flow { said: true, ..Flow::default() }
    }
}

//! Programs that talk to other hosts.

use super::super::args::{Args, Role, program};
use super::super::run::Run;
use super::super::value::{Call, Flow, Value};
use crate::inspect::effect::rules::{REMOTE_SHELL, SENDS};
use crate::inspect::effect::short;
use crate::inspect::rule::Severity;

impl Run<'_> {
    pub(super) fn curl(&mut self, args: &Args, call: &Call) -> Flow {
        let fetched = self.fetch("curl", args, call);
        let remote = args.has(&["-O", "--remote-name", "-J", "--remote-name-all"]);
        if remote {
            self.keep_by_name(args, &fetched);
        }
        let to_file = args.value(&["-o", "--output"]).cloned();
        if let Some(file) = &to_file {
            self.keep(file, &fetched, call);
        }
        let kept = remote || to_file.is_some_and(|file| file.text != "-");
        if kept { Flow::nothing() } else { fetched }
    }

    pub(super) fn wget(&mut self, args: &Args, call: &Call) -> Flow {
        let fetched = self.fetch("wget", args, call);
        match args.value(&["-O", "--output-document", "--out"]).cloned() {
            Some(file) if file.text == "-" || file.text == "/dev/stdout" => return fetched,
            Some(file) => self.keep(&file, &fetched, call),
            None => self.keep_by_name(args, &fetched),
        }
        Flow::nothing()
    }

    /// What goes along with a request, and what comes back.
    fn fetch(&mut self, name: &str, args: &Args, call: &Call) -> Flow {
        let Some(program) = program(name) else { return Flow::default() };
        let roles = program.roles(args);
        let addresses = roles.iter().filter(|(role, _)| *role == Role::Address);
        let to = addresses.map(|(_, value)| value.text.clone()).next().unwrap_or_default();
        let mut back = Flow { fetched: Some(to.clone()), said: true, ..Flow::default() };
        for (role, value) in roles {
            match role {
                Role::Address => {
                    let flow = self.address(&value, call);
                    if flow.secret.is_some() {
                        back = flow;
                    }
                }
                Role::Data => self.data(&value, &to, call),
                Role::Upload => self.upload(&value, &to, call),
                Role::Read => {
                    self.read(&value, call);
                }
                Role::Write => {
                    self.write(&value, &back, true, call);
                }
                Role::Nothing => self.along(&value, &to),
                Role::Delete | Role::Command => {}
            }
        }
        back
    }

    /// What stands in a header: a token of a variable belongs there, a file does not.
    fn along(&mut self, value: &Value, to: &str) {
        let is_file = value.flow.secret.as_ref().is_some_and(|(severity, what)| {
            *severity == Severity::High && !what.starts_with("the variable")
        });
        if is_file {
            self.send(&value.flow, to, Severity::High, value.span.clone(), String::new());
        }
    }

    /// Data of a request: as it is, or what is in a file.
    fn data(&mut self, value: &Value, to: &str, call: &Call) {
        let text = value.text.as_str();
        let file = text.strip_prefix('@').or_else(|| {
            let (_, rest) = text.split_once('=')?;
            rest.strip_prefix(['@', '<'])
        });
        if let Some(file) = file {
            let at = text.len() - file.len();
            self.upload(&value.tail(at), to, call);
            return;
        }
        let severity = if value.flow.said && value.open { Severity::Medium } else { Severity::Low };
        let what = format!("Data goes to {}.", short(to));
        self.send(&value.flow, to, severity, value.span.clone(), what);
    }

    fn upload(&mut self, value: &Value, to: &str, call: &Call) {
        let path = value.text.split(';').next().unwrap_or_default().len();
        let file =
            Value { text: value.text.get(..path).unwrap_or_default().to_owned(), ..value.clone() };
        let flow = self.read(&file, call);
        let shown = if file.text == "-" { "What comes in".to_owned() } else { file.shown() };
        let what = format!("{shown} goes to {}.", short(to));
        self.send(&flow, to, Severity::Medium, value.span.clone(), what);
    }

    /// A file that holds what was fetched.
    fn keep(&mut self, file: &Value, fetched: &Flow, call: &Call) {
        self.write(file, fetched, false, call);
    }

    fn keep_by_name(&mut self, args: &Args, fetched: &Flow) {
        for value in &args.operands {
            let path = value.text.split(['?', '#']).next().unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or_default();
            let spot = self.spot(&Value::plain(name, value.span.clone()));
            self.files.insert(spot.path, fetched.clone());
        }
    }

    pub(super) fn httpie(&mut self, args: &Args, call: &Call) -> Option<Flow> {
        let is_verb = |word: &str| word.bytes().all(|byte| byte.is_ascii_uppercase());
        let mut words = args.operands.iter().skip_while(|word| is_verb(&word.text));
        let to = words.next()?.clone();
        let back = self.address(&to, call);
        for word in words {
            match word.text.find('@') {
                Some(at) => self.upload(&word.tail(at + 1), &to.text, call),
                None => self.data(word, &to.text, call),
            }
        }
        if let Some(input) = &call.input {
            let what = format!("Data goes to {}.", short(&to.text));
            self.send(input, &to.text, Severity::Medium, call.span.clone(), what);
        }
        Some(back)
    }

    pub(super) fn netcat(&mut self, args: &Args, call: &Call) -> Flow {
        let run = ["-e", "-c", "--exec", "--sh-exec"].iter().find(|name| args.has(&[name]));
        let is_shell = |flow: &Option<Flow>| flow.as_ref().is_some_and(|flow| flow.shell);
        let to = args.word(0).to_owned();
        if run.is_some() && !args.operands.is_empty() || is_shell(&call.input) || call.wired {
            let what = format!("A shell is given to {}.", short(&to));
            self.tell(&REMOTE_SHELL, Severity::High, call.span.clone(), what);
            return Flow::default();
        }
        let back = Flow { fetched: Some(to.clone()), said: true, ..Flow::default() };
        if args.has(&["-z"]) {
            return Flow { said: true, ..Flow::default() };
        }
        if let Some(input) = &call.input {
            let what = format!("Data goes to {}.", short(&to));
            self.send(input, &to, Severity::Medium, call.span.clone(), what);
        }
        for word in &args.operands {
            self.address(word, call);
        }
        back
    }

    pub(super) fn socat(&mut self, rest: &[Value], call: &Call) -> Flow {
        let lower = |word: &Value| word.text.to_ascii_lowercase();
        let has = |parts: &[&str]| {
            rest.iter().any(|word| parts.iter().any(|part| lower(word).starts_with(part)))
        };
        let far = has(&["tcp", "udp", "openssl", "ssl", "sctp", "socks", "proxy"]);
        let runs = has(&["exec:", "system:", "shell:"]);
        let shell = rest.iter().any(|word| Self::names_shell(&word.text));
        let wired = call.input.as_ref().is_some_and(|flow| flow.shell);
        if far && runs || shell || wired {
            let what = "Another host gets what a program here says.".to_owned();
            self.tell(&REMOTE_SHELL, Severity::High, call.span.clone(), what);
            return Flow::default();
        }
        let mut flow = call.input.clone().unwrap_or_default();
        let mut files = false;
        for word in rest {
            let path =
                ["file:", "open:", "gopen:"].iter().find(|head| lower(word).starts_with(*head));
            if let Some(head) = path {
                files = true;
                let path = word.tail(head.len());
                let path = Value {
                    text: path.text.split(',').next().unwrap_or_default().to_owned(),
                    ..path
                };
                flow.add(&self.read(&path, call));
            }
        }
        if far && (files || call.input.is_some()) {
            let what = "Data goes to another host.".to_owned();
            self.send(&flow, "", Severity::Medium, call.span.clone(), what);
        }
        Flow { fetched: far.then(|| "another host".to_owned()), said: true, ..Flow::default() }
    }

    pub(super) fn openssl(&mut self, args: &Args, call: &Call) -> Option<Flow> {
        if args.word(0) == "s_client" {
            let to = args.value(&["-connect"]).map_or_else(String::new, |to| to.text.clone());
            let to = if to.is_empty() { args.word(1).to_owned() } else { to };
            if call.input.as_ref().is_some_and(|flow| flow.shell) {
                let what = format!("A shell is given to {}.", short(&to));
                self.tell(&REMOTE_SHELL, Severity::High, call.span.clone(), what);
            } else if let Some(input) =
                call.input.as_ref().filter(|flow| flow.text.as_deref() != Some(""))
            {
                let what = format!("Data goes to {}.", short(&to));
                self.send(input, &to, Severity::Medium, call.span.clone(), what);
            }
            return Some(Flow { fetched: Some(to), said: true, ..Flow::default() });
        }
        if let Some(engine) = args.value(&["-engine"]).filter(|value| value.text.contains('/')) {
            self.escapes(&engine.clone(), "openssl");
        }
        None
    }

    /// A command for another host, and what goes there.
    pub(super) fn ssh(&mut self, rest: &[Value], call: &Call) -> Option<Flow> {
        const VALUED: &str = "-i -p -o -l -L -R -D -F -J -b -c -E -I -m -O -Q -S -W -w -B";
        let mut count = 0;
        while let Some(word) = rest.get(count) {
            if !word.text.starts_with('-') {
                break;
            }
            let takes = word.text.len() == 2 && VALUED.split(' ').any(|one| one == word.text);
            count += 1 + usize::from(takes);
        }
        let options = Args::read(rest.get(..count).unwrap_or_default(), VALUED);
        for (name, value) in &options.options {
            let Some(value) = value.as_ref().filter(|_| name == "-o") else { continue };
            let lower = value.text.to_ascii_lowercase();
            if lower.starts_with("proxycommand") || lower.starts_with("localcommand") {
                self.escapes(value, "ssh");
                let at = value.text.find(['=', ' ']).map_or(0, |at| at + 1);
                self.run_flow(&Flow::of(&value.tail(at).text), call, value.span.clone());
            }
        }
        let (to, command) = rest.get(count..).and_then(<[Value]>::split_first)?;
        if let Some(input) = call.input.as_ref().filter(|_| self.input != call.input) {
            let what = format!("Data goes to {}.", to.shown());
            self.send(input, &to.text, Severity::Medium, call.span.clone(), what);
        }
        let texts: Vec<&str> = command.iter().map(|word| word.text.as_str()).collect();
        let secret = command.iter().find(|word| word.flow.secret.is_some());
        if let Some(word) = secret {
            self.send(&word.flow, &to.text, Severity::High, word.span.clone(), String::new());
        }
        if !texts.is_empty() {
            let folder = self.folder.take();
            let span = command.first().map_or(call.span.clone(), |word| word.span.clone());
            self.text(&texts.join(" "), span);
            self.folder = folder;
        }
        Some(Flow { fetched: Some(to.text.clone()), said: true, ..Flow::default() })
    }

    pub(super) fn copy_to_host(&mut self, name: &str, args: &Args, call: &Call) -> Option<Flow> {
        let is_far = |value: &Value| {
            let head = value.text.split('/').next().unwrap_or_default();
            value.text.contains("://") || head.contains(':') && head.len() > 2
        };
        let (to, sources) = args.operands.split_last()?;
        let mut flow = Flow::default();
        for value in sources {
            if is_far(value) {
                flow.fetched = Some(value.text.clone());
            } else {
                flow.add(&self.read(value, call).origin());
            }
        }
        for option in ["-e", "--rsh", "-S"] {
            let run = args.value(&[option]).filter(|run| Self::names_shell(&run.text));
            if let Some(run) = run {
                self.escapes(&run.clone(), name);
            }
        }
        if is_far(to) {
            let what = format!("Files go to {}.", to.shown());
            self.send(
                &flow,
                to.text.split(':').next().unwrap_or_default(),
                Severity::Medium,
                to.span.clone(),
                what,
            );
        } else {
            self.write(to, &flow, false, call);
        }
        if args.has(&["--delete"]) && !is_far(to) {
            self.delete(to, true, call);
        }
        Some(Flow::nothing())
    }

    /// Programs that hold a conversation: what they are given goes there.
    pub(super) fn talk(&mut self, name: &str, args: &Args, call: &Call) -> Flow {
        let to = args.operands.iter().find(|word| word.text.contains(['.', '\\']));
        let to = to.map_or_else(|| "another host".to_owned(), |word| word.text.clone());
        let mut flow = call.input.clone().unwrap_or_default();
        let mut sends = call.input.is_some();
        for word in &args.operands {
            flow.add(&self.any_word(name, word, call).origin());
        }
        for (option, value) in &args.options {
            let is_put = value.as_ref().is_some_and(|value| value.text.starts_with("put "));
            sends |= is_put || matches!(option.as_str(), "-a" | "--attach");
        }
        sends |=
            args.operands.iter().any(|word| word.text.starts_with("put ")) || flow.secret.is_some();
        if sends {
            let what = format!("Data goes to {}.", short(&to));
            self.send(&flow, &to, Severity::Medium, call.span.clone(), what);
        }
        Flow { fetched: Some(to), said: true, ..Flow::default() }
    }

    /// Names that are asked for may carry anything to whoever answers.
    pub(super) fn resolve(&mut self, args: &Args) -> Flow {
        for word in args.operands.iter().filter(|word| word.flow.said || word.flow.secret.is_some())
        {
            let what = "A name is asked for that has the output of a command in it.".to_owned();
            match &word.flow.secret {
                Some((_, secret)) => {
                    let what = format!("{secret} goes out in the name of a host.");
                    self.tell(&SENDS, Severity::High, word.span.clone(), what);
                }
                None => self.tell(&SENDS, Severity::Medium, word.span.clone(), what),
            }
        }
        Flow { said: true, ..Flow::default() }
    }
}

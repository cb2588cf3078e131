//! One command: which program it is behind all that is in front of it, and what that does.

use super::args::{self, Args, Program, Role};
use super::run::Run;
use super::value::{Call, Flow, Form, Value};
use crate::inspect::effect::rules::{FETCH_AND_RUN, HIDES, REMOTE_SHELL, ROOT};
use crate::inspect::effect::short;
use crate::inspect::places::table::glob_fits;
use crate::inspect::rule::Severity;

/// Words that are what a program that is not known may take.
const ANY: &str = "any";
/// Programs that make another user of somebody.
const RAISES: [&str; 5] = ["sudo", "doas", "pkexec", "run0", "gosu"];
const SHELLS: [&str; 13] = [
    "sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash", "csh", "tcsh", "mksh", "lksh",
    "yash",
];
/// Programs whose words name a shell that runs elsewhere, or that only ask for it.
const ELSEWHERE: [&str; 34] = [
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "oc",
    "lxc",
    "vagrant",
    "docker-compose",
    "chsh",
    "useradd",
    "usermod",
    "adduser",
    "ls",
    "file",
    "stat",
    "which",
    "type",
    "test",
    "[",
    "[[",
    "echo",
    "printf",
    "readlink",
    "realpath",
    "grep",
    "sed",
    "rg",
    "ldd",
    "dpkg",
    "rpm",
    "cp",
    "shellcheck",
    "limactl",
    "toolbox",
];

impl Run<'_> {
    /// What a command does, and what comes out of it.
    pub(super) fn command(&mut self, words: &[Value], call: &Call) -> Flow {
        let Some((first, rest)) = words.split_first() else { return Flow::nothing() };
        if let Some(from) = &first.flow.fetched {
            let what = format!("What {} sends is run.", short(from));
            self.tell(&FETCH_AND_RUN, Severity::High, first.span.clone(), what);
        }
        if first.text.is_empty() {
            return Flow::default();
        }
        // What programs take that read commands: `!/bin/sh`.
        if first.text.starts_with(['!', '\\', ':']) && Self::names_shell(&first.text) {
            self.escapes(first, &first.text.clone());
        }
        if let Some(text) = self.aliases.get(&first.text).filter(|_| self.depth < 4).cloned() {
            let rest: Vec<String> = rest.iter().map(|value| super::quote(&value.text)).collect();
            self.aliases.remove(&first.text);
            let flow = self.text(&format!("{text} {}", rest.join(" ")), call.span.clone());
            self.aliases.insert(first.text.clone(), text);
            return flow;
        }
        if let Some(flow) = self.function(&first.text, rest, call) {
            return flow;
        }
        if first.text.contains('/') && first.form != Form::Pattern && self.run_file(first, call) {
            return Flow::default();
        }
        let name = self.name(first);
        self.program(&name, first, rest, call)
    }

    fn function(&mut self, name: &str, rest: &[Value], call: &Call) -> Option<Flow> {
        let body = self.functions.get(name)?.clone();
        if self.calls.iter().any(|running| running == name) {
            return Some(Flow::default());
        }
        let arguments = std::mem::replace(&mut self.arguments, rest.to_vec());
        let input = std::mem::replace(&mut self.input, call.input.clone());
        self.calls.push(name.to_owned());
        let flow = self.script(&body);
        self.calls.pop();
        self.input = input;
        self.arguments = arguments;
        Some(flow)
    }

    /// The program's name without its folder; a pattern is what it stands for.
    fn name(&mut self, first: &Value) -> String {
        let name = first.text.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = name.strip_suffix(".exe").unwrap_or(name);
        if first.form != Form::Pattern || name == "[" || name == "[[" {
            return name.to_owned();
        }
        // Of several, the one that does most.
        let first_of = ["rm", "cat", "curl", "wget", "nc", "dd", "cp", "mv", "python3", "perl"];
        let known = SHELLS.iter().copied().chain(first_of).chain(args::known_names());
        let Some(meant) = known.into_iter().find(|known| glob_fits(known, name)) else {
            return name.to_owned();
        };
        let what = format!("The pattern `{}` stands for a program.", short(&first.text));
        self.tell(&HIDES, Severity::Medium, first.span.clone(), what);
        meant.to_owned()
    }

    fn program(&mut self, name: &str, first: &Value, rest: &[Value], call: &Call) -> Flow {
        let two = rest.first().map(|next| format!("{name} {}", next.text));
        if let Some(wrapper) = two.as_deref().and_then(args::wrapper_of) {
            return self.wrapped(wrapper, first, rest.get(1..).unwrap_or_default(), call);
        }
        if let Some(wrapper) = args::wrapper_of(name) {
            return self.wrapped(wrapper, first, rest, call);
        }
        if SHELLS.contains(&name) || name == "." || name == "source" {
            return self.shell(name, first, rest, call);
        }
        let program = args::program(name).unwrap_or_else(|| Program::any(ANY));
        let args = program.read(rest);
        let is_dry = args.has(&["--dry-run"]);
        let is_dangerous = if is_dry { None } else { self.phrases(name, first, rest, &args, call) };
        self.shells_in(name, rest, call);
        self.special(name, first, rest, &args, call).unwrap_or_else(|| {
            let mut flow = self.roles(&program, name, &args, call);
            if let Some(input) = &call.input {
                flow.add(&input.origin());
            }
            if matches!(name, "echo" | "printf") {
                for word in rest {
                    flow.add(&word.flow.origin());
                }
            }
            flow.said = true;
            flow.text = self.output(name, rest, &args, call);
            flow.decoded |= Self::decodes(name, rest, &args);
            // What only counts or asks says nothing of what it read.
            let is_mute = matches!(
                name,
                "wc" | "test"
                    | "["
                    | "[["
                    | "ls"
                    | "stat"
                    | "du"
                    | "md5sum"
                    | "sha1sum"
                    | "sha256sum"
                    | "shasum"
                    | "file"
                    | "chmod"
                    | "mkdir"
                    | "touch"
                    | "rm"
                    | "cp"
                    | "mv"
            );
            if let Some(secret) = is_dangerous {
                flow.secret = flow.secret.max(Some(secret));
            }
            if is_mute { Flow::default() } else { flow }
        })
    }

    /// Words that name a shell in a program that has no use for one, or a secret for what it runs.
    fn shells_in(&mut self, name: &str, rest: &[Value], call: &Call) {
        const RUNNERS: [&str; 16] = [
            "npm", "yarn", "pnpm", "npx", "cargo", "make", "go", "uv", "poetry", "java", "helm",
            "cmake", "rustup", "pip", "pip3", "just",
        ];
        const PLAIN: [&str; 14] = [
            "git", "jq", "tr", "seq", "basename", "dirname", "expr", "date", "cat", "head",
            "chmod", "chown", "ssh", "sudo",
        ];
        if ELSEWHERE.contains(&name) || PLAIN.contains(&name) {
            return;
        }
        if RUNNERS.contains(&name) {
            for word in rest {
                self.read(word, call);
            }
        }
        let told = self.effects.len();
        for word in rest {
            if Self::names_shell(&word.text) && self.effects.len() == told {
                self.escapes(word, name);
            }
        }
    }

    /// What is done to each word of a program.
    pub(super) fn roles(
        &mut self,
        program: &Program,
        name: &str,
        args: &Args,
        call: &Call,
    ) -> Flow {
        let mut all = Flow::default();
        let recursive = args.has(&["-r", "-R", "-a", "--recursive"]);
        for (role, value) in program.roles(args) {
            match role {
                Role::Read => all.add(&self.any_word(name, &value, call)),
                Role::Write => {
                    let flow = call.input.clone().unwrap_or_else(|| all.origin());
                    self.write(&value, &flow, args.has(&["-a", "--append"]), call);
                }
                Role::Delete => self.delete(&value, recursive, call),
                Role::Command => {
                    self.run_flow(&Flow::of(&value.text), call, value.span.clone());
                }
                Role::Address => {
                    self.address(&value, call);
                }
                Role::Upload | Role::Data | Role::Nothing => {}
            }
        }
        all
    }

    /// A word of which nothing but its looks is known.
    pub(super) fn any_word(&mut self, name: &str, value: &Value, call: &Call) -> Flow {
        let text = value.text.as_str();
        let mut flow = self.read(value, call);
        if text.contains("://") {
            let from = text.find("://").and_then(|at| text.get(..at));
            let start = from.map_or(0, |head| {
                head.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1)
            });
            flow.add(&self.address(&value.tail(start), call));
        }
        flow.add(&self.inner_paths(value, call));
        if !ELSEWHERE.contains(&name) {
            if calls_out(text) {
                self.code(name, value, call);
            } else if Self::names_shell(text) {
                self.escapes(value, name);
            }
        }
        flow
    }

    /// A command behind another one.
    fn wrapped(
        &mut self,
        wrapper: &args::Wrapper,
        first: &Value,
        rest: &[Value],
        call: &Call,
    ) -> Flow {
        let (options, mut words) = args::unwrapped(wrapper, rest);
        let has = |names: &[&str]| options.iter().any(|(name, _)| names.contains(&name.as_str()));
        if wrapper.name == "command" && has(&["-v", "-V"]) {
            return Flow::nothing();
        }
        let mut call = call.clone();
        for (_, value) in options.iter().filter(|(name, _)| wrapper.writes(name)) {
            if let Some(value) = value {
                self.write(value, &Flow::default(), true, &call);
            }
        }
        let text = options.iter().find(|(name, _)| name == "-S" || name == "--split-string");
        if let Some((_, Some(value))) = text.filter(|_| wrapper.name == "env") {
            return self.text(&value.text, value.span.clone());
        }
        if matches!(wrapper.name, "env" | "sudo" | "doas") {
            while let Some((head, tail)) = words.split_first() {
                let Some((name, value)) = head.text.split_once('=') else { break };
                let at = head.text.len() - value.len();
                self.assigned(name, &head.tail(at));
                words = tail;
            }
        }
        if wrapper.name == "env" && words.is_empty() {
            let secret = Some((Severity::Medium, "all variables".to_owned()));
            return Flow { secret, said: true, ..Flow::default() };
        }
        if RAISES.contains(&wrapper.name) {
            call.root = true;
            self.raised(wrapper.name, first, words, has(&["-i", "-s", "--login", "--shell"]));
        }
        if call.wired && wrapper.name == "exec" && words.is_empty() {
            let what = "The shell is connected to another host.".to_owned();
            self.tell(&REMOTE_SHELL, Severity::High, call.span.clone(), what);
        }
        if wrapper.name == "parallel" {
            let at = words.iter().position(|word| word.text.starts_with(":::"));
            let (head, tail) =
                words.split_at_checked(at.unwrap_or(words.len())).unwrap_or_default();
            let texts: Vec<&str> = tail.iter().skip(1).map(|word| word.text.as_str()).collect();
            if at.is_some() {
                call.input = Some(Flow::of(&texts.join(" ")));
            }
            return self.xargs(&options, head, &call);
        }
        // What shows or repeats a command takes it as one text, too.
        if let [only] = words {
            if only.text.contains(' ') {
                return self.text(&only.text, only.span.clone());
            }
            if Self::names_shell(&only.text) && !RAISES.contains(&wrapper.name) {
                self.escapes(only, wrapper.name);
            }
        }
        if wrapper.name == "xargs" {
            return self.xargs(&options, words, &call);
        }
        self.command(words, &call)
    }

    fn raised(&mut self, name: &str, first: &Value, words: &[Value], shell: bool) {
        const PLAIN: [&str; 22] = [
            "apt",
            "apt-get",
            "dnf",
            "yum",
            "pacman",
            "zypper",
            "apk",
            "brew",
            "snap",
            "port",
            "systemctl",
            "service",
            "docker",
            "journalctl",
            "nginx",
            "npm",
            "lsof",
            "ss",
            "netstat",
            "tail",
            "cat",
            "make",
        ];
        let inner = words.first().map_or("", |word| word.text.as_str());
        let base = inner.rsplit('/').next().unwrap_or_default();
        let becomes = shell || words.is_empty() || SHELLS.contains(&base) || base == "su";
        let is_script = SHELLS.contains(&base) && words.len() > 1;
        let severity = match () {
            () if becomes && !is_script && !words.is_empty() || shell => Severity::High,
            () if PLAIN.contains(&base) => Severity::Low,
            () => Severity::Medium,
        };
        let what = match inner {
            "" => format!("`{name}` makes the user root."),
            inner => format!("`{}` runs as root.", short(inner)),
        };
        self.tell(&ROOT, severity, first.span.clone(), what);
    }

    /// What comes in becomes words of the command.
    fn xargs(&mut self, options: &[(String, Option<Value>)], words: &[Value], call: &Call) -> Flow {
        let input = call.input.clone().unwrap_or_default();
        let holder = options.iter().find(|(name, _)| name == "-I" || name == "--replace");
        let holder = holder
            .map(|(_, value)| value.as_ref().map_or("{}", |value| value.text.as_str()).to_owned());
        let mut words = words.to_vec();
        let span = words.last().map_or(call.span.clone(), |word| word.span.clone());
        let known = input.text.clone().unwrap_or_default();
        if let Some(holder) = holder.filter(|holder| !holder.is_empty()) {
            for word in words.iter_mut().filter(|word| word.text.contains(&holder)) {
                let with = known.trim_end();
                word.text = word.text.replace(&holder, with);
                word.open |= input.text.is_none();
                word.flow.add(&input.origin());
            }
        } else if input.text.is_some() {
            words.extend(known.split_whitespace().map(|word| Value::plain(word, span.clone())));
        } else {
            words.push(Value::unknown(input.origin(), span));
        }
        let inner = Call { input: None, ..call.clone() };
        self.command(&words, &inner)
    }

    /// A shell: what it is given to run.
    fn shell(&mut self, name: &str, first: &Value, rest: &[Value], call: &Call) -> Flow {
        let args = Args::read(rest, "-o -O --rcfile --init-file");
        let span = first.span.clone();
        let sourced = matches!(name, "." | "source");
        if call.wired && !sourced {
            let what = format!("`{}` is connected to another host.", short(name));
            self.tell(&REMOTE_SHELL, Severity::High, call.span.clone(), what);
            return Flow::default();
        }
        let interactive = args.has(&["-i"]);
        if args.has(&["-c"]) && !sourced {
            let Some((script, arguments)) = args.operands.split_first() else {
                return Flow::default();
            };
            // The first word behind the script is its name.
            let arguments = arguments.get(1..).unwrap_or_default().to_vec();
            let flow = Flow { text: Some(script.text.clone()), ..script.flow.origin() };
            let before = std::mem::replace(&mut self.arguments, arguments);
            let input = std::mem::replace(&mut self.input, call.input.clone());
            let out = self.run_flow(&flow, call, script.span.clone());
            self.input = input;
            self.arguments = before;
            return out;
        }
        let file = args.operands.first().filter(|_| !args.has(&["-s"]));
        if let Some(file) = file.filter(|file| !matches!(file.text.as_str(), "-" | "/dev/stdin")) {
            if !self.run_file(file, call) {
                if let Some(from) = &file.flow.fetched {
                    let what = format!("What {} sends is run.", short(from));
                    self.tell(&FETCH_AND_RUN, Severity::High, file.span.clone(), what);
                }
                if !sourced || !file.text.contains(".env") {
                    let mut flow = self.read(file, call);
                    flow.shell = interactive;
                    return flow;
                }
            }
            return Flow::default();
        }
        if let Some(input) = &call.input {
            self.run_flow(&input.clone(), call, span);
        }
        if self.depth > 1 && args.operands.is_empty() && first.text.contains("bin/") {
            self.escapes(first, name);
        }
        let shell = interactive || call.input.as_ref().is_some_and(|flow| flow.text.is_none());
        Flow { shell, said: true, ..Flow::default() }
    }
}

/// Code that runs a command: `system("…")`, `exec("…")`.
fn calls_out(text: &str) -> bool {
    const CALLS: [&str; 10] = [
        "system(",
        "system (",
        "exec(",
        "execute(",
        "popen(",
        "spawn(",
        "execute ",
        "getRuntime",
        "ProcessBuilder",
        "shell_exec(",
    ];
    CALLS.iter().any(|call| text.contains(call))
}

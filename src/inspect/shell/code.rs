//! Programs in other languages that stand in a command: what they plainly run, read, write and send.
//!
//! They are not parsed. Calls with texts in them are picked out, and a text that is run is read as a command.

use super::output::base64;
use super::quote;
use super::run::Run;
use super::value::{Call, Flow, Value};
use crate::inspect::effect::rules::{ESCAPES, FETCH_AND_RUN, HIDES, REMOTE_SHELL};
use crate::inspect::effect::short;
use crate::inspect::rule::Severity;

mod calls;

use self::calls::{Called, calls};

/// Programs in programs that are followed.
const CODE_MAX: usize = 3;

/// The options with which a program takes code.
pub(super) fn code_options(name: &str) -> Option<&'static [&'static str]> {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match plain {
        "python" | "pypy" | "ipython" | "jython" | "sage" | "tclsh" | "expect" | "jjs"
        | "psysh" | "wish" => &["-c"],
        "perl" | "ruby" | "lua" | "luajit" | "R" | "Rscript" | "julia" | "osascript" | "groovy"
        | "scala" | "elixir" | "slsh" | "ghc" | "irb" | "clojure" | "guile" | "jrunscript" => {
            &["-e", "-E"]
        }
        "erl" => &["-eval"],
        "node" | "nodejs" | "bun" | "deno" => &["-e", "-p", "--eval", "--print", "eval"],
        "php" => &["-r", "-R", "-B"],
        "awk" | "gawk" | "mawk" | "nawk" | "sed" => &[],
        "vim" | "vi" | "nvim" | "vimdiff" | "view" | "ex" | "rvim" | "gdb" | "lldb" | "emacs" => {
            &["-c", "--cmd", "-ex", "--eval", "-eval", "-o"]
        }
        "pwsh" | "powershell" => &["-c", "-Command", "-command", "-EncodedCommand", "-enc"],
        _ => return None,
    })
}

impl Run<'_> {
    /// A program that takes code by an option, by its first word or by what comes in.
    pub(super) fn interpreter(
        &mut self,
        name: &str,
        rest: &[Value],
        args: &super::args::Args,
        call: &Call,
    ) -> Option<Flow> {
        let options = code_options(name)?;
        let mut codes: Vec<Value> = Vec::new();
        let mut script = None;
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            at += 1;
            let text = word.text.as_str();
            let cluster = text.strip_prefix('-').filter(|text| !text.starts_with('-'));
            let is_code = options.contains(&text)
                || options.contains(&"-e")
                    && cluster
                        .is_some_and(|cluster| cluster.len() < 6 && cluster.ends_with(['e', 'E']));
            if text.to_ascii_lowercase().starts_with("-enc") && name.starts_with('p') {
                let what = "A command is run that was encoded.".to_owned();
                self.tell(&HIDES, Severity::High, word.span.clone(), what);
            }
            if is_code {
                codes.extend(rest.get(at).cloned());
                at += 1;
            } else if text.starts_with("+:") || text.starts_with("+!") {
                codes.push(word.tail(1));
            } else if script.is_none() && !text.starts_with('-') {
                script = Some(word.clone());
            }
        }
        let is_filter = options.is_empty();
        if is_filter {
            codes.extend(args.operands.first().cloned());
        }
        let mut flow = Flow::default();
        for code in &codes {
            let connected = call.wired;
            flow.add(&self.code(name, code, call));
            if connected {
                self.remote(call);
            }
        }
        if is_filter || !codes.is_empty() {
            let files = if is_filter { args.operands.get(1..) } else { None };
            for word in files.unwrap_or_default() {
                flow.add(&self.read(word, call));
            }
            if let Some(input) = &call.input {
                flow.add(&input.origin());
            }
            return Some(Flow { said: true, text: None, ..flow });
        }
        self.fed(name, script.as_ref(), rest, call)
    }

    /// Code out of a file or out of what comes in.
    fn fed(
        &mut self,
        name: &str,
        script: Option<&Value>,
        rest: &[Value],
        call: &Call,
    ) -> Option<Flow> {
        let is_module = rest.iter().any(|word| word.text == "-m");
        let edits =
            matches!(name, "vim" | "vi" | "nvim" | "vimdiff" | "view" | "ex" | "emacs" | "gdb");
        if edits {
            return None;
        }
        if let Some(file) = script.filter(|file| file.text != "-" && !is_module) {
            let spot = self.spot(file);
            let known = self.files.get(&spot.path).or_else(|| self.files.get(&file.text)).cloned();
            if let Some(flow) = known {
                self.code_of(name, &flow, file.span.clone(), call);
            } else {
                self.any_word(name, file, call);
            }
            for word in rest.iter().skip(1) {
                self.any_word(name, word, call);
            }
            return Some(Flow { said: true, ..Flow::default() });
        }
        if is_module {
            return None;
        }
        if call.wired {
            self.remote(call);
        }
        let input = call.input.clone()?;
        self.code_of(name, &input, call.span.clone(), call);
        Some(Flow { said: true, ..Flow::default() })
    }

    fn code_of(&mut self, name: &str, flow: &Flow, span: std::ops::Range<usize>, call: &Call) {
        if let Some(from) = &flow.fetched {
            let what = format!("What {} sends is run.", short(from));
            self.tell(&FETCH_AND_RUN, Severity::High, span, what);
        } else if let Some(text) = &flow.text {
            if flow.decoded {
                let what = "Code is run that was encoded.".to_owned();
                self.tell(&HIDES, Severity::High, span.clone(), what);
            }
            self.code(name, &Value::plain(text, span), call);
        } else if flow.decoded {
            let what = "Code is run that was encoded.".to_owned();
            self.tell(&HIDES, Severity::High, span, what);
        }
    }

    fn remote(&mut self, call: &Call) {
        let what = "A program is connected to another host and does what that says.".to_owned();
        self.tell(&REMOTE_SHELL, Severity::High, call.span.clone(), what);
    }

    /// What code does.
    pub(super) fn code(&mut self, name: &str, value: &Value, call: &Call) -> Flow {
        if value.flow.fetched.is_some() {
            let flow = value.flow.origin();
            self.code_of(name, &flow, value.span.clone(), call);
            return flow;
        }
        if self.depth > CODE_MAX {
            return Flow::default();
        }
        let text = value.text.as_str();
        if super::super::places::is_named(name, &["sed", "gsed"]) {
            return self.sed(value);
        }
        if gives_shell(text) {
            let what = "Another host gets a shell.".to_owned();
            self.tell(&REMOTE_SHELL, Severity::High, value.span.clone(), what);
        }
        let talks = talks(text);
        let mut flow = self.inner_paths(value, call);
        let told = self.effects.len();
        self.depth += 1;
        for one in calls(name, text) {
            flow.add(&self.called(name, &one, value, call));
        }
        self.depth -= 1;
        if self.effects.len() == told && Self::names_shell(text) && !text.starts_with("#!") {
            self.escapes(value, name);
        }
        if talks && evaluates(text) {
            let what = "What another host sends is run.".to_owned();
            self.tell(&FETCH_AND_RUN, Severity::High, value.span.clone(), what);
        }
        if talks && (flow.secret.is_some() || puts(text)) {
            let what = "Data goes to another host.".to_owned();
            self.send(&flow, &first_address(text), Severity::Medium, value.span.clone(), what);
        }
        flow.text = None;
        flow
    }

    fn called(&mut self, name: &str, one: &Called<'_>, value: &Value, call: &Call) -> Flow {
        let place = |text: &str| Value::plain(text, value.span.clone());
        match one {
            Called::Runs(words) => {
                let text = match words.as_slice() {
                    [only] => only.clone(),
                    words => words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "),
                };
                let is_shell = Self::names_shell(&text) && !text.contains(" -c");
                let is_bare = matches!(text.trim(), "sh" | "bash");
                if is_shell || is_bare {
                    self.escapes(value, name);
                    return Flow::default();
                }
                self.run_flow(&Flow::of(&text), call, value.span.clone())
            }
            Called::Code(text) => {
                let text = base64(text).unwrap_or_else(|| (*text).to_owned());
                self.code(name, &place(&text), call)
            }
            Called::Decodes(text) => {
                let Some(plain) = base64(text) else { return Flow::default() };
                let what = "Code is run that was encoded.".to_owned();
                self.tell(&HIDES, Severity::High, value.span.clone(), what);
                self.code_of(name, &Flow::plain(plain.clone()), value.span.clone(), call);
                self.run_flow(&Flow::of(&plain), call, value.span.clone())
            }
            Called::Deletes(text, all) => {
                self.delete(&place(text), *all, call);
                Flow::default()
            }
            Called::Writes(text) => {
                self.write(&place(text), &Flow::default(), true, call);
                Flow::default()
            }
            Called::Loads(text) => {
                let what = format!("`{}` loads {}.", short(name), short(text));
                self.tell(&ESCAPES, Severity::Medium, value.span.clone(), what);
                Flow::default()
            }
            Called::Says(text) => {
                if text.len() < 200 && (text.contains(['/', '~']) || text.starts_with('.')) {
                    if text.contains("://") {
                        self.address(&place(text), call);
                        return Flow::default();
                    }
                    return self.read(&place(text), call).origin();
                }
                Flow::default()
            }
        }
    }

    /// Scripts of sed that run or write: `1e id`, `w file`.
    fn sed(&mut self, value: &Value) -> Flow {
        let runs = value.text.split([';', '\n']).any(|one| {
            let one = one
                .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '$' | ',' | ' '));
            one.starts_with("e ") || one == "e" && value.text.len() < 8
        });
        if runs && Self::names_shell(&value.text) || value.text.ends_with("/e") {
            self.escapes(value, "sed");
        }
        Flow::default()
    }
}

/// A connection and a shell at the end of it.
fn gives_shell(text: &str) -> bool {
    const WIRES: [&str; 14] = [
        "socket",
        "fsockopen",
        "TCPSocket",
        "TCPServer",
        "net.connect",
        "net\").connect",
        "createServer",
        "/inet/tcp",
        "Socket",
        "ztcp",
        "s.tcp",
        "net.Socket",
        "connect(",
        "SOCK_STREAM",
    ];
    const SHELLS: [&str; 12] = [
        "dup2",
        "/bin/sh",
        "/bin/bash",
        "pty.spawn",
        "cmd.exe",
        "IO.popen",
        "readline",
        "|& getline",
        "io.popen",
        "exec $",
        "os.exec",
        "exec(\"sh",
    ];
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    has(&WIRES) && has(&SHELLS)
}

/// Code that talks to another host.
fn talks(text: &str) -> bool {
    const WORDS: [&str; 18] = [
        "urllib",
        "requests.",
        "http.client",
        "urlopen",
        "http.get",
        "https.get",
        "fetch(",
        "Net::HTTP",
        "LWP",
        "open-uri",
        "file_get_contents(\"http",
        "file_get_contents('http",
        "socket",
        "axios",
        "http\")",
        "https\")",
        "httpx",
        "DownloadString",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

fn evaluates(text: &str) -> bool {
    const WORDS: [&str; 7] =
        ["eval(", "exec(", "eval ", "os.system(", "Invoke-Expression", "IEX", "iex"];
    // A function that is handed on: `.then(eval)`.
    let is_handed = text.contains("(eval)") || text.contains("(exec)");
    is_handed
        || WORDS.iter().any(|word| {
            text.match_indices(word).any(|(at, _)| {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                // A method of that name is something else: `re.exec(`, `cursor.exec(`.
                !before.is_some_and(|c| c == '.' || c.is_alphanumeric() || c == '_')
            })
        })
}

fn puts(text: &str) -> bool {
    const WORDS: [&str; 8] =
        [".post(", ".put(", "data=", "'POST'", "\"POST\"", "files=", ".sendall(", ".send("];
    WORDS.iter().any(|word| text.contains(word))
}

fn first_address(text: &str) -> String {
    let at = text.find("http");
    let rest = at.and_then(|at| text.get(at..)).unwrap_or_default();
    rest.split(['"', '\'', ' ', ')', '`']).next().unwrap_or_default().to_owned()
}

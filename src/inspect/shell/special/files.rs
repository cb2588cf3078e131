//! Programs that work on files.

use super::super::args::{Args, Program, Role, program};
use super::super::run::Run;
use super::super::value::{Call, Flow, Value};
use crate::inspect::effect::rules::{DELETES, ESCAPES, ROOT};
use crate::inspect::places::Zone;
use crate::inspect::rule::Severity;

impl Run<'_> {
    pub(super) fn remove(&mut self, name: &str, args: &Args, call: &Call) -> Flow {
        let all = args.has(&["-r", "-R", "--recursive"]);
        for value in &args.operands {
            self.delete(value, all, call);
        }
        let is_final = matches!(name, "shred" | "srm" | "wipe");
        if is_final && self.effects.iter().all(|known| known.span != call.span) {
            for value in &args.operands {
                if self.spot(value).zone == Zone::Inside {
                    let what = format!("{} is overwritten and gone for good.", value.shown());
                    self.tell(&DELETES, Severity::Low, value.span.clone(), what);
                }
            }
        }
        Flow::nothing()
    }

    pub(super) fn touch(&mut self, name: &str, args: &Args, call: &Call) -> Flow {
        for value in &args.operands {
            self.write(value, &Flow::default(), name == "touch", call);
        }
        Flow::nothing()
    }

    /// `find`: what it does with what it finds.
    pub(super) fn find(&mut self, rest: &[Value], call: &Call) -> Flow {
        const FILTERS: [&str; 14] = [
            "-name",
            "-iname",
            "-path",
            "-ipath",
            "-regex",
            "-mtime",
            "-mmin",
            "-atime",
            "-size",
            "-empty",
            "-newer",
            "-user",
            "-wholename",
            "-e",
        ];
        let is_option =
            |word: &Value| word.text.starts_with('-') || matches!(word.text.as_str(), "(" | "!");
        let count = rest.iter().take_while(|word| !is_option(word)).count();
        let here = [Value::plain(".", call.span.clone())];
        let starts = rest.get(..count).filter(|starts| !starts.is_empty()).unwrap_or(&here);
        let is_filtered = rest.iter().any(|word| FILTERS.contains(&word.text.as_str()));
        let found = |start: &Value| {
            let text = if is_filtered {
                format!("{}/found", start.text.trim_end_matches('/'))
            } else {
                start.text.clone()
            };
            Value { text, ..start.clone() }
        };
        let mut all = Flow { said: true, ..Flow::default() };
        for start in starts {
            all.add(&Flow { text: None, ..self.read(start, call) });
        }
        for (at, word) in rest.iter().enumerate() {
            match word.text.as_str() {
                "-delete" => {
                    for start in starts {
                        self.delete(&found(start), true, call);
                    }
                }
                "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" => {
                    let words = rest.get(at + 1..).unwrap_or_default();
                    let end = words.iter().position(|word| matches!(word.text.as_str(), ";" | "+"));
                    let words = words.get(..end.unwrap_or(words.len())).unwrap_or_default();
                    for start in starts.iter().take(4) {
                        let put = |word: &Value| match word.text.as_str() {
                            "{}" => found(start),
                            _ => word.clone(),
                        };
                        let words: Vec<Value> = words.iter().map(put).collect();
                        self.found_by(&words, call);
                    }
                }
                "-fprint" | "-fls" | "-fprintf" | "-fprint0" => {
                    if let Some(file) = rest.get(at + 1) {
                        self.write(file, &Flow::default(), false, call);
                    }
                }
                _ => {}
            }
        }
        all
    }

    fn found_by(&mut self, words: &[Value], call: &Call) {
        if let [only] = words
            && Self::names_shell(&only.text)
        {
            self.escapes(only, "find");
        }
        self.command(words, call);
    }

    pub(super) fn dd(&mut self, args: &Args, call: &Call) -> Flow {
        let value = |name: &str| {
            args.operands
                .iter()
                .find_map(|word| word.text.starts_with(name).then(|| word.tail(name.len())))
        };
        let from = match value("if=") {
            Some(from) => self.read(&from, call),
            None => call.input.clone().unwrap_or_default(),
        };
        let Some(to) = value("of=") else { return from };
        self.write(&to, &from, false, call);
        Flow::nothing()
    }

    /// Copies, moves and links: what is in the old file is in the new one.
    pub(super) fn copy(&mut self, name: &str, args: &Args, call: &Call) -> Flow {
        let roles = program(name).unwrap_or_else(|| Program::any("cp")).roles(args);
        let mut flow = Flow::default();
        let mut first = None;
        for (role, value) in roles.iter().filter(|(role, _)| *role != Role::Write) {
            if *role == Role::Read {
                let text = self.read(value, call);
                let text = Flow { text: text.text.clone(), ..text };
                if first.is_none() {
                    flow.text.clone_from(&text.text);
                }
                flow.add(&text.origin());
                first.get_or_insert(text);
            }
            // What is moved out of its place is gone there.
            let is_moved = matches!(name, "mv" | "gmv");
            if is_moved && self.spot(value).zone != Zone::Inside {
                self.delete(value, true, call);
            }
        }
        if name.ends_with("ln") {
            flow.text = None;
        }
        let is_new = !args.has(&["-d", "--directory"]);
        for (_, value) in roles.iter().filter(|(role, _)| *role == Role::Write) {
            let to_nothing = name.ends_with("mv") && self.spot(value).zone == Zone::Device;
            if to_nothing {
                for (_, source) in roles.iter().filter(|(role, _)| *role == Role::Read) {
                    self.delete(source, true, call);
                }
            }
            let put = if is_new { flow.clone() } else { Flow::default() };
            self.write(value, &put, false, call);
        }
        let is_nulled = args.operands.first().is_some_and(|word| word.text == "/dev/null");
        if let Some(target) = args.operands.get(1).filter(|_| is_nulled) {
            self.delete(target, false, call);
        }
        if let Some(mode) = args.value(&["-m", "--mode"]) {
            self.mode(&mode.clone(), args.operands.last());
        }
        Flow::nothing()
    }

    /// A file that an editor changes where it is.
    pub(super) fn in_place(
        &mut self,
        name: &str,
        rest: &[Value],
        args: &Args,
        call: &Call,
    ) -> Flow {
        let has_script = rest.iter().any(|word| word.text.starts_with("-e") || word.text == "-pe");
        let skip = usize::from(!has_script || name == "perl");
        for value in args.operands.iter().skip(skip) {
            self.write(value, &Flow::default(), true, call);
        }
        Flow::nothing()
    }

    pub(super) fn rights(&mut self, name: &str, args: &Args, call: &Call) -> Option<Flow> {
        let (what, targets) = args.operands.split_first()?;
        if name == "chmod" {
            self.mode(what, targets.first());
        }
        let for_root = matches!(what.text.as_str(), "root" | "root:root" | "root:" | "0:0" | "0");
        if name == "chown" && for_root {
            let told = "Files are made root's.".to_owned();
            self.tell(&ROOT, Severity::Medium, call.span.clone(), told);
        }
        for value in targets {
            let spot = self.spot(value);
            let all = args.has(&["-R", "--recursive"]);
            let is_outside = matches!(spot.zone, Zone::System | Zone::Disk);
            if is_outside && (all || spot.path.starts_with("/etc")) {
                let told = format!("The rights of {} are changed.", value.shown());
                self.tell(&ROOT, Severity::High, value.span.clone(), told);
            } else if self.roots.in_home(&spot.path).is_some_and(|rest| rest.len() < 2) && all {
                let told = format!("The rights of all files in {} are changed.", value.shown());
                self.tell(&ROOT, Severity::Medium, value.span.clone(), told);
            }
        }
        Some(Flow::nothing())
    }

    /// A mode that lets a program run as its owner.
    fn mode(&mut self, mode: &Value, target: Option<&Value>) {
        let text = mode.text.as_str();
        let octal = text.len() >= 4 && text.bytes().all(|byte| (b'0'..b'8').contains(&byte));
        let digit = text.len().checked_sub(4).and_then(|at| text.as_bytes().get(at));
        let raised = octal && digit.is_some_and(|digit| matches!(digit, b'2'..=b'7'))
            || text.split(',').any(|part| {
                let who = part.split(['+', '=']).next().unwrap_or_default();
                part.contains(['+', '='])
                    && part.split(['+', '=']).nth(1).is_some_and(|what| what.contains('s'))
                    && who.chars().all(|c| matches!(c, 'u' | 'g' | 'a'))
            });
        if raised {
            let target = target.map_or_else(|| "A file".to_owned(), Value::shown);
            let what = format!("{target} runs with the rights of its owner.");
            self.tell(&ROOT, Severity::High, mode.span.clone(), what);
        }
    }

    /// Archives read all that they are given, and may run programs.
    pub(super) fn archive(&mut self, name: &str, rest: &[Value], args: &Args, call: &Call) -> Flow {
        for word in rest {
            let run = word.text.strip_prefix("--checkpoint-action=exec=");
            let run = run.or_else(|| word.text.strip_prefix("exec="));
            if let Some(run) = run {
                let at = word.text.len() - run.len();
                self.tell(
                    &ESCAPES,
                    Severity::Medium,
                    word.span.clone(),
                    format!("`{name}` runs a command on the way."),
                );
                self.run_flow(&Flow::of(run), call, word.tail(at).span);
            }
        }
        for option in ["--to-command", "-I", "--use-compress-program", "--rsh-command", "-TT"] {
            if let Some(value) = args.value(&[option]).cloned() {
                self.run_flow(&Flow::of(&value.text), call, value.span.clone());
            }
        }
        let mut flow = Flow::default();
        // The old way to write options: `tar czf`.
        let bundle = args.operands.first().filter(|_| name != "zip");
        let bundle = bundle.filter(|word| {
            let is_short = word.text.len() < 8 && !word.text.is_empty();
            let is_taken = args.has(&["-c", "-x", "-t", "-r", "--create", "--extract", "--list"]);
            is_short && !is_taken && word.text.chars().all(|c| c.is_ascii_alphabetic())
        });
        let old = bundle.is_some();
        let letters = bundle.map_or("", |word| word.text.as_str());
        let creates =
            letters.contains(['c', 'r']) || args.has(&["-c", "-r", "--create"]) || name == "zip";
        let named = old && letters.contains('f');
        let skip = usize::from(old) + usize::from(named) + usize::from(name == "zip");
        for value in args.operands.iter().skip(skip) {
            if creates {
                flow.add(&self.read(value, call).origin());
            }
        }
        let file = if named { args.operands.get(1) } else { args.value(&["-f", "--file"]) };
        let file = if name == "zip" { args.operands.first() } else { file }.cloned();
        if let Some(to) = args.value(&["-C", "--directory"]).filter(|_| !creates) {
            self.write(&to.clone(), &Flow::default(), true, call);
        }
        let Some(file) = file.filter(|file| file.text != "-") else { return flow };
        if creates {
            self.write(&file, &flow, false, call);
            return Flow::nothing();
        }
        self.read(&file, call).origin()
    }
}

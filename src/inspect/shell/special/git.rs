//! Git: settings that run programs, places that it pushes to.

use super::super::args::Args;
use super::super::run::Run;
use super::super::value::{Call, Flow, Value};
use crate::inspect::effect::rules::{ESCAPES, SENDS};
use crate::inspect::effect::short;
use crate::inspect::rule::Severity;

/// Settings whose values are run.
const RUNS: [&str; 10] = [
    "core.sshcommand",
    "core.pager",
    "core.editor",
    "core.fsmonitor",
    "core.hookspath",
    "alias.",
    "credential.helper",
    "diff.external",
    "pager.",
    "uploadpack.",
];

impl Run<'_> {
    pub(super) fn git(&mut self, rest: &[Value], call: &Call) -> Option<Flow> {
        let args = Args::read(rest, "-c -C --git-dir --work-tree -m --message -F --file -b");
        let options = args.options.iter().filter(|(name, _)| name == "-c");
        for value in options.filter_map(|(_, value)| value.clone()) {
            self.setting(&value, call);
        }
        let verb = args.word(0).to_owned();
        let target = args.operands.get(1).cloned();
        match verb.as_str() {
            "push" | "bundle" => {
                let target = target?;
                let is_address = target.text.contains("://") || target.text.contains('@');
                if is_address {
                    let what = format!("Commits go to {}.", short(&target.text));
                    self.tell(&SENDS, Severity::Low, target.span.clone(), what);
                }
            }
            "clone" | "fetch" | "pull" | "ls-remote" | "remote" | "submodule" => {
                let runs = args.operands.iter().find(|word| word.text.starts_with("ext::"));
                if let Some(word) = runs.cloned() {
                    let at = "ext::".len();
                    self.escapes(&word, "git");
                    self.run_flow(&Flow::of(&word.tail(at).text), call, word.span.clone());
                }
                for word in args.operands.iter().skip(1) {
                    self.read(word, call);
                }
            }
            "config" => {
                if let Some(value) = args.operands.get(2).cloned() {
                    self.alias_of_git(&value, call);
                }
            }
            "apply" | "am" => {
                for word in args.operands.iter().skip(1) {
                    self.read(word, call);
                }
            }
            "archive" | "show" | "diff" | "blame" | "cat-file" | "hash-object" | "add" => {
                let mut flow = Flow { said: true, ..Flow::default() };
                for word in args.operands.iter().skip(1) {
                    flow.add(&self.read(word, call).origin());
                }
                return Some(flow);
            }
            "bisect" | "rebase" | "submodule-foreach" | "filter-branch" => {
                let script = args.operands.get(1..).unwrap_or_default();
                let run = script.iter().position(|word| word.text == "run");
                if let Some(words) = run.and_then(|at| script.get(at + 1..)) {
                    self.command(words, call);
                }
            }
            _ => {}
        }
        Some(Flow { said: true, ..Flow::default() })
    }

    /// `-c name=value`.
    fn setting(&mut self, value: &Value, call: &Call) {
        let Some((name, run)) = value.text.split_once('=') else { return };
        let lower = name.to_ascii_lowercase();
        let is_run = RUNS.iter().any(|known| lower.starts_with(known));
        let plain =
            matches!(run, "" | "cat" | "less" | "true" | "false" | "/dev/null" | "store" | "cache");
        if is_run && !plain {
            let what = format!("Git runs what `{}` says.", short(name));
            self.tell(&ESCAPES, Severity::Medium, value.span.clone(), what);
            let run = run.trim_start_matches('!').to_owned();
            self.run_flow(&Flow::of(&run), call, value.span.clone());
        }
    }

    fn alias_of_git(&mut self, value: &Value, call: &Call) {
        if let Some(run) = value.text.strip_prefix('!').map(str::to_owned) {
            self.run_flow(&Flow::of(&run), call, value.span.clone());
        }
    }
}

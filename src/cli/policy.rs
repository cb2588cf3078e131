//! `tollgate policy`: check a policy, ask it why it decides as it does, try it on recordings.

mod learn;
mod trust;

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use self::learn::About;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::{Format, journals, operator, replay};
use crate::inspect::Call;
use crate::journal::Flip;
use crate::journal::redecide::{Again, Instead};
use crate::policy::{
    self, Considered, DEFAULT, Evidence, Explanation, Fit, Policy, Question, Risk, Standing, Truth,
    Verdict,
};
use crate::store::policies::{self, InForce};
use crate::text::Safe;

/// A tool that was listed and says nothing of itself.
const NO_HINTS: &str = "{}";

/// Arguments of `tollgate policy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Read a policy, check its examples, and say what it is.
    Check {
        /// A shipped policy's name, or a file.
        policy: String,
    },
    /// Print a policy as it is read: a shipped one with its comments, one that extends another as what both are together.
    Show {
        /// A shipped policy's name, or a file.
        #[arg(default_value = DEFAULT)]
        policy: String,
        /// With what you put over it and trust, as sessions are decided.
        #[arg(long)]
        overridden: bool,
    },
    /// Decide one call, and say of every rule whether it fits and why.
    Explain {
        /// The call, as `SERVER.TOOL`: the server's name ends at the first dot.
        call: String,
        /// Its arguments, as JSON: an object.
        #[arg(default_value = "{}")]
        arguments: String,
        /// The session's role.
        #[arg(long, default_value = "")]
        role: String,
        /// A shipped policy's name, or a file.
        #[arg(long, default_value = DEFAULT)]
        policy: String,
        /// A file with the tool's definition, as the server lists it; without one the tool gives no hints.
        #[arg(long, value_name = "FILE")]
        definition: Option<PathBuf>,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print a small policy that lets go on what went on in recordings, arguments included, and denies the rest.
    Learn {
        /// Sessions' names, or files.
        #[arg(required = true)]
        recordings: Vec<String>,
        /// The policy's name: small letters, digits, dots, dashes and underscores.
        #[arg(long, default_value = "learned")]
        name: String,
        /// Do not look at arguments: allow the tools that were called, whatever they are given.
        #[arg(long)]
        names_only: bool,
    },
    /// Let a project's `.tollgate.yaml` or your own `overrides.yaml`, as it is now, allow more than the policy does.
    Trust(trust::Args),
    /// Print a JSON Schema of policy files, for editors.
    Schema,
    /// Decide recordings again, and print the calls that come out otherwise: exit code 1 if there are any.
    Test {
        /// A shipped policy's name, or a file; its examples are checked first.
        policy: String,
        /// Sessions' names, or files.
        recordings: Vec<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(match &args.command {
        Command::Check { policy } => check(policy),
        Command::Show { policy, overridden } => {
            let policy = if *overridden { in_force(policy) } else { load(policy) };
            policy.and_then(|policy| show(&policy))
        }
        Command::Explain { call, arguments, role, policy, definition, format } => {
            let definition = definition.as_deref().map_or(Ok(NO_HINTS.to_owned()), definition_of);
            definition.and_then(|of| explain(call, (arguments, &of), role, policy, *format))
        }
        Command::Learn { recordings, name, names_only } => {
            let about = if *names_only { About::Names } else { About::Arguments };
            learn::learn(recordings, name, about)
        }
        Command::Trust(args) => trust::main(args),
        Command::Schema => schema(),
        Command::Test { policy, recordings, format } => test(policy, recordings, *format),
    })
}

/// A checked policy, shipped or a file.
fn load(name: &str) -> Result<Policy, Failure> {
    policies::load(name).map_err(|why| Failure::new(Exit::Usage, format!("failed to {why}")))
}

/// The same with what the user put over it and trusts, as a session is decided.
fn in_force(name: &str) -> Result<Policy, Failure> {
    let read = InForce::read(&operator::home()?, name, None);
    let read = read.map_err(|why| Failure::new(Exit::Usage, format!("failed to {why}")))?;
    read.policy.map_or_else(|| load(name), Ok)
}

fn check(name: &str) -> Result<Exit, Failure> {
    let policy = load(name)?;
    let default = policy.default_reason().verdict;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: sound; rules {}, phase {}, default {}, sha256 {}",
        Safe::escape(policy.name()),
        policy.len(),
        policy.phase().word(),
        default.word(),
        policy.digest()
    )?;
    Ok(Exit::Fine)
}

fn show(policy: &Policy) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(policy.text().as_bytes())?;
    if !policy.text().ends_with('\n') {
        writeln!(out)?;
    }
    Ok(Exit::Fine)
}

/// The definition in a file, which has to be one.
fn definition_of(file: &Path) -> Result<String, Failure> {
    let said = |why: String| {
        Failure::new(
            Exit::Usage,
            format!("failed to read the definition {}: {why}", file.display()),
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| said(error.to_string()))?;
    let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(&text);
    object.map(|_| text).map_err(|error| said(format!("it is no JSON object: {error}")))
}

fn schema() -> Result<Exit, Failure> {
    io::stdout().lock().write_all(policy::schema().as_bytes())?;
    Ok(Exit::Fine)
}

fn explain(
    call: &str,
    (arguments, definition): (&str, &str),
    role: &str,
    name: &str,
    format: Format,
) -> Result<Exit, Failure> {
    let policy = in_force(name)?;
    let Some((server, tool)) = call.split_once('.') else {
        let words = "the call is written SERVER.TOOL, as in files.write_file";
        return Err(Failure::new(Exit::Usage, words));
    };
    if let Err(error) =
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments)
    {
        let words = format!("the arguments are no JSON object: {error}");
        return Err(Failure::new(Exit::Usage, words));
    }
    if !role.is_empty() && !policy.knows_role(role) {
        let words = format!("the policy {name} has no role {role}");
        return Err(Failure::new(Exit::Usage, words));
    }
    let findings = &Evidence::of(&Call::new(tool, arguments).inspected());
    let (arguments, definition) = (Some(arguments.as_bytes()), Some(definition));
    let question =
        Question { role, arguments, definition, findings, ..Question::call(server, tool) };
    let explained = policy.explain(&question);
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        Format::Text => put_text(&mut out, call, &explained)?,
        Format::Jsonl => {
            let line = ExplanationLine::new(&policy, (server, tool), &explained);
            serde_json::to_writer(&mut out, &line).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Fine)
}

fn put_text(out: &mut impl io::Write, call: &str, explained: &Explanation<'_>) -> io::Result<()> {
    let decision = &explained.decision;
    let first = decision.reasons.first();
    let (rule, why) = first.map_or(("", ""), |reason| (&reason.rule, &reason.why));
    let by_rule = explained.considered.iter().any(Considered::fits);
    let risk = if by_rule { format!(", risk {}", decision.risk.word()) } else { String::new() };
    let (call, why) = (Safe::escape(call), Safe::escape(why));
    writeln!(out, "{call}: {}{risk}, by {rule}: {why}", decision.verdict.word())?;
    let columns = explained.considered.iter().map(|rule| rule.reason.rule.len()).max();
    let columns = columns.unwrap_or(0).max(explained.default.rule.len());
    writeln!(out, "  {:columns$}  verdict  server  tool    what it means", "rule")?;
    for rule in &explained.considered {
        let means = match (rule.fits(), rule.reason.verdict == decision.verdict) {
            (true, true) => "decides",
            (true, false) => "fits, and a stricter one decides",
            (false, _) => unfit(rule),
        };
        let when = rule.when.as_ref().map(|when| match &when.truth {
            Truth::Yes => ", when holds".to_owned(),
            Truth::No => ", when does not hold".to_owned(),
            Truth::Unknown(why) => format!(", when cannot be told: {}", Safe::escape(why)),
        });
        let when = when.unwrap_or_default();
        writeln!(
            out,
            "  {:columns$}  {:7}  {:6}  {:6}  {means}{when}",
            rule.reason.rule,
            rule.reason.verdict.word(),
            rule.server.word(),
            rule.tool.word()
        )?;
    }
    let default = explained.default;
    let speaks = explained.decision.reasons.iter().any(|reason| reason.rule == default.rule);
    let means = match (by_rule, speaks) {
        (false, _) => "decides: no rule fits",
        (true, true) => "speaks as well: what fits only wants approval, or watches",
        (true, false) => "not asked: a rule fits",
    };
    writeln!(
        out,
        "  {:columns$}  {:7}  {:6}  {:6}  {means}",
        default.rule,
        default.verdict.word(),
        "-",
        "-"
    )
}

/// Why a rule does not take part.
fn unfit(rule: &Considered<'_>) -> &'static str {
    match rule.standing {
        Standing::OtherRole => "is about another role",
        Standing::OtherMethod => "is about another method",
        Standing::Listed => "stands back: the role's list has the tool",
        Standing::Unseen => "is about findings that it has none of",
        Standing::Counts if rule.names_fit() => "counts this call",
        Standing::Counts | Standing::In => "does not fit",
    }
}

/// Version of the lines that `explain` prints.
const EXPLANATION_VERSION: u32 = 1;

#[derive(Serialize)]
struct ExplanationLine<'a> {
    v: u32,
    event: &'static str,
    policy: &'a str,
    server: &'a str,
    tool: &'a str,
    verdict: Verdict,
    risk: Risk,
    rules: Vec<RuleLine<'a>>,
    default: Verdict,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    rule: &'a str,
    why: &'a str,
    verdict: Verdict,
    risk: Risk,
    server: Fit,
    tool: Fit,
    role: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<&'static str>,
    fits: bool,
}

impl<'a> ExplanationLine<'a> {
    fn new(
        policy: &'a Policy,
        (server, tool): (&'a str, &'a str),
        explained: &Explanation<'a>,
    ) -> Self {
        let rule = |rule: &Considered<'a>| RuleLine {
            rule: &rule.reason.rule,
            why: &rule.reason.why,
            verdict: rule.reason.verdict,
            risk: rule.risk,
            server: rule.server,
            tool: rule.tool,
            role: rule.standing != Standing::OtherRole,
            when: rule.when.as_ref().map(|when| match when.truth {
                Truth::Yes => "holds",
                Truth::No => "does not hold",
                Truth::Unknown(_) => "cannot be told",
            }),
            fits: rule.fits(),
        };
        Self {
            v: EXPLANATION_VERSION,
            event: "explanation",
            policy: policy.name(),
            server,
            tool,
            verdict: explained.decision.verdict,
            risk: explained.decision.risk,
            rules: explained.considered.iter().map(rule).collect(),
            default: explained.default.verdict,
        }
    }
}

fn test(name: &str, recordings: &[String], format: Format) -> Result<Exit, Failure> {
    // Its examples are checked with it.
    let instead = Instead::read(name, 0, policies::read);
    let instead = instead.map_err(|why| Failure::new(Exit::Usage, format!("failed to {why}")))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut all: u64 = 0;
    let mut failed = None;
    for recording in recordings {
        match test_one(&mut out, &instead, recording, format, &mut all) {
            Ok(()) => {}
            // One that cannot be read to its end says so and leaves the others.
            Err(Failure::Said(exit, what)) => {
                out.flush()?;
                exit::say(exit, format_args!("{recording}: {what}"));
                failed = Some(exit);
            }
            Err(output @ Failure::Output(_)) => return Err(output),
        }
    }
    if format == Format::Text {
        let count = recordings.len();
        writeln!(out, "{name}: recordings {count}, calls decided otherwise {all}")?;
    }
    out.flush()?;
    let differs = if all > 0 { Exit::Findings } else { Exit::Fine };
    Ok(failed.unwrap_or(differs))
}

/// Decides one recording again, and counts the calls that come out otherwise.
fn test_one(
    out: &mut impl io::Write,
    instead: &Instead,
    recording: &str,
    format: Format,
    flips: &mut u64,
) -> Result<(), Failure> {
    let path = journals::find(recording)?;
    let session = journals::name_of(&path);
    let mut again = Again::by(instead.clone());
    let scan = journals::scan(&path, |record, _| {
        let Some(flip) = again.record(&record).filter(Flip::is_verdict) else {
            return Ok::<_, Failure>(());
        };
        *flips += 1;
        let tool = record.facts.as_ref().and_then(|facts| facts.tool.as_deref());
        match format {
            Format::Jsonl => replay::put_flip(out, Some(&session), &flip)?,
            Format::Text => put_flip(out, &session, tool, &flip)?,
        }
        Ok(())
    })?;
    journals::end(out, scan)?;
    Ok(())
}

/// `claude-code-2 #6 write_file: allow (default) becomes ask (writes)`.
fn put_flip(
    out: &mut impl io::Write,
    session: &str,
    tool: Option<&str>,
    flip: &Flip,
) -> io::Result<()> {
    let side = |verdict: Option<Verdict>, rule: Option<&str>| {
        let verdict = verdict.map_or("nothing", Verdict::word);
        // A recording may say anything.
        let rule = rule.map(Safe::escape);
        rule.map_or_else(|| verdict.to_owned(), |rule| format!("{verdict} ({rule})"))
    };
    let call = flip.call.map_or_else(String::new, |call| format!(" #{call}"));
    let tool = tool.map_or_else(Safe::default, |tool| Safe::word(" ").then(&Safe::escape(tool)));
    writeln!(
        out,
        "{}{call}{tool}: {} becomes {}{}",
        Safe::escape(session),
        side(flip.was, flip.rule_was.as_deref()),
        side(flip.is, flip.rule_is.as_deref()),
        if flip.assumes { ", as if nothing had changed before" } else { "" }
    )
}

//! Codex: each server's command is replaced by `-c mcp_servers.NAME.…`, before all other arguments.
//!
//! Where it finds servers, each beating the ones before it: `/etc/codex/config.toml`,
//! `$CODEX_HOME/config.toml` (`~/.codex`), `.codex/config.toml` of the folders from the project's root
//! down to the current one where the user trusts the project, and `-c`. Only the command is named on
//! the command line, so that the secrets of an entry's `env` are not shown to whoever lists processes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::json;
use toml::{Table, Value};

use super::common::outermost_first;
use super::launch::{Launch, Style};
use super::plan::{Context, Covered, Plan, PlanError};

/// The administrator's layer.
const SYSTEM: &str = "/etc/codex/config.toml";

pub(super) fn plan(
    head: &[String],
    rest: &[String],
    context: &Context<'_>,
) -> Result<Plan, PlanError> {
    let flags = Flags::read(rest);
    let mut config = layers(&flags, context)?;
    for text in &flags.servers {
        apply(&mut config, text);
    }
    let mut plan = Plan::default();
    let mut ours = Overrides::default();
    let servers = config.get("mcp_servers").and_then(Value::as_table).cloned().unwrap_or_default();
    for (name, entry) in servers {
        wrap(&name, &entry, context, &mut plan, &mut ours);
    }
    plan.argv = head.iter().map(OsString::from).collect();
    let table = ours.table();
    for flag in table.iter().chain(&flags.servers).chain(&ours.by_key) {
        plan.argv.extend(["-c".into(), flag.into()]);
    }
    plan.argv.extend(flags.others.iter().map(OsString::from));
    if flags.servers.iter().any(|flag| key(flag) == "mcp_servers") {
        // The user's table takes the place of ours, key by key or not at all.
        for server in ours.by_table.into_iter().map(|(name, _)| name) {
            plan.covered.retain(|one| one.server != server);
            plan.leave(&server, "not while -c sets all of mcp_servers; it runs, unseen");
        }
    }
    Ok(plan)
}

/// Our overrides. Codex splits a key at each dot and knows no quotes there, so a name with other
/// characters stands in a table, which codex merges with its files and which must come first.
#[derive(Default)]
struct Overrides {
    by_key: Vec<String>,
    by_table: Vec<(String, [String; 2])>,
}

impl Overrides {
    /// A JSON text or list of texts is one in TOML, too.
    fn add(&mut self, name: &str, program: &str, args: &[String]) {
        let values = [json!(program).to_string(), json!(args).to_string()];
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            self.by_table.push((name.to_owned(), values));
            return;
        }
        let [program, args] = values;
        self.by_key.push(format!("mcp_servers.{name}.command={program}"));
        self.by_key.push(format!("mcp_servers.{name}.args={args}"));
    }

    fn table(&self) -> Option<String> {
        let entry = |(name, [program, args]): &(String, [String; 2])| {
            format!("{}={{command={program},args={args}}}", json!(name))
        };
        let entries: Vec<String> = self.by_table.iter().map(entry).collect();
        (!entries.is_empty()).then(|| format!("mcp_servers={{{}}}", entries.join(",")))
    }
}

fn key(flag: &str) -> &str {
    flag.split('=').next().unwrap_or_default().trim()
}

/// Puts a shim in front of a server.
fn wrap(name: &str, entry: &Value, context: &Context<'_>, plan: &mut Plan, ours: &mut Overrides) {
    if entry.get("enabled").and_then(Value::as_bool) == Some(false) {
        return;
    }
    if entry.get("url").is_some() {
        plan.leave(name, "http: not yet; it runs, unseen");
        return;
    }
    let Some(command) = command_line(entry) else {
        plan.leave(name, "its command is not a text with a list of texts; it does not start");
        return;
    };
    let patience_ms = entry.get("tool_timeout_sec").and_then(millis);
    let argv = context.shim.wrap(name, &command);
    if let Some((program, args)) = argv.split_first() {
        ours.add(name, program, args);
        // What TOML and JSON share is all that is read of it.
        let shared = |key| entry.get(key).and_then(|value| serde_json::to_value(value).ok());
        let env = shared("env").and_then(|env| env.as_object().cloned());
        let folder = shared("cwd");
        let launch = Launch::new(Style::Plain, &command, env.as_ref(), folder.as_ref(), context);
        plan.covered.push(Covered { server: name.to_owned(), patience_ms, launch });
    }
}

fn command_line(entry: &Value) -> Option<Vec<String>> {
    let mut line = vec![entry.get("command")?.as_str()?.to_owned()];
    if let Some(args) = entry.get("args") {
        for arg in args.as_array()? {
            line.push(arg.as_str()?.to_owned());
        }
    }
    Some(line)
}

/// A number of seconds, whole or not, in milliseconds.
fn millis(value: &Value) -> Option<u64> {
    if let Some(whole) = value.as_integer() {
        return u64::try_from(whole).ok()?.checked_mul(1_000);
    }
    let seconds = value.as_float()?;
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| u64::try_from(duration.as_millis()).ok())
}

/// The merged files.
fn layers(flags: &Flags, context: &Context<'_>) -> Result<Table, PlanError> {
    let home = context.var_path("CODEX_HOME").unwrap_or_else(|| context.home.join(".codex"));
    let cwd = flags.cwd.as_deref().map_or_else(|| context.cwd.clone(), |dir| context.at(dir));
    let root = context.git_root(&cwd).unwrap_or_else(|| cwd.clone());
    let mut config = Table::new();
    for path in [PathBuf::from(SYSTEM), home.join("config.toml")] {
        merge(&mut config, table(&path, context)?);
    }
    if let Some(profile) = &flags.profile {
        merge(&mut config, table(&home.join(format!("{profile}.config.toml")), context)?);
    }
    for dir in outermost_first(&cwd, &root) {
        let path = dir.join(".codex/config.toml");
        if path != home.join("config.toml") && trusts(&config, &[dir.as_path(), &root]) {
            merge(&mut config, table(&path, context)?);
        }
    }
    Ok(config)
}

/// Whether the user's configuration trusts one of the folders.
fn trusts(config: &Table, folders: &[&Path]) -> bool {
    let projects = config.get("projects").and_then(Value::as_table);
    folders.iter().any(|folder| {
        projects
            .and_then(|list| list.get(&folder.display().to_string()))
            .and_then(|entry| entry.get("trust_level"))
            .and_then(Value::as_str)
            == Some("trusted")
    })
}

fn table(path: &Path, context: &Context<'_>) -> Result<Table, PlanError> {
    let Some(text) = context.text(path)? else { return Ok(Table::new()) };
    text.parse().map_err(|error: toml::de::Error| PlanError::Broken {
        place: path.display().to_string(),
        why: error.message().to_owned(),
    })
}

fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(table)) => merge(under, table),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Applies one `-c key=value` as codex does: the key is split at dots, the value is TOML or, where it
/// does not parse as that, a text.
fn apply(config: &mut Table, flag: &str) {
    let Some((key, text)) = flag.split_once('=') else { return };
    let value = format!("v={text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(text.trim().trim_matches(['"', '\'']).to_owned()));
    let mut over = Value::Table(Table::new());
    for (nth, part) in key.trim().rsplit('.').enumerate() {
        let inner = if nth == 0 { value.clone() } else { over };
        over = Value::Table(Table::from_iter([(part.to_owned(), inner)]));
    }
    if let Value::Table(over) = over {
        merge(config, over);
    }
}

/// The flags that concern servers, and all other arguments in their order.
#[derive(Default)]
struct Flags {
    /// `-c mcp_servers…`: moved to the front, because a later override of the whole entry beats ours.
    servers: Vec<String>,
    cwd: Option<String>,
    profile: Option<String>,
    others: Vec<String>,
}

impl Flags {
    fn read(args: &[String]) -> Self {
        let mut flags = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                flags.others.push(arg.clone());
                flags.others.extend(args.cloned());
                break;
            }
            let (name, joined) = split(arg);
            if !matches!(name, "-c" | "--config" | "-C" | "--cd" | "-p" | "--profile") {
                flags.others.push(arg.clone());
                continue;
            }
            let Some(value) = joined.map(str::to_owned).or_else(|| args.next().cloned()) else {
                flags.others.push(arg.clone());
                continue;
            };
            match name {
                "-c" | "--config" if value.trim_start().starts_with("mcp_servers") => {
                    flags.servers.push(value);
                    continue;
                }
                "-C" | "--cd" => flags.cwd = Some(value.clone()),
                "-p" | "--profile" => flags.profile = Some(value.clone()),
                _ => {}
            }
            flags.others.push(arg.clone());
            if joined.is_none() {
                flags.others.push(value);
            }
        }
        flags
    }
}

/// `--name=value` and `-nvalue` in their two parts.
fn split(arg: &str) -> (&str, Option<&str>) {
    if arg.starts_with("--") {
        return arg.split_once('=').map_or((arg, None), |(name, value)| (name, Some(value)));
    }
    match (arg.get(..2), arg.get(2..)) {
        (Some(name @ ("-c" | "-C" | "-p")), Some(value)) if !value.is_empty() => {
            (name, Some(value.strip_prefix('=').unwrap_or(value)))
        }
        _ => (arg, None),
    }
}

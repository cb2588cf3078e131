//! Claude Code: its servers go into one file, given by `--mcp-config` with `--strict-mcp-config`.
//!
//! Where it finds servers, each beating the ones before it (seen in claude-code 2.1.197):
//! 1. `mcpServers` of `~/.claude.json` (`$CLAUDE_CONFIG_DIR/.claude.json`);
//! 2. `.mcp.json` of every folder from the root down to the current one, where approved;
//! 3. `projects.<git root or current folder>.mcpServers` of `~/.claude.json`;
//! 4. `--mcp-config`, files or JSON texts; with `--strict-mcp-config` these alone.
//!
//! `${VAR}` stays as it is: claude expands it in the file that it is given, too.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::common::{Object, child, command_line, object, outermost_first, set_command_line};
use super::launch::{Launch, Style};
use super::plan::{Context, Covered, Plan, PlanError};

/// An administrator's servers: with them claude takes no others.
const MANAGED_SERVERS: &str = "/etc/claude-code/managed-mcp.json";
/// An administrator's settings.
const MANAGED_SETTINGS: &str = "/etc/claude-code/managed-settings.json";

pub(super) fn plan(
    head: &[String],
    rest: &[String],
    context: &Context<'_>,
) -> Result<Plan, PlanError> {
    let managed = PathBuf::from(MANAGED_SERVERS);
    if context.files.read(&managed).is_some() {
        return Err(PlanError::Managed { agent: "claude-code", path: managed });
    }
    let flags = Flags::read(rest);
    let mut plan = Plan::default();
    let mut servers = Object::new();
    if !flags.strict {
        servers = configured(&flags, context, &mut plan)?;
    }
    for value in &flags.configs {
        servers.extend(given(value, context)?);
    }
    let wrapped = wrap(servers, context, &mut plan);
    let file = context.folder.join("claude-mcp.json");
    let mut document = Object::new();
    document.insert("mcpServers".to_owned(), Value::Object(wrapped));
    plan.argv = head.iter().map(OsString::from).collect();
    plan.argv.extend(["--mcp-config".into(), file.clone().into_os_string()]);
    plan.argv.push("--strict-mcp-config".into());
    plan.argv.extend(flags.others.iter().map(OsString::from));
    plan.files.push((file, Value::Object(document).to_string().into_bytes()));
    Ok(plan)
}

/// Puts a shim in front of each stdio server; the others stay as they are.
fn wrap(servers: Object, context: &Context<'_>, plan: &mut Plan) -> Object {
    let limit = context.var("MCP_TOOL_TIMEOUT").and_then(|text| text.parse().ok());
    let mut wrapped = Object::new();
    for (name, value) in servers {
        let Value::Object(mut entry) = value else {
            plan.leave(&name, "its entry is no object; it does not start");
            continue;
        };
        let kind = entry.get("type").and_then(Value::as_str).unwrap_or("stdio");
        if kind != "stdio" {
            let why = format!("{kind}: not yet; it runs, unseen");
            plan.leave(&name, &why);
        } else if let Some(command) = command_line(&entry) {
            let patience_ms = entry.get("timeout").and_then(Value::as_u64).or(limit);
            let launch = Launch::new(Style::Braces, &command, child(&entry, "env"), None, context);
            set_command_line(&mut entry, context.shim.wrap(&name, &command));
            plan.covered.push(Covered { server: name.clone(), patience_ms, launch });
        } else {
            plan.leave(&name, "its command is not a text with a list of texts; it does not start");
            continue;
        }
        wrapped.insert(name, Value::Object(entry));
    }
    wrapped
}

/// The servers of sources 1 to 3.
fn configured(flags: &Flags, context: &Context<'_>, plan: &mut Plan) -> Result<Object, PlanError> {
    let folder = context.var_path("CLAUDE_CONFIG_DIR");
    let user = folder.clone().unwrap_or_else(|| context.home.clone()).join(".claude.json");
    let settings = folder.unwrap_or_else(|| context.home.join(".claude")).join("settings.json");
    let user = context.object(&user)?.unwrap_or_default();
    let key = context.git_root(&context.cwd).unwrap_or_else(|| context.cwd.clone());
    let project = child(&user, "projects")
        .and_then(|projects| child(projects, &key.display().to_string()))
        .cloned()
        .unwrap_or_default();
    let approval = Approval::read(flags, &settings, &project, context, plan)?;

    let mut servers = child(&user, "mcpServers").cloned().unwrap_or_default();
    for dir in outermost_first(&context.cwd, Path::new("/")) {
        let Some(file) = context.object(&dir.join(".mcp.json"))? else { continue };
        for (name, entry) in child(&file, "mcpServers").into_iter().flatten() {
            match approval.of(name) {
                Standing::Approved => {
                    servers.insert(name.clone(), entry.clone());
                }
                Standing::Rejected => plan.leave(name, "you rejected it; it does not start"),
                Standing::Pending => plan.leave(
                    name,
                    "a .mcp.json names it and you have not approved it; it does not start \
                     (start claude once without tollgate to approve it)",
                ),
            }
        }
    }
    servers.extend(child(&project, "mcpServers").cloned().unwrap_or_default());
    for name in names(&project, "disabledMcpServers") {
        if servers.shift_remove(&name).is_some() {
            plan.leave(&name, "you disabled it; it does not start");
        }
    }
    Ok(servers)
}

/// What the user said of the servers in `.mcp.json` files.
struct Approval {
    rejected: Vec<String>,
    approved: Vec<String>,
    all: bool,
}

enum Standing {
    Approved,
    Rejected,
    Pending,
}

impl Approval {
    /// Which settings count: a rejection in any; an approval in the user's, the administrator's and
    /// the local ones, and in the project's shared ones once the user trusts the folder. Without a
    /// terminal (`-p`) claude starts what is pending without asking, so it counts as approved.
    fn read(
        flags: &Flags,
        user: &Path,
        project: &Object,
        context: &Context<'_>,
        plan: &mut Plan,
    ) -> Result<Self, PlanError> {
        let trusted =
            project.get("hasTrustDialogAccepted").and_then(Value::as_bool).unwrap_or(false);
        let root = context.cwd.join(".claude");
        let sources = [
            (user.to_owned(), true),
            (PathBuf::from(MANAGED_SETTINGS), true),
            (root.join("settings.local.json"), true),
            (root.join("settings.json"), trusted),
        ];
        let mut approval = Self {
            rejected: names(project, "disabledMcpjsonServers"),
            approved: names(project, "enabledMcpjsonServers"),
            all: flags.print,
        };
        let mut plugins = false;
        for (path, counts) in sources {
            let Some(settings) = context.object(&path)? else { continue };
            approval.rejected.extend(names(&settings, "disabledMcpjsonServers"));
            plugins |= child(&settings, "enabledPlugins")
                .is_some_and(|list| list.values().any(|on| on.as_bool() == Some(true)));
            if counts {
                approval.approved.extend(names(&settings, "enabledMcpjsonServers"));
                let all = settings.get("enableAllProjectMcpServers").and_then(Value::as_bool);
                approval.all |= all == Some(true);
            }
        }
        if plugins {
            plan.notes.push(
                "servers that plugins bring do not start in this run (plugins: not yet)".to_owned(),
            );
        }
        Ok(approval)
    }

    fn of(&self, name: &str) -> Standing {
        let key = folded(name);
        let holds = |list: &[String]| list.iter().any(|item| folded(item) == key);
        if holds(&self.rejected) {
            Standing::Rejected
        } else if self.all || holds(&self.approved) {
            Standing::Approved
        } else {
            Standing::Pending
        }
    }
}

/// A server's name as claude compares it: what is no letter, digit, `-` or `_` becomes `_`.
fn folded(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

fn names(object: &Object, key: &str) -> Vec<String> {
    let list = object.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The servers of one value of `--mcp-config`: a JSON text or a file.
fn given(value: &str, context: &Context<'_>) -> Result<Object, PlanError> {
    let document = if value.trim_start().starts_with('{') {
        object(value, "--mcp-config")?
    } else {
        let path = context.at(value);
        context.object(&path)?.ok_or_else(|| PlanError::Broken {
            place: format!("--mcp-config {}", path.display()),
            why: "there is no such file".to_owned(),
        })?
    };
    child(&document, "mcpServers").cloned().ok_or_else(|| PlanError::Broken {
        place: "--mcp-config".to_owned(),
        why: "it has no object `mcpServers`".to_owned(),
    })
}

/// The flags that concern servers, and all other arguments in their order.
#[derive(Default)]
struct Flags {
    configs: Vec<String>,
    strict: bool,
    print: bool,
    others: Vec<String>,
}

impl Flags {
    /// `--mcp-config` takes all values up to the next flag, as claude itself reads it.
    fn read(args: &[String]) -> Self {
        let mut flags = Self::default();
        let mut args = args.iter().peekable();
        while let Some(arg) = args.next() {
            if arg == "--" {
                flags.others.push(arg.clone());
                flags.others.extend(args.cloned());
                break;
            } else if arg == "--mcp-config" {
                while let Some(value) = args.next_if(|value| !value.starts_with('-')) {
                    flags.configs.push(value.clone());
                }
            } else if let Some(value) = arg.strip_prefix("--mcp-config=") {
                flags.configs.push(value.to_owned());
            } else if arg == "--strict-mcp-config" {
                flags.strict = true;
            } else {
                flags.print |= arg == "-p" || arg == "--print";
                flags.others.push(arg.clone());
            }
        }
        flags
    }
}

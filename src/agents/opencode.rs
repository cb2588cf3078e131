//! opencode: the variable `OPENCODE_CONFIG_CONTENT` beats every file of the user's.
//!
//! Where it finds servers, each beating the ones before it (seen in opencode 1.18.33): `config.json`,
//! `opencode.json`, `opencode.jsonc` of `$XDG_CONFIG_HOME/opencode`; `$OPENCODE_CONFIG`; `opencode.json`,
//! `opencode.jsonc` of the folders from the work tree's root down to the current one; the same in the
//! `.opencode` folders and `$OPENCODE_CONFIG_DIR`; `OPENCODE_CONFIG_CONTENT`; `/etc/opencode`. Entries of
//! one name are merged, so ours carries only the command: an entry's `environment` stays in its file.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::common::{Object, child, merge, object, outermost_first, strings};
use super::launch::{Launch, Style};
use super::plan::{Context, Covered, Plan, PlanError};

/// The administrator's folder.
const MANAGED: &str = "/etc/opencode";
/// The variable.
const CONTENT: &str = "OPENCODE_CONFIG_CONTENT";

pub(super) fn plan(
    head: &[String],
    rest: &[String],
    context: &Context<'_>,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let mut config = Object::new();
    for path in sources(rest, context) {
        merge(&mut config, context.object(&path)?.unwrap_or_default());
    }
    let own = context.var(CONTENT).map(|text| object(&text, CONTENT)).transpose()?;
    let mut overlay = own.unwrap_or_default();
    merge(&mut config, overlay.clone());
    let mut managed = Object::new();
    for name in FILES {
        let path = PathBuf::from(MANAGED).join(name);
        merge(&mut managed, context.object(&path)?.unwrap_or_default());
    }
    for name in child(&managed, "mcp").into_iter().flat_map(Object::keys) {
        plan.leave(name, "/etc/opencode names it and beats everything else; it runs, unseen");
    }

    let mut ours = Object::new();
    for (name, entry) in child(&config, "mcp").into_iter().flatten() {
        if child(&managed, "mcp").is_some_and(|mcp| mcp.contains_key(name)) {
            continue;
        }
        if let Some(command) = wrap(name, entry, context, &mut plan) {
            ours.insert(name.clone(), json!({"type": "local", "command": command}));
        }
    }
    merge(&mut overlay, Object::from_iter([("mcp".to_owned(), Value::Object(ours))]));
    plan.argv = head.iter().chain(rest).map(OsString::from).collect();
    plan.env.push((CONTENT.into(), Value::Object(overlay).to_string().into()));
    Ok(plan)
}

/// The command that puts a shim in front of a server.
fn wrap(name: &str, entry: &Value, context: &Context<'_>, plan: &mut Plan) -> Option<Vec<String>> {
    if entry.get("enabled").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    if entry.get("type").and_then(Value::as_str) == Some("remote") {
        plan.leave(name, "http: not yet; it runs, unseen");
        return None;
    }
    let command = entry.get("command").and_then(strings).filter(|line| !line.is_empty());
    let Some(command) = command else {
        plan.leave(name, "its command is not a list of texts; it does not start");
        return None;
    };
    // `{file:…}` is read relative to the file that it stands in, which ours is not.
    if command.iter().any(|part| part.contains("{file:")) {
        plan.leave(name, "its command uses {file:…}: not yet; it runs, unseen");
        return None;
    }
    let patience_ms = entry.get("timeout").and_then(Value::as_u64);
    let (env, folder) = (entry.get("environment").and_then(Value::as_object), entry.get("cwd"));
    let launch = Launch::new(Style::Word, &command, env, folder, context);
    plan.covered.push(Covered { server: name.to_owned(), patience_ms, launch });
    Some(context.shim.wrap(name, &command))
}

/// The names of a folder's files, the later beats the earlier.
const FILES: [&str; 2] = ["opencode.json", "opencode.jsonc"];

/// The user's and the project's files, the later beats the earlier.
fn sources(args: &[String], context: &Context<'_>) -> Vec<PathBuf> {
    let cwd = flag(args, "--dir").map_or_else(|| context.cwd.clone(), |dir| context.at(&dir));
    let root = context.git_root(&cwd).unwrap_or_else(|| cwd.clone());
    let user = context
        .var_path("XDG_CONFIG_HOME")
        .unwrap_or_else(|| context.home.join(".config"))
        .join("opencode");
    let project = !context.var("OPENCODE_DISABLE_PROJECT_CONFIG").is_some_and(|v| is_true(&v));

    let mut files = vec![user.join("config.json")];
    files.extend(FILES.map(|name| user.join(name)));
    files.extend(context.var_path("OPENCODE_CONFIG"));
    let mut dirs = vec![user];
    if project {
        for dir in outermost_first(&cwd, &root) {
            files.extend(FILES.map(|name| dir.join(name)));
        }
        let up = cwd.ancestors().take_while(|dir| dir.starts_with(&root));
        dirs.extend(up.map(|dir| dir.join(".opencode")));
    }
    dirs.push(context.home.join(".opencode"));
    dirs.extend(context.var_path("OPENCODE_CONFIG_DIR"));
    files.extend(dirs.iter().skip(1).flat_map(|dir| FILES.map(|name| dir.join(name))));
    files
}

fn is_true(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
}

/// A flag's value, `--name value` or `--name=value`.
fn flag(args: &[String], name: &str) -> Option<String> {
    let mut args = args.iter().take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == name {
            return args.next().cloned();
        }
        if let Some(value) = arg.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

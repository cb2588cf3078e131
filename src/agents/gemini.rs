//! Gemini CLI: as root a system settings file of ours, else a home of ours beside the user's.
//!
//! Where it finds servers, each beating the ones before it (seen in gemini-cli 0.61.0): extensions,
//! system defaults, `~/.gemini/settings.json`, `.gemini/settings.json` of the current folder, and the
//! system settings, which `GEMINI_CLI_SYSTEM_SETTINGS_PATH` names but which count only where root alone
//! can change them. So an ordinary user gets, by `GEMINI_CLI_HOME`, a private home whose `.gemini` links
//! to the user's own except for `settings.json`; a server that the *project* names beats that one and
//! is said to be uncovered. `$VAR` stays as it is: gemini expands it in each file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::common::{Object, child, command_line, merge, object, set_command_line, strings};
use super::launch::{Launch, Style};
use super::plan::{Context, Covered, Plan, PlanError};

/// Where the system settings are by default.
const SYSTEM: &str = "/etc/gemini-cli/settings.json";
const SYSTEM_VAR: &str = "GEMINI_CLI_SYSTEM_SETTINGS_PATH";
const DEFAULTS_VAR: &str = "GEMINI_CLI_SYSTEM_DEFAULTS_PATH";
const HOME_VAR: &str = "GEMINI_CLI_HOME";

pub(super) fn plan(
    head: &[String],
    rest: &[String],
    context: &Context<'_>,
) -> Result<Plan, PlanError> {
    let layers = Layers::read(context)?;
    let mut plan =
        Plan { argv: head.iter().chain(rest).map(OsString::from).collect(), ..Plan::default() };
    extensions(&layers, context, &mut plan)?;
    let file = context.folder.join("gemini-settings.json");
    if context.files.only_root_writes(&file) {
        as_system(&file, layers, context, &mut plan);
    } else {
        as_home(layers, context, &mut plan);
    }
    Ok(plan)
}

/// The settings files, and where they are.
struct Layers {
    defaults_path: PathBuf,
    home: PathBuf,
    defaults: Object,
    user: Object,
    project: Object,
    system: Object,
}

impl Layers {
    fn read(context: &Context<'_>) -> Result<Self, PlanError> {
        let system_path = context.var_path(SYSTEM_VAR).unwrap_or_else(|| PathBuf::from(SYSTEM));
        let defaults_path = context
            .var_path(DEFAULTS_VAR)
            .unwrap_or_else(|| system_path.with_file_name("system-defaults.json"));
        let home = context.var_path(HOME_VAR).unwrap_or_else(|| context.home.clone());
        let read = |path: &Path| Ok::<_, PlanError>(context.object(path)?.unwrap_or_default());
        let project = if home == context.cwd {
            Object::new()
        } else {
            read(&context.cwd.join(".gemini/settings.json"))?
        };
        Ok(Self {
            defaults: read(&defaults_path)?,
            user: read(&home.join(".gemini/settings.json"))?,
            project,
            system: read(&system_path)?,
            defaults_path,
            home,
        })
    }

    fn weakest_first(&self) -> [&Object; 4] {
        [&self.defaults, &self.user, &self.project, &self.system]
    }

    /// All servers, the entry of a stronger file in the place of a weaker one's.
    fn servers(&self) -> Object {
        let mut servers = Object::new();
        for layer in self.weakest_first() {
            servers.extend(child(layer, "mcpServers").cloned().unwrap_or_default());
        }
        servers
    }

    /// Names on any `mcp.excluded`: these do not start.
    fn excluded(&self) -> Vec<String> {
        let lists = self.weakest_first().into_iter();
        lists
            .filter_map(|layer| child(layer, "mcp")?.get("excluded").and_then(strings))
            .flatten()
            .collect()
    }
}

/// Our servers in a system settings file: beats every other, the project's too.
fn as_system(file: &Path, layers: Layers, context: &Context<'_>, plan: &mut Plan) {
    let wrapped = wrap(layers.servers(), &layers.excluded(), context, plan);
    let mut settings = layers.system;
    let ours = Object::from_iter([("mcpServers".to_owned(), Value::Object(wrapped))]);
    // Whole entries: a merged one would keep, say, a `url` beside our command.
    if let Some(Value::Object(servers)) = settings.get_mut("mcpServers") {
        servers.clear();
    }
    merge(&mut settings, ours);
    plan.files.push((file.to_owned(), Value::Object(settings).to_string().into_bytes()));
    plan.env.push((SYSTEM_VAR.into(), file.as_os_str().to_owned()));
    plan.env.push((DEFAULTS_VAR.into(), layers.defaults_path.into_os_string()));
}

/// Our servers in the settings of a private home that links to the user's own.
fn as_home(layers: Layers, context: &Context<'_>, plan: &mut Plan) {
    let excluded = layers.excluded();
    let stronger = [
        (&layers.project, "the project's .gemini/settings.json"),
        (&layers.system, "the system settings"),
    ];
    let mut out_of_reach = Vec::new();
    for (layer, place) in stronger {
        for (name, entry) in child(layer, "mcpServers").into_iter().flatten() {
            let runs = !excluded.contains(name) && !out_of_reach.contains(name);
            if runs && entry.get("command").is_some() {
                plan.leave(name, &format!(
                    "{place} names it and beats ours unless root starts gemini; it runs, unseen \
                     (move it to ~/.gemini/settings.json)"
                ));
            } else if runs {
                plan.leave(name, REMOTE);
            }
            out_of_reach.push(name.clone());
        }
    }
    let mut servers = Object::new();
    for layer in [&layers.defaults, &layers.user] {
        servers.extend(child(layer, "mcpServers").cloned().unwrap_or_default());
    }
    servers.retain(|name, _| !out_of_reach.contains(name));
    let wrapped = wrap(servers, &excluded, context, plan);
    let mut settings = layers.user;
    settings.insert("mcpServers".to_owned(), Value::Object(wrapped));

    let home = context.folder.join("gemini-home");
    let from = layers.home.join(".gemini");
    for name in context.files.list(&from) {
        if name != "settings.json" {
            plan.links.push((home.join(".gemini").join(&name), from.join(&name)));
        }
    }
    let file = home.join(".gemini/settings.json");
    plan.files.push((file, Value::Object(settings).to_string().into_bytes()));
    plan.env.push((HOME_VAR.into(), home.into_os_string()));
    plan.notes.push(
        "gemini's settings are a copy in this run: what it changes in them, and a first login, is not kept"
            .to_owned(),
    );
}

const REMOTE: &str = "http: not yet; it runs, unseen";

/// Puts a shim in front of each stdio server; the others stay as they are.
fn wrap(servers: Object, excluded: &[String], context: &Context<'_>, plan: &mut Plan) -> Object {
    let mut wrapped = Object::new();
    for (name, value) in servers {
        let Value::Object(mut entry) = value else {
            plan.leave(&name, "its entry is no object; it does not start");
            continue;
        };
        if excluded.contains(&name) {
            wrapped.insert(name, Value::Object(entry));
            continue;
        }
        if entry.contains_key("command") {
            let Some(command) = command_line(&entry) else {
                plan.leave(&name, "its command is not a text with a list of texts; left out");
                continue;
            };
            let patience_ms = entry.get("timeout").and_then(Value::as_u64);
            let (env, folder) = (child(&entry, "env"), entry.get("cwd"));
            let launch = Launch::new(Style::Dollar, &command, env, folder, context);
            set_command_line(&mut entry, context.shim.wrap(&name, &command));
            plan.covered.push(Covered { server: name.clone(), patience_ms, launch });
        } else {
            plan.leave(&name, REMOTE);
        }
        wrapped.insert(name, Value::Object(entry));
    }
    wrapped
}

/// Names the servers that extensions bring.
fn extensions(layers: &Layers, context: &Context<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let servers = layers.servers();
    let folder = layers.home.join(".gemini/extensions");
    for name in context.files.list(&folder) {
        let path = folder.join(name).join("gemini-extension.json");
        let Some(text) = context.text(&path)? else { continue };
        let extension = object(&text, &path.display().to_string())?;
        for server in child(&extension, "mcpServers").into_iter().flat_map(Object::keys) {
            if !servers.contains_key(server) {
                plan.leave(server, "an extension brings it: not yet; it runs, unseen");
            }
        }
    }
    Ok(())
}

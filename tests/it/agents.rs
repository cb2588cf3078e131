//! Plans over configurations: which servers start behind a shim, by what means, and which do not.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tollgate::agents::{Context, Files, Launch, Plan, PlanError, ShimLaunch, plan};

/// Files by path; folders are whatever lies above them.
struct Tree {
    files: BTreeMap<PathBuf, String>,
    root: bool,
}

impl Files for Tree {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.files.get(path).map(|text| text.clone().into_bytes())
    }

    fn list(&self, path: &Path) -> Vec<OsString> {
        let below = self.files.keys().filter_map(|file| file.strip_prefix(path).ok());
        let names: BTreeSet<OsString> =
            below.filter_map(|rest| rest.iter().next().map(OsString::from)).collect();
        names.into_iter().collect()
    }

    fn only_root_writes(&self, _: &Path) -> bool {
        self.root
    }
}

struct Case<'a> {
    files: &'a [(&'a str, &'a str)],
    env: &'a [(&'a str, &'a str)],
    root: bool,
}

fn made(argv: &[&str], case: &Case<'_>) -> Result<Plan, PlanError> {
    let tree = Tree {
        files: case.files.iter().map(|&(p, t)| (PathBuf::from(p), t.to_owned())).collect(),
        root: case.root,
    };
    let env = |name: &str| {
        case.env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    };
    let context = Context {
        env: &env,
        home: "/h".into(),
        cwd: "/h/p/sub".into(),
        files: &tree,
        folder: "/run/private".into(),
        shim: ShimLaunch {
            binary: "/b/tollgate".into(),
            session: "S".to_owned(),
            home: None,
            policy: Some("observe".to_owned()),
        },
    };
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let made = plan(&argv, &context)?;
    for (path, _) in &made.files {
        assert!(path.starts_with("/run/private"), "a plan writes outside its folder: {path:?}");
    }
    for (path, _) in &made.links {
        assert!(path.starts_with("/run/private"), "a plan links outside its folder: {path:?}");
    }
    Ok(made)
}

fn good(argv: &[&str], files: &[(&str, &str)], env: &[(&str, &str)]) -> Plan {
    made(argv, &Case { files, env, root: true }).expect("a plan")
}

fn argv(plan: &Plan) -> Vec<&str> {
    plan.argv.iter().map(|arg| arg.to_str().unwrap()).collect()
}

fn covered(plan: &Plan) -> Vec<(&str, Option<u64>)> {
    plan.covered.iter().map(|one| (one.server.as_str(), one.patience_ms)).collect()
}

fn uncovered(plan: &Plan) -> Vec<(&str, &str)> {
    plan.uncovered.iter().map(|one| (one.server.as_str(), one.why.as_str())).collect()
}

fn written(plan: &Plan) -> Value {
    serde_json::from_slice(&plan.files.first().expect("a file").1).expect("JSON")
}

fn shim(server: &str, command: &[&str]) -> Vec<String> {
    let words = ["shim", "--server", server, "--session", "S", "--policy", "observe", "--"];
    words.iter().chain(command).map(|&word| word.to_owned()).collect()
}

const CLAUDE_USER: &str = r#"{
  "mcpServers": {
    "ev": {"command": "npx", "args": ["ev", "${TOKEN}"], "env": {"K": "${V:-d}"}, "timeout": 9000},
    "web": {"type": "http", "url": "https://x"},
    "both": {"command": "user"}
  },
  "projects": {"/h/p": {
    "hasTrustDialogAccepted": true,
    "disabledMcpServers": ["off"],
    "mcpServers": {"both": {"type": "stdio", "command": "local"}, "off": {"command": "x"}}
  }}
}"#;
const CLAUDE_PROJECT: &str = r#"{"mcpServers": {
  "both": {"command": "project"}, "yes": {"command": "a b"}, "no": {"command": "n"},
  "asked": {"command": "q"}
}}"#;
const CLAUDE_LOCAL: &str =
    r#"{"enabledMcpjsonServers": ["yes", "no", "both"], "disabledMcpjsonServers": ["no"]}"#;

#[test]
fn claude_gets_one_file_with_all_servers_that_it_would_start() {
    let files = [
        ("/h/.claude.json", CLAUDE_USER),
        ("/h/p/.git/HEAD", ""),
        ("/h/p/.mcp.json", CLAUDE_PROJECT),
        ("/h/p/sub/.claude/settings.local.json", CLAUDE_LOCAL),
    ];
    let plan = good(&["claude", "--model", "m", "do it"], &files, &[("MCP_TOOL_TIMEOUT", "7000")]);
    assert_eq!(
        argv(&plan),
        [
            "claude",
            "--mcp-config",
            "/run/private/claude-mcp.json",
            "--strict-mcp-config",
            "--model",
            "m",
            "do it"
        ]
    );
    assert_eq!(
        written(&plan),
        json!({"mcpServers": {
            "ev": {"command": "/b/tollgate", "args": shim("ev", &["npx", "ev", "${TOKEN}"]),
                   "env": {"K": "${V:-d}"}, "timeout": 9000},
            "web": {"type": "http", "url": "https://x"},
            "both": {"type": "stdio", "command": "/b/tollgate", "args": shim("both", &["local"])},
            "yes": {"command": "/b/tollgate", "args": shim("yes", &["a b"])},
        }})
    );
    assert_eq!(covered(&plan), [("ev", Some(9000)), ("both", Some(7000)), ("yes", Some(7000))]);
    let names: Vec<&str> = uncovered(&plan).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["no", "asked", "off", "web"]);
}

#[test]
fn claude_without_a_terminal_starts_pending_servers_but_no_rejected_ones() {
    let files = [
        (
            "/h/p/sub/.mcp.json",
            r#"{"mcpServers": {"no": {"command": "n"}, "q": {"command": "q"}}}"#,
        ),
        ("/h/.claude/settings.json", r#"{"disabledMcpjsonServers": ["no"]}"#),
    ];
    assert_eq!(covered(&good(&["claude", "-p", "x"], &files, &[])), [("q", None)]);
    assert_eq!(covered(&good(&["claude", "x"], &files, &[])), []);
}

#[test]
fn a_project_cannot_approve_its_own_servers_before_it_is_trusted() {
    let settings = r#"{"enableAllProjectMcpServers": true}"#;
    let mut files = vec![
        ("/h/p/sub/.mcp.json", r#"{"mcpServers": {"q": {"command": "q"}}}"#),
        ("/h/p/sub/.claude/settings.json", settings),
    ];
    assert_eq!(covered(&good(&["claude"], &files, &[])), []);
    files.push((
        "/h/.claude.json",
        r#"{"projects": {"/h/p/sub": {"hasTrustDialogAccepted": true}}}"#,
    ));
    assert_eq!(covered(&good(&["claude"], &files, &[])), [("q", None)]);
}

#[test]
fn claudes_own_flags_are_merged_into_the_one_file() {
    let files = [
        ("/h/.claude.json", CLAUDE_USER),
        ("/h/p/sub/a.json", r#"{"mcpServers": {"ev": {"command": "flag"}}}"#),
    ];
    let inline = r#"{"mcpServers": {"in": {"command": "i"}}}"#;
    let one = good(&["claude", "--mcp-config", "a.json", inline, "-p", "x"], &files, &[]);
    assert_eq!(covered(&one), [("ev", None), ("both", None), ("in", None)]);
    let strict =
        ["claude", "--strict-mcp-config", "--mcp-config=a.json", "-p", "--", "--mcp-config"];
    let two = good(&strict, &files, &[]);
    assert_eq!(covered(&two), [("ev", None)]);
    assert_eq!(
        argv(&two).get(3..),
        Some(["--strict-mcp-config", "-p", "--", "--mcp-config"].as_slice())
    );
}

#[test]
fn claude_under_an_administrators_servers_is_refused() {
    let path = "/etc/claude-code/managed-mcp.json";
    let refused = made(&["claude"], &Case { files: &[(path, "{}")], env: &[], root: true });
    assert_eq!(refused, Err(PlanError::Managed { agent: "claude-code", path: path.into() }));
}

const CODEX_USER: &str = r#"
[mcp_servers.ev]
command = "npx"
args = ["e\"v"]
env = { SECRET = "s3cret" }
tool_timeout_sec = 2.5
[mcp_servers.off]
command = "x"
enabled = false
[mcp_servers.web]
url = "https://x"
[mcp_servers."a.b"]
command = "dotted"
[projects."/h/p"]
trust_level = "trusted"
"#;

#[test]
fn codex_gets_overrides_of_commands_alone() {
    let files = [
        ("/h/.codex/config.toml", CODEX_USER),
        ("/h/p/.git/HEAD", ""),
        ("/h/p/.codex/config.toml", "[mcp_servers.pr]\ncommand = \"pr\"\ntool_timeout_sec = 7"),
    ];
    let plan = good(&["codex", "exec", "--json", "hi"], &files, &[]);
    assert_eq!(covered(&plan), [("a.b", None), ("ev", Some(2500)), ("pr", Some(7000))]);
    let names: Vec<&str> = uncovered(&plan).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["web"]);
    let of = |name: &str, command: &str| {
        let args = json!(shim(name, &[command]));
        [
            "-c".to_owned(),
            format!("mcp_servers.{name}.command=\"/b/tollgate\""),
            "-c".to_owned(),
            format!("mcp_servers.{name}.args={args}"),
        ]
    };
    let ev = json!(shim("ev", &["npx", "e\"v"]));
    let dotted = json!(shim("a.b", &["dotted"]));
    let mut expected = vec!["codex".to_owned(), "-c".to_owned()];
    expected.push(format!("mcp_servers={{\"a.b\"={{command=\"/b/tollgate\",args={dotted}}}}}"));
    expected.push("-c".to_owned());
    expected.push("mcp_servers.ev.command=\"/b/tollgate\"".to_owned());
    expected.extend(["-c".to_owned(), format!("mcp_servers.ev.args={ev}")]);
    expected.extend(of("pr", "pr"));
    expected.extend(["exec", "--json", "hi"].map(str::to_owned));
    assert_eq!(argv(&plan), expected);
    assert!(!format!("{plan:?}").contains("s3cret"), "secrets stay in their file");
}

#[test]
fn an_untrusted_project_adds_no_codex_servers() {
    let files = [("/h/p/sub/.codex/config.toml", "[mcp_servers.pr]\ncommand = \"pr\"")];
    assert_eq!(covered(&good(&["codex"], &files, &[])), []);
}

#[test]
fn codex_overrides_of_the_user_come_first_and_lose_to_ours() {
    let files = [("/h/c/config.toml", CODEX_USER)];
    let user = r#"mcp_servers.ev={command="flag",args=["1"]}"#;
    let plan = good(
        &["codex", "exec", "-c", user, "-cmodel=x", "--config=mcp_servers.n.command=\"n\"", "go"],
        &files,
        &[("CODEX_HOME", "/h/c")],
    );
    assert_eq!(covered(&plan), [("a.b", None), ("ev", Some(2500)), ("n", None)]);
    let mut argv = argv(&plan);
    assert!(argv.drain(1..3).any(|arg| arg.starts_with("mcp_servers={\"a.b\"=")));
    assert_eq!(
        argv.get(..5),
        Some(["codex", "-c", user, "-c", "mcp_servers.n.command=\"n\""].as_slice())
    );
    assert_eq!(argv.get(argv.len() - 3..), Some(["exec", "-cmodel=x", "go"].as_slice()));
    let flag = format!("mcp_servers.ev.args={}", json!(shim("ev", &["flag", "1"])));
    assert!(argv.contains(&flag.as_str()), "{argv:?}");
}

#[test]
fn a_table_of_the_users_beats_ours_and_that_is_said() {
    let files = [("/h/.codex/config.toml", CODEX_USER)];
    let plan = good(&["codex", "-c", "mcp_servers={n={command=\"n\"}}"], &files, &[]);
    assert_eq!(covered(&plan), [("ev", Some(2500)), ("n", None)]);
    let names: Vec<&str> = uncovered(&plan).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["web", "a.b"]);
}

const GEMINI_USER: &str = r#"{ // mine
  "ui": {"theme": "x"},
  "mcpServers": {"ev": {"command": "u", "args": ["$A"], "timeout": 5000}, "web": {"httpUrl": "https://x"},
                 "off": {"command": "o"}},
  "mcp": {"excluded": ["off"]},
}"#;

#[test]
fn gemini_as_root_gets_system_settings_that_keep_the_existing_ones() {
    let files = [
        ("/h/.gemini/settings.json", GEMINI_USER),
        ("/h/p/sub/.gemini/settings.json", r#"{"mcpServers": {"pr": {"command": "p"}}}"#),
        (
            "/etc/s.json",
            r#"{"telemetry": {"enabled": false}, "mcpServers": {"ev": {"command": "sys"}}}"#,
        ),
        (
            "/h/.gemini/extensions/x/gemini-extension.json",
            r#"{"mcpServers": {"ext": {"command": "e"}}}"#,
        ),
    ];
    let plan =
        good(&["gemini", "-p", "x"], &files, &[("GEMINI_CLI_SYSTEM_SETTINGS_PATH", "/etc/s.json")]);
    assert_eq!(argv(&plan), ["gemini", "-p", "x"]);
    assert_eq!(
        written(&plan),
        json!({"telemetry": {"enabled": false}, "mcpServers": {
            "ev": {"command": "/b/tollgate", "args": shim("ev", &["sys"])},
            "web": {"httpUrl": "https://x"},
            "off": {"command": "o"},
            "pr": {"command": "/b/tollgate", "args": shim("pr", &["p"])},
        }})
    );
    assert_eq!(
        plan.env,
        [
            ("GEMINI_CLI_SYSTEM_SETTINGS_PATH".into(), "/run/private/gemini-settings.json".into()),
            ("GEMINI_CLI_SYSTEM_DEFAULTS_PATH".into(), "/etc/system-defaults.json".into()),
        ]
    );
    let names: Vec<&str> = uncovered(&plan).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["ext", "web"]);
}

#[test]
fn gemini_for_an_ordinary_user_gets_a_linked_home() {
    let files = [
        ("/h/.gemini/settings.json", GEMINI_USER),
        ("/h/.gemini/oauth_creds.json", "{}"),
        ("/h/p/sub/.gemini/settings.json", r#"{"mcpServers": {"pr": {"command": "p"}}}"#),
    ];
    let plan = made(&["gemini"], &Case { files: &files, env: &[], root: false }).unwrap();
    assert_eq!(covered(&plan), [("ev", Some(5000))]);
    let names: Vec<&str> = uncovered(&plan).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["pr", "web"]);
    let settings = written(&plan);
    assert_eq!(settings["ui"], json!({"theme": "x"}));
    assert_eq!(settings["mcpServers"]["ev"]["args"], json!(shim("ev", &["u", "$A"])));
    assert_eq!(
        plan.links,
        [(
            "/run/private/gemini-home/.gemini/oauth_creds.json".into(),
            "/h/.gemini/oauth_creds.json".into()
        )]
    );
    assert_eq!(plan.env, [("GEMINI_CLI_HOME".into(), "/run/private/gemini-home".into())]);
}

#[test]
fn opencode_gets_commands_in_its_variable() {
    let files = [
        (
            "/h/.config/opencode/opencode.jsonc",
            r#"{"mcp": {"ev": {"type": "local", "command": ["u"], "timeout": 5}, /* c */
                "off": {"type": "local", "command": ["o"], "enabled": false},}}"#,
        ),
        ("/h/p/.git/HEAD", ""),
        (
            "/h/p/opencode.json",
            r#"{"mcp": {"ev": {"type": "local", "command": ["p", "1"]},
            "web": {"type": "remote", "url": "https://x"}, "off2": {"type": "local", "command": ["x"]}}}"#,
        ),
        ("/etc/opencode/opencode.json", r#"{"mcp": {"adm": {"type": "local", "command": ["a"]}}}"#),
    ];
    let own = r#"{"model": "m", "mcp": {"mine": {"type": "local", "command": ["m"]}, "off2": {"enabled": false}}}"#;
    let plan = good(&["opencode", "run", "x"], &files, &[("OPENCODE_CONFIG_CONTENT", own)]);
    assert_eq!(argv(&plan), ["opencode", "run", "x"]);
    let (name, text) = plan.env.first().unwrap();
    assert_eq!(name, "OPENCODE_CONFIG_CONTENT");
    let line = |server: &str, command: &[&str]| {
        let mut line = vec!["/b/tollgate".to_owned()];
        line.extend(shim(server, command));
        line
    };
    assert_eq!(
        serde_json::from_str::<Value>(text.to_str().unwrap()).unwrap(),
        json!({"model": "m", "mcp": {
            "mine": {"type": "local", "command": line("mine", &["m"])},
            "off2": {"enabled": false},
            "ev": {"type": "local", "command": line("ev", &["p", "1"])},
        }})
    );
    assert_eq!(covered(&plan), [("ev", Some(5)), ("mine", None)]);
    let names: Vec<&str> = uncovered(&plan).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["adm", "web"]);
}

#[test]
fn unknown_agents_and_broken_files_are_named() {
    let none = Case { files: &[], env: &[], root: true };
    let unknown = made(&["/usr/bin/goose", "run"], &none).unwrap_err().to_string();
    assert!(unknown.contains("`tollgate shim --server NAME -- CMD …`"), "{unknown}");
    assert_eq!(made(&[], &none), Err(PlanError::Empty));
    for (agent, path) in [
        ("claude", "/h/.claude.json"),
        ("codex", "/h/.codex/config.toml"),
        ("gemini", "/h/.gemini/settings.json"),
        ("opencode", "/h/p/sub/opencode.json"),
    ] {
        let case = Case { files: &[(path, "{ \"a\" ")], env: &[], root: true };
        let error = made(&[agent], &case).unwrap_err().to_string();
        assert!(error.contains(path), "{agent}: {error}");
    }
}

#[test]
fn a_server_behind_a_shim_already_keeps_it() {
    let command = r#"{"mcpServers": {"ev": {"command": "/x/tollgate", "args": ["shim", "--server", "ev", "--", "c"]}}}"#;
    let plan = good(&["claude", "-p", "x"], &[("/h/.claude.json", command)], &[]);
    assert_eq!(written(&plan)["mcpServers"]["ev"]["command"], json!("/x/tollgate"));
    assert_eq!(covered(&plan), [("ev", None)]);
}

/// How each agent starts a server, with its own way to write variables.
#[test]
fn a_plan_says_how_each_server_is_started() {
    let claude = r#"{"mcpServers": {
        "s": {"command": "npx", "args": ["${A}", "${NO:-d}", "$A", "${A"], "env": {"K": "<${A}>", "N": 1}},
        "unset": {"command": "x", "args": ["${NO}"]}
    }}"#;
    let gemini = r#"{"mcpServers": {
        "s": {"command": "npx", "args": ["$A", "${A}/x", "$NO", "$"], "env": {"K": "<$A>"}, "cwd": "sub"}
    }}"#;
    let codex = r#"
        [mcp_servers.s]
        command = "npx"
        args = ["${A}"]
        cwd = "sub"
        env = { K = "$A" }
    "#;
    let opencode = r#"{"mcp": {
        "s": {"type": "local", "command": ["npx", "{env:A}", "{env:NO}.", "{x}"], "environment": {"K": "{env:A}"}},
        "file": {"type": "local", "command": ["x"], "environment": {"K": "{file:k}"}}
    }}"#;
    let launch = |command: &[&str], env: &[(&str, &str)], folder: Option<&str>| {
        Ok(Launch {
            command: command.iter().map(|&word| word.to_owned()).collect(),
            env: env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            folder: folder.map(str::to_owned),
        })
    };
    let in_claude = launch(&["npx", "a", "d", "$A", "${A"], &[("K", "<a>"), ("N", "1")], None);
    let in_gemini = launch(&["npx", "a", "a/x", "$NO", "$"], &[("K", "<a>")], Some("sub"));
    let unset = Err("the variable NO is not set".to_owned());
    let file = Err("it uses {file:…}: not yet".to_owned());
    for (agent, path, text, expected) in [
        ("claude", "/h/.claude.json", claude, vec![("s", in_claude), ("unset", unset)]),
        ("gemini", "/h/.gemini/settings.json", gemini, vec![("s", in_gemini)]),
        (
            "codex",
            "/h/.codex/config.toml",
            codex,
            vec![("s", launch(&["npx", "${A}"], &[("K", "$A")], Some("sub")))],
        ),
        (
            "opencode",
            "/h/.config/opencode/opencode.json",
            opencode,
            vec![("s", launch(&["npx", "a", ".", "{x}"], &[("K", "a")], None)), ("file", file)],
        ),
    ] {
        let made = good(&[agent], &[(path, text)], &[("A", "a")]);
        let launches: Vec<(&str, _)> =
            made.covered.iter().map(|one| (one.server.as_str(), one.launch.clone())).collect();
        assert_eq!(launches, expected, "{agent}");
    }
}

//! The house rules that a compiler does not hold: the direction of imports between rooms, the names
//! that pure rooms must not know, sizes, and what may stand at the top of the repository.
//!
//! The rooms and their order are those of `src/lib.rs`. Each check is a function of text, so that the
//! tests below can show that it fails.

use std::fs;
use std::path::{Path, PathBuf};

use self::source::{Token, functions, paths, tokens, without_tests};

mod source;

/// Rooms from top to bottom. A room imports rooms of the lines above it and, in a line that is a
/// chain, those to its left; rooms of any other line never import each other.
const ROOMS: &[(Order, Purity, &[&str])] = &[
    (Order::Chain, Purity::Pure, &["text", "protocol", "wire"]),
    (Order::Apart, Purity::Pure, &["catalog", "inspect", "provenance", "anomaly"]),
    (Order::Chain, Purity::Pure, &["policy", "engine", "journal"]),
    (Order::Chain, Purity::Shell, &["store", "proxy", "gate"]),
    (
        Order::Apart,
        Purity::Shell,
        &["agents", "sandbox", "webhook", "telemetry", "demo", "console"],
    ),
    (Order::Chain, Purity::Shell, &["cli"]),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Chain,
    Apart,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purity {
    Pure,
    Shell,
}

/// Paths that a pure room must not name: files, sockets, processes, variables, threads, the platform.
const IMPURE_PATHS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::os",
    "std::io::stdin",
];

/// Names that a pure room must not use in any path: clocks, runtimes, logs, terminals, randomness, and
/// maps whose order differs from run to run.
const IMPURE_NAMES: &[&str] = &[
    "Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "RandomState",
    "tokio",
    "tracing",
    "rustix",
    "getrandom",
    "signal_hook",
    "crossterm",
    "ratatui",
    "tempfile",
    "jiff",
    "println",
    "eprintln",
    "print",
    "eprint",
    "dbg",
];

/// Rooms whose decisions must be the same on every machine: no floating point.
const EXACT_ROOMS: &[&str] = &["policy", "engine"];

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 80;

/// What may be larger, by file and function (`*` is the file itself), each with its reason. An entry
/// that is no longer needed fails the test.
const LARGE: &[(&str, &str, &str)] = &[];

/// What may stand at the top of the repository.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "themes",
    "policies",
    "tests",
    "benches",
    "fuzz",
    "docs",
    "examples",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "justfile",
    "clippy.toml",
    "rustfmt.toml",
    "deny.toml",
];

/// Dotted entries; version control and build output are nobody's choice.
const TOP_DOTTED: &[&str] = &[
    ".git",
    ".gitignore",
    ".gitattributes",
    ".editorconfig",
    ".ci",
    ".github",
    ".cargo",
    ".config",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files below `dir`, as paths from the root, in order.
fn rust_files(dir: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(dir)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A file under `src/`: its module path and its code without tests.
struct Module {
    name: String,
    path: Vec<String>,
    code: Vec<Token>,
}

impl Module {
    fn new(name: &str, text: &str) -> (Self, Vec<String>) {
        let (code, tests) = without_tests(&tokens(text));
        let path = module_path(name);
        let tests = tests
            .into_iter()
            .map(|test| if path.is_empty() { test } else { format!("{}/{test}", path.join("/")) })
            .collect();
        (Self { name: name.to_owned(), path, code }, tests)
    }

    /// The room it belongs to; `None` for `lib.rs`, `main.rs` and `build.rs`, which stand below all rooms.
    fn room(&self) -> Option<&str> {
        self.path.first().map(String::as_str)
    }

    fn fault(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.name)
    }
}

/// `src/engine/event.rs` is `["engine", "event"]`.
fn module_path(name: &str) -> Vec<String> {
    let stem = name.trim_start_matches("src/").trim_end_matches(".rs");
    match stem {
        "lib" | "main" | "build" => Vec::new(),
        _ => stem.split('/').map(str::to_owned).collect(),
    }
}

/// The modules of `src/` without those that only tests compile.
fn modules() -> Vec<Module> {
    let (modules, tests): (Vec<Module>, Vec<Vec<String>>) = rust_files("src")
        .iter()
        .map(|path| {
            Module::new(path.to_str().unwrap(), &fs::read_to_string(root().join(path)).unwrap())
        })
        .unzip();
    let tests = tests.concat();
    modules
        .into_iter()
        .filter(|module| {
            let path = module.path.join("/");
            !tests.iter().any(|test| path == *test || path.starts_with(&format!("{test}/")))
        })
        .collect()
}

/// Line and place in the line of a room.
fn place(room: &str) -> Option<(usize, usize)> {
    ROOMS.iter().enumerate().find_map(|(line, (_, _, rooms))| {
        rooms.iter().position(|name| *name == room).map(|column| (line, column))
    })
}

fn may_import(room: &str, target: &str) -> bool {
    let (Some(from), Some(to)) = (place(room), place(target)) else { return false };
    let chain = ROOMS.get(from.0).is_some_and(|(order, _, _)| *order == Order::Chain);
    room == target || to.0 < from.0 || (to.0 == from.0 && chain && to.1 < from.1)
}

/// The room that a path leads to, seen from a module: behind `crate` or enough `super`s.
fn leads_to<'a>(module: &Module, parts: &'a [String]) -> Option<&'a str> {
    let supers = parts.iter().take_while(|part| *part == "super").count();
    match parts.first().map(String::as_str) {
        Some("crate") => parts.get(1),
        Some("super") if supers >= module.path.len() => parts.get(supers),
        Some("tollgate") if module.path.is_empty() => parts.get(1),
        _ => None,
    }
    .map(String::as_str)
}

/// Imports against the direction, and ways around being seen.
fn check_direction(module: &Module) -> Vec<String> {
    let mut faults = Vec::new();
    for (n, token) in module.code.iter().enumerate() {
        let next = module.code.get(n + 1).map(|next| next.text.as_str());
        if matches!(token.text.as_str(), "crate" | "std") && next == Some("as") {
            faults.push(module.fault(token.line, &format!("`{}` gets another name", token.text)));
        }
    }
    for path in paths(&module.code) {
        let Some(target) = leads_to(module, &path.parts) else { continue };
        let Some(room) = module.room() else { continue };
        if target == "*" {
            faults.push(module.fault(path.line, "a glob over the rooms hides what is imported"));
        } else if place(target).is_none() {
            faults.push(module.fault(path.line, &format!("`{target}` is no room")));
        } else if !may_import(room, target) {
            faults.push(module.fault(path.line, &format!("`{room}` imports `{target}`")));
        }
    }
    faults
}

/// Names that a pure room must not know.
fn check_purity(module: &Module) -> Vec<String> {
    let Some(room) = module.room() else { return Vec::new() };
    let pure = place(room)
        .and_then(|(line, _)| ROOMS.get(line))
        .is_some_and(|(_, purity, _)| *purity == Purity::Pure);
    if !pure {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for path in paths(&module.code) {
        let whole = path.parts.join("::");
        let impure = IMPURE_PATHS
            .iter()
            .any(|name| whole == *name || whole.starts_with(&format!("{name}::")))
            || path.parts.iter().any(|part| IMPURE_NAMES.contains(&part.as_str()));
        if impure || whole == "std::*" {
            faults.push(module.fault(path.line, &format!("`{whole}` in the pure room `{room}`")));
        }
    }
    if EXACT_ROOMS.contains(&room) {
        faults.extend(module.code.iter().filter(|token| is_float(&token.text)).map(|token| {
            module.fault(token.line, &format!("the float `{}` in `{room}`", token.text))
        }));
    }
    faults
}

fn is_float(token: &str) -> bool {
    let decimal = token.starts_with(|c: char| c.is_ascii_digit()) && !token.starts_with("0x");
    matches!(token, "f32" | "f64")
        || decimal
            && (token.contains(['.', 'e', 'E']) || token.contains("f32") || token.contains("f64"))
}

/// One large thing: the file, the function or `*`, and how large it is.
#[derive(Debug, PartialEq, Eq)]
struct Large {
    file: String,
    function: String,
    lines: usize,
}

fn large(name: &str, text: &str) -> Vec<Large> {
    let file_lines = text.lines().count();
    let whole = (file_lines > FILE_LINES_MAX).then(|| Large {
        file: name.to_owned(),
        function: "*".to_owned(),
        lines: file_lines,
    });
    let parts = functions(&tokens(text))
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX)
        .map(|function| Large {
            file: name.to_owned(),
            function: function.name,
            lines: function.lines,
        });
    whole.into_iter().chain(parts).collect()
}

/// Large things without an entry, and entries without a large thing.
fn check_sizes(found: &[Large], allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let is = |large: &Large, entry: &(&str, &str, &str)| {
        large.file == entry.0 && large.function == entry.1
    };
    let over = found.iter().filter(|large| !allowed.iter().any(|entry| is(large, entry))).map(
        |Large { file, function, lines }| match function.as_str() {
            "*" => format!("{file}: {lines} lines, more than {FILE_LINES_MAX}"),
            _ => format!("{file}: `{function}` has {lines} lines, more than {FUNCTION_LINES_MAX}"),
        },
    );
    let idle = allowed
        .iter()
        .filter(|entry| !found.iter().any(|large| is(large, entry)))
        .map(|entry| format!("{} {}: no longer needs its entry in the list", entry.0, entry.1));
    over.chain(idle).collect()
}

/// `mod.rs` files, and lints that are silenced without being expected.
fn check_manners(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.ends_with("/mod.rs") {
        faults.push(format!("{name}: a module `foo` is `foo.rs`"));
    }
    let code = tokens(text);
    for (n, token) in code.iter().enumerate() {
        let before: String =
            code.iter().take(n).rev().take(2).map(|token| token.text.as_str()).collect();
        if token.text == "allow" && matches!(before.as_str(), "[#" | "[!") {
            faults.push(format!("{name}:{}: `#[expect(.., reason)]`, not `allow`", token.line));
        }
    }
    faults
}

fn check_top(entries: &[String]) -> Vec<String> {
    entries
        .iter()
        .filter(|entry| *entry != "target")
        .filter(|entry| !TOP.contains(&entry.as_str()) && !TOP_DOTTED.contains(&entry.as_str()))
        .map(|entry| format!("{entry}: has no place at the top of the repository"))
        .collect()
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn all_texts() -> Vec<(String, String)> {
    ["src", "tests", "benches", "examples", "fuzz"]
        .into_iter()
        .flat_map(rust_files)
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            (path.to_str().unwrap().to_owned(), text)
        })
        .collect()
}

#[test]
fn rooms_import_only_rooms_above_them() {
    let faults: Vec<String> = modules().iter().flat_map(check_direction).collect();
    none(&faults);
}

#[test]
fn pure_rooms_name_nothing_impure() {
    let faults: Vec<String> = modules().iter().flat_map(check_purity).collect();
    none(&faults);
}

#[test]
fn every_module_belongs_to_a_room() {
    let strays: Vec<String> = modules()
        .iter()
        .filter(|module| module.room().is_some_and(|room| place(room).is_none()))
        .map(|module| module.name.clone())
        .collect();
    none(&strays);
}

#[test]
fn files_and_functions_stay_small() {
    for (file, function, reason) in LARGE {
        println!("allowed to be large: {file} {function}: {reason}");
    }
    let found: Vec<Large> = all_texts().iter().flat_map(|(name, text)| large(name, text)).collect();
    none(&check_sizes(&found, LARGE));
}

#[test]
fn modules_and_lints_have_their_manners() {
    let faults: Vec<String> =
        all_texts().iter().flat_map(|(name, text)| check_manners(name, text)).collect();
    none(&faults);
}

#[test]
fn the_top_of_the_repository_is_tidy() {
    let entries: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    none(&check_top(&entries));
}

#[cfg(test)]
mod the_checks_can_fail {
    use super::*;

    fn module(name: &str, text: &str) -> Module {
        Module::new(name, text).0
    }

    #[track_caller]
    fn direction(name: &str, text: &str, expected: &[&str]) {
        assert_eq!(check_direction(&module(name, text)), expected, "{name}: {text}");
    }

    #[track_caller]
    fn purity(name: &str, text: &str, expected: &[&str]) {
        assert_eq!(check_purity(&module(name, text)), expected, "{name}: {text}");
    }

    #[test]
    fn on_imports() {
        direction(
            "src/policy.rs",
            "use crate::engine::Event;",
            &["src/policy.rs:1: `policy` imports `engine`"],
        );
        direction(
            "src/engine/a.rs",
            "use crate::{policy, journal::{b}};",
            &["src/engine/a.rs:1: `engine` imports `journal`"],
        );
        direction(
            "src/proxy.rs",
            "fn a() {\n crate::gate::b() }",
            &["src/proxy.rs:2: `proxy` imports `gate`"],
        );
        direction(
            "src/inspect.rs",
            "use crate::catalog;",
            &["src/inspect.rs:1: `inspect` imports `catalog`"],
        );
        direction(
            "src/text/a.rs",
            "use super::super::wire;",
            &["src/text/a.rs:1: `text` imports `wire`"],
        );
        direction(
            "src/text.rs",
            "use crate::*; use crate as c; use crate::helpers;",
            &[
                "src/text.rs:1: `crate` gets another name",
                "src/text.rs:1: a glob over the rooms hides what is imported",
                "src/text.rs:1: `helpers` is no room",
            ],
        );
    }

    #[test]
    fn but_not_on_imports_that_are_right() {
        direction("src/gate/a.rs", "use crate::{store, engine::b}; use super::c;", &[]);
        direction("src/journal.rs", "use crate::engine::Event; use crate::journal::chain;", &[]);
        direction("src/cli/a.rs", "use crate::{console, gate, cli::exit};", &[]);
        direction("src/policy.rs", "// crate::gate\n#[cfg(test)] mod t { use crate::gate; }", &[]);
    }

    #[test]
    fn on_impure_names() {
        purity(
            "src/engine.rs",
            "use std::{collections::HashMap, fs::{self, File}};",
            &[
                "src/engine.rs:1: `std::collections::HashMap` in the pure room `engine`",
                "src/engine.rs:1: `std::fs::self` in the pure room `engine`",
                "src/engine.rs:1: `std::fs::File` in the pure room `engine`",
            ],
        );
        purity(
            "src/text.rs",
            "use std::time; fn a() { time::Instant::now(); println!(); }",
            &[
                "src/text.rs:1: `time::Instant::now` in the pure room `text`",
                "src/text.rs:1: `println` in the pure room `text`",
            ],
        );
        purity(
            "src/policy.rs",
            "const A: f64 = 1.5;",
            &[
                "src/policy.rs:1: the float `f64` in `policy`",
                "src/policy.rs:1: the float `1.5` in `policy`",
            ],
        );
        purity("src/store.rs", "use std::fs; use std::collections::HashMap;", &[]);
        purity("src/journal.rs", "fn a() -> f64 { 0.5 } const B: u32 = 0x1e5;", &[]);
        purity("src/policy.rs", "#[cfg(test)] mod t { use std::fs; } const C: u32 = 0x1e5;", &[]);
    }

    #[test]
    fn on_size() {
        let body = "x;\n".repeat(FUNCTION_LINES_MAX);
        let long = format!("fn a() {{\n{body}}}\n");
        let found = large("src/a.rs", &long);
        assert_eq!(
            found,
            [Large {
                file: "src/a.rs".to_owned(),
                function: "a".to_owned(),
                lines: FUNCTION_LINES_MAX + 2
            }]
        );
        assert_eq!(check_sizes(&found, &[]), ["src/a.rs: `a` has 82 lines, more than 80"]);
        assert!(check_sizes(&found, &[("src/a.rs", "a", "a table")]).is_empty());
        assert_eq!(
            check_sizes(&[], &[("src/a.rs", "a", "a table")]),
            ["src/a.rs a: no longer needs its entry in the list"]
        );
        let file = large("src/b.rs", &"\n".repeat(FILE_LINES_MAX + 1));
        assert_eq!(check_sizes(&file, &[]), ["src/b.rs: 601 lines, more than 600"]);
    }

    #[test]
    fn on_manners() {
        assert_eq!(check_manners("src/a/mod.rs", "").len(), 1);
        assert_eq!(check_manners("src/a.rs", "#[allow(x)] #![allow(y)] fn allow() {}").len(), 2);
    }

    #[test]
    fn on_strays() {
        let entries = ["src", "notes.txt", ".idea", "target"].map(str::to_owned);
        assert_eq!(check_top(&entries).len(), 2);
    }
}

//! The calls of a piece of code that have texts in them.

/// Texts of one piece that are looked at.
const TEXTS_MAX: usize = 64;

/// What is done with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Called<'t> {
    /// Run as a command: one text, or words.
    Runs(Vec<String>),
    /// Run as code of the same language.
    Code(&'t str),
    /// Decoded and run.
    Decodes(&'t str),
    /// Deleted; with everything in it.
    Deletes(&'t str, bool),
    /// Written.
    Writes(&'t str),
    /// Loaded as a library.
    Loads(&'t str),
    /// Nothing that is known.
    Says(&'t str),
}

/// A text and what stands before it.
struct Literal<'t> {
    text: &'t str,
    /// The name in front of the bracket that it is in: `os.system`.
    callee: &'t str,
    /// Which text of that bracket it is.
    place: usize,
    quote: char,
}

const RUNS: [&str; 30] = [
    "system",
    "popen",
    "popen2",
    "popen3",
    "exec",
    "execSync",
    "spawn",
    "spawnSync",
    "execFile",
    "execFileSync",
    "execl",
    "execlp",
    "execv",
    "execvp",
    "execve",
    "execvpe",
    "spawnlp",
    "spawnl",
    "check_call",
    "check_output",
    "getoutput",
    "getstatusoutput",
    "shell_exec",
    "passthru",
    "proc_open",
    "Popen",
    "execute",
    "startfile",
    "shell",
    "script",
];
const DELETES: [&str; 12] = [
    "remove",
    "unlink",
    "unlinkSync",
    "rmSync",
    "rmdirSync",
    "rm_rf",
    "rm_r",
    "rmtree",
    "removedirs",
    "rimraf",
    "rmdir",
    "rm",
];
const WRITES: [&str; 8] = [
    "writeFileSync",
    "writeFile",
    "appendFileSync",
    "appendFile",
    "createWriteStream",
    "file_put_contents",
    "write_text",
    "FileWriter",
];
const LOADS: [&str; 5] = ["LoadLibrary", "CDLL", "dlopen", "loadlib", "load_extension"];

/// What code does with the texts in it.
pub(super) fn calls<'t>(language: &str, code: &'t str) -> Vec<Called<'t>> {
    let literals = literals(code);
    let ran = |literal: &Literal<'_>| is_run(code, literal);
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(literal) = literals.get(at) {
        let name = literal.callee.rsplit(['.', ':', '\\', '>']).next().unwrap_or_default();
        let behind = literals
            .get(at + 1)
            .filter(|next| next.place > literal.place && next.callee == literal.callee);
        at += 1;
        if ran(literal) {
            let mut words = vec![literal.text.to_owned()];
            // Further texts of the same call are further words.
            while let Some(next) =
                literals.get(at).filter(|next| next.place > 0 && next.callee == literal.callee)
            {
                words.push(next.text.to_owned());
                at += 1;
            }
            if name.starts_with("execl") || name.starts_with("spawnl") {
                words.remove(0);
            }
            all.push(Called::Runs(words));
            continue;
        }
        let is_code = matches!(name, "eval" | "exec" | "compile" | "Function" | "runInThisContext");
        let decodes = matches!(
            name,
            "b64decode" | "from" | "base64_decode" | "decode_base64" | "atob" | "decode64"
        ) && (code.contains("exec")
            || code.contains("eval")
            || code.contains("system")
            || code.contains("sh"));
        let mode = behind.is_some_and(|next| is_mode(next.text));
        all.push(match name {
            _ if is_code => Called::Code(literal.text),
            _ if decodes => Called::Decodes(literal.text),
            name if DELETES.contains(&name) && is_path(literal.text) => Called::Deletes(
                literal.text,
                !matches!(name, "remove" | "unlink" | "unlinkSync" | "rmdir"),
            ),
            name if WRITES.contains(&name) => Called::Writes(literal.text),
            "open" | "fopen" | "Path" if mode => Called::Writes(literal.text),
            "write" if literal.callee == "File.write" && literal.place == 0 => {
                Called::Writes(literal.text)
            }
            "urlretrieve" | "download" | "copy_stream" | "copyfile" | "cp" if literal.place > 0 => {
                Called::Writes(literal.text)
            }
            name if LOADS.contains(&name) => Called::Loads(literal.text),
            _ if literal.quote == '`' && matches!(language, "perl" | "ruby" | "php" | "julia") => {
                Called::Runs(vec![literal.text.to_owned()])
            }
            _ if language.ends_with("awk") && is_piped(code, literal.text) => {
                Called::Runs(vec![literal.text.to_owned()])
            }
            _ if language.ends_with("awk") && is_redirected(code, literal.text) => {
                Called::Writes(literal.text)
            }
            _ => Called::Says(literal.text),
        });
    }
    all
}

fn is_path(text: &str) -> bool {
    !text.contains(char::is_whitespace) && text.contains(['/', '~', '.', '*'])
}

/// The mode of a file that is opened to be written.
fn is_mode(text: &str) -> bool {
    text.len() < 5
        && !text.is_empty()
        && text.chars().all(|c| "wax+bt>".contains(c))
        && text.contains(['w', 'a', 'x', '+', '>'])
}

fn is_run(code: &str, literal: &Literal<'_>) -> bool {
    let callee = literal.callee;
    let name = callee.rsplit(['.', ':', '\\', '>']).next().unwrap_or_default();
    let ours = match name {
        "run" | "call" => callee.starts_with("subprocess") || code.contains("from subprocess"),
        // Python's own runs code, a pattern's method looks for it.
        "exec" | "execute" => {
            !matches!(callee, "exec" if code.contains("import "))
                && !callee.contains("cursor")
                && !callee.contains("db.")
                && !callee.contains("re.")
        }
        "spawn" => true,
        name => RUNS.contains(&name),
    };
    let wanted = literal.place == 0 || matches!(name, "run" | "call" | "Popen" | "spawn");
    ours && wanted && !literal.text.is_empty()
}

/// `"cmd" | getline`, `print | "cmd"`.
fn is_piped(code: &str, text: &str) -> bool {
    let Some(at) = code.find(text) else { return false };
    let before = code.get(..at).unwrap_or_default().trim_end_matches(['"', ' ']);
    let after = code.get(at + text.len()..).unwrap_or_default().trim_start_matches(['"', ' ']);
    before.ends_with('|') || after.starts_with("| getline") || after.starts_with("|& getline")
}

/// `print > "file"`.
fn is_redirected(code: &str, text: &str) -> bool {
    let before = code.find(text).and_then(|at| code.get(..at)).unwrap_or_default();
    before.trim_end_matches(['"', ' ']).ends_with('>')
}

/// The texts of a piece of code, with what they are in.
fn literals(code: &str) -> Vec<Literal<'_>> {
    let mut all: Vec<Literal<'_>> = Vec::new();
    // The names in front of the open brackets, innermost last, and how many texts each has had.
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut word = 0..0;
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' | '`' => {
                let start = at + c.len_utf8();
                let mut end = code.len();
                let mut escaped = false;
                for (at, inner) in chars.by_ref() {
                    if inner == c && !escaped {
                        end = at;
                        break;
                    }
                    escaped = inner == '\\' && !escaped;
                }
                // A call without brackets: `system "id"`.
                let bare = code.get(word.clone()).unwrap_or_default();
                let is_bare =
                    code.get(word.end..at).is_some_and(|gap| gap.chars().all(|c| c == ' '));
                let bare = if is_bare { bare } else { "" };
                let (callee, place) = match open.last_mut() {
                    _ if RUNS.contains(&bare) || bare == "eval" => (bare, 0),
                    Some((callee, count)) => {
                        *count += 1;
                        (*callee, *count - 1)
                    }
                    None => (bare, 0),
                };
                if all.len() < TEXTS_MAX {
                    let text = code.get(start..end).unwrap_or_default();
                    all.push(Literal { text, callee, place, quote: c });
                }
            }
            '(' | '[' | '{' => {
                let name = code.get(word.clone()).unwrap_or_default();
                let adjoins =
                    code.get(word.end..at).is_some_and(|gap| gap.chars().all(|c| c == ' '));
                // A list in a call belongs to the call.
                let outer = open.last().map_or("", |(name, _)| *name);
                let name = if adjoins && c == '(' { name } else { outer };
                open.push((name, 0));
            }
            ')' | ']' | '}' => {
                let inner = open.pop();
                if let (Some((name, count)), Some((outer, outer_count))) = (inner, open.last_mut())
                    && name == *outer
                {
                    *outer_count += count;
                }
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '$') => {
                if word.end == at {
                    word.end = at + c.len_utf8();
                } else {
                    word = at..at + c.len_utf8();
                }
            }
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_with_what_is_done_to_them() {
        for (language, code, expected) in [
            ("python", "import os; os.system('id')", "Runs([\"id\"])"),
            (
                "python",
                "import subprocess; subprocess.run(['rm','-rf','/'])",
                "Runs([\"rm\", \"-rf\", \"/\"])",
            ),
            ("python", "open('/etc/x','w')", "Writes(\"/etc/x\"),Says(\"w\")"),
            ("python", "print(open('a').read())", "Says(\"a\")"),
            ("perl", "system \"id\"", "Runs([\"id\"])"),
            ("ruby", "puts `id`", "Runs([\"id\"])"),
            (
                "node",
                "require('child_process').execSync('id')",
                "Says(\"child_process\"),Runs([\"id\"])",
            ),
            ("node", "fs.rmSync('/etc', {recursive: true})", "Deletes(\"/etc\", true)"),
            ("awk", "BEGIN {\"id\" | getline x}", "Runs([\"id\"])"),
            ("python", "print('hello')", "Says(\"hello\")"),
        ] {
            let told: Vec<String> =
                calls(language, code).iter().map(|one| format!("{one:?}")).collect();
            assert_eq!(told.join(","), expected, "{code}");
        }
    }
}

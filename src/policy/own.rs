//! Calls that name Tollgate's own files: its policies, keys, recordings and the lock of a project's pins.
//!
//! They ask at high risk whatever the policy says (design.md section 7), because what an agent writes there decides
//! about its next call. **It is a name that is looked for, not an access**: a tool that gets at a file without naming it
//! is not seen (docs/architecture.md says what else a process of the same user can do).

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::{Decision, Phase, Reason, Risk, Verdict};

/// Our folders end so, below any home.
const FOLDER: &str = "tollgate";
/// What they stand in: the folders of the XDG base directories, and the variables that name these.
const PARENTS: &[&str] = &[
    ".config",
    ".local/state",
    "$XDG_CONFIG_HOME",
    "${XDG_CONFIG_HOME}",
    "$XDG_STATE_HOME",
    "${XDG_STATE_HOME}",
];
/// A project's approved definitions, and its policy.
const PROJECT: [&str; 2] = ["tollgate.lock", ".tollgate.yaml"];

/// Without one of these nothing of ours is named: the word as it stands, or the escape of a small letter, which may
/// spell it. Built once: that takes longer than looking through a call of 1 kB.
static SPELLED: LazyLock<[Finder<'static>; 5]> =
    LazyLock::new(|| [FOLDER.as_bytes(), br"\u006", br"\u007", b"%6", b"%7"].map(Finder::new));

/// What is said of a call with these arguments, where they name such a file, or one of these paths: of policies that
/// decide here.
#[must_use]
pub fn own_files(arguments: &[u8], policies: &[&str]) -> Option<Decision> {
    if !names(arguments, policies) {
        return None;
    }
    let reason = Reason {
        rule: "builtin.own-files".to_owned(),
        why: "It names Tollgate's own files, which decide what an agent may do.".to_owned(),
        verdict: Verdict::Ask,
    };
    Some(Decision {
        verdict: Verdict::Ask,
        risk: Risk::High,
        reasons: vec![reason],
        phase: Phase::Enforce,
        acts: Verdict::Ask,
        show: Vec::new(),
    })
}

fn names(arguments: &[u8], policies: &[&str]) -> bool {
    // Nearly no call goes further.
    let mut files = policies.iter().filter_map(|path| path.rsplit('/').next());
    if SPELLED.iter().all(|finder| finder.find(arguments).is_none())
        && files.all(|file| memmem::find(arguments, file.as_bytes()).is_none())
    {
        return false;
    }
    match serde_json::from_slice(arguments) {
        Ok(value) => in_value(&value, policies),
        // What is no JSON never gets here: the guard refuses it.
        Err(_) => true,
    }
}

fn in_value(value: &serde_json::Value, policies: &[&str]) -> bool {
    match value {
        serde_json::Value::String(text) => in_text(text, policies),
        serde_json::Value::Array(list) => list.iter().any(|value| in_value(value, policies)),
        serde_json::Value::Object(object) => {
            object.iter().any(|(key, value)| in_text(key, policies) || in_value(value, policies))
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            false
        }
    }
}

/// A path, or a command line or an address with paths in it.
fn in_text(text: &str, policies: &[&str]) -> bool {
    if text.contains('%') {
        let plain = unescaped(text);
        if plain != text {
            return in_plain(text, policies) || in_plain(&plain, policies);
        }
    }
    in_plain(text, policies)
}

/// With `%61` as `a`: an address may spell any letter so.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let code = behind.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        if let Some(byte) = code.filter(u8::is_ascii) {
            out.push(char::from(byte));
            rest = behind.get(2..).unwrap_or_default();
        } else {
            out.push('%');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

fn in_plain(text: &str, policies: &[&str]) -> bool {
    let file = |path: &&str| path.rsplit('/').next().is_some_and(|file| text.contains(file));
    if !text.contains(FOLDER) && !policies.iter().any(file) {
        return false;
    }
    // `~/.config//x/.././tollgate` is `~/.config/tollgate`; but a later path of the same text undoes no earlier one.
    let (mut parts, mut walked): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for part in text.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")) {
        walked.push(part);
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let (walked, parts) = (walked.join("/"), parts.join("/"));
    names_ours(&walked) || names_ours(&parts) || names_policy(&parts, policies)
}

/// A path that ends as one of these does, down to its folder, or the file's name alone.
fn names_policy(plain: &str, policies: &[&str]) -> bool {
    policies.iter().any(|path| {
        let mut parts = path.rsplit('/');
        let (Some(file), Some(folder)) = (parts.next(), parts.next()) else { return false };
        plain == file || plain.ends_with(&format!("{folder}/{file}"))
    })
}

fn names_ours(plain: &str) -> bool {
    let folder = PARENTS.iter().any(|parent| {
        let path = format!("{parent}/{FOLDER}");
        let mut at = 0;
        // Nothing that only begins or ends so: `.config/tollgate-themes`.
        while let Some(found) = plain.get(at..).and_then(|rest| rest.find(&path)) {
            let (start, end) = (at + found, at + found + path.len());
            let before = plain.get(..start).and_then(|before| before.chars().next_back());
            let behind = plain.get(end..).and_then(|behind| behind.chars().next());
            if before.is_none_or(|c| !is_name(c)) && behind.is_none_or(|c| !is_name(c)) {
                return true;
            }
            at = end;
        }
        false
    });
    folder || plain.split(|c| !is_name(c)).any(|word| PROJECT.contains(&word))
}

/// Whether a letter belongs to a file's name.
const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_files_are_seen_however_they_are_written_and_no_others() {
        for (arguments, own) in [
            (r#"{"path":"/home/x/.config/tollgate/keys.toml"}"#, true),
            (r#"{"path":"~/.config/tollgate"}"#, true),
            (r#"{"path":"/root/.local/state/tollgate/sessions/a.jsonl"}"#, true),
            (r#"{"path":"/home/x/.config//./a/../tollgate/x"}"#, true),
            (r#"{"path":"\/home\/x\/.config\/tollg\u0061te\/x"}"#, true),
            (r#"{"command":"cat $XDG_CONFIG_HOME/tollgate/policy.yaml > /tmp/x"}"#, true),
            (r#"{"command":"rm -rf ~/.config/tollgate; ls"}"#, true),
            (r#"{"files":[{"~/.config/tollgate/x":1}]}"#, true),
            (r#"{"command":"cp -r ~/.config/tollgate /tmp/a/../../../x"}"#, true),
            (r#"{"uri":"file:///home/x/.config/tollg%61te/policy.yaml"}"#, true),
            (r#"{"uri":"file:///home/x/%2econfig/tollgate"}"#, true),
            (r#"{"text":"100%! tollgate 5%6"}"#, false),
            (r#"{"path":"tollgate.lock"}"#, true),
            (r#"{"uri":"file:///work/x/tollgate.lock"}"#, true),
            (r#"{"path":"/home/x/src/tollgate/src/main.rs"}"#, false),
            (r#"{"path":"/home/x/.config/tollgate-themes/x"}"#, false),
            (r#"{"path":"my-tollgate.lock"}"#, false),
            (r#"{"path":"tollgate.lock.md"}"#, false),
            (r#"{"path":"/work/x/.tollgate.yaml"}"#, true),
            (r#"{"text":"tollgate is a firewall; see .config and state"}"#, false),
            (r#"{"text":"line\nbreak"}"#, false),
            ("{}", false),
        ] {
            assert_eq!(own_files(arguments.as_bytes(), &[]).is_some(), own, "{arguments}");
        }
        for (arguments, own) in [
            (r#"{"path":"/home/x/work/mine.yaml"}"#, true),
            (r#"{"path":"work/mine.yaml"}"#, true),
            (r#"{"path":"./mine.yaml"}"#, true),
            (r#"{"path":"/home/x/work/sub/../mine.yaml"}"#, true),
            (r#"{"path":"/home/x/other/mine.yaml"}"#, false),
            (r#"{"text":"mine.yaml is a file"}"#, false),
        ] {
            let policies = ["/home/x/work/mine.yaml"];
            assert_eq!(own_files(arguments.as_bytes(), &policies).is_some(), own, "{arguments}");
        }
    }
}

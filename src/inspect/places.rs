//! Paths and addresses among the arguments of a call: where they lead, whatever they are written like.
//!
//! A text is taken for a path or an address by the name of its field and by its looks; prose that mentions one is neither.

pub mod address;
pub mod path;
pub mod table;

use self::address::Host;
pub use self::path::{Roots, Spot, Zone};
use self::table::{Meaning, Written};
use super::effect::rules::{ADDRESS_LINK_LOCAL, ADDRESS_METADATA, PATH_OUTSIDE, PATH_SENSITIVE};
use super::effect::{Effect, InField, short};
use super::rule::{Rule, Severity};
use super::walk;

/// A longer text is no path (`PATH_MAX` is far more, but nobody writes such), in bytes.
const PATH_MAX: usize = 300;
/// A longer text in a field for addresses is looked at so far, in bytes.
const ADDRESSES_MAX: usize = 8192;
/// A path with more words is a sentence.
const WORDS_MAX: usize = 8;
/// Places of one call that are told: more say nothing new.
const FOUND_MAX: usize = 64;

const PATH_NAMES: [&str; 22] = [
    "path",
    "file",
    "dir",
    "directory",
    "folder",
    "filename",
    "filepath",
    "source",
    "src",
    "destination",
    "dest",
    "dst",
    "target",
    "cwd",
    "root",
    "output",
    "input",
    "from",
    "to",
    "files",
    "paths",
    "uri",
];
const ADDRESS_NAMES: [&str; 17] = [
    "url", "urls", "uri", "href", "link", "endpoint", "host", "hostname", "address", "server",
    "ip", "domain", "webhook", "callback", "origin", "proxy", "target",
];

/// The places that arguments name, in their order. What is no JSON has none.
#[must_use]
pub fn places(arguments: &str, roots: &Roots) -> Vec<InField> {
    let mut all = Vec::new();
    for text in walk::texts(arguments).iter().filter(|text| !text.name) {
        let name = field(&text.path);
        let found = of_text(name, &text.text, roots);
        all.extend(found.into_iter().map(|effect| InField { path: text.path.clone(), effect }));
        if all.len() >= FOUND_MAX {
            break;
        }
    }
    all.truncate(FOUND_MAX);
    all
}

/// The name of the field that a pointer leads to; of a list, that of the list.
pub(super) fn field(pointer: &str) -> &str {
    let is_name = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
    pointer.rsplit('/').find(is_name).unwrap_or_default()
}

/// Whether one of the words of a name is among these: `targetPath`, `base_url`, `file-name`.
pub(super) fn is_named(name: &str, words: &[&str]) -> bool {
    let mut word = String::new();
    let mut was_lower = false;
    let listed = |word: &str| words.contains(&word);
    for c in name.chars() {
        let cut = !c.is_alphanumeric() || c.is_uppercase() && was_lower;
        if cut && !word.is_empty() {
            if listed(&word) {
                return true;
            }
            word.clear();
        }
        was_lower = c.is_lowercase();
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    listed(&word)
}

/// The places that one text names.
#[must_use]
pub fn of_text(name: &str, text: &str, roots: &Roots) -> Vec<Effect> {
    let for_addresses = is_named(name, &ADDRESS_NAMES);
    let mut found = Vec::new();
    if for_addresses || is_short(text) {
        found.extend(addresses(text, for_addresses));
    }
    let is_address = address::is_address(text) && !is_file(text);
    if !is_address && is_path(text, is_named(name, &PATH_NAMES)) {
        found.extend(of_path(text, roots));
    }
    found
}

fn is_short(text: &str) -> bool {
    text.len() <= PATH_MAX && !text.trim().contains(char::is_whitespace)
}

fn is_file(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// The addresses in a text that are out of place.
fn addresses(text: &str, named: bool) -> Vec<Effect> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ','))
    {
        let span = at..at + word.len();
        at = span.end
            + text.get(span.end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        if span.end > ADDRESSES_MAX {
            break;
        }
        if address::is_address(word) || word.contains(":\\") || named || looks_numeric(word) {
            found.extend(of_address(word).map(|effect| Effect { span, ..effect }));
        }
    }
    found
}

/// `169.254.169.254:80/latest`, which needs no scheme to be known.
fn looks_numeric(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || c == '[') && word.contains(['.', ':'])
}

/// What an address leads to, if that is out of place. The span is the whole text.
#[must_use]
pub fn of_address(text: &str) -> Option<Effect> {
    let name = address::host_of(text)?;
    let (rule, severity, what): (&'static Rule, _, _) = match address::host(&name) {
        Host::Metadata => (&ADDRESS_METADATA, Severity::High, "a cloud's metadata service"),
        Host::LinkLocal => (&ADDRESS_LINK_LOCAL, Severity::Medium, "a neighbour on the same link"),
        Host::Local | Host::Other => return None,
    };
    let what = format!("{} is {what}.", short(&name));
    Some(Effect { rule, severity, span: 0..text.len(), what })
}

/// Whether a text is a path, in a field that is for such or in any other.
fn is_path(text: &str, named: bool) -> bool {
    if text.is_empty() || text.len() > PATH_MAX || text.trim().contains(['\n', '\r']) {
        return false;
    }
    let words = text.split_whitespace().count();
    let is_prose = words > WORDS_MAX || text.contains(". ") || text.contains(", ");
    let slashed = text.contains(['/', '\\']) || text.contains("%2f") || text.contains("%2F");
    let dotted = text.starts_with('.') && text.len() > 1;
    let rooted = text.starts_with(['/', '~']) || text.starts_with("./") || text.starts_with("../");
    !is_prose
        && (named
            || words == 1 && (slashed || dotted || text.starts_with('~'))
            || rooted && words < 4)
}

/// The path of an address of a file: `file://host/path`, `file:///path`, `file:/path`. Anything else is a path.
fn local(plain: &str) -> &str {
    let Some(path) = plain.get(5..).filter(|_| is_file(plain)) else { return plain };
    let behind = path
        .strip_prefix("//")
        .map(|rest| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    behind.unwrap_or(path)
}

/// The folder that an address of a file names, its codes undone; `None`: it names none.
#[must_use]
pub fn folder(uri: &str) -> Option<String> {
    let plain = path::plain(uri);
    is_file(&plain).then(|| local(&plain).to_owned()).filter(|path| path.starts_with('/'))
}

/// What is out of place with a path.
fn of_path(text: &str, roots: &Roots) -> Vec<Effect> {
    let plain = path::plain(text);
    let local = local(&plain);
    let spot = roots.spot(local, roots.start());
    let mut found = Vec::new();
    let mut tell = |rule: &'static Rule, severity, what: String| {
        found.push(Effect { rule, severity, span: 0..text.len(), what });
    };
    let written = if spot.path.contains(['*', '?']) { Written::Glob } else { Written::Plain };
    if let Some((severity, what)) = table::meaning(&spot.path, roots, written, Meaning::Secret) {
        tell(&PATH_SENSITIVE, severity, format!("{} is {what}.", short(&spot.path)));
    }
    let severity = match spot.zone {
        Zone::System | Zone::Disk | Zone::Home | Zone::Elsewhere | Zone::Above => Severity::Medium,
        Zone::Temporary => Severity::Info,
        Zone::Inside | Zone::Device | Zone::Unknown => return found,
    };
    if !roots.is_empty() {
        tell(&PATH_OUTSIDE, severity, format!("{} is outside the project.", short(&spot.path)));
    }
    found
}

#[cfg(test)]
mod tests;

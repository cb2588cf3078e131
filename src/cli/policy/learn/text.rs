//! What texts were: addresses, paths, a few values, or of some length.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::shape::Detail;

/// More values, or hosts, are not listed: nobody reads them.
const LISTED_MAX: usize = 8;
/// Longer values are not listed.
const LISTED_BYTES_MAX: usize = 64;
/// Arguments with such a word in their name hold paths, also where these are relative.
const PATH_WORDS: &[&str] =
    &["cwd", "dir", "directory", "file", "filename", "filepath", "folder", "path", "paths"];
/// Arguments with such a word in their name hold what does not belong into a policy.
const SECRET_WORDS: &[&str] = &[
    "authorization",
    "credential",
    "credentials",
    "key",
    "passphrase",
    "password",
    "secret",
    "token",
];

/// Texts that were seen in one place.
#[derive(Debug, Default)]
pub(super) struct Texts {
    seen: u64,
    /// Of the longest, in characters.
    longest: usize,
    /// At most one more than are listed.
    values: BTreeSet<String>,
    is_secret: bool,
    /// Each is an address.
    addresses: Each<BTreeSet<(String, String)>>,
    /// Each is a path.
    paths: Each<Paths>,
}

/// What holds of each text so far.
#[derive(Debug, Default)]
enum Each<T> {
    /// None was seen.
    #[default]
    Unseen,
    Holds(T),
    /// It does not of all.
    Fails,
}

impl<T> Each<T> {
    /// Takes the next one in; `None`: it is something else.
    fn and(&mut self, next: Option<T>, join: impl FnOnce(&mut T, T)) {
        match (&mut *self, next) {
            (Self::Fails, _) | (_, None) => *self = Self::Fails,
            (Self::Unseen, Some(first)) => *self = Self::Holds(first),
            (Self::Holds(all), Some(next)) => join(all, next),
        }
    }

    const fn held(&self) -> Option<&T> {
        match self {
            Self::Holds(all) => Some(all),
            Self::Unseen | Self::Fails => None,
        }
    }
}

/// Paths: what they all begin with.
#[derive(Debug)]
struct Paths {
    /// Up to and with its last `/`; empty where there is none.
    below: String,
    /// The shortest that may be a directory itself.
    shortest: Option<String>,
    /// None leads out of where it begins.
    is_safe: bool,
    /// None is absolute.
    is_relative: bool,
}

/// What is said of texts.
enum Said<'a> {
    Hosts(&'a BTreeSet<(String, String)>),
    Below(&'a Paths),
    Relative,
    Values,
    Length,
    Type,
}

impl Texts {
    /// Takes one in, of the argument of this name.
    pub(super) fn add(&mut self, name: &str, text: &str) {
        self.seen += 1;
        self.longest = self.longest.max(text.chars().count());
        self.is_secret |= has_word(name, SECRET_WORDS);
        if self.values.len() <= LISTED_MAX {
            self.values.insert(text.to_owned());
        }
        let address = address(text).map(|one| BTreeSet::from([one]));
        self.addresses.and(address, |all, next| {
            // One more than are listed tells that there are too many.
            if all.len() <= LISTED_MAX {
                all.extend(next);
            }
        });
        self.paths.and(path(name, text), Paths::join);
    }

    fn said(&self, detail: Detail) -> Said<'_> {
        if detail == Detail::Types {
            return Said::Type;
        }
        if let Some(hosts) = self.addresses.held().filter(|hosts| hosts.len() <= LISTED_MAX) {
            return Said::Hosts(hosts);
        }
        if let Some(paths) = self.paths.held().filter(|paths| paths.is_safe) {
            match paths.below.as_str() {
                "" if paths.is_relative => return Said::Relative,
                "" | "/" | "file:///" => {}
                _ => return Said::Below(paths),
            }
        }
        let short = self.values.iter().all(|value| value.len() <= LISTED_BYTES_MAX);
        let few = self.values.len() <= LISTED_MAX && short && !self.is_secret;
        let again = self.seen / 2 >= self.values.len() as u64;
        if few && (again || self.paths.held().is_some()) && detail == Detail::Full {
            return Said::Values;
        }
        Said::Length
    }

    /// What holds of each of them, and of no value that is no text.
    pub(super) fn condition(&self, at: &str, detail: Detail) -> String {
        match self.said(detail) {
            Said::Hosts(hosts) => {
                let hosts: Vec<String> = hosts
                    .iter()
                    .map(|(scheme, host)| format!("{scheme}://{}", regex::escape(host)))
                    .collect();
                // Behind a host nothing but a path, a query or a fragment: no port, no `@` that makes it a name.
                format!("{at}.matches(r\"^({})([/?#]|$)\")", hosts.join("|"))
            }
            Said::Below(paths) => {
                let below = format!("{at}.startsWith({})", literal(&paths.below));
                // Where an address is meant, a dot may be written by its number.
                let coded = if paths.below.starts_with("file:") {
                    format!(" && !{at}.contains(\"%\")")
                } else {
                    String::new()
                };
                let inside = format!("{below} && !{at}.contains(\"..\"){coded}");
                match paths.itself() {
                    Some(itself) => format!("({at} == {} || {inside})", literal(itself)),
                    None => inside,
                }
            }
            Said::Relative => format!("!{at}.matches(r\"^[/~]|[:\\\\]|\\.\\.\")"),
            Said::Values => {
                let values: Vec<String> = self.values.iter().map(|value| literal(value)).collect();
                match values.as_slice() {
                    [one] => format!("{at} == {one}"),
                    values => format!("{at} in [{}]", values.join(", ")),
                }
            }
            Said::Length => format!("type({at}) == string && size({at}) <= {}", self.length_max()),
            Said::Type => format!("type({at}) == string"),
        }
    }

    fn length_max(&self) -> usize {
        self.longest.saturating_mul(2).next_power_of_two()
    }

    /// What they were, for a reader.
    pub(super) fn words(&self) -> String {
        let values = match self.values.len() {
            1 => "1 value".to_owned(),
            many if many > LISTED_MAX => format!("more than {LISTED_MAX} values"),
            many => format!("{many} values"),
        };
        let what = match self.said(Detail::Full) {
            Said::Hosts(hosts) => {
                let hosts: BTreeSet<&str> = hosts.iter().map(|(_, host)| host.as_str()).collect();
                format!("at {}", hosts.into_iter().collect::<Vec<_>>().join(", "))
            }
            Said::Below(paths) => match paths.itself() {
                Some(itself) => format!("{} or below it", literal(itself)),
                None => format!("below {}", literal(&paths.below)),
            },
            Said::Relative => "relative paths that do not lead up".to_owned(),
            Said::Values if self.paths.held().is_some() => {
                "paths without a directory in common".to_owned()
            }
            Said::Values => "each seen again".to_owned(),
            Said::Length if self.paths.held().is_some() => {
                format!("paths in any directory, no longer than {}", self.longest)
            }
            Said::Length if self.addresses.held().is_some() => {
                format!("addresses at any host, no longer than {}", self.longest)
            }
            Said::Length | Said::Type => format!("text no longer than {}", self.longest),
        };
        format!("{values}, {what}")
    }
}

impl Paths {
    fn join(&mut self, next: Self) {
        let same = self.below.bytes().zip(next.below.bytes()).take_while(|(a, b)| a == b).count();
        let same = self.below.get(..same).unwrap_or_default();
        let cut = same.rfind('/').map_or(0, |at| at + 1);
        self.below.truncate(cut);
        self.is_safe &= next.is_safe;
        self.is_relative &= next.is_relative;
        if let Some(next) = next.shortest
            && self.shortest.as_ref().is_none_or(|shortest| next.len() < shortest.len())
        {
            self.shortest = Some(next);
        }
    }

    /// The directory itself, where it was seen.
    fn itself(&self) -> Option<&str> {
        let itself = self.below.strip_suffix('/')?;
        (self.shortest.as_deref() == Some(itself)).then_some(itself)
    }
}

/// A text as a path, where it looks like one.
fn path(name: &str, text: &str) -> Option<Paths> {
    let is_absolute = ["/", "~/", "file:///"].iter().any(|start| text.starts_with(start));
    let begins = is_absolute || ["./", "../"].iter().any(|start| text.starts_with(start));
    if !begins && !has_word(name, PATH_WORDS) || text.chars().any(char::is_control) {
        return None;
    }
    let is_relative = !text.starts_with(['/', '~']) && !text.contains([':', '\\']);
    let is_uri = text.starts_with("file:///");
    let cut = text.rfind('/').map_or(0, |at| at + 1);
    let (parent, last) = text.split_at_checked(cut).unwrap_or(("", text));
    // A last name without a dot may be a directory's: what is below it is meant then, and not what is beside it.
    let directory = !last.is_empty() && !last.contains('.');
    Some(Paths {
        below: if directory { format!("{text}/") } else { parent.to_owned() },
        shortest: directory.then(|| text.to_owned()),
        is_safe: !text.contains("..")
            && (is_absolute || is_relative)
            && !(is_uri && text.contains('%')),
        is_relative,
    })
}

/// Scheme, and host with its port, of an address on the web.
fn address(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once("://")?;
    let rest = rest.split(['/', '?', '#']).next()?;
    let host =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let known = matches!(scheme, "http" | "https" | "ws" | "wss");
    (known && !rest.is_empty() && rest.chars().all(host))
        .then(|| (scheme.to_owned(), rest.to_owned()))
}

/// Whether a name, taken apart at separators and capitals, has one of these words.
fn has_word(name: &str, words: &[&str]) -> bool {
    let mut apart = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            apart.push(' ');
        }
        apart.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    }
    apart.split(' ').any(|word| words.contains(&word))
}

/// A text in quotes, for conditions: what is not ASCII, or cannot be seen, is written by its number.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

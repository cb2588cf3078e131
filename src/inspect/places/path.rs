//! Where a path leads: made absolute and normal without asking a file system, and told by the part of the machine.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Parts of a path that are looked at; what is deeper is taken as if it ended there.
const PARTS_MAX: usize = 64;
/// Rounds of percent decoding: what is encoded thrice is undone, too.
const ROUNDS_MAX: usize = 3;
/// Folders of one session; agents have a few.
const ROOTS_MAX: usize = 32;
/// The home of somebody whose name is not known.
const NOBODY: &str = "/home/?";

/// The folders that a session works in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roots {
    roots: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<String>,
}

/// Which part of a machine a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Below one of the roots, or relative without leaving where it starts.
    Inside,
    /// A folder for temporary files.
    Temporary,
    /// A device that takes or gives anything: `/dev/null`.
    Device,
    /// A disk or memory as a device.
    Disk,
    /// What the machine is made of.
    System,
    /// Somebody's home, outside the roots.
    Home,
    /// Any other absolute path, outside the roots.
    Elsewhere,
    /// Relative, and leaves where it starts.
    Above,
    /// Absolute, and no roots are known to compare it with.
    Unknown,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The normal form, absolute where that is known.
    pub path: String,
    /// The part of the machine.
    pub zone: Zone,
}

impl Roots {
    /// None is known: only places that no project has are outside.
    pub const NONE: &'static Self = &Self { roots: Vec::new(), home: None };

    /// Absolute paths of a session's folders, the first one being where it starts, and the user's home. A whole machine is
    /// no folder of a session.
    #[must_use]
    pub fn new(roots: &[&str], home: Option<&str>) -> Self {
        let mut known: Vec<String> = Vec::new();
        for root in roots.iter().map(|root| normal(root)) {
            let is_folder = root.starts_with('/') && root.len() > 1;
            if is_folder && known.len() < ROOTS_MAX && !known.contains(&root) {
                known.push(root);
            }
        }
        let roots = known;
        let guess = || roots.iter().find_map(|root| home_of(root).map(|(home, _)| home.to_owned()));
        let home = home.map(normal).filter(|home| home.len() > 1).or_else(guess);
        Self { roots, home }
    }

    /// These, and others behind them.
    #[must_use]
    pub fn with(&self, others: &[&str]) -> Self {
        let own = self.roots.iter().map(String::as_str);
        let all: Vec<&str> = own.chain(others.iter().copied()).collect();
        Self::new(&all, self.home.as_deref())
    }

    /// Whether any root is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Where commands start.
    #[must_use]
    pub fn start(&self) -> Option<&str> {
        self.roots.first().map(String::as_str)
    }

    /// Where a path leads, seen from a folder.
    #[must_use]
    pub fn spot(&self, path: &str, from: Option<&str>) -> Spot {
        let path = self.absolute(path, from);
        let zone = self.zone(&path);
        Spot { path, zone }
    }

    /// What stands behind the home that a normal path is in, `/` at its beginning.
    #[must_use]
    pub fn in_home<'p>(&self, path: &'p str) -> Option<&'p str> {
        let known = self.home.as_deref().and_then(|home| below(path, home));
        known.or_else(|| home_of(path).map(|(_, rest)| rest))
    }

    fn absolute(&self, path: &str, from: Option<&str>) -> String {
        let home = self.home.as_deref().unwrap_or(NOBODY);
        let path = path.trim();
        if let Some(rest) = at_home(path) {
            return normal(&format!("{home}/{rest}"));
        }
        if let Some(rest) = path.strip_prefix('~') {
            let (user, rest) = rest.split_once('/').unwrap_or((rest, ""));
            let of_user = |home: &str| normal(&format!("{home}{user}/{rest}"));
            return if user == "root" { of_user("/") } else { of_user("/home/") };
        }
        let unified = unified(path);
        match from {
            Some(from) if !unified.starts_with('/') => normal(&format!("{from}/{unified}")),
            _ => normal(&unified),
        }
    }

    fn zone(&self, path: &str) -> Zone {
        if !path.starts_with('/') {
            return if path == ".." || path.starts_with("../") {
                Zone::Above
            } else {
                Zone::Inside
            };
        }
        if self.roots.iter().any(|root| below(path, root).is_some()) {
            return Zone::Inside;
        }
        let mut parts = path.split('/').skip(1).map(str::to_ascii_lowercase);
        let first = parts.next().unwrap_or_default();
        let second = parts.next().unwrap_or_default();
        let is_temporary = matches!(first.as_str(), "tmp")
            || matches!((first.as_str(), second.as_str()), ("var", "tmp" | "folders"))
            || path.starts_with("/private/tmp")
            || path.starts_with("/private/var/folders")
            || path.starts_with("/dev/shm/")
            || path.to_ascii_lowercase().contains("/appdata/local/temp/");
        if is_temporary {
            return Zone::Temporary;
        }
        match first.as_str() {
            "dev" => device(&second),
            _ if self.in_home(path).is_some() => Zone::Home,
            "" | "etc" | "usr" | "bin" | "sbin" | "lib" | "lib32" | "lib64" | "boot" | "sys"
            | "proc" | "var" | "system" | "library" | "private" | "applications" | "home"
            | "users" | "run" => Zone::System,
            "c:" if matches!(
                second.as_str(),
                "" | "windows" | "program files" | "program files (x86)" | "programdata" | "users"
            ) =>
            {
                Zone::System
            }
            _ if self.roots.is_empty() => Zone::Unknown,
            _ => Zone::Elsewhere,
        }
    }
}

fn device(name: &str) -> Zone {
    const DISKS: [&str; 11] =
        ["sd", "nvme", "hd", "vd", "xvd", "disk", "rdisk", "mmcblk", "mapper", "dm-", "mem"];
    const HARMLESS: [&str; 9] =
        ["null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "tty"];
    if HARMLESS.contains(&name) || name == "fd" || name == "pts" || name == "shm" {
        return Zone::Device;
    }
    if DISKS.iter().any(|disk| name.starts_with(disk)) { Zone::Disk } else { Zone::System }
}

/// The ways to write one's own home.
fn at_home(path: &str) -> Option<&str> {
    const FORMS: [&str; 5] = ["~", "$HOME", "${HOME}", "%USERPROFILE%", "$env:USERPROFILE"];
    let rest = FORMS.iter().find_map(|form| path.strip_prefix(form))?;
    (rest.is_empty() || rest.starts_with(['/', '\\'])).then_some(rest)
}

/// With slashes that lean one way, and a drive as the first part.
fn unified(path: &str) -> String {
    let mut chars = path.chars();
    let (first, second) = (chars.next().unwrap_or(' '), chars.next());
    let has_drive = first.is_ascii_alphabetic() && second == Some(':');
    if has_drive && matches!(chars.next(), None | Some('/' | '\\')) {
        return format!("/{}", path.replace('\\', "/").to_ascii_lowercase());
    }
    let windows = path.contains('\\') && (!path.contains('/') || path.starts_with("..\\"));
    if windows { path.replace('\\', "/") } else { path.to_owned() }
}

/// Without empty parts, `.` and `..`, except where it leaves what it is relative to.
pub(crate) fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", _) if absolute => {}
            _ => parts.push(part),
        }
    }
    parts.truncate(PARTS_MAX);
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// What stands behind a folder that the path is in or is.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// The home that a path is in by its looks, and the rest.
fn home_of(path: &str) -> Option<(&str, &str)> {
    const ABOVE: [&str; 5] = ["/home/", "/Users/", "/c:/users/", "/mnt/c/Users/", "/c/Users/"];
    if let Some(rest) = ["/root", "/var/root"].iter().find_map(|root| below(path, root)) {
        return path.strip_suffix(rest).map(|home| (home, rest));
    }
    let rest = ABOVE.iter().find_map(|above| path.strip_prefix(above))?;
    let at = rest.find('/').unwrap_or(rest.len());
    if at == 0 {
        return None;
    }
    path.split_at_checked(path.len() - rest.len() + at)
}

/// A path or address without its disguise: percent encoding, wide letters and slashes, what stands behind a NUL.
pub(crate) fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS_MAX {
        let decoded = percent(&text);
        if decoded == text {
            break;
        }
        text = decoded;
    }
    if !text.is_ascii() {
        text = text
            .nfkc()
            .map(|c| if matches!(c, '\u{2215}' | '\u{2044}') { '/' } else { c })
            .collect();
    }
    text.split('\0').next().unwrap_or_default().to_owned()
}

/// One round of percent decoding. An overlong form of `/` or `.` is one, as careless servers read it.
fn percent(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let lower = ["%c0%af", "%c0%ae"];
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let overlong = rest.get(..6).filter(|_| c == '%').map(str::to_ascii_lowercase);
        if let Some(at) = overlong.and_then(|six| lower.iter().position(|form| *form == six)) {
            bytes.push(if at == 0 { b'/' } else { b'.' });
            rest = rest.get(6..).unwrap_or_default();
            continue;
        }
        let pair = rest.get(1..3).filter(|_| c == '%');
        let hex = pair.filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_bounded_and_each_is_one() {
        let many: Vec<String> = (0..99).map(|number| format!("/a/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let roots = Roots::new(&["/home/ann/app", "/"], None).with(&many);
        assert_eq!((roots.roots.len(), roots.start()), (ROOTS_MAX, Some("/home/ann/app")));
        let one = Roots::new(&["/a"], None);
        assert_eq!(one.with(&["/a/", "a"]), one);
    }

    #[test]
    fn a_path_is_placed_without_asking_a_file_system() {
        let roots = Roots::new(&["/home/ann/app", "/srv/data/"], None);
        for (path, normal, zone) in [
            ("src/../README.md", "/home/ann/app/README.md", Zone::Inside),
            ("../app/x", "/home/ann/app/x", Zone::Inside),
            ("../other", "/home/ann/other", Zone::Home),
            ("~/x", "/home/ann/x", Zone::Home),
            ("~/app/x", "/home/ann/app/x", Zone::Inside),
            ("${HOME}/app", "/home/ann/app", Zone::Inside),
            ("~bob/x", "/home/bob/x", Zone::Home),
            ("~root", "/root", Zone::Home),
            ("/srv/data/a", "/srv/data/a", Zone::Inside),
            ("/srv/database", "/srv/database", Zone::Elsewhere),
            ("/../../etc//./passwd", "/etc/passwd", Zone::System),
            ("/", "/", Zone::System),
            ("/tmp/x", "/tmp/x", Zone::Temporary),
            ("/tmp/../etc", "/etc", Zone::System),
            ("/dev/null", "/dev/null", Zone::Device),
            ("/dev/nvme0n1", "/dev/nvme0n1", Zone::Disk),
            ("C:\\Users\\ann\\x", "/c:/users/ann/x", Zone::Home),
            ("C:\\Windows", "/c:/windows", Zone::System),
            ("..\\..\\x", "/home/x", Zone::Home),
        ] {
            let spot = roots.spot(path, roots.start());
            assert_eq!((spot.path.as_str(), spot.zone), (normal, zone), "{path}");
        }
        let none = Roots::default();
        assert_eq!(none.spot("a/../..", None).zone, Zone::Above);
        assert_eq!(none.spot("/work/x", None).zone, Zone::Unknown);
        assert_eq!(none.spot("~/x", None).path, "/home/?/x");
    }

    #[test]
    fn disguise_is_undone() {
        for (text, expected) in [
            ("%2e%2e/%2e%2e/etc", "../../etc"),
            ("%252e%252e%252fetc", "../etc"),
            ("..%c0%afetc", "../etc"),
            ("a%00.png", "a"),
            ("．．／etc", "../etc"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}

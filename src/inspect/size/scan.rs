//! One pass over the text of the arguments.

use memchr::{memchr2, memchr3};

use super::super::rule::Rule;
use super::{DEPTH, FIELD, FIELD_WARN, ITEMS, Limits, NAME_CHARS_MAX, OVERSIZE_MAX, Oversize};

/// Levels of which the scan knows where it is; what is deeper is only counted.
const LEVELS_MAX: usize = 256;

/// An array or object that the scan is in.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Where it begins.
    start: usize,
    /// Values in it so far.
    items: u64,
    /// An object; of it, the place of the name that was read last, without its quotes.
    name: Option<(usize, usize)>,
    /// A name comes next, and no value.
    awaits_name: bool,
    /// The worst rule of bytes that was told of something in it.
    told: Told,
}

/// What was told of the bytes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Warned,
    Blocked,
}

struct Scan<'t, 'l> {
    text: &'t str,
    whole: &'l Limits,
    limits: &'l dyn Fn(&str) -> Limits,
    levels: Vec<Level>,
    /// Levels below the last of these.
    below: u64,
    /// Of the argument that the scan is in, and the pointer to it.
    field: Limits,
    pointer: String,
    deepest: u64,
    found: Vec<Oversize>,
}

/// What is too large by itself.
pub(super) fn scan(text: &str, whole: &Limits, limits: &dyn Fn(&str) -> Limits) -> Vec<Oversize> {
    let mut scan = Scan {
        text,
        whole,
        limits,
        levels: Vec::new(),
        below: 0,
        field: *whole,
        pointer: String::new(),
        deepest: 0,
        found: Vec::new(),
    };
    scan.run();
    scan.found
}

impl Scan<'_, '_> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'{' | b'[' => self.open(start, *byte == b'{'),
                b'}' | b']' => self.close(at),
                b'"' => {
                    let (end, len) = string(bytes, at);
                    at = end + 1;
                    if self.below > 0 {
                        continue;
                    }
                    match self.levels.last_mut() {
                        Some(level) if level.awaits_name => {
                            level.awaits_name = false;
                            level.name = Some((start + 1, end));
                        }
                        _ => {
                            self.begin();
                            self.end(len);
                        }
                    }
                }
                b',' if self.below == 0 => {
                    if let Some(level) = self.levels.last_mut() {
                        level.awaits_name = level.name.is_some();
                    }
                }
                b',' | b':' | 0..=b' ' => {}
                _ => {
                    let rest = bytes.get(start..).unwrap_or_default();
                    let ends = |byte: &u8| {
                        matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | 0..=b' ')
                    };
                    at = start + rest.iter().position(ends).unwrap_or(rest.len());
                    if self.below == 0 {
                        self.begin();
                        self.end(at - start);
                    }
                }
            }
        }
        while !self.levels.is_empty() {
            self.below = 0;
            self.close(bytes.len());
        }
    }

    /// A value begins: it is one more item, and perhaps an argument.
    fn begin(&mut self) {
        let Some(level) = self.levels.last_mut() else { return };
        level.items = level.items.saturating_add(1);
        let level = *level;
        if self.levels.len() == 1 {
            self.argument(&level);
            self.field = (self.limits)(&self.pointer);
            self.deepest = 0;
        }
    }

    /// The pointer to the argument that begins, without a new string for most.
    fn argument(&mut self, level: &Level) {
        self.pointer.clear();
        let raw = level.name.and_then(|(start, end)| self.text.get(start..end));
        match raw {
            Some(raw) if memchr3(b'\\', b'~', b'/', raw.as_bytes()).is_none() => {
                self.pointer.push('/');
                self.pointer.push_str(raw);
            }
            _ => self.pointer = self.path(1, usize::MAX),
        }
    }

    /// A value ends that has so many bytes. Arguments as a whole have no limit of bytes, unless they are no object.
    fn end(&mut self, len: usize) {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        let told = if len > self.field.block_bytes {
            Told::Blocked
        } else if len > self.field.warn_bytes {
            Told::Warned
        } else {
            return;
        };
        // What is around something too large is too large because of it.
        let known = self.levels.last().map_or(Told::Nothing, |level| level.told);
        if let Some(level) = self.levels.last_mut() {
            level.told = known.max(told);
        }
        let (rule, limit) = match told {
            Told::Blocked => (&FIELD, self.field.block_bytes),
            Told::Warned | Told::Nothing => (&FIELD_WARN, self.field.warn_bytes),
        };
        self.tell(rule, self.levels.len(), len, limit);
    }

    fn open(&mut self, start: usize, is_object: bool) {
        if self.below == 0 {
            self.begin();
        }
        let level = u64::try_from(self.levels.len()).unwrap_or(u64::MAX) + self.below;
        self.deepest = self.deepest.max(level);
        if self.below > 0 || self.levels.len() >= LEVELS_MAX {
            self.below = self.below.saturating_add(1);
            return;
        }
        let name = is_object.then_some((start, start));
        let told = Told::Nothing;
        self.levels.push(Level { start, items: 0, name, awaits_name: is_object, told });
    }

    fn close(&mut self, end: usize) {
        if self.below > 0 {
            self.below -= 1;
            return;
        }
        let Some(closed) = self.levels.pop() else { return };
        let depth = self.levels.len();
        let is_whole = depth == 0;
        let limits = if is_whole { *self.whole } else { self.field };
        if closed.items > limits.array_items {
            self.tell(&ITEMS, depth, closed.items, limits.array_items);
        }
        // Told once for an argument, whose own level is the first.
        if depth == 1 && self.deepest > limits.depth {
            self.tell(&DEPTH, depth, self.deepest, limits.depth);
        }
        if is_whole && closed.name.is_some() {
            return;
        }
        self.field = limits;
        let len = end.saturating_sub(closed.start);
        let before = self.found.len();
        match closed.told {
            Told::Nothing => self.end(len),
            Told::Warned if u64::try_from(len).unwrap_or(u64::MAX) > self.field.block_bytes => {
                self.end(len);
            }
            Told::Warned | Told::Blocked => {}
        }
        if self.found.len() == before
            && let Some(level) = self.levels.last_mut()
        {
            level.told = level.told.max(closed.told);
        }
    }

    /// Tells of what stands at this level. Where there is no room, something milder makes some.
    fn tell(&mut self, rule: &'static Rule, level: usize, value: u64, limit: u64) {
        if self.found.len() >= OVERSIZE_MAX {
            let milder = self.found.iter().rposition(|one| one.severity < rule.severity);
            let Some(at) = milder else { return };
            self.found.remove(at);
        }
        let (path, severity) = (self.path(level, NAME_CHARS_MAX), rule.severity);
        let first = self.levels.first().filter(|_| level > 0);
        let field = first.and_then(|first| self.name(first, NAME_CHARS_MAX));
        self.found.push(Oversize { rule, severity, path, field, value, limit, needed: value });
    }

    /// The name that was read last in an object, cut behind so many characters.
    fn name(&self, level: &Level, chars: usize) -> Option<String> {
        let (start, end) = level.name?;
        let raw = self.text.get(start..end).unwrap_or_default();
        let mut name = if raw.contains('\\') {
            serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned())
        } else {
            raw.to_owned()
        };
        if let Some((at, _)) = name.char_indices().nth(chars) {
            name.truncate(at);
            name.push('…');
        }
        Some(name)
    }

    /// The pointer to what stands at this level, each name cut behind so many characters.
    fn path(&self, level: usize, chars: usize) -> String {
        let step = |level: &Level| match self.name(level, chars) {
            Some(name) => name.replace('~', "~0").replace('/', "~1"),
            None => level.items.saturating_sub(1).to_string(),
        };
        self.levels.iter().take(level).fold(String::new(), |path, one| path + "/" + &step(one))
    }
}

/// Where a string ends that begins here, and how many bytes its text has.
fn string(bytes: &[u8], start: usize) -> (usize, usize) {
    let (mut at, mut len) = (start, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(next) = memchr2(b'"', b'\\', rest) else { return (bytes.len(), len + rest.len()) };
        at += next;
        len += next;
        if bytes.get(at) == Some(&b'"') {
            return (at, len);
        }
        if bytes.get(at + 1) != Some(&b'u') {
            (at, len) = (at + 2, len + 1);
            continue;
        }
        let digits = bytes.get(at + 2..at + 6).and_then(|digits| str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        // Both halves of a pair are one character of four bytes.
        len += match code {
            Some(0..=0x7F) => 1,
            Some(0x80..=0x7FF | 0xD800..=0xDFFF) => 2,
            Some(0x800..) | None => 3,
        };
        at += if code.is_some() { 6 } else { 2 };
    }
}

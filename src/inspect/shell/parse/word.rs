//! Words of a script: what their quotes and expansions mean.

use std::ops::Range;

use tree_sitter::Node;

use super::super::syntax::{Body, Change, Item, Part, Stage, Word};
use super::super::unquote::{ansi, in_double, unquoted};
use super::{DEPTH_MAX, Reader, children};

impl Reader<'_> {
    pub(super) fn word(&mut self, node: Node<'_>, depth: usize) -> Word {
        let mut parts = Vec::new();
        self.parts(node, false, depth, &mut parts);
        Word { parts, span: self.span(node) }
    }

    /// The parts of a text between its expansions, as within double quotes.
    pub(super) fn within(&mut self, node: Node<'_>, range: Range<usize>, depth: usize) -> Word {
        let mut parts = Vec::new();
        let mut at = range.start;
        for (_, child) in children(node) {
            if is_expansion(child) {
                self.literal(at..child.start_byte(), &mut parts);
                self.parts(child, true, depth + 1, &mut parts);
                at = child.end_byte();
            }
        }
        self.literal(at..range.end, &mut parts);
        if parts.is_empty() {
            parts.push(Part::quoted(""));
        }
        Word { parts, span: self.span(node) }
    }

    fn literal(&self, range: Range<usize>, parts: &mut Vec<Part>) {
        let text = self.text.get(range).unwrap_or_default();
        if !text.is_empty() {
            parts.push(Part::quoted(&in_double(text)));
        }
    }

    fn parts(&mut self, node: Node<'_>, quoted: bool, depth: usize, parts: &mut Vec<Part>) {
        if depth > DEPTH_MAX {
            self.fault(node);
            parts.push(Part::Unknown);
            return;
        }
        let text = self.text(node);
        match node.kind() {
            "string" => {
                let end = usize::from(text.len() > 1 && text.ends_with('"'));
                let range =
                    node.start_byte() + 1..(node.end_byte() - end).max(node.start_byte() + 1);
                parts.extend(self.within(node, range, depth).parts);
            }
            "raw_string" => {
                let inner = text.strip_prefix('\'').unwrap_or(text);
                parts.push(Part::quoted(inner.strip_suffix('\'').unwrap_or(inner)));
            }
            "ansi_c_string" => {
                let inner = text.strip_prefix("$'").unwrap_or(text);
                parts.push(Part::quoted(&ansi(inner.strip_suffix('\'').unwrap_or(inner))));
            }
            "simple_expansion" => {
                let name = text.strip_prefix('$').unwrap_or(text).to_owned();
                parts.push(Part::Variable { name, change: Change::None, quoted });
            }
            "expansion" => parts.push(self.expansion(node, quoted, depth)),
            "command_substitution" => {
                let script = self.inside(node, depth).into();
                parts.push(Part::Output { script, quoted });
            }
            "process_substitution" => {
                let reads = text.starts_with('<');
                let script = self.inside(node, depth).into();
                parts.push(Part::Process { script, reads });
            }
            "arithmetic_expansion" => parts.push(Part::Unknown),
            "array" => {
                for (_, child) in children(node).into_iter().filter(|(_, child)| child.is_named()) {
                    self.parts(child, false, depth + 1, parts);
                    parts.push(Part::plain(" "));
                }
            }
            "concatenation" | "command_name" | "translated_string" | "ERROR" => {
                self.pieces(node, quoted, depth, parts);
            }
            "word" if has_expansion(node) => self.pieces(node, quoted, depth, parts),
            _ => parts.extend(unquoted(text)),
        }
    }

    /// The children of a node and what stands between them.
    fn pieces(&mut self, node: Node<'_>, quoted: bool, depth: usize, parts: &mut Vec<Part>) {
        let mut at = node.start_byte();
        for (_, child) in children(node) {
            let gap = self.text.get(at..child.start_byte()).unwrap_or_default();
            parts.extend(unquoted(gap));
            self.parts(child, quoted, depth + 1, parts);
            at = child.end_byte();
        }
        parts.extend(unquoted(self.text.get(at..node.end_byte()).unwrap_or_default()));
    }

    /// What a substitution runs. `$(< file)` gives what is in the file.
    fn inside(&mut self, node: Node<'_>, depth: usize) -> Vec<Item> {
        let mut redirects = Vec::new();
        for (_, child) in children(node) {
            if child.kind() == "file_redirect" {
                self.redirect(child, depth, &mut redirects);
            }
        }
        if redirects.is_empty() {
            return self.items(node, depth);
        }
        let span = self.span(node);
        let cat = Word { parts: vec![Part::plain("cat")], span: span.clone() };
        let body = Body::Simple { assigns: Vec::new(), words: vec![cat] };
        vec![Item::Pipe { stages: vec![Stage { body, redirects, span }], background: false }]
    }

    /// `${…}`.
    fn expansion(&mut self, node: Node<'_>, quoted: bool, depth: usize) -> Part {
        let mut name = None;
        let mut operator = None;
        let mut operand = Word { parts: Vec::new(), span: self.span(node) };
        for (_, child) in children(node) {
            match child.kind() {
                "${" | "}" => {}
                "variable_name" | "special_variable_name" | "subscript" if name.is_none() => {
                    name = Some(child);
                }
                // The length of a value, or the value of the variable that it names.
                _ if name.is_none() => return Part::Unknown,
                kind if operator.is_none() && !child.is_named() => operator = Some(kind.to_owned()),
                _ => self.parts(child, quoted, depth + 1, &mut operand.parts),
            }
        }
        let Some(name) = name else { return Part::Unknown };
        let rest = self.text.get(name.end_byte()..node.end_byte()).unwrap_or_default();
        let rest = rest.strip_suffix('}').unwrap_or(rest);
        let change = match operator.as_deref().unwrap_or_default() {
            "" if rest.is_empty() => Change::None,
            ":-" | "-" | ":=" | "=" => Change::Default(Box::new(operand)),
            ":+" | "+" => Change::Instead(Box::new(operand)),
            ":?" | "?" => Change::Required,
            ":" => part_of(rest),
            "/" | "//" => replace_of(rest),
            _ => Change::Other,
        };
        Part::Variable { name: self.text(name).to_owned(), change, quoted }
    }
}

/// `:2:3`.
fn part_of(rest: &str) -> Change {
    let mut numbers = rest.split(':').skip(1).map(|number| number.trim().parse::<i32>().ok());
    let from = numbers.next().flatten();
    let len = numbers.next();
    match (from, len) {
        (Some(from), None) => Change::Part { from, len: None },
        (Some(from), Some(Some(len))) => Change::Part { from, len: Some(len) },
        _ => Change::Other,
    }
}

/// `/a/b`, with nothing in it that would have to be put in.
fn replace_of(rest: &str) -> Change {
    let all = rest.starts_with("//");
    let rest = rest.trim_start_matches('/');
    let (what, with) = rest.split_once('/').unwrap_or((rest, ""));
    if rest.contains(['$', '`', '*', '?', '[', '\\']) {
        return Change::Other;
    }
    Change::Replace { what: what.to_owned(), with: with.to_owned(), all }
}

fn is_expansion(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "simple_expansion"
            | "expansion"
            | "command_substitution"
            | "process_substitution"
            | "arithmetic_expansion"
    )
}

fn has_expansion(node: Node<'_>) -> bool {
    children(node).into_iter().any(|(_, child)| is_expansion(child))
}

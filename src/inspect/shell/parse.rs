//! Reading a script: a tree by tree-sitter, and out of it only what effects need.
//!
//! **Bounded**: a longer text than [`super::TEXT_MAX`] is not read, the parser's work is counted and ended in proportion to
//! the text, and what is nested deeper than [`DEPTH_MAX`] is left out and told.

use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::syntax::{Body, Direction, Item, Part, Redirect, Script, Stage, Word};

mod measure;
mod word;

/// Nodes within nodes that are followed: a readable script has no more than twenty, and the stack must hold them.
const DEPTH_MAX: usize = 96;
/// Reports of the parser's progress, one for about a hundred steps: scripts make one for ten bytes, and one for eight as
/// long as nothing is wrong.
const REPORTS_MIN: usize = 256;

/// Where the text of a script stands in the text that was given.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// Byte for byte, from here on.
    At(usize),
    /// All of it stands for all of that.
    Whole(Range<usize>),
}

impl Origin {
    pub(super) fn span(&self, span: Range<usize>) -> Range<usize> {
        match self {
            Self::At(start) => start + span.start..start + span.end,
            Self::Whole(whole) => whole.clone(),
        }
    }
}

/// A script, and where it could not be read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) script: Script,
    pub(super) faults: Vec<Range<usize>>,
}

/// Reads a script; `None`: it would take too long.
pub(super) fn read(text: &str, origin: &Origin) -> Option<Read> {
    if measure::is_too_much(text) {
        return None;
    }
    let tree = tree(text)?;
    let mut reader = Reader { text, origin, faults: Vec::new() };
    let script = reader.items(tree.root_node(), 0).into();
    let fault = first_fault(&tree, text);
    reader.faults.extend(fault.map(|span| origin.span(span)));
    Some(Read { script, faults: reader.faults })
}

/// Where the grammar was left first. `<>` is left out: shells know it, and the grammar does not.
fn first_fault(tree: &Tree, text: &str) -> Option<Range<usize>> {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let is_known = || text.get(node.byte_range()) == Some(">");
        if node.is_missing() || node.is_error() && !is_known() {
            return Some(node.byte_range());
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

fn tree(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let mut left = REPORTS_MIN + text.len() / 4;
    let mut count = |_: &ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut count);
    let bytes = text.as_bytes();
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

struct Reader<'t> {
    text: &'t str,
    origin: &'t Origin,
    faults: Vec<Range<usize>>,
}

/// The children of a node with the names of their fields.
fn children(node: Node<'_>) -> Vec<(Option<&str>, Node<'_>)> {
    let mut all = Vec::new();
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    while more {
        all.push((cursor.field_name(), cursor.node()));
        more = cursor.goto_next_sibling();
    }
    all
}

impl<'t> Reader<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn span(&self, node: Node<'_>) -> Range<usize> {
        self.origin.span(node.byte_range())
    }

    fn fault(&mut self, node: Node<'_>) {
        let span = self.span(node);
        self.faults.push(span);
    }

    /// The statements among a node's children.
    fn items(&mut self, node: Node<'_>, depth: usize) -> Vec<Item> {
        if depth > DEPTH_MAX {
            self.fault(node);
            return Vec::new();
        }
        let mut items = Vec::new();
        for (_, child) in children(node) {
            if child.kind() == "&"
                && let Some(Item::Pipe { background, .. }) = items.last_mut()
            {
                *background = true;
            }
            self.statement(child, depth + 1, &mut items);
        }
        items
    }

    fn statement(&mut self, node: Node<'_>, depth: usize, items: &mut Vec<Item>) {
        if depth > DEPTH_MAX {
            self.fault(node);
            return;
        }
        match node.kind() {
            "ERROR" => items.extend(self.items(node, depth)),
            "function_definition" => {
                let name = node.child_by_field_name("name").map_or("", |name| self.text(name));
                let body = node.child_by_field_name("body");
                let body = body.map_or_else(Vec::new, |body| self.items(body, depth));
                items.push(Item::Define { name: name.to_owned(), body: body.into() });
            }
            "for_statement" => items.push(self.each(node, depth)),
            "list" | "negated_command" | "program" => {
                for (_, child) in children(node) {
                    self.statement(child, depth + 1, items);
                }
            }
            kind if node.is_named() || kind == "command" => {
                let stages = self.stages(node, depth);
                if !stages.is_empty() {
                    items.push(Item::Pipe { stages, background: false });
                }
            }
            _ => {}
        }
    }

    fn each(&mut self, node: Node<'_>, depth: usize) -> Item {
        let mut name = String::new();
        let mut words = Vec::new();
        let mut body = Vec::new();
        for (field, child) in children(node) {
            match field {
                Some("variable") => self.text(child).clone_into(&mut name),
                Some("value") => words.push(self.word(child, depth + 1)),
                Some("body") => body.extend(self.items(child, depth)),
                _ => {}
            }
        }
        Item::Each { name, words, body: body.into() }
    }

    /// A statement as stages of a pipe.
    fn stages(&mut self, node: Node<'_>, depth: usize) -> Vec<Stage> {
        if depth > DEPTH_MAX {
            self.fault(node);
            return Vec::new();
        }
        let span = self.span(node);
        let alone = |body| vec![Stage { body, redirects: Vec::new(), span: span.clone() }];
        match node.kind() {
            "pipeline" => {
                let mut stages = Vec::new();
                for (_, child) in children(node) {
                    if child.is_named() {
                        stages.extend(self.stages(child, depth + 1));
                    }
                }
                stages
            }
            "redirected_statement" => self.redirected(node, depth + 1),
            "command"
            | "declaration_command"
            | "unset_command"
            | "variable_assignment"
            | "variable_assignments" => vec![self.simple(node, depth + 1)],
            "subshell" => alone(Body::Subshell(self.items(node, depth).into())),
            "test_command" | "comment" | "word" | "heredoc_body" | "heredoc_end"
            | "heredoc_start" | "string_content" | "file_descriptor" => {
                self.substitutions(node, depth + 1)
            }
            _ => alone(Body::Group(self.items(node, depth).into())),
        }
    }

    /// What is run inside something that is no command itself.
    fn substitutions(&mut self, node: Node<'_>, depth: usize) -> Vec<Stage> {
        let mut words = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if matches!(node.kind(), "command_substitution" | "process_substitution") {
                words.push(("_".to_owned(), self.word(node, depth)));
                continue;
            }
            open.extend(children(node).into_iter().rev().map(|(_, child)| child));
        }
        if words.is_empty() {
            return Vec::new();
        }
        let body = Body::Simple { assigns: words, words: Vec::new() };
        vec![Stage { body, redirects: Vec::new(), span: self.span(node) }]
    }

    fn simple(&mut self, node: Node<'_>, depth: usize) -> Stage {
        let mut assigns = Vec::new();
        let mut words = Vec::new();
        let mut redirects = Vec::new();
        if matches!(node.kind(), "variable_assignment") {
            assigns.push(self.assign(node, depth));
        }
        for (_, child) in children(node) {
            match child.kind() {
                _ if node.kind() == "variable_assignment" => {}
                "variable_assignment" => {
                    let assign = self.assign(child, depth);
                    if node.kind() == "declaration_command" {
                        words.push(Word {
                            parts: vec![Part::plain(self.text(child))],
                            span: self.span(child),
                        });
                    }
                    assigns.push(assign);
                }
                "file_redirect" | "herestring_redirect" | "heredoc_redirect" => {
                    self.redirect(child, depth, &mut redirects);
                }
                "command_name" => {
                    let inner = child.named_child(0).filter(|_| child.named_child_count() == 1);
                    words.push(self.word(inner.unwrap_or(child), depth));
                }
                _ => words.push(self.word(child, depth)),
            }
        }
        Stage { body: Body::Simple { assigns, words }, redirects, span: self.span(node) }
    }

    fn assign(&mut self, node: Node<'_>, depth: usize) -> (String, Word) {
        let name = node.child_by_field_name("name").map_or("", |name| self.text(name));
        let value = node.child_by_field_name("value").map(|value| self.word(value, depth));
        (name.to_owned(), value.unwrap_or_default())
    }

    /// A statement with redirections, which are its last command's; a heredoc holds what stands behind it in the line.
    fn redirected(&mut self, node: Node<'_>, depth: usize) -> Vec<Stage> {
        let mut redirects = Vec::new();
        let mut items = Vec::new();
        let mut rest = Vec::new();
        for (field, child) in children(node) {
            match (field, child.kind()) {
                (Some("body"), _) => self.statement(child, depth, &mut items),
                (_, "file_redirect" | "herestring_redirect" | "heredoc_redirect") => {
                    rest.extend(self.redirect(child, depth, &mut redirects));
                }
                _ => {}
            }
        }
        let span = self.span(node);
        let mut stages = match items.pop() {
            Some(Item::Pipe { stages, .. }) => stages,
            other => {
                items.extend(other);
                Vec::new()
            }
        };
        if stages.is_empty() {
            let body = Body::Simple { assigns: Vec::new(), words: Vec::new() };
            stages.push(Stage { body, redirects: Vec::new(), span: span.clone() });
        }
        if let Some(last) = stages.last_mut() {
            last.redirects.extend(redirects);
        }
        let (piped, after): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(piped, _)| *piped);
        stages.extend(piped.into_iter().map(|(_, stage)| stage));
        if items.is_empty() && after.is_empty() {
            return stages;
        }
        items.push(Item::Pipe { stages, background: false });
        items.extend(
            after.into_iter().map(|(_, one)| Item::Pipe { stages: vec![one], background: false }),
        );
        vec![Stage { body: Body::Group(items.into()), redirects: Vec::new(), span }]
    }

    /// Adds a redirection; gives what a heredoc's line has behind it, and whether it is piped into.
    fn redirect(
        &mut self,
        node: Node<'_>,
        depth: usize,
        redirects: &mut Vec<Redirect>,
    ) -> Vec<(bool, Stage)> {
        match node.kind() {
            "heredoc_redirect" => return self.heredoc(node, depth, redirects),
            "herestring_redirect" => {
                if let Some(word) = node.named_child(0) {
                    let word = self.word(word, depth);
                    redirects.push(Redirect { to: Direction::Text, word });
                }
                return Vec::new();
            }
            _ => {}
        }
        let mut descriptor = None;
        let mut operator = "";
        for (field, child) in children(node) {
            match (field, child.kind()) {
                (_, "file_descriptor") => descriptor = self.text(child).parse().ok(),
                (Some("destination"), _) => {
                    let word = self.word(child, depth);
                    let to = match operator {
                        // Another descriptor's copy goes nowhere new.
                        "<&" | ">&" if is_descriptor(&word) => continue,
                        "<" | "<&" => Direction::In,
                        _ => Direction::Out {
                            descriptor: descriptor.unwrap_or(1),
                            append: operator.contains(">>"),
                        },
                    };
                    redirects.push(Redirect { to, word });
                }
                // `<>`, which the grammar does not know.
                (_, "ERROR") if self.text(child) == ">" => operator = "<>",
                (_, kind) if !child.is_named() => operator = kind,
                _ => {}
            }
        }
        Vec::new()
    }

    fn heredoc(
        &mut self,
        node: Node<'_>,
        depth: usize,
        redirects: &mut Vec<Redirect>,
    ) -> Vec<(bool, Stage)> {
        let mut quoted = false;
        let mut rest = Vec::new();
        for (field, child) in children(node) {
            match (field, child.kind()) {
                (_, "heredoc_start") => quoted = self.text(child).contains(['\'', '"', '\\']),
                (_, "heredoc_body") => {
                    let word = if quoted {
                        let parts = vec![Part::quoted(self.text(child))];
                        Word { parts, span: self.span(child) }
                    } else {
                        self.within(child, child.byte_range(), depth)
                    };
                    redirects.push(Redirect { to: Direction::Text, word });
                }
                (_, "file_redirect" | "herestring_redirect" | "heredoc_redirect") => {
                    rest.extend(self.redirect(child, depth, redirects));
                }
                (_, "pipeline") => {
                    rest.extend(self.stages(child, depth + 1).into_iter().map(|one| (true, one)));
                }
                (Some("right"), _) => {
                    rest.extend(self.stages(child, depth + 1).into_iter().map(|one| (false, one)));
                }
                (Some("argument"), _) => {
                    // A further word of the command that has the heredoc: told apart it would be lost.
                    let word = self.word(child, depth);
                    redirects.push(Redirect { to: Direction::In, word });
                }
                _ => {}
            }
        }
        rest
    }
}

/// `>&2`, `<&-`.
fn is_descriptor(word: &Word) -> bool {
    matches!(word.parts.as_slice(), [Part::Text { text, .. }]
        if text == "-" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

//! From the text of a schema to the nodes that values are checked against.

mod keywords;

use std::collections::BTreeMap;

use super::json::{Json, PART_BYTES};
use super::node::{Check, Form, Id, Node};
use super::{PARTS_MAX, SchemaError, UNREADABLE_MAX, Unreadable, told};

/// Characters of a keyword that nobody knows.
const KEYWORD_CHARS_MAX: usize = 64;

/// The dialect of a schema, as far as the same words mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Draft {
    /// Drafts 4 to 7: nothing counts beside `$ref`, and `items` may be a list.
    Old,
    /// 2019-09: `items` may be a list.
    Y2019,
    /// 2020-12: a list is `prefixItems`.
    Y2020,
}

/// A schema that is yet to be read: its node, itself, where it stands, and whether it is in a document of its own within
/// this one.
struct Task<'d, 'a> {
    id: Id,
    schema: &'d Json<'a>,
    path: String,
    apart: bool,
}

struct Compiler<'d, 'a> {
    root: &'d Json<'a>,
    draft: Draft,
    nodes: Vec<Node>,
    /// Schemas and values that are kept, long ones as several.
    parts: usize,
    patterns: usize,
    /// Nodes that are referred to, by the pointer.
    refs: BTreeMap<String, Id>,
    /// Those of them that are yet to be read.
    tasks: Vec<Task<'d, 'a>>,
    unreadable: Vec<Unreadable>,
    /// Pointers to schemas that have a name, where one was asked for.
    anchors: Option<BTreeMap<String, String>>,
    /// Where it reads.
    path: String,
    /// Whether it reads a document of its own within this one.
    apart: bool,
}

/// What is told of a schema and where it cannot be read.
type Compiled = (Vec<Node>, Vec<Unreadable>);

/// The nodes of a schema, the first of which is the schema itself, and what of it cannot be read.
pub(super) fn compile(root: &Json<'_>) -> Result<Compiled, SchemaError> {
    if !matches!(root, Json::Object(_) | Json::Bool(_)) {
        return Err(SchemaError::NoSchema(root.short()));
    }
    let mut compiler = Compiler {
        root,
        draft: Draft::Y2020,
        nodes: vec![Node::default()],
        parts: 0,
        patterns: 0,
        refs: BTreeMap::from([(String::new(), 0)]),
        tasks: vec![Task { id: 0, schema: root, path: String::new(), apart: false }],
        unreadable: Vec::new(),
        anchors: None,
        path: String::new(),
        apart: false,
    };
    compiler.dialect();
    while let Some(Task { id, schema, path, apart }) = compiler.tasks.pop() {
        compiler.path = path;
        compiler.apart = apart;
        let node = compiler.node(schema)?;
        if let Some(reserved) = compiler.nodes.get_mut(id) {
            *reserved = node;
        }
    }
    Ok((compiler.nodes, compiler.unreadable))
}

impl<'d, 'a> Compiler<'d, 'a> {
    fn dialect(&mut self) {
        let Some(named) = self.root.member("$schema") else { return };
        let named = named.text().unwrap_or_default();
        if ["draft-04/", "draft-05/", "draft-06/", "draft-07/"]
            .iter()
            .any(|old| named.contains(old))
        {
            self.draft = Draft::Old;
        } else if named.contains("2019-09") {
            self.draft = Draft::Y2019;
        } else if !named.contains("json-schema.org/") {
            self.note("$schema", "the dialect is not known, and is read as 2020-12");
        }
    }

    /// Notes what cannot be read; once for each keyword and reason.
    fn note(&mut self, keyword: &str, why: &'static str) {
        let keyword: String = keyword.chars().take(KEYWORD_CHARS_MAX).collect();
        let known = self.unreadable.iter().any(|one| one.keyword == keyword && one.why == why);
        if !known && self.unreadable.len() < UNREADABLE_MAX {
            self.unreadable.push(Unreadable { path: told(&self.path), keyword, why });
        }
    }

    /// Does something a step deeper into the schema.
    fn within<T>(&mut self, step: &str, what: impl FnOnce(&mut Self) -> T) -> T {
        let (len, apart) = (self.path.len(), self.apart);
        self.path.push('/');
        self.path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        let done = what(self);
        self.path.truncate(len);
        self.apart = apart;
        done
    }

    /// A schema within this one, by the step to it.
    fn schema(&mut self, step: &str, schema: &'d Json<'a>) -> Result<Id, SchemaError> {
        self.keep(step.len() / PART_BYTES)?;
        let node = self.within(step, |compiler| compiler.node(schema))?;
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<Id, SchemaError> {
        self.keep(1)?;
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// Counts what is kept.
    fn keep(&mut self, parts: usize) -> Result<(), SchemaError> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > PARTS_MAX {
            return Err(SchemaError::TooLarge { what: "schemas and values", limit: PARTS_MAX });
        }
        Ok(())
    }

    fn node(&mut self, schema: &'d Json<'a>) -> Result<Node, SchemaError> {
        let mut node = Node::default();
        match schema {
            Json::Bool(anything) => node.never = !anything,
            Json::Object(members) => {
                let id = schema.member("$id").and_then(Json::text);
                self.apart |= !self.path.is_empty() && id.is_some_and(|id| !id.starts_with('#'));
                if schema.member("nullable") == Some(&Json::Bool(true)) {
                    node.excused.push(Json::Null);
                }
                if let Some(default) = schema.member("default") {
                    self.keep(default.parts())?;
                    node.excused.push(default.owned());
                }
                if let Some(to) = schema.member("$ref") {
                    self.reference(&mut node, to)?;
                    if self.draft == Draft::Old {
                        return Ok(node);
                    }
                }
                for (keyword, value) in members {
                    self.keyword(&mut node, schema, keyword, value)?;
                }
            }
            Json::Null | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                node.open = true;
                self.note("schema", "it is neither an object nor a boolean");
            }
        }
        Ok(node)
    }

    /// What cannot be read, so that nothing fits for certain.
    fn open(&mut self, node: &mut Node, keyword: &str, why: &'static str) {
        node.open = true;
        self.note(keyword, why);
    }

    fn reference(&mut self, node: &mut Node, to: &'d Json<'a>) -> Result<(), SchemaError> {
        let Some(to) = to.text() else {
            self.open(node, "$ref", "it is no string");
            return Ok(());
        };
        let (document, fragment) = to.split_once('#').unwrap_or((to, ""));
        let root = self.root.member("$id").and_then(Json::text).unwrap_or_default();
        if self.apart {
            self.open(node, "$ref", "it stands in a document of its own within this one");
            return Ok(());
        }
        if !document.is_empty() && document != root.trim_end_matches('#') {
            return Err(SchemaError::Remote(told(to)));
        }
        let fragment = unescaped(fragment);
        let place = if fragment.is_empty() || fragment.starts_with('/') {
            Some(fragment)
        } else {
            let root = self.root;
            let anchors = self.anchors.get_or_insert_with(|| {
                let mut all = BTreeMap::new();
                anchors(root, String::new(), &mut all);
                all
            });
            anchors.get(&fragment).cloned()
        };
        let Some(place) = place else {
            self.open(node, "$ref", "nothing has the name that it refers to");
            return Ok(());
        };
        let id = if let Some(id) = self.refs.get(&place) {
            *id
        } else {
            let Some((schema, apart)) = find(self.root, &place) else {
                self.open(node, "$ref", "nothing is where it refers to");
                return Ok(());
            };
            let id = self.add(Node::default())?;
            self.refs.insert(place.clone(), id);
            self.tasks.push(Task { id, schema, path: place, apart });
            id
        };
        node.checks.push(Check::Form(Form::Ref(id)));
        Ok(())
    }
}

/// A fragment of an address without its percent encoding.
fn unescaped(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let digits = after.get(..2).filter(|two| two.bytes().all(|one| one.is_ascii_hexdigit()));
        if let Some(byte) = digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| fragment.to_owned())
}

/// What is at a JSON pointer, and whether it is in a document of its own.
fn find<'d, 'a>(root: &'d Json<'a>, pointer: &str) -> Option<(&'d Json<'a>, bool)> {
    let (mut at, mut apart) = (root, false);
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        at = match at {
            Json::Object(_) => at.member(&name)?,
            Json::List(items) => items.get(name.parse::<usize>().ok()?)?,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => return None,
        };
        let id = at.member("$id").and_then(Json::text);
        apart |= id.is_some_and(|id| !id.starts_with('#'));
    }
    Some((at, apart))
}

/// The pointers to all that has a name.
fn anchors(schema: &Json<'_>, path: String, all: &mut BTreeMap<String, String>) {
    let named = |key| schema.member(key).and_then(Json::text);
    let old = named("$id").and_then(|id| id.strip_prefix('#'));
    let name = named("$anchor").or(old);
    match schema {
        Json::Object(members) => {
            for (step, inside) in members {
                let step = step.replace('~', "~0").replace('/', "~1");
                anchors(inside, format!("{path}/{step}"), all);
            }
        }
        Json::List(items) => {
            for (at, inside) in items.iter().enumerate() {
                anchors(inside, format!("{path}/{at}"), all);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
    if let Some(name) = name {
        all.insert(name.to_owned(), path);
    }
}

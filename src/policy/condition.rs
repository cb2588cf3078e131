//! A rule's `when`: one expression in CEL over a call, checked when it is loaded, so that evaluating it later can
//! only say yes, no, or that it cannot tell.
//!
//! What is refused at load, and why (docs/architecture.md, "Conditions in CEL"): `map` and `filter`, whose order over
//! objects differs from run to run; one comprehension inside another, whose work multiplies; numbers with a
//! fraction; names and functions that are not known; patterns that are not written out, or are none.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::common::types::{CelBool, CelInt, CelString};
use cel::{Context, Env, FunctionContext, Program, Value};
use regex::{Regex, RegexBuilder};

use super::error::{Cause, nearest};
use super::evaluate::Question;
use super::hints::hints;

mod json;

/// Longest condition, in bytes: what is longer than a few lines is better two rules.
const SOURCE_BYTES_MAX: usize = 4096;
/// Arguments larger than this are not read: what a condition says of them is unknown. Reading so much takes some 5 ms.
const ARGUMENTS_BYTES_MAX: usize = 1024 * 1024;
/// Size of one compiled pattern, in bytes; as in filters.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// What a call to `matches` becomes: a call to ours, with the number of its compiled pattern.
const MATCHES: &str = "matches";
const MATCHES_COMPILED: &str = "@matches";

/// The names that a condition may use.
const NAMES: &[&str] =
    &["args", "hints", "listed", "method", "role", "server", "size", "text", "tool"];
/// What those look at that are no names themselves.
const LOOKS: &[(&str, Looks)] = &[
    ("args", Looks::Call),
    ("size", Looks::Call),
    ("text", Looks::Call),
    ("hints", Looks::Definition),
    ("listed", Looks::Definition),
];
/// What `type` may be compared with.
const TYPES: &[&str] = &["bool", "double", "int", "list", "map", "null_type", "string", "uint"];
/// The functions, beside operators, `has`, `all`, `exists` and `exists_one`.
const FUNCTIONS: &[&str] =
    &["contains", "endsWith", "int", MATCHES, "size", "startsWith", "string", "type"];

/// The operators, and what `all` and `exists` expand into.
const OPERATORS: &[&str] = &[
    operators::ADD,
    operators::CONDITIONAL,
    operators::DIVIDE,
    operators::EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::INDEX,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::LOGICAL_AND,
    operators::LOGICAL_NOT,
    operators::LOGICAL_OR,
    operators::MODULO,
    operators::MULTIPLY,
    operators::NEGATE,
    operators::NOT_EQUALS,
    operators::NOT_STRICTLY_FALSE,
    operators::SUBSTRACT,
];

/// The standard functions, set up once.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What a condition says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told, and why: a rule that asks or denies then fits, one that allows or marks does not.
    Unknown(String),
}

/// What a rule has to look at; each takes in those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Looks {
    /// Names alone, of which a session calls few.
    Names,
    /// What the tool says of itself, which seldom changes.
    Definition,
    /// What is different in each call.
    Call,
}

/// What all conditions of a policy share.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    patterns: Vec<Regex>,
    /// What the conditions that look at the same name: the rest is not read.
    names: BTreeSet<(Looks, &'static str)>,
}

/// A condition that was checked.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    source: String,
    /// The names in it.
    names: BTreeSet<&'static str>,
    expression: Arc<IdedExpr>,
}

impl<'a> Given<'a> {
    /// The call itself.
    pub(super) const fn question(&self) -> &'a Question<'a> {
        self.question
    }
}

impl Condition {
    /// Reads and checks a condition. Its patterns and names join those of the policy, which [`Given::new`] then takes.
    pub(super) fn compile(source: &str, shared: &mut Shared) -> Result<Self, Cause> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(Cause::ConditionTooLong { limit_bytes: SOURCE_BYTES_MAX });
        }
        let program = Program::compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let what = first.map_or("it cannot be read", |error| error.msg.as_str());
            let column = first.map_or(0, |error| error.pos.1);
            Cause::Condition { why: format!("column {column}: {}", first_line(what)) }
        })?;
        let mut expression = program.expression().clone();
        let patterns = &mut shared.patterns;
        let mut checker = Checker { patterns, names: BTreeSet::new(), bound: Vec::new() };
        checker.expression(&mut expression).map_err(|why| Cause::Condition { why })?;
        let (source, names) = (source.trim().to_owned(), checker.names);
        let condition = Self { source, names, expression: Arc::new(expression) };
        let looks = condition.looks();
        shared.names.extend(condition.names.iter().map(|name| (looks, *name)));
        Ok(condition)
    }

    /// Its text.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// What it has to look at.
    pub(super) fn looks(&self) -> Looks {
        let looks = LOOKS.iter().filter(|(name, _)| self.names.contains(name));
        looks.map(|(_, looks)| *looks).max().unwrap_or(Looks::Names)
    }

    /// What it says of a call. Only what it names is read. What cannot be read has no value, so that the condition is
    /// unknown unless it says the same whatever the value is.
    pub(super) fn holds(&self, given: &Given<'_>) -> Truth {
        let seen = given.seen(self.looks());
        let context = match &seen.context {
            Ok(context) => context,
            Err(why) => return Truth::Unknown(why.clone()),
        };
        let mut unread = self.names.iter().filter_map(|name| seen.unread.get(name));
        match Value::resolve(&self.expression, context) {
            Ok(Value::Bool(true)) => Truth::Yes,
            Ok(Value::Bool(false)) => Truth::No,
            Ok(other) => Truth::Unknown(format!("it is no yes or no but {}", other.type_of())),
            Err(error) => Truth::Unknown(
                unread.next().cloned().unwrap_or_else(|| first_line(&error.to_string()).to_owned()),
            ),
        }
    }
}

/// A call, with its arguments and its tool's hints read once for all conditions and only if one looks.
pub(super) struct Given<'a> {
    question: &'a Question<'a>,
    shared: &'a Arc<Shared>,
    /// By what is looked at: copying the arguments costs more than most conditions do.
    names: OnceCell<Seen<'a>>,
    definition: OnceCell<Seen<'a>>,
    call: OnceCell<Seen<'a>>,
}

/// What conditions look at.
struct Seen<'a> {
    context: Result<Context<'a, 'a>, String>,
    /// What could not be read, and why.
    unread: BTreeMap<&'static str, String>,
}

impl<'a> Given<'a> {
    /// `shared` is that of the policy whose conditions are asked.
    pub(super) fn new(question: &'a Question<'a>, shared: &'a Arc<Shared>) -> Self {
        let (names, definition, call) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { question, shared, names, definition, call }
    }

    /// What a condition has to see, read once for all that see as much.
    fn seen(&self, looks: Looks) -> &Seen<'a> {
        let cell = match looks {
            Looks::Names => &self.names,
            Looks::Definition => &self.definition,
            Looks::Call => &self.call,
        };
        cell.get_or_init(|| self.see(looks))
    }

    fn see(&self, looks: Looks) -> Seen<'a> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let mut unread = BTreeMap::new();
        for name in NAMES.iter().filter(|name| self.shared.names.contains(&(looks, **name))) {
            match self.read(name) {
                Ok(value) => context.add_variable_as_val(*name, value),
                Err(why) => {
                    unread.insert(*name, why);
                }
            }
        }
        if self.shared.patterns.is_empty() {
            return Seen { context: Ok(context), unread };
        }
        let shared = Arc::clone(self.shared);
        let matches = move |_: &FunctionContext<'_, '_>, text: Arc<String>, at: i64| {
            let pattern = usize::try_from(at).ok().and_then(|at| shared.patterns.get(at));
            pattern.is_some_and(|pattern| pattern.is_match(&text))
        };
        let added = context.add_function(MATCHES_COMPILED, matches);
        Seen { context: added.map(|()| context).map_err(|error| error.to_string()), unread }
    }

    /// What stands behind a name of [`NAMES`].
    fn read(&self, name: &str) -> Result<json::Seen<'a>, String> {
        let Question { server, tool, method, role, arguments, definition, .. } = *self.question;
        let raw = arguments.unwrap_or_default();
        Ok(match name {
            "args" => return self.read_arguments(),
            "hints" => return self.read_hints(),
            "listed" => Box::new(CelBool::from(definition.is_some())),
            "method" => Box::new(CelString::from(method)),
            "role" => Box::new(CelString::from(role)),
            "server" => Box::new(CelString::from(server)),
            "size" => Box::new(CelInt::from(i64::try_from(raw.len()).unwrap_or(i64::MAX))),
            "text" => {
                Box::new(CelString::from(std::str::from_utf8(short(raw)?).unwrap_or_default()))
            }
            "tool" => Box::new(CelString::from(tool)),
            other => return Err(format!("{other} is not known")),
        })
    }

    fn read_arguments(&self) -> Result<json::Seen<'a>, String> {
        let raw = short(self.question.arguments.unwrap_or(b"{}"))?;
        let value = serde_json::from_slice(raw)
            .map_err(|error| format!("the arguments cannot be read: {error}"))?;
        json::seen(value)
    }

    fn read_hints(&self) -> Result<json::Seen<'a>, String> {
        let definition = self.question.definition;
        let given = hints(definition.ok_or("no list of the server named this tool")?)?;
        json::seen(given)
    }
}

fn short(arguments: &[u8]) -> Result<&[u8], String> {
    if arguments.len() > ARGUMENTS_BYTES_MAX {
        return Err(format!("the arguments have more than {ARGUMENTS_BYTES_MAX} bytes"));
    }
    Ok(arguments)
}

/// Walks an expression: refuses what may not be in one, compiles its patterns and notes its names.
struct Checker<'a> {
    patterns: &'a mut Vec<Regex>,
    names: BTreeSet<&'static str>,
    /// Names that a comprehension around this place binds; more than none means that we are inside one.
    bound: Vec<String>,
}

impl Checker<'_> {
    fn expression(&mut self, expression: &mut IdedExpr) -> Result<(), String> {
        match &mut expression.expr {
            Expr::Unspecified => Err("it has nothing where something belongs".to_owned()),
            Expr::Literal(LiteralValue::Double(_)) => {
                Err("it has a number with a fraction; use a whole number".to_owned())
            }
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.expression(&mut select.operand),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|one| self.expression(one)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&mut entry.key)?;
                    self.expression(&mut entry.value)
                }
                EntryExpr::StructField(field) => self.expression(&mut field.value),
            }),
            Expr::Struct(_) => Err("it builds a message; compare fields instead".to_owned()),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(loops) => {
                if matches!(loops.accu_init.expr, Expr::List(_)) {
                    return Err("map and filter are not to be had; use all or exists".to_owned());
                }
                self.expression(&mut loops.iter_range)?;
                if !self.bound.is_empty() {
                    return Err("it has a loop inside a loop; write two rules".to_owned());
                }
                self.bound = vec![loops.iter_var.clone(), loops.accu_var.clone()];
                self.bound.extend(loops.iter_var2.clone());
                for part in [&mut loops.loop_cond, &mut loops.loop_step, &mut loops.result] {
                    self.expression(part)?;
                }
                self.bound.clear();
                Ok(())
            }
        }
    }

    fn name(&mut self, name: &str) -> Result<(), String> {
        if TYPES.contains(&name) || self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        let known = NAMES.iter().find(|known| **known == name);
        self.names.insert(known.ok_or_else(|| unknown("name", name, NAMES))?);
        Ok(())
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<(), String> {
        if call.func_name == MATCHES {
            self.pattern(call)?;
        } else if !OPERATORS.contains(&call.func_name.as_str())
            && !FUNCTIONS.contains(&call.func_name.as_str())
        {
            return Err(unknown("function", &call.func_name, FUNCTIONS));
        }
        let target = call.target.iter_mut().map(AsMut::as_mut);
        target.chain(&mut call.args).try_for_each(|part| self.expression(part))
    }

    /// `text.matches("…")`, with the pattern compiled now rather than at each call.
    fn pattern(&mut self, call: &mut CallExpr) -> Result<(), String> {
        let mut parts: Vec<IdedExpr> = call
            .target
            .take()
            .map(|target| *target)
            .into_iter()
            .chain(call.args.drain(..))
            .collect();
        let (Some(pattern), Some(text), None) = (parts.pop(), parts.pop(), parts.pop()) else {
            return Err("matches takes a text and a pattern".to_owned());
        };
        let Expr::Literal(LiteralValue::String(source)) = &pattern.expr else {
            return Err("matches takes a pattern that is written out in quotes".to_owned());
        };
        let built = RegexBuilder::new(source.inner()).size_limit(PATTERN_BYTES_MAX).build();
        self.patterns.push(built.map_err(|error| {
            let text = error.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            format!("the pattern {:?}: {}", source.inner(), last.trim_start_matches("error: "))
        })?);
        let at = i64::try_from(self.patterns.len() - 1).unwrap_or(i64::MAX);
        let number = Expr::Literal(LiteralValue::Int(at.into()));
        MATCHES_COMPILED.clone_into(&mut call.func_name);
        call.args = vec![text, IdedExpr { id: pattern.id, expr: number }];
        Ok(())
    }
}

fn unknown(what: &str, word: &str, known: &[&'static str]) -> String {
    let near = nearest(word, known);
    let near = near.map_or_else(
        || format!("use one of {}", known.join(", ")),
        |near| format!("did you mean {near:?}?"),
    );
    format!("the {what} {word:?} is not known; {near}")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests;

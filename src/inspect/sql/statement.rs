//! Statements and what they do.

use std::ops::Range;

use super::token::{Kind, Token};
use crate::inspect::effect::rules::{
    SQL_DESTROYS, SQL_HIDES, SQL_HOST, SQL_RIGHTS, SQL_STACKED, SQL_TAUTOLOGY,
};
use crate::inspect::effect::{Effect, short};
use crate::inspect::rule::{Rule, Severity};

/// What can be dropped.
const OBJECTS: [&str; 24] = [
    "table",
    "database",
    "schema",
    "view",
    "index",
    "materialized",
    "column",
    "user",
    "role",
    "trigger",
    "function",
    "procedure",
    "sequence",
    "type",
    "tablespace",
    "extension",
    "constraint",
    "keyspace",
    "collection",
    "policy",
    "login",
    "foreign",
    "temporary",
    "owned",
];
/// Of them, what takes data with it.
const WITH_DATA: [&str; 8] =
    ["table", "database", "schema", "tablespace", "keyspace", "collection", "owned", "foreign"];
/// Functions and words that reach files, programs and other hosts.
const HOST: [(&str, &str); 28] = [
    ("xp_cmdshell", "runs a program"),
    ("xp_dirtree", "reaches files or another host"),
    ("xp_regread", "reads the registry"),
    ("xp_regwrite", "writes the registry"),
    ("sp_oacreate", "runs a program"),
    ("sp_oamethod", "runs a program"),
    ("openrowset", "reaches files or another host"),
    ("opendatasource", "reaches another host"),
    ("load_file", "reads a file"),
    ("pg_read_file", "reads a file"),
    ("pg_read_binary_file", "reads a file"),
    ("pg_ls_dir", "reads a folder"),
    ("lo_import", "reads a file"),
    ("lo_export", "writes a file"),
    ("dblink", "reaches another host"),
    ("dblink_connect", "reaches another host"),
    ("pg_execute_server_program", "runs a program"),
    ("load_extension", "loads a library"),
    ("sys_exec", "runs a program"),
    ("sys_eval", "runs a program"),
    ("utl_http", "reaches another host"),
    ("utl_file", "reaches files"),
    ("utl_inaddr", "reaches another host"),
    ("dbms_scheduler", "runs a program later"),
    ("dbms_java", "runs a program"),
    ("httpuritype", "reaches another host"),
    ("writefile", "writes a file"),
    ("readfile", "reads a file"),
];

struct Reader<'t> {
    query: &'t str,
    found: Vec<Effect>,
    /// Texts that are run as queries.
    inner: Vec<Range<usize>>,
}

/// What the statements of a query do, and the texts in them that are queries themselves.
pub(super) fn statements(query: &str, tokens: &[Token<'_>]) -> (Vec<Effect>, Vec<Range<usize>>) {
    let mut reader = Reader { query, found: Vec::new(), inner: Vec::new() };
    reader.comments(tokens);
    let plain: Vec<Token<'_>> =
        tokens.iter().filter(|token| !token.is_comment()).cloned().collect();
    let mut first = None;
    for statement in plain.split(|token| token.is_symbol(";")) {
        let Some(begin) = statement.iter().find(|token| token.kind != Kind::Symbol) else {
            continue;
        };
        let before = reader.found.len();
        reader.statement(statement);
        let is_query = begin.is_any(&["select", "with", "show", "explain", "values"]);
        let changes = reader.found.len() > before
            || begin.is_any(&[
                "insert", "update", "delete", "create", "exec", "execute", "call", "merge", "copy",
            ]);
        if first == Some(true) && changes {
            let what = format!("`{}` follows a query.", short(&begin.text.to_ascii_uppercase()));
            reader.tell(&SQL_STACKED, Severity::Medium, begin.span.clone(), what);
        }
        first.get_or_insert(is_query);
    }
    (reader.found, reader.inner)
}

impl Reader<'_> {
    fn tell(&mut self, rule: &'static Rule, severity: Severity, span: Range<usize>, what: String) {
        self.found.push(Effect { rule, severity, span, what });
    }

    /// Comments that are run, and comments in place of spaces.
    fn comments(&mut self, tokens: &[Token<'_>]) {
        for (at, token) in tokens.iter().enumerate() {
            if token.kind == Kind::Run {
                let what = "A comment holds what MySQL runs.".to_owned();
                self.tell(&SQL_HIDES, Severity::Medium, token.span.clone(), what);
                let start = token
                    .text
                    .find(|c: char| c != '/' && c != '*' && c != '!' && !c.is_ascii_digit());
                let start = token.span.start + start.unwrap_or(token.text.len());
                self.inner.push(start..token.span.end.saturating_sub(2).max(start));
            }
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let after = tokens.get(at + 1);
            if let (Kind::Comment, Some(before), Some(after)) = (token.kind, before, after) {
                let touches =
                    before.span.end == token.span.start && token.span.end == after.span.start;
                let words = before.kind == Kind::Word && after.kind == Kind::Word;
                if touches && words && token.text.starts_with("/*") {
                    let what = "A comment stands where a space would be.".to_owned();
                    self.tell(&SQL_HIDES, Severity::Medium, token.span.clone(), what);
                }
            }
        }
    }

    fn statement(&mut self, tokens: &[Token<'_>]) {
        let word = |at: usize| tokens.get(at);
        let is = |at: usize, word_: &str| word(at).is_some_and(|token| token.is(word_));
        for (at, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Word {
                continue;
            }
            let before = at.checked_sub(1).and_then(word);
            let begins = before.is_none_or(|before| {
                before.is_symbol("(")
                    || before.is_symbol(")")
                    || before.is_any(&[
                        "begin", "then", "else", "as", "analyze", "explain", "loop", "atomic",
                    ])
            });
            let rest = tokens.get(at..).unwrap_or_default();
            match token.word().as_str() {
                "drop" if begins || before.is_some_and(|before| !before.is_symbol(".")) => {
                    self.drop(rest);
                }
                "truncate" if begins && !word(at + 1).is_some_and(|next| next.is_symbol("(")) => {
                    let what = format!("{} is emptied.", named(self.query, rest, 1));
                    self.tell(&SQL_DESTROYS, Severity::High, span(rest, 2), what);
                }
                "delete" if begins && (is(at + 1, "from") || at == 0) => self.rows(rest, "deleted"),
                "update" if begins && has(rest, "set") => self.rows(rest, "changed"),
                "grant" | "revoke" if begins => {
                    let what =
                        format!("`{}` changes who may do what.", token.text.to_ascii_uppercase());
                    self.tell(&SQL_RIGHTS, Severity::High, span(rest, 4), what);
                }
                "alter" | "create" if begins => self.made(rest),
                "copy" | "into" | "load" | "attach" => self.files(rest, begins),
                "shutdown" | "kill" if begins && at == 0 => {
                    self.tell(
                        &SQL_DESTROYS,
                        Severity::High,
                        token.span.clone(),
                        "The database or a session is stopped.".to_owned(),
                    );
                }
                "do" | "execute" | "exec" | "prepare" | "immediate" | "sp_executesql" => {
                    self.inside(rest);
                }
                "or" | "where" | "having" => self.always(rest),
                name => self.host(name, rest),
            }
        }
    }

    /// Statements that read or write files.
    fn files(&mut self, rest: &[Token<'_>], begins: bool) {
        let first = rest.first().map(Token::word).unwrap_or_default();
        let next = |words: &[&str]| rest.get(1).is_some_and(|next| next.is_any(words));
        let is_named = rest.iter().any(|token| token.kind == Kind::Text);
        let (severity, what) = match first.as_str() {
            "copy" if begins && has(rest, "program") => (Severity::High, "It runs a program."),
            "copy" if begins && is_named => {
                (Severity::Medium, "It reads or writes a file of the database's host.")
            }
            "into" if next(&["outfile", "dumpfile"]) => (Severity::High, "It writes a file."),
            "load" if begins && has(rest, "infile") => (Severity::High, "It reads a file."),
            "attach" if begins => (Severity::Medium, "It opens another file as a database."),
            _ => return,
        };
        self.tell(&SQL_HOST, severity, span(rest, 4), what.to_owned());
    }

    fn drop(&mut self, rest: &[Token<'_>]) {
        let Some(object) = rest.get(1).filter(|object| object.is_any(&OBJECTS)) else { return };
        let is_temporary = object.is("temporary");
        let severity = match () {
            () if is_temporary => Severity::Low,
            () if object.is_any(&WITH_DATA) => Severity::High,
            () => Severity::Medium,
        };
        let what = format!("{} {} is dropped.", short(&object.word()), named(self.query, rest, 2));
        self.tell(&SQL_DESTROYS, severity, span(rest, 3), what);
    }

    /// Rows of a table: all of them without a condition, or with one that always holds.
    fn rows(&mut self, rest: &[Token<'_>], done: &str) {
        let mut depth = 0_i32;
        let mut condition = None;
        for (at, token) in rest.iter().enumerate() {
            match token.text {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ if depth == 0 && (token.is("where") || token.is("limit")) => {
                    condition.get_or_insert(at);
                }
                _ => {}
            }
            if depth < 0 {
                break;
            }
        }
        let always = condition.is_some_and(|at| is_always(rest.get(at + 1..).unwrap_or_default()));
        let skip = 1 + usize::from(rest.get(1).is_some_and(|next| next.is("from")));
        if condition.is_none() || always {
            let what = format!("All rows of {} are {done}.", named(self.query, rest, skip));
            self.tell(&SQL_DESTROYS, Severity::High, span(rest, skip + 1), what);
        }
    }

    fn made(&mut self, rest: &[Token<'_>]) {
        let object = rest
            .iter()
            .skip(1)
            .find(|token| !token.is_any(&["or", "replace", "temporary", "temp"]));
        let Some(object) = object else { return };
        let alters = rest.first().is_some_and(|verb| verb.is("alter"));
        if object.is_any(&["user", "role", "login"]) {
            let what =
                format!("`{}` changes who may do what.", rest.first().map_or("", |verb| verb.text));
            self.tell(&SQL_RIGHTS, Severity::High, span(rest, 3), what);
        } else if alters && object.is("system") {
            let what = "The settings of the database are changed.".to_owned();
            self.tell(&SQL_RIGHTS, Severity::High, span(rest, 3), what);
        } else if object.is("extension") && !alters {
            let what = "A library is loaded into the database.".to_owned();
            self.tell(&SQL_HOST, Severity::Low, span(rest, 3), what);
        } else if alters && object.is("table") && has(rest, "disable") {
            let what = "A guard of a table is switched off.".to_owned();
            self.tell(&SQL_RIGHTS, Severity::Medium, span(rest, 3), what);
        }
        let is_program = object.is_any(&["function", "procedure"]);
        let foreign = rest.iter().position(|token| token.is("language"));
        let language = foreign.and_then(|at| rest.get(at + 1)).map(Token::word).unwrap_or_default();
        if is_program && (language.ends_with('u') || language == "c") {
            let what = "A function that may do anything is made.".to_owned();
            self.tell(&SQL_HOST, Severity::High, span(rest, 3), what);
        }
    }

    /// Texts that are run.
    fn inside(&mut self, rest: &[Token<'_>]) {
        for token in rest.iter().skip(1).take(8).filter(|token| token.kind == Kind::Text) {
            self.inner.push(token.inner());
        }
    }

    /// `OR 1=1`.
    fn always(&mut self, rest: &[Token<'_>]) {
        let condition = rest.get(1..).unwrap_or_default();
        let is_or = rest.first().is_some_and(|word| word.is("or"));
        if is_or && is_always(condition) {
            let what = "The condition holds for every row.".to_owned();
            self.tell(&SQL_TAUTOLOGY, Severity::Medium, span(rest, 4), what);
        }
    }

    fn host(&mut self, name: &str, rest: &[Token<'_>]) {
        let Some((_, what)) = HOST.iter().find(|(known, _)| *known == name) else { return };
        let is_called = rest.get(1).is_some_and(|next| next.is_symbol("(") || next.is_symbol("."));
        if is_called
            || name.starts_with("xp_")
            || name.starts_with("sp_")
            || rest.len() > 1 && name == "openrowset"
        {
            let what = format!("`{name}` {what}.");
            self.tell(&SQL_HOST, Severity::High, span(rest, 2), what);
        }
    }
}

/// `1=1`, `'a'='a'`, `TRUE`, `1`, `x = x`, in brackets or not.
fn is_always(condition: &[Token<'_>]) -> bool {
    let mut rest = condition.iter().filter(|token| !token.is_symbol("(")).peekable();
    let Some(first) = rest.next() else { return false };
    let ends = |token: Option<&&Token<'_>>| {
        token.is_none_or(|token| {
            token.is_symbol(")")
                || token.is_any(&["or", "order", "group", "limit", "returning", "union"])
        })
    };
    if ends(rest.peek()) {
        return first.is("true") || first.kind == Kind::Number && first.text != "0";
    }
    if first.is("not") && rest.peek().is_some_and(|next| next.is("false")) {
        return true;
    }
    let mut sign = String::new();
    while let Some(token) = rest.next_if(|token| {
        matches!(token.text, "=" | "<" | ">" | "!") || token.is("like") || token.is("is")
    }) {
        sign.push_str(token.text);
    }
    let Some(second) = rest.next() else { return false };
    if !ends(rest.peek()) {
        return false;
    }
    let same = first.text.eq_ignore_ascii_case(second.text);
    let literal = |token: &Token<'_>| matches!(token.kind, Kind::Number | Kind::Text);
    match sign.to_ascii_lowercase().as_str() {
        "=" | "like" | "<=" | ">=" | "<=>" | "==" | "is" => same,
        "!=" | "<>" => literal(first) && literal(second) && !same,
        "<" | ">" => {
            let numbers = (first.text.parse::<i64>(), second.text.parse::<i64>());
            matches!(numbers, (Ok(one), Ok(two)) if (sign == "<") == (one < two) && one != two)
        }
        _ => false,
    }
}

fn has(tokens: &[Token<'_>], word: &str) -> bool {
    tokens.iter().any(|token| token.is(word))
}

/// From the first token to the one at a place.
fn span(tokens: &[Token<'_>], count: usize) -> Range<usize> {
    let start = tokens.first().map_or(0, |token| token.span.start);
    let last = tokens.get(..count.min(tokens.len())).and_then(<[_]>::last);
    start..last.map_or(start, |token| token.span.end)
}

/// The name at a place, behind `TABLE`, `IF EXISTS` and their like.
fn named(query: &str, tokens: &[Token<'_>], skip: usize) -> String {
    let is_filler = |token: &&Token<'_>| {
        token.is_any(&[
            "if",
            "exists",
            "table",
            "only",
            "from",
            "view",
            "concurrently",
            "ignore",
            "low_priority",
        ])
    };
    let mut names = tokens.iter().skip(skip).skip_while(is_filler);
    let Some(first) = names.next() else { return "what is named".to_owned() };
    let mut end = first.span.end;
    for token in names {
        let joins =
            token.is_symbol(".") || query.get(..end).is_some_and(|head| head.ends_with('.'));
        if !joins {
            break;
        }
        end = token.span.end;
    }
    short(query.get(first.span.start..end).unwrap_or_default())
}

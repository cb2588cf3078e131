//! Text to tree.
//!
//! ```text
//! expr  = and { "|" and }
//! and   = not { [ "&" ] not }
//! not   = { "!" } atom
//! atom  = "(" expr ")" | field op value | "~" letter [ value ] | word | "quoted"
//! ```

use super::expr::{Expr, Pattern, Segment, Test, Texts, is_connective};
use super::field::{self, BodyField, Kind, NameField, NumberField, Outcome, TagField, Tags};
use super::value::{self, Item};
use super::{DEPTH_MAX, LineError, PATTERNS_MAX, Span, TEXT_BYTES_MAX};
use crate::policy::Verdict;

/// Characters that end a bare word or value wherever they stand.
const ENDS: &[char] = &['(', ')', '|', '&', '"'];
/// Characters that an operator begins with.
const OPERATORS: &[char] = &[':', '=', '~', '<', '>'];

type Parsed<T> = Result<T, LineError>;

pub(super) fn parse(text: &str) -> Parsed<Expr> {
    if text.len() > TEXT_BYTES_MAX {
        let what = format!("a filter has at most {TEXT_BYTES_MAX} bytes");
        return Err(LineError::new(text, TEXT_BYTES_MAX, what));
    }
    let mut parser = Parser { text, at: 0, depth: 0, patterns: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.error(parser.at, "this `)` closes nothing")),
    }
}

/// What stands between a field and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Is,
    Equals,
    Differs,
    Matches,
    Less,
    LessOrSame,
    More,
    MoreOrSame,
}

impl Op {
    pub(super) const fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessOrSame | Self::More | Self::MoreOrSame)
    }
}

/// Longer ones first.
const OPS: [(&str, Op); 8] = [
    ("!=", Op::Differs),
    ("<=", Op::LessOrSame),
    (">=", Op::MoreOrSame),
    ("<", Op::Less),
    (">", Op::More),
    (":", Op::Is),
    ("=", Op::Equals),
    ("~", Op::Matches),
];

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    patterns: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn error(&self, at: usize, what: impl Into<String>) -> LineError {
        LineError::new(self.text, at, what)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character, behind blanks.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        self.at += if there { text.len() } else { 0 };
        there
    }

    fn while_(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut all = vec![self.and()?];
        while self.peek() == Some('|') {
            let _doubled = self.eat("||") || self.eat("|");
            all.push(self.and()?);
        }
        Ok(one_or(all, Expr::Or))
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut all = vec![self.not()?];
        loop {
            match self.peek() {
                None | Some(')' | '|') => return Ok(one_or(all, Expr::And)),
                Some('&') => {
                    let _doubled = self.eat("&&") || self.eat("&");
                }
                Some(_) => {}
            }
            all.push(self.not()?);
        }
    }

    fn not(&mut self) -> Parsed<Expr> {
        if self.peek() != Some('!') {
            return self.atom();
        }
        self.deeper(|parser| {
            parser.at += 1;
            Ok(Expr::Not(Box::new(parser.not()?)))
        })
    }

    /// One level down, as far as there are any.
    fn deeper(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        if self.depth >= DEPTH_MAX {
            let what = format!("more than {DEPTH_MAX} parentheses and `!` inside each other");
            return Err(self.error(self.at, what));
        }
        self.depth += 1;
        let expr = inside(self);
        self.depth -= 1;
        expr
    }

    fn atom(&mut self) -> Parsed<Expr> {
        let expr = match self.peek() {
            None => {
                let what = "a test is due here: `field:value` or a word to look for";
                return Err(self.error(self.at, what));
            }
            Some(sign @ ('|' | '&' | ')')) => {
                let what = format!("a test is due before this `{sign}`");
                return Err(self.error(self.at, what));
            }
            Some('(') => self.deeper(|parser| {
                let open = parser.at;
                parser.at += 1;
                let expr = parser.or()?;
                if parser.peek() == Some(')') {
                    parser.at += 1;
                    Ok(expr)
                } else {
                    Err(parser.error(open, "this `(` is not closed"))
                }
            }),
            Some('~') => self.alias(),
            Some('"') => {
                let at = self.at;
                let word = self.quoted()?;
                self.word(at, &word)
            }
            Some(_) => self.field_or_word(),
        }?;
        let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '&');
        if self.rest().is_empty() || self.rest().starts_with(ends) {
            Ok(expr)
        } else {
            Err(self.error(self.at, "a blank is due here"))
        }
    }

    /// `~b text` and the other seven.
    fn alias(&mut self) -> Parsed<Expr> {
        let start = self.at;
        self.at += 1;
        let name = self.while_(char::is_alphanumeric);
        let found = field::ALIASES.iter().find(|(letter, ..)| name.chars().eq([*letter]));
        let Some((letter, takes_pattern, _)) = found else {
            let all: Vec<String> = field::ALIASES.iter().map(|(c, ..)| format!("~{c}")).collect();
            let what = format!("no short form `~{name}`; there are: {}", all.join(" "));
            return Err(self.error(start, what));
        };
        let tag = |field, any| Ok(Expr::Test(Test::Tag { field, any }));
        if !takes_pattern {
            return match letter {
                'q' => tag(TagField::Outcome, Outcome::Waiting.tag().with(Outcome::Running.tag())),
                'e' => tag(TagField::Outcome, Outcome::Error.tag()),
                'a' => tag(TagField::Verdict, Tags::verdict(Verdict::Ask)),
                _ => Ok(Expr::Test(Test::marked())),
            };
        }
        if self.peek().is_none_or(|c| matches!(c, ')' | '|' | '&' | '(')) {
            return Err(self.error(self.at, format!("a pattern is due behind `~{letter}`")));
        }
        let item = self.item()?;
        let pattern = self.pattern(item.at, Pattern::regex(&item.text))?;
        let name = |field| Test::Name { field, is: Texts::Matches(pattern.clone()) };
        Ok(match letter {
            's' => Expr::Test(name(NameField::Server)),
            't' => Expr::Test(name(NameField::Tool)),
            'r' => Expr::Test(name(NameField::Rule)),
            _ => {
                let body = |field| {
                    let is = Texts::Matches(pattern.clone());
                    Expr::Test(Test::Body { field, path: Vec::new(), is })
                };
                Expr::Or(vec![body(BodyField::Arguments), body(BodyField::Result)])
            }
        })
    }

    fn field_or_word(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let name = self.while_(|c| c.is_ascii_alphanumeric() || c == '_');
        let body = matches!(name, "arg" | "res") && self.rest().starts_with(['.', '[']);
        let path = if body { self.path()? } else { Vec::new() };
        if let Some(op) = self.op() {
            if name.is_empty() {
                let what = "a field is due before this sign; in quotes it is text to look for";
                return Err(self.error(start, what));
            }
            return self.test(start, name, path, op);
        }
        if body {
            let what = format!(
                "a sign is due behind the path, as in `{name}.path:value`; in quotes it is text to look for"
            );
            return Err(self.error(self.at, what));
        }
        self.at = start;
        let bare = |c: char| !c.is_whitespace() && !ENDS.contains(&c) && !OPERATORS.contains(&c);
        let word = self.while_(bare);
        if self.op().is_some() {
            return Err(
                self.error(start, format!("no field `{word}`; in quotes it is text to look for"))
            );
        }
        if is_connective(word) {
            let what = format!(
                "tests are joined by blanks or `&`, by `|`, and turned by `!`; in quotes `{word}` is text to look for"
            );
            return Err(self.error(start, what));
        }
        match NumberField::yes_or_no(word) {
            Some(field) => Ok(Expr::Test(Test::Number { field, any: vec![Span::SOME] })),
            None => self.word(start, word),
        }
    }

    fn word(&mut self, at: usize, word: &str) -> Parsed<Expr> {
        if word.is_empty() {
            return Err(self.error(at, "a text to look for is due in these quotes"));
        }
        Ok(Expr::Test(Test::Word(self.pattern(at, Pattern::word(word))?)))
    }

    /// Counts the patterns of this filter.
    pub(super) fn pattern(&mut self, at: usize, built: Result<Pattern, String>) -> Parsed<Pattern> {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            let what = format!("more than {PATTERNS_MAX} words, patterns and globs in one filter");
            return Err(self.error(at, what));
        }
        built.map_err(|what| self.error(at, what))
    }

    fn op(&mut self) -> Option<Op> {
        let (sign, op) = OPS.iter().find(|(sign, _)| self.rest().starts_with(sign))?;
        self.at += sign.len();
        Some(*op)
    }

    /// `.name`, `."any name"`, `.*`, `[3]` and `[*]`, one behind the other.
    fn path(&mut self) -> Parsed<Vec<Segment>> {
        let mut path = Vec::new();
        loop {
            if self.eat("[") {
                let at = self.at;
                let inside = self.while_(|c| c.is_ascii_digit() || c == '*');
                path.push(match (inside, inside.parse()) {
                    ("*", _) => Segment::Every,
                    (_, Ok(element)) => Segment::Element(element),
                    (_, Err(_)) => return Err(self.error(at, "a number or `*` is due here")),
                });
                if !self.eat("]") {
                    return Err(self.error(self.at, "a `]` is due here"));
                }
            } else if self.eat(".") {
                if self.rest().starts_with('"') {
                    path.push(Segment::Member(self.quoted()?));
                    continue;
                }
                let at = self.at;
                let name = self.while_(|c| {
                    !c.is_whitespace()
                        && !ENDS.contains(&c)
                        && !OPERATORS.contains(&c)
                        && !matches!(c, '.' | '[' | ']' | '!' | ',')
                });
                path.push(match name {
                    "" => return Err(self.error(at, "a member's name is due here")),
                    "*" => Segment::Every,
                    _ => Segment::Member(name.to_owned()),
                });
            } else {
                return Ok(path);
            }
        }
    }

    fn test(&mut self, start: usize, name: &str, path: Vec<Segment>, op: Op) -> Parsed<Expr> {
        let field = field::find(name).map_err(|what| self.error(start, what))?;
        let turned = matches!(op, Op::Is | Op::Equals) && self.eat("!");
        let test = match field.kind {
            Kind::Name(field) => {
                if op.is_order() {
                    let what = format!("`{name}` is a name: it takes `:`, `=`, `!=` or `~`");
                    return Err(self.error(start, what));
                }
                let is = value::texts(self, start, name, op, value::Whole::Yes)?;
                Test::Name { field, is }
            }
            Kind::Body(field) => {
                let whole = if path.is_empty() { value::Whole::No } else { value::Whole::Yes };
                let is = value::texts(self, start, name, op, whole)?;
                Test::Body { field, path, is }
            }
            Kind::Tag(field) => value::tags(self, start, field, op)?,
            Kind::Number(field) => value::numbers(self, start, field, op)?,
            Kind::Time => return value::time(self, start, op).map(|expr| turn(expr, turned)),
        };
        Ok(turn(turn(Expr::Test(test), op == Op::Differs), turned))
    }

    /// `a,"b c",d`.
    pub(super) fn list(&mut self) -> Parsed<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            items.push(self.part(|c| c != ',')?);
            if !self.eat(",") {
                return Ok(items);
            }
        }
    }

    /// One value; a comma is a part of it.
    pub(super) fn item(&mut self) -> Parsed<Item> {
        self.part(|_| true)
    }

    fn part(&mut self, more: impl Fn(char) -> bool) -> Parsed<Item> {
        let at = self.at;
        if self.rest().starts_with('"') {
            let text = self.quoted()?;
            return Ok(Item { at, text, is_quoted: true });
        }
        let text = self.while_(|c| !c.is_whitespace() && !ENDS.contains(&c) && more(c));
        match text.chars().next() {
            None => Err(self.error(at, "a value is due here, without a blank before it")),
            Some(c) if c == '!' || OPERATORS.contains(&c) => {
                Err(self.error(at, format!("a value that begins with `{c}` is written in quotes")))
            }
            Some(_) => Ok(Item { at, text: text.to_owned(), is_quoted: false }),
        }
    }

    /// Text in quotes; one inside is written twice.
    fn quoted(&mut self) -> Parsed<String> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.while_(|c| c != '"'));
            if self.eat("\"\"") {
                text.push('"');
            } else if self.eat("\"") {
                return Ok(text);
            } else {
                return Err(self.error(open, "this quote is not closed"));
            }
        }
    }
}

/// What is alone needs no list.
fn one_or(mut all: Vec<Expr>, many: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    if all.len() > 1 {
        return many(all);
    }
    all.pop().unwrap_or_else(|| many(Vec::new()))
}

pub(super) fn turn(expr: Expr, turned: bool) -> Expr {
    if turned { Expr::Not(Box::new(expr)) } else { expr }
}

//! A filter as a condition of a rule: what the gate asks of a call before it goes on.

use super::expr::{Order, Segment, Span, Text, Texts};
use super::field::{BodyField, FIELDS, Kind, NameField, NumberField};
use super::{Expr, Filter, Test};

impl Filter {
    /// The same as a condition in CEL.
    ///
    /// # Errors
    /// Names what a call does not have before it goes on: a verdict, a result, a duration.
    pub fn condition(&self) -> Result<String, String> {
        condition(&self.expr)
    }
}

fn condition(expr: &Expr) -> Result<String, String> {
    let joined = |parts: &[Expr], by: &str| -> Result<String, String> {
        let parts: Result<Vec<String>, String> = parts.iter().map(condition).collect();
        Ok(format!("({})", parts?.join(by)))
    };
    match expr {
        Expr::Or(parts) => joined(parts, " || "),
        Expr::And(parts) => joined(parts, " && "),
        Expr::Not(inner) => Ok(format!("!{}", bracketed(&condition(inner)?))),
        Expr::Test(test) => of_test(test),
    }
}

fn bracketed(text: &str) -> String {
    format!("({text})")
}

fn of_test(test: &Test) -> Result<String, String> {
    match test {
        Test::Word(word) => {
            let word = quoted(word.expression());
            let places = ["server", "tool", "text"].map(|place| format!("{place}.matches({word})"));
            Ok(bracketed(&places.join(" || ")))
        }
        Test::Name { field, is } => {
            let name = match field {
                NameField::Server => "server",
                NameField::Tool => "tool",
                NameField::Method => "method",
                NameField::Session | NameField::Agent | NameField::Rule => {
                    return Err(not_yet(Kind::Name(*field)));
                }
            };
            of_texts(name, is)
        }
        Test::Number { field: NumberField::Size, any } => {
            let spans = any.iter().map(|Span { from, to }| {
                let to = i64::try_from(*to).unwrap_or(i64::MAX);
                format!("(size >= {from} && size <= {to})")
            });
            Ok(bracketed(&spans.collect::<Vec<_>>().join(" || ")))
        }
        Test::Body { field: BodyField::Arguments, path, is } => of_argument(path, is),
        Test::Body { field: field @ BodyField::Result, .. } => Err(not_yet(Kind::Body(*field))),
        Test::Tag { field, .. } => Err(not_yet(Kind::Tag(*field))),
        Test::Number { field, .. } => Err(not_yet(Kind::Number(*field))),
        Test::Time(_) => Err(not_yet(Kind::Time)),
    }
}

/// An argument that is there, and as it has to be.
fn of_argument(path: &[Segment], is: &Texts) -> Result<String, String> {
    if path.is_empty() {
        return of_texts("text", is);
    }
    let (mut place, mut there) = ("args".to_owned(), Vec::new());
    for segment in path {
        match segment {
            Segment::Member(name) => {
                let name = quoted(name);
                there.push(format!("{name} in {place}"));
                place = format!("{place}[{name}]");
            }
            Segment::Element(at) => {
                there.push(format!("size({place}) > {at}"));
                place = format!("{place}[{at}]");
            }
            Segment::Every => return Err("a hold cannot look at every member of a list".to_owned()),
        }
    }
    let is = match is {
        Texts::Compares(order, number) => {
            if number.parse::<i64>().is_err() {
                return Err("a hold compares whole numbers".to_owned());
            }
            let sign = match order {
                Order::Less => "<",
                Order::LessOrSame => "<=",
                Order::More => ">",
                Order::MoreOrSame => ">=",
            };
            format!("{place} {sign} {number}")
        }
        Texts::Is(_) | Texts::Has(_) | Texts::Equals(_) | Texts::Matches(_) => {
            of_texts(&format!("string({place})"), is)?
        }
    };
    there.push(is);
    Ok(bracketed(&there.join(" && ")))
}

fn of_texts(place: &str, is: &Texts) -> Result<String, String> {
    let any = |expressions: Vec<String>| {
        let each = expressions.iter().map(|one| format!("{place}.matches({})", quoted(one)));
        bracketed(&each.collect::<Vec<_>>().join(" || "))
    };
    Ok(match is {
        Texts::Is(texts) => any(texts
            .iter()
            .map(|text| match text {
                Text::Plain(plain) => format!(r"(?i-u)\A{}\z", regex::escape(plain)),
                Text::Glob(glob) => glob.expression().to_owned(),
            })
            .collect()),
        Texts::Has(words) => any(words.iter().map(|word| word.expression().to_owned()).collect()),
        Texts::Matches(pattern) => any(vec![pattern.expression().to_owned()]),
        Texts::Equals(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            format!("({place} in [{}])", texts.join(", "))
        }
        Texts::Compares(..) => return Err("a hold compares numbers in arguments".to_owned()),
    })
}

/// A string of JSON is one of CEL.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn not_yet(kind: Kind) -> String {
    let field = FIELDS.iter().find(|field| field.kind == kind).map_or("this", |field| field.name);
    format!(
        "a call that is still to go on has no `{field}`: use srv, tool, method, arg, size or words"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Question};

    fn holds(filter: &str, tool: &str, arguments: &str) -> bool {
        let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        let when = quoted(&filter.condition().unwrap_or_else(|error| panic!("{error}")));
        let text = format!(
            "version: 1\nname: h\nphase: enforce\nrules:\n  - {{ id: h, why: w, match: {{ when: {when} }}, verdict: mark }}\n"
        );
        let layer = Policy::parse_layer("h", &text).unwrap_or_else(|error| panic!("{error}"));
        let arguments = Some(arguments.as_bytes());
        let question = Question { arguments, ..Question::call("GitHub", tool) };
        // A rule that marks fits only where its condition is known to hold.
        layer.decide_layer(&question).is_some()
    }

    #[test]
    fn a_condition_means_the_calls_that_its_filter_means() {
        let call =
            r#"{"path":"/home/.AWS/key","n":5,"list":["a"],"odd \"key\"":"x","text":"Secret"}"#;
        for (filter, means) in [
            ("srv:github", true),
            ("srv=github", false),
            ("srv=GitHub", true),
            ("srv:git", false),
            ("srv:git*", true),
            ("tool:write_*,read_*", true),
            ("tool:list_?", false),
            ("!tool:read_*", true),
            ("tool~^write tool~file$", true),
            ("tool:x | srv:github", true),
            ("tool:x & srv:github", false),
            ("secret", true),
            ("\"write_f\"", true),
            ("nothing", false),
            ("arg:secret", true),
            (r"arg.path~\.aws|\.ssh", false),
            (r#"arg.path~"(?i)\.aws|\.ssh""#, true),
            ("arg.path:/home/*", true),
            ("arg.missing:x", false),
            ("!arg.missing:x", true),
            ("arg.n>4", true),
            ("arg.n<=4", false),
            ("arg.n:5", true),
            ("arg.list[0]:a", true),
            ("arg.list[1]:a", false),
            ("size>10", true),
            ("size>5KB", false),
            ("method:tools/call", true),
        ] {
            assert_eq!(holds(filter, "write_file", call), means, "{filter}");
        }
    }

    #[test]
    fn what_a_call_does_not_have_yet_is_named() {
        for (filter, what) in [
            ("verdict:ask", "`verdict`"),
            ("ms>5", "`ms`"),
            ("res:x", "`res`"),
            ("sess:x", "`sess`"),
            ("rule:x", "`rule`"),
            ("mark:yes", "`mark`"),
            ("arg.n>0.5", "whole numbers"),
            ("arg.list[*]:a", "every member"),
        ] {
            let said = Filter::parse(filter).unwrap().condition().unwrap_err();
            assert!(said.contains(what), "{filter}: {said}");
        }
    }
}

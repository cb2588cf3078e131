//! The keywords of schemas: JSON Schema Core 2020-12, sections 10 and 11, and Validation, section 6; with those of older
//! drafts that mean the same.

use super::super::format::Format;
use super::super::json::Json;
use super::super::node::{Bound, Check, Form, Id, Measure, Members, Node, OfList, OfObject, Types};
use super::super::{PATTERNS_MAX, SchemaError, pattern, told};
use super::{Compiler, Draft};

/// Values of an `enum` that are told.
const ENUM_TOLD_MAX: usize = 12;

/// What says nothing of values: notes for people and generators, and places for other schemas.
const NOTES: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "$vocabulary",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "id",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
];

impl<'d, 'a> Compiler<'d, 'a> {
    /// Reads one keyword of a schema. Those that belong together are read with the first of them that is there.
    pub(super) fn keyword(
        &mut self,
        node: &mut Node,
        schema: &'d Json<'a>,
        keyword: &str,
        value: &'d Json<'a>,
    ) -> Result<(), SchemaError> {
        if NOTES.contains(&keyword) || keyword.starts_with("x-") {
            return Ok(());
        }
        if self.number(node, keyword, value) {
            return Ok(());
        }
        match keyword {
            "$ref" => {}
            "type" => self.types(node, value),
            "enum" => self.values(node, value)?,
            "const" => {
                self.keep(value.parts())?;
                let values = vec![value.owned()];
                let told = scalar(value);
                node.checks.push(Check::Enum { keyword: "const", values, told });
            }
            "pattern" => match value.text() {
                Some(text) => {
                    let regex = self.pattern(node, keyword, text);
                    let check = |regex| Check::Pattern(Box::new(regex), told(text));
                    node.checks.extend(regex.map(check));
                }
                None => self.open(node, keyword, "it is no string"),
            },
            "format" => match value.text() {
                Some(name) => node.checks.extend(Format::named(name).map(Check::Format)),
                None => self.open(node, keyword, "it is no string"),
            },
            "items" | "prefixItems" | "additionalItems" | "contains" | "minContains"
            | "maxContains" | "uniqueItems" => self.list(node, schema, keyword, value)?,
            "properties"
            | "patternProperties"
            | "additionalProperties"
            | "required"
            | "propertyNames"
            | "dependentRequired"
            | "dependentSchemas"
            | "dependencies" => {
                self.object(node, schema, keyword, value)?;
            }
            "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                self.form(node, schema, keyword, value)?;
            }
            _ => self.open(node, keyword, "the keyword is not known here"),
        }
        Ok(())
    }

    /// Keywords with a number. `false`: it is none of them.
    fn number(&mut self, node: &mut Node, keyword: &str, value: &Json<'_>) -> bool {
        const COUNTS: [(&str, Measure, bool); 6] = [
            ("minLength", Measure::Characters, true),
            ("maxLength", Measure::Characters, false),
            ("minItems", Measure::Items, true),
            ("maxItems", Measure::Items, false),
            ("minProperties", Measure::Members, true),
            ("maxProperties", Measure::Members, false),
        ];
        const BOUNDS: [(&str, Bound); 5] = [
            ("minimum", Bound::Minimum),
            ("maximum", Bound::Maximum),
            ("exclusiveMinimum", Bound::Above),
            ("exclusiveMaximum", Bound::Below),
            ("multipleOf", Bound::Multiple),
        ];
        let count = COUNTS.iter().find(|(known, ..)| *known == keyword);
        let bound = BOUNDS.iter().find(|(known, _)| *known == keyword);
        let check = match (count, bound, value) {
            (None, None, _) => return false,
            (Some((keyword, measure, least)), _, Json::Number(number)) => {
                let (measure, least) = (*measure, *least);
                number.count().map(|limit| Check::Count { keyword, measure, least, limit })
            }
            (_, Some((keyword, bound)), Json::Number(number))
                if *bound != Bound::Multiple || number.is_positive() =>
            {
                Some(Check::Bound { keyword, bound: *bound, limit: *number })
            }
            _ => None,
        };
        if check.is_none() {
            self.open(node, keyword, "it is no number of the kind");
        }
        node.checks.extend(check);
        true
    }

    fn types(&mut self, node: &mut Node, value: &Json<'_>) {
        let names = value.items().unwrap_or(std::slice::from_ref(value));
        let mut types = Types::NONE;
        for name in names {
            match name.text().and_then(Types::named) {
                Some(one) => types = types.and(one),
                None => return self.open(node, "type", "the type is not known"),
            }
        }
        if names.is_empty() {
            return self.open(node, "type", "no type is named");
        }
        node.types = Some(types);
    }

    fn values(&mut self, node: &mut Node, value: &Json<'_>) -> Result<(), SchemaError> {
        let Some(values) = value.items().filter(|values| !values.is_empty()) else {
            self.open(node, "enum", "it is no list of values");
            return Ok(());
        };
        self.keep(value.parts())?;
        let first: Vec<String> = values.iter().take(ENUM_TOLD_MAX).map(scalar).collect();
        let more = if values.len() > ENUM_TOLD_MAX { ", …" } else { "" };
        let told = told(&format!("one of {}{more}", first.join(", ")));
        let mut values: Vec<Json<'static>> = values.iter().map(Json::owned).collect();
        values.sort();
        node.checks.push(Check::Enum { keyword: "enum", values, told });
        Ok(())
    }

    /// A pattern, ready to search. `None`: it cannot be read, which is noted.
    fn pattern(&mut self, node: &mut Node, keyword: &str, text: &str) -> Option<regex::Regex> {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            self.open(node, keyword, "there are too many patterns in this schema");
            return None;
        }
        let regex = pattern::compile(text);
        if regex.is_none() {
            self.open(node, keyword, "the pattern is not one of a linear engine");
        }
        regex
    }

    fn schemas(&mut self, keyword: &str, schemas: &'d [Json<'a>]) -> Result<Vec<Id>, SchemaError> {
        let mut ids = Vec::with_capacity(schemas.len());
        for (at, one) in schemas.iter().enumerate() {
            let at = at.to_string();
            ids.push(self.within(keyword, |compiler| compiler.schema(&at, one))?);
        }
        Ok(ids)
    }

    fn list(
        &mut self,
        node: &mut Node,
        schema: &'d Json<'a>,
        keyword: &str,
        value: &'d Json<'a>,
    ) -> Result<(), SchemaError> {
        let old = self.draft != Draft::Y2020;
        match (keyword, value) {
            ("uniqueItems", Json::Bool(wanted)) => {
                node.checks.extend(wanted.then_some(Check::List(OfList::Unique)));
            }
            ("uniqueItems", _) => self.open(node, keyword, "it is no boolean"),
            ("items", Json::List(first)) if old => {
                let first = self.schemas("items", first)?;
                let rest = schema.member("additionalItems");
                let rest = rest.map(|rest| self.schema("additionalItems", rest)).transpose()?;
                node.checks.push(Check::List(OfList::Items { first, rest }));
            }
            ("items", Json::List(_)) => self.open(node, keyword, "a list is of older drafts"),
            ("items", _) => {
                let first = match schema.member("prefixItems") {
                    Some(Json::List(first)) if !old => self.schemas("prefixItems", first)?,
                    _ => Vec::new(),
                };
                let rest = Some(self.schema("items", value)?);
                node.checks.push(Check::List(OfList::Items { first, rest }));
            }
            // Read with `items`, where there are some.
            ("prefixItems", Json::List(_)) if !old && schema.member("items").is_some() => {}
            ("prefixItems", Json::List(first)) if !old => {
                let first = self.schemas("prefixItems", first)?;
                node.checks.push(Check::List(OfList::Items { first, rest: None }));
            }
            ("prefixItems", _) => self.open(node, keyword, "it is no list in this dialect"),
            ("contains", _) => {
                let count = |name: &str| match schema.member(name) {
                    Some(Json::Number(number)) if self.draft != Draft::Old => number.count(),
                    _ => None,
                };
                let (least, most) = (count("minContains"), count("maxContains"));
                let (least, most) = (least.unwrap_or(1), most.unwrap_or(u64::MAX));
                let item = self.schema("contains", value)?;
                node.checks.push(Check::List(OfList::Contains { item, least, most }));
            }
            // They belong to others, and say nothing without them.
            _ => {}
        }
        Ok(())
    }

    fn object(
        &mut self,
        node: &mut Node,
        schema: &'d Json<'a>,
        keyword: &str,
        value: &'d Json<'a>,
    ) -> Result<(), SchemaError> {
        match keyword {
            "required" => {
                let names = self.names(node, keyword, value);
                node.checks.push(Check::Object(OfObject::Required(names)));
            }
            "propertyNames" => {
                let id = self.schema(keyword, value)?;
                node.checks.push(Check::Object(OfObject::Names(id)));
            }
            "dependentRequired" | "dependentSchemas" | "dependencies" => {
                let Json::Object(all) = value else {
                    self.open(node, keyword, "it is no object");
                    return Ok(());
                };
                for (with, wanted) in all {
                    let with_it = with.as_ref().to_owned();
                    let of = if matches!(wanted, Json::List(_)) {
                        let names = self.names(node, keyword, wanted);
                        OfObject::DependentRequired(with_it, names)
                    } else {
                        let id = self.within(keyword, |it| it.schema(with, wanted))?;
                        OfObject::DependentSchema(with_it, id)
                    };
                    node.checks.push(Check::Object(of));
                }
            }
            // Read with the first of them, which are in the order of their names.
            "properties" | "patternProperties"
                if schema.member("additionalProperties").is_some() => {}
            "properties" if schema.member("patternProperties").is_some() => {}
            _ => {
                let members = Box::new(self.members(node, schema)?);
                node.checks.push(Check::Object(OfObject::Members(members)));
            }
        }
        Ok(())
    }

    fn names(&mut self, node: &mut Node, keyword: &str, value: &Json<'_>) -> Vec<String> {
        let mut names = Vec::new();
        let Some(all) = value.items() else {
            self.open(node, keyword, "it is no list of names");
            return names;
        };
        for one in all {
            match one.text() {
                Some(name) => names.push(name.to_owned()),
                None => self.open(node, keyword, "a name in it is no string"),
            }
        }
        names
    }

    fn members(&mut self, node: &mut Node, schema: &'d Json<'a>) -> Result<Members, SchemaError> {
        let mut members = Members::default();
        match schema.member("properties") {
            Some(Json::Object(named)) => {
                for (name, one) in named {
                    let id = self.within("properties", |compiler| compiler.schema(name, one))?;
                    members.named.insert(name.as_ref().to_owned(), id);
                }
            }
            Some(_) => {
                members.open = true;
                self.open(node, "properties", "it is no object");
            }
            None => {}
        }
        match schema.member("patternProperties") {
            Some(Json::Object(patterns)) => {
                for (text, one) in patterns {
                    let id =
                        self.within("patternProperties", |compiler| compiler.schema(text, one))?;
                    match self.pattern(node, "patternProperties", text) {
                        Some(regex) => members.patterns.push((regex, id)),
                        None => members.open = true,
                    }
                }
            }
            Some(_) => {
                members.open = true;
                self.open(node, "patternProperties", "it is no object");
            }
            None => {}
        }
        if let Some(rest) = schema.member("additionalProperties") {
            members.rest = Some(self.schema("additionalProperties", rest)?);
        }
        Ok(members)
    }

    fn form(
        &mut self,
        node: &mut Node,
        schema: &'d Json<'a>,
        keyword: &str,
        value: &'d Json<'a>,
    ) -> Result<(), SchemaError> {
        let form = match (keyword, value) {
            ("allOf" | "anyOf" | "oneOf", Json::List(all)) if !all.is_empty() => {
                let ids = self.schemas(keyword, all)?;
                match keyword {
                    "allOf" => Form::All(ids),
                    "anyOf" => Form::Any(ids),
                    _ => Form::One(ids),
                }
            }
            ("allOf" | "anyOf" | "oneOf", _) => {
                self.open(node, keyword, "it is no list of schemas");
                return Ok(());
            }
            ("not", _) => Form::Not(self.schema(keyword, value)?),
            ("if", _) => {
                let mut branch =
                    |name: &str| schema.member(name).map(|one| self.schema(name, one)).transpose();
                let (then, other) = (branch("then")?, branch("else")?);
                Form::If(self.schema(keyword, value)?, then, other)
            }
            // Without a condition they say nothing.
            _ => return Ok(()),
        };
        node.checks.push(Check::Form(form));
        Ok(())
    }
}

/// A value of a schema as it is told.
fn scalar(value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => format!("\"{}\"", told(text)),
        Json::Number(number) => number.to_string(),
        Json::Bool(is) => is.to_string(),
        Json::Null | Json::List(_) | Json::Object(_) => value.short(),
    }
}

//! A schema as it is checked: one node for each schema within it, which others name by number.

use std::collections::BTreeMap;

use regex::Regex;

use super::format::Format;
use super::json::Json;
use super::number::Number;

/// A node by its number.
pub(super) type Id = usize;

/// A schema within a schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// A part of it cannot be read, so that nothing is certain to fit it.
    pub(super) open: bool,
    /// It is `false`.
    pub(super) never: bool,
    /// Which kinds fit; all of them where it does not say.
    pub(super) types: Option<Types>,
    /// Values that are not told, whatever else it says: the schema's own `default`, which a model may send although it does
    /// not fit, and null where it is `nullable`, which is a keyword of `OpenAPI` 3.0 and none of JSON Schema.
    pub(super) excused: Vec<Json<'static>>,
    /// Everything else.
    pub(super) checks: Vec<Check>,
}

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

/// Names of kinds, in the order of their bits.
const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];

impl Types {
    /// None of them.
    pub(super) const NONE: Self = Self(0);

    /// By its name in schemas.
    pub(super) fn named(name: &str) -> Option<Self> {
        let at = TYPES.iter().position(|known| *known == name)?;
        Some(Self(1 << at))
    }

    /// These and those.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a value is of one of them.
    pub(super) fn fit(self, value: &Json<'_>) -> bool {
        let bits = match value {
            Json::Null => 1,
            Json::Bool(_) => 2,
            Json::Object(_) => 4,
            Json::List(_) => 8,
            Json::Number(number) if number.is_whole() => 16 | 64,
            Json::Number(_) => 16,
            Json::Text(_) => 32,
        };
        self.0 & bits != 0
    }

    /// `string or null`.
    pub(super) fn words(self) -> String {
        let bits = TYPES.iter().enumerate().filter(|(at, _)| self.0 >> at & 1 == 1);
        let names: Vec<&str> = bits.map(|(_, name)| *name).collect();
        names.join(" or ")
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Characters,
    Items,
    Members,
}

impl Measure {
    /// How many a value has; nothing where it has none of the kind.
    pub(super) fn of(self, value: &Json<'_>) -> Option<usize> {
        match (self, value) {
            (Self::Characters, Json::Text(text)) => Some(text.chars().count()),
            (Self::Items, Json::List(items)) => Some(items.len()),
            (Self::Members, Json::Object(members)) => Some(members.len()),
            (Self::Characters | Self::Items | Self::Members, _) => None,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Items => "items",
            Self::Members => "members",
        }
    }
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Minimum,
    Maximum,
    Above,
    Below,
    Multiple,
}

/// Something that a schema wants.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// `minLength` and its like (`least`), `maxLength` and its like.
    Count { keyword: &'static str, measure: Measure, least: bool, limit: u64 },
    /// `minimum`, `maximum`, and those that exclude; `multipleOf`.
    Bound { keyword: &'static str, bound: Bound, limit: Number },
    /// `enum` and `const`: one of these, which are in order. With them, how they are told.
    Enum { keyword: &'static str, values: Vec<Json<'static>>, told: String },
    /// `pattern`. With it, how it is told.
    Pattern(Box<Regex>, String),
    /// `format`.
    Format(Format),
    /// Of the items of an array.
    List(OfList),
    /// Of the members of an object.
    Object(OfObject),
    /// Other schemas for the same value.
    Form(Form),
}

/// What a schema wants of an array.
#[derive(Debug, Clone)]
pub(super) enum OfList {
    /// `uniqueItems`.
    Unique,
    /// `prefixItems` or a list of `items`; and the schema of all behind.
    Items { first: Vec<Id>, rest: Option<Id> },
    /// `contains`, with `minContains` and `maxContains`.
    Contains { item: Id, least: u64, most: u64 },
}

/// What a schema wants of an object.
#[derive(Debug, Clone)]
pub(super) enum OfObject {
    /// `properties`, `patternProperties` and `additionalProperties`.
    Members(Box<Members>),
    /// `required`.
    Required(Vec<String>),
    /// `propertyNames`.
    Names(Id),
    /// `dependentRequired`: with this member, those.
    DependentRequired(String, Vec<String>),
    /// `dependentSchemas`: with this member, that.
    DependentSchema(String, Id),
}

/// What a schema wants by way of others.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// `allOf`.
    All(Vec<Id>),
    /// `anyOf`.
    Any(Vec<Id>),
    /// `oneOf`.
    One(Vec<Id>),
    /// `not`.
    Not(Id),
    /// `if`, `then` and `else`.
    If(Id, Option<Id>, Option<Id>),
    /// `$ref`.
    Ref(Id),
}

/// What the members of an object are to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    pub(super) named: BTreeMap<String, Id>,
    pub(super) patterns: Vec<(Regex, Id)>,
    /// Those that are neither named nor fit a pattern.
    pub(super) rest: Option<Id>,
    /// A part of the names or patterns cannot be read, so that no member is certainly one of the rest.
    pub(super) open: bool,
}

//! A value of JSON as it is compared: names in order, numbers exact, the last of two members with the same name.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::number::Number;

/// A text counts as one more part for so many bytes.
pub(super) const PART_BYTES: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// Members in the order of their names, each name once.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a text. It fails on what is no JSON and on what is nested more than 127 times, which is the limit of
    /// `serde_json`.
    pub(super) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let at = members.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        members.get(at).map(|(_, value)| value)
    }

    /// The text that it is.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items that it has.
    pub(super) fn items(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The same, apart from the text that it was read from.
    pub(super) fn owned(&self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(is) => Json::Bool(*is),
            Self::Number(number) => Json::Number(*number),
            Self::Text(text) => Json::Text(Cow::Owned(text.as_ref().to_owned())),
            Self::List(items) => Json::List(items.iter().map(Json::owned).collect()),
            Self::Object(members) => {
                let own = |(name, value): &(Cow<'_, str>, Json<'_>)| {
                    (Cow::Owned(name.as_ref().to_owned()), value.owned())
                };
                Json::Object(members.iter().map(own).collect())
            }
        }
    }

    /// How much it is to keep or to compare: its values, and one more for each [`PART_BYTES`] of a text.
    pub(super) fn parts(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
            Self::Text(text) => 1 + text.len() / PART_BYTES,
            Self::List(items) => items.iter().fold(1, |sum, item| sum + item.parts()),
            Self::Object(members) => members
                .iter()
                .fold(1, |sum, (name, member)| sum + name.len() / PART_BYTES + member.parts()),
        }
    }

    /// What it is, without what it says.
    pub(super) fn short(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(_) => "a boolean".to_owned(),
            Self::Number(number) if number.is_whole() => "an integer".to_owned(),
            Self::Number(_) => "a number".to_owned(),
            Self::Text(text) => counted("a string of", text.chars().count(), "character"),
            Self::List(items) => counted("an array of", items.len(), "item"),
            Self::Object(members) => counted("an object of", members.len(), "member"),
        }
    }
}

/// `an array of 1 item`, `an array of 2 items`.
fn counted(what: &str, count: usize, unit: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{what} {count} {unit}{s}")
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(read: D) -> Result<Self, D::Error> {
        read.deserialize_any(Reader)
    }
}

/// A name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(read: D) -> Result<Self, D::Error> {
        match read.deserialize_str(Reader)? {
            Json::Text(name) => Ok(Self(name)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                Err(D::Error::custom("a name is a string"))
            }
        }
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(is))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Number::whole(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Number::positive(number)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        // The fewest digits that mean this number, seventeen at most: those that were written, if they were so few.
        let exact = Number::written(&format!("{number:e}"));
        exact.map(Json::Number).ok_or_else(|| E::custom("no finite number"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        // The last one counts, as it does for most readers; that there are two is for others to tell.
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|(one, _), (other, _)| one == other);
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_equal() {
        for (one, other) in [
            ("1", "1.0"),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1e0}"#),
            (r#""\u0061""#, "\"a\""),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(Json::read(one).unwrap(), Json::read(other).unwrap(), "{one}");
        }
        assert_ne!(Json::read("1").unwrap(), Json::read("\"1\"").unwrap());
        assert_ne!(Json::read("null").unwrap(), Json::read("false").unwrap());
        for text in ["", "{", "1 2", "[1,]", &"[".repeat(500)] {
            assert!(Json::read(text).is_err(), "{text}");
        }
        let value = Json::read(r#"{"a":[1,"b",null,true,0.5]}"#).unwrap();
        assert_eq!(value.owned(), value);
        assert_eq!(value.member("a").unwrap().short(), "an array of 5 items");
        assert_eq!(Json::read("\"é\"").unwrap().short(), "a string of 1 character");
    }
}

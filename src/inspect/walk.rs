//! All texts of a JSON value, each with its place: what a model reads of a definition or a result stands anywhere.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// A JSON pointer (RFC 6901); that of the value for a member's name.
    pub path: String,
    /// Whether it is the name of a member and not a value.
    pub name: bool,
    /// The name of the member that it is the value of, or stands in a list of.
    pub member: Option<Rc<str>>,
    /// The text, escapes resolved.
    pub text: Cow<'a, str>,
}

/// The texts of a value, members' names among them, in their order. What is no JSON has none.
#[must_use]
pub fn texts(value: &str) -> Vec<Text<'_>> {
    walk(value, true)
}

/// The same without their places, for whoever looks at many and needs none.
#[must_use]
pub fn members(value: &str) -> Vec<Text<'_>> {
    walk(value, false)
}

fn walk(value: &str, places: bool) -> Vec<Text<'_>> {
    let mut all = Vec::new();
    let mut read = serde_json::Deserializer::from_str(value);
    let walk = Walk { path: places.then(String::new), member: None, all: &mut all };
    // What was read before a fault counts.
    let _broken = walk.deserialize(&mut read);
    all
}

struct Walk<'w, 'a> {
    /// `None`: nobody wants to know.
    path: Option<String>,
    member: Option<Rc<str>>,
    all: &'w mut Vec<Text<'a>>,
}

impl<'a> Walk<'_, 'a> {
    fn value(self, text: Cow<'a, str>) {
        let Self { path, member, all } = self;
        all.push(Text { path: path.unwrap_or_default(), name: false, member, text });
    }
}

impl<'a> DeserializeSeed<'a> for Walk<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, read: D) -> Result<(), D::Error> {
        read.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.value(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.value(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        for at in 0.. {
            let path = self.path.as_ref().map(|path| format!("{path}/{at}"));
            let item = Walk { path, member: self.member.clone(), all: self.all };
            if list.next_element_seed(item)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'a, str>>()? {
            let path = self.path.as_ref().map(|path| {
                let step = name.replace('~', "~0").replace('/', "~1");
                format!("{path}/{step}")
            });
            let member = Some(Rc::from(&*name));
            let place = path.clone().unwrap_or_default();
            self.all.push(Text { path: place, name: true, member: None, text: name });
            members.next_value_seed(Walk { path, member, all: self.all })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_told_with_its_place() {
        let value = r#"{"name":"a","inputSchema":{"properties":{"x/y":{"enum":["one",2,null,true,"t\u0077o"]}}},"~":-1.5}"#;
        let all = texts(value);
        let told: Vec<String> = all
            .iter()
            .map(|one| format!("{}{} {}", if one.name { "=" } else { "" }, one.path, one.text))
            .collect();
        assert_eq!(
            told,
            [
                "=/name name",
                "/name a",
                "=/inputSchema inputSchema",
                "=/inputSchema/properties properties",
                "=/inputSchema/properties/x~1y x/y",
                "=/inputSchema/properties/x~1y/enum enum",
                "/inputSchema/properties/x~1y/enum/0 one",
                "/inputSchema/properties/x~1y/enum/4 two",
                "=/~0 ~",
            ]
        );
        assert_eq!(texts(r#"["a", broken"#).len(), 1);
        assert_eq!(texts("12"), []);
        assert_eq!(texts("\"x\"")[0].path, "");
        // The same without places, and what each is the value of.
        let members: Vec<(Option<&str>, &str)> = all
            .iter()
            .filter(|one| !one.name)
            .map(|one| (one.member.as_deref(), &*one.text))
            .collect();
        assert_eq!(members, [(Some("name"), "a"), (Some("enum"), "one"), (Some("enum"), "two")]);
        let bare = super::members(value).into_iter();
        assert!(
            bare.zip(&all).all(|(bare, one)| bare == Text { path: String::new(), ..one.clone() })
        );
    }
}

//! What a server says of itself when a session begins, as far as it is pinned.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The result of `initialize`, or of `server/discover`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Introduction<'a> {
    /// What the model reads of it.
    #[serde(borrow, default)]
    pub instructions: Option<&'a RawValue>,
    /// What it can do.
    #[serde(borrow, default)]
    pub capabilities: Option<&'a RawValue>,
    /// What it is called.
    #[serde(borrow, default, rename = "serverInfo")]
    pub info: Option<&'a RawValue>,
}

impl<'a> Introduction<'a> {
    /// Reads it. `None`: it is no JSON object; a list is none, although serde would take its values in order.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
    }

    /// The definition that is made of it: what it gives, as it was sent.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = [
            ("instructions", self.instructions),
            ("capabilities", self.capabilities),
            ("serverInfo", self.info),
        ];
        let given = parts.into_iter().filter_map(|(key, value)| Some((key, value?.get())));
        let parts: Vec<String> = given.map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_says_nothing() {
        let text = |text| Introduction::read(text).map(|says| says.text());
        assert_eq!(
            text(r#" {"instructions": "x", "y": 1}"#).as_deref(),
            Some(r#"{"instructions":"x"}"#)
        );
        assert_eq!(text("{}").as_deref(), Some("{}"));
        for none in ["[1]", "[]", "1", "null", "", "{"] {
            assert_eq!(text(none), None, "{none}");
        }
    }
}

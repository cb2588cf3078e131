//! How an agent starts a server, its variables put in: what a shim in front of it would be given.

use std::fmt;

use serde_json::Value;

use super::common::Object;
use super::plan::Context;

/// A server's start.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// Its command line.
    pub command: Vec<String>,
    /// Variables beside the agent's own.
    pub env: Vec<(String, String)>,
    /// The folder that it starts in, as the agent's configuration spells it; else the agent's.
    pub folder: Option<String>,
}

/// Variables hold tokens, so their names alone are shown.
impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Launch")
            .field("command", &self.command)
            .field("env", &names)
            .field("folder", &self.folder)
            .finish()
    }
}

/// How an agent writes variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Not at all: codex.
    Plain,
    /// `${VAR}`, `${VAR:-default}`; one that is not set is a mistake: claude.
    Braces,
    /// `$VAR`, `${VAR}`; one that is not set stays as it is written: gemini.
    Dollar,
    /// `{env:VAR}`, empty where it is not set; `{file:…}` is not known here: opencode.
    Word,
}

impl Launch {
    /// With all variables put in.
    ///
    /// # Errors
    /// In words, when one cannot be told.
    pub(super) fn new(
        style: Style,
        command: &[String],
        env: Option<&Object>,
        folder: Option<&Value>,
        context: &Context<'_>,
    ) -> Result<Self, String> {
        let put = |text: &str| style.put_in(text, context);
        let env = env.into_iter().flatten().filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.clone(), text))
        });
        Ok(Self {
            command: command.iter().map(|word| put(word)).collect::<Result<_, _>>()?,
            env: env.map(|(name, text)| Ok((name, put(&text)?))).collect::<Result<_, String>>()?,
            folder: folder.and_then(Value::as_str).map(put).transpose()?,
        })
    }
}

impl Style {
    fn put_in(self, text: &str, context: &Context<'_>) -> Result<String, String> {
        let open = match self {
            Self::Plain => return Ok(text.to_owned()),
            Self::Braces => "${",
            Self::Dollar => "$",
            Self::Word => "{",
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(open) {
            out.push_str(before);
            if let Some((value, after)) = self.variable(behind, context)? {
                out.push_str(&value);
                rest = after;
            } else {
                out.push_str(open);
                rest = behind;
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The value of the variable that is named behind the opening, and what follows; `None`: none is named.
    fn variable<'a>(
        self,
        behind: &'a str,
        context: &Context<'_>,
    ) -> Result<Option<(String, &'a str)>, String> {
        let value = |name: &str| (context.env)(name).and_then(|value| value.into_string().ok());
        Ok(match self {
            Self::Plain => None,
            Self::Braces => {
                let Some((inner, after)) = behind.split_once('}') else { return Ok(None) };
                let (name, default) = match inner.split_once(":-") {
                    Some((name, default)) => (name, Some(default.to_owned())),
                    None => (inner, None),
                };
                let value = value(name).or(default);
                Some((value.ok_or_else(|| format!("the variable {name} is not set"))?, after))
            }
            Self::Dollar => {
                let named = if let Some(inner) = behind.strip_prefix('{') {
                    inner.split_once('}')
                } else {
                    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    behind.split_at_checked(behind.find(|c| !word(c)).unwrap_or(behind.len()))
                };
                named.and_then(|(name, after)| Some((value(name)?, after)))
            }
            Self::Word => {
                if behind.starts_with("file:") {
                    return Err("it uses {file:…}: not yet".to_owned());
                }
                let named = behind.strip_prefix("env:").and_then(|inner| inner.split_once('}'));
                named.map(|(name, after)| (value(name).unwrap_or_default(), after))
            }
        })
    }
}

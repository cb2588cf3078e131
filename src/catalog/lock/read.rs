//! The text of a lock, read.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{Block, Entry, Lock, Package, VERSION};
use crate::catalog::kind::Kind;
use crate::text::place::line_and_column;

/// Why a text is no lock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Broken {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<i64>,
    #[serde(default)]
    server: Vec<Server>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    name: Spanned<String>,
    package: Option<String>,
    package_version: Option<String>,
    #[serde(default)]
    definition: Vec<Definition>,
    #[serde(default)]
    signature: Vec<Signature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    kind: Spanned<String>,
    name: Spanned<String>,
    fingerprint: String,
    by: String,
    at: Spanned<Datetime>,
    evidence: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    key: Spanned<String>,
    value: String,
}

/// Says where.
struct Place<'a>(&'a str);

impl Place<'_> {
    fn broken<T>(&self, at: &Spanned<T>, why: String) -> Broken {
        Broken { line: line_and_column(self.0, at.span().start).0, why }
    }
}

impl Lock {
    /// Reads a text.
    ///
    /// # Errors
    /// With the line, when it is no lock of a version that is known, or says something twice.
    pub fn parse(text: &str) -> Result<Self, Broken> {
        let file: File = toml::from_str(text).map_err(|error| Broken {
            line: line_and_column(text, error.span().map_or(0, |span| span.start)).0,
            why: error.message().to_owned(),
        })?;
        let place = Place(text);
        if *file.version.get_ref() != VERSION {
            let why = format!("version {} is not known, only {VERSION}", file.version.get_ref());
            return Err(place.broken(&file.version, why));
        }
        let mut lock = Self::default();
        for server in file.server {
            let block = block(&server, &place)?;
            let twice = lock.blocks.insert(server.name.get_ref().clone(), block).is_some();
            if twice {
                let why = format!("the server {:?} is there twice", server.name.get_ref());
                return Err(place.broken(&server.name, why));
            }
        }
        Ok(lock)
    }
}

fn block(server: &Server, place: &Place<'_>) -> Result<Block, Broken> {
    let version = server.package_version.clone();
    let mut block = Block {
        package: server.package.clone().map(|name| Package { name, version }),
        ..Block::default()
    };
    if server.package.is_none() && server.package_version.is_some() {
        return Err(
            place.broken(&server.name, "it has a package_version and no package".to_owned())
        );
    }
    for given in &server.definition {
        let kind = Kind::parse(given.kind.get_ref()).filter(|kind| *kind != Kind::Identity);
        let kind = kind.ok_or_else(|| {
            place.broken(&given.kind, "a kind is tool, prompt, template or server".to_owned())
        })?;
        let at = given.at.get_ref();
        if at.date.is_none() || at.time.is_none() || at.offset.is_none() {
            return Err(place.broken(&given.at, "give date, time and offset".to_owned()));
        }
        let entry = Entry {
            fingerprint: given.fingerprint.clone(),
            text: given.text.clone(),
            by: given.by.clone(),
            at: at.to_string(),
            evidence: given.evidence.clone(),
        };
        let named: &mut BTreeMap<_, _> = block.definitions.entry(kind).or_default();
        if named.insert(given.name.get_ref().clone(), entry).is_some() {
            let why = format!("the {} {:?} is there twice", kind.word(), given.name.get_ref());
            return Err(place.broken(&given.name, why));
        }
    }
    for given in &server.signature {
        let key = given.key.get_ref().clone();
        if block.signatures.insert(key, given.value.clone()).is_some() {
            return Err(place.broken(&given.key, "this key signs twice".to_owned()));
        }
    }
    Ok(block)
}

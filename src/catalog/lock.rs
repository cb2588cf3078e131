//! `tollgate.lock`: what the definitions of a project's servers are to be, in a text that is made for review.
//!
//! One block for each server: its definitions in full, who approved each, when and on what evidence, and signatures
//! over all of that. **A block counts only where somebody signed it whom the reader trusts**, and where each
//! text is what its fingerprint says; any other block is one that nobody approved. docs/pins.md is the format's page.
//!
//! Pure: text in, text out.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::fingerprint::Fingerprint;
use super::kind::{Kind, Pins};
use super::sign::{PublicKey, SecretKey, Trusted};
use crate::protocol::canonical::canonical;

mod read;
mod write;

pub use read::Broken;

/// Version of the file.
const VERSION: i64 = 1;
/// Before what is signed: a signature of something else is never one of a block.
const DOMAIN: &[u8] = b"tollgate/lock-server/v1\n";

/// A whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// By the servers' names.
    pub blocks: BTreeMap<String, Block>,
}

/// One server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// What the server is installed from, where that was told.
    pub package: Option<Package>,
    /// What its definitions are to be, by kind and name.
    pub definitions: BTreeMap<Kind, BTreeMap<String, Entry>>,
    /// Signatures by key, both as they stand there.
    pub signatures: BTreeMap<String, String>,
}

/// What a server is installed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, behind its registry's where that is told: `npm:@scope/name`.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// One definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Hex digits, as they stand there: [`Block::check`] compares them with the text.
    pub fingerprint: String,
    /// The whole definition, a JSON text.
    pub text: String,
    /// Who approved it.
    pub by: String,
    /// When, as RFC 3339 writes it.
    pub at: String,
    /// On what evidence.
    pub evidence: String,
}

/// Who says that a server's definitions are these, and when.
pub struct Approver<'a> {
    /// Their name.
    pub by: &'a str,
    /// Their key.
    pub key: &'a SecretKey,
    /// When, as RFC 3339 writes it.
    pub at: &'a str,
    /// Whose signatures count for them.
    pub trusted: &'a [Trusted],
}

/// A definition as a home has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// As it was sent.
    pub text: String,
    /// How the home came to it.
    pub evidence: String,
}

/// What a home knows of a server, by kind and name; the identity is not for a lock.
pub type Knowledge = BTreeMap<Kind, BTreeMap<String, Known>>;

/// What a block is worth to a reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Definitions whose text is not what their fingerprint says.
    pub altered: Vec<(Kind, String)>,
    /// Trusted names whose signature holds.
    pub signers: Vec<String>,
    /// Trusted names whose signature does not hold: the block was changed behind them.
    pub wrong: Vec<String>,
    /// Keys that the reader does not trust, as they stand there.
    pub strangers: Vec<String>,
}

impl Checked {
    /// Whether the block's definitions are approved.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.altered.is_empty() && !self.signers.is_empty()
    }

    /// What is wrong, one sentence each without the server's name; nothing where all is as it should be.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .altered
            .iter()
            .map(|(kind, name)| {
                format!("the text of the {} {name} is not what its fingerprint says", kind.word())
            })
            .collect();
        problems.extend(self.wrong.iter().map(|name| {
            format!("the signature of {name} does not hold: the block was changed behind it")
        }));
        if self.signers.is_empty() {
            problems.push(match self.strangers.as_slice() {
                [] if self.wrong.is_empty() => "nobody signed it".to_owned(),
                [] => "no other trusted signature is there".to_owned(),
                keys => format!("no trusted key signed it, only {}", keys.join(", ")),
            });
        }
        problems
    }
}

/// Why a block cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// Signing would vouch for what the signer never saw.
    #[error(
        "sign {server}: the lock also has {names}, which is not what this home knows and which no trusted \
         signature stands for; `tollgate pins diff` shows it, `tollgate pins revoke {server} --lock FILE` takes the \
         server out of the lock"
    )]
    Unvouched {
        /// The server.
        server: String,
        /// The definitions.
        names: String,
    },
    /// There is nothing to approve.
    #[error(
        "approve {what}: this home has pinned nothing of that name; `tollgate pins list` shows what it has"
    )]
    Unknown {
        /// The server, or the server and the tool.
        what: String,
    },
}

impl Lock {
    /// Takes a server's definitions in as this home knows them, or one of its tools, and signs the block.
    ///
    /// 1. A definition that is there with the same fingerprint keeps who approved it, if a trusted signature
    ///    stands for that.
    /// 2. What the home does not know, or what was not asked for, stays if a trusted signature stands for it.
    /// 3. Signatures that do not hold for the block as it is then are taken out.
    ///
    /// # Errors
    /// When there is nothing of that name, or when rule 2 would sign what nobody vouches for.
    pub fn approve(
        &mut self,
        (server, tool): (&str, Option<&str>),
        known: &Knowledge,
        package: Option<Package>,
        by: &Approver<'_>,
    ) -> Result<(), NotSigned> {
        let before = self.blocks.get(server).cloned().unwrap_or_default();
        let vouched = before.check(server, by.trusted).counts();
        let mut block = Block { signatures: before.signatures, ..Block::default() };
        block.package = package.or(before.package);
        let mut unvouched: Vec<String> = Vec::new();
        let is_asked = |kind, name: &str| {
            kind != Kind::Identity && tool.is_none_or(|tool| kind == Kind::Tool && name == tool)
        };
        for (kind, name, entry) in each(&before.definitions) {
            let known = known.get(&kind).and_then(|named| named.get(name));
            let fingerprint = Fingerprint::of(&entry.text);
            if vouched {
                block.insert(kind, name, entry.clone());
            } else if let Some(known) =
                known.filter(|known| Fingerprint::of(&known.text) == fingerprint)
            {
                block.insert(kind, name, Entry::new(known, by));
            } else if known.is_none() || !is_asked(kind, name) {
                unvouched.push(format!("the {} {name}", kind.word()));
            }
        }
        let mut taken = false;
        for (kind, name, known) in each(known).filter(|(kind, name, _)| is_asked(*kind, name)) {
            taken = true;
            let entry = Entry::new(known, by);
            let stands = block.definitions.get(&kind).and_then(|named| named.get(name));
            if stands.is_none_or(|stands| stands.fingerprint != entry.fingerprint) {
                block.insert(kind, name, entry);
            }
        }
        if !taken {
            let tool = tool.map(|tool| format!(".{tool}")).unwrap_or_default();
            return Err(NotSigned::Unknown { what: format!("{server}{tool}") });
        }
        if !unvouched.is_empty() {
            let names = unvouched.join(", ");
            return Err(NotSigned::Unvouched { server: server.to_owned(), names });
        }
        block.seal(server, by.key);
        self.blocks.insert(server.to_owned(), block);
        Ok(())
    }

    /// Takes a server out, or one of its tools; whether it was there.
    ///
    /// # Errors
    /// When what is left of the block would be signed and nobody trusted stands for it.
    pub fn revoke(
        &mut self,
        server: &str,
        tool: Option<&str>,
        by: Option<&Approver<'_>>,
    ) -> Result<bool, NotSigned> {
        let Some(block) = self.blocks.get(server) else { return Ok(false) };
        let Some((tool, by)) = tool.zip(by) else {
            return Ok(self.blocks.remove(server).is_some());
        };
        let mut left = block.clone();
        let tools = left.definitions.get_mut(&Kind::Tool);
        if tools.is_none_or(|tools| tools.remove(tool).is_none()) {
            return Ok(false);
        }
        left.definitions.retain(|_, named| !named.is_empty());
        if left.definitions.is_empty() {
            return Ok(self.blocks.remove(server).is_some());
        }
        if !block.check(server, by.trusted).counts() {
            let names = each(&left.definitions).map(|(_, name, _)| name.to_owned());
            let names = names.collect::<Vec<_>>().join(", ");
            return Err(NotSigned::Unvouched { server: server.to_owned(), names });
        }
        left.seal(server, by.key);
        self.blocks.insert(server.to_owned(), left);
        Ok(true)
    }
}

impl Block {
    fn insert(&mut self, kind: Kind, name: &str, entry: Entry) {
        self.definitions.entry(kind).or_default().insert(name.to_owned(), entry);
    }

    /// Signs it, and takes out what does not hold any more.
    fn seal(&mut self, server: &str, key: &SecretKey) {
        let digest = self.digest(server);
        self.signatures.retain(|key, signature| {
            PublicKey::parse(key).is_ok_and(|key| key.signed(signature, &digest))
        });
        self.signatures.insert(key.public().to_string(), key.sign(&digest));
    }

    /// What is signed: SHA-256 over the canonical JSON of the server's name, its package, and the fingerprint and the
    /// approval of each definition. The texts are in it by their fingerprints.
    fn digest(&self, server: &str) -> [u8; 32] {
        let package = self.package.as_ref();
        let definitions: Vec<Value> = each(&self.definitions)
            .map(|(kind, name, entry)| {
                json!({
                    "kind": kind.word(), "name": name, "fingerprint": entry.fingerprint,
                    "by": entry.by, "at": entry.at, "evidence": entry.evidence,
                })
            })
            .collect();
        let content = json!({
            "server": server,
            "package": package.map(|package| json!([package.name, package.version])),
            "definitions": definitions,
        });
        let text = content.to_string();
        // Strings alone always have a canonical text.
        let text = canonical(&text).unwrap_or(text);
        Sha256::new().chain_update(DOMAIN).chain_update(text).finalize().into()
    }

    /// What it is worth to somebody who trusts these keys.
    #[must_use]
    pub fn check(&self, server: &str, trusted: &[Trusted]) -> Checked {
        let mut checked = Checked::default();
        for (kind, name, entry) in each(&self.definitions) {
            if Fingerprint::of(&entry.text).hex() != entry.fingerprint {
                checked.altered.push((kind, name.to_owned()));
            }
        }
        let digest = self.digest(server);
        for (key, signature) in &self.signatures {
            let parsed = PublicKey::parse(key).ok();
            let known = parsed.and_then(|key| trusted.iter().find(|trusted| trusted.key == key));
            match known {
                None => checked.strangers.push(key.clone()),
                Some(known) if known.key.signed(signature, &digest) => {
                    checked.signers.push(known.name.clone());
                }
                Some(known) => checked.wrong.push(known.name.clone()),
            }
        }
        checked
    }

    /// How many definitions it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.definitions.values().map(BTreeMap::len).sum()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }
}

impl Entry {
    fn new(known: &Known, by: &Approver<'_>) -> Self {
        Self {
            fingerprint: Fingerprint::of(&known.text).hex().to_owned(),
            text: write::readable(&known.text),
            by: by.by.to_owned(),
            at: by.at.to_owned(),
            evidence: known.evidence.clone(),
        }
    }
}

impl Package {
    /// What a home has pinned of a server, where it names one.
    #[must_use]
    pub fn of(pins: &Pins) -> Option<Self> {
        Self::told(pins.get(&Kind::Identity)?.get("")?.text.as_deref()?)
    }

    /// Out of what a server's identity says, where it names one: `{"package": {"registry": …, "name": …, "version": …}}`.
    #[must_use]
    pub fn told(identity: &str) -> Option<Self> {
        let identity: Value = serde_json::from_str(identity).ok()?;
        let package = identity.get("package")?;
        let word = |key| package.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = word("name")?;
        let name = match word("registry") {
            Some(registry) => format!("{registry}:{name}"),
            None => name,
        };
        Some(Self { name, version: word("version") })
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// All values of two levels, in order.
pub fn each<T>(
    definitions: &BTreeMap<Kind, BTreeMap<String, T>>,
) -> impl Iterator<Item = (Kind, &str, &T)> {
    definitions
        .iter()
        .flat_map(|(kind, named)| named.iter().map(|(name, value)| (*kind, name.as_str(), value)))
}

#[cfg(test)]
mod tests;

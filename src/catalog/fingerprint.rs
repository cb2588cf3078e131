//! SHA-256 over the canonical text of a whole definition.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::protocol::canonical::{NotCanonical, canonical};
use crate::text::hex;

/// Before what is hashed: a digest of something else is never one of a definition (design.md section 7).
const DOMAIN: &[u8] = b"tollgate/definition/v1\n";

/// A definition's fingerprint, as 64 hex digits. **The whole definition counts**: title, annotations, schemas, icons
/// and `_meta`; the order of keys and the white space do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of a definition's JSON text.
    ///
    /// # Errors
    /// A definition that has no canonical text.
    pub fn of(definition: &str) -> Result<Self, NotCanonical> {
        let hashed = Sha256::new().chain_update(DOMAIN).chain_update(canonical(definition)?);
        Ok(Self(hex(&hashed.finalize())))
    }

    /// The hex digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_counts_and_no_order() {
        let of = |text: &str| Fingerprint::of(text).unwrap();
        let tool =
            r#"{"name":"a","title":"A","annotations":{"readOnlyHint":true},"_meta":{"x":1}}"#;
        assert_eq!(
            of(tool),
            of(
                r#"{"_meta":{"x":1.0},"annotations":{"readOnlyHint":true}, "title":"A","name":"a"}"#
            )
        );
        for (from, to) in [
            ("\"A\"", "\"A \""),
            ("true", "false"),
            ("\"x\":1", "\"x\":2"),
            ("\"a\"", "\"a\\u200b\""),
            (",\"_meta\":{\"x\":1}", ""),
        ] {
            assert_ne!(of(tool), of(&tool.replace(from, to)), "{to}");
        }
        assert_eq!(of(tool).hex().len(), 64);
    }
}

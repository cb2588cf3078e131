//! SHA-256 over the canonical text of a whole definition.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::protocol::canonical::canonical;
use crate::text::hex;

/// Before what is hashed: a digest of something else is never one of a definition (design.md section 7).
const DOMAIN: &[u8] = b"tollgate/definition/v1\n";
/// The same for one that has no canonical text (an integer beyond 2^53, say): its bytes count as they are.
const DOMAIN_RAW: &[u8] = b"tollgate/definition-bytes/v1\n";

/// A definition's fingerprint, as 64 hex digits. **The whole definition counts**: title, annotations, schemas, icons
/// and `_meta`; the order of keys and the white space do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of a definition's JSON text.
    #[must_use]
    pub fn of(definition: &str) -> Self {
        let hashed = match canonical(definition) {
            Ok(text) => Sha256::new().chain_update(DOMAIN).chain_update(text),
            Err(_) => Sha256::new().chain_update(DOMAIN_RAW).chain_update(definition),
        };
        Self(hex(&hashed.finalize()))
    }

    /// Enough of it to tell definitions apart at a glance.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
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
        let of = Fingerprint::of;
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
        // Readers do not agree on such numbers: every byte counts.
        let big = r#"{"maximum":18446744073709551615,"minimum":0}"#;
        assert_eq!(of(big), of(big));
        assert_ne!(of(big), of(r#"{"maximum":18446744073709551616,"minimum":0}"#));
        assert_ne!(of(big), of(r#"{"minimum":0,"maximum":18446744073709551615}"#));
    }
}

//! Keys and signatures of those who approve definitions, as lines of text.
//!
//! Ed25519 (RFC 8032), checked strictly: of one text and one key there is one signature at most that somebody else
//! could make from it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Before a public key.
const PUBLIC: &str = "tollgate-ed25519:";
/// Before a private key: nobody takes the one for the other.
const SECRET: &str = "tollgate-ed25519-secret:";
/// Longest name of a signer, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Who signed, as a key: `tollgate-ed25519:` and 32 bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Who signs. It has no `Debug`, so that no log shows it.
pub struct SecretKey(SigningKey);

/// A key whose signatures count, under the name that its truster gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The key.
    pub key: PublicKey,
    /// Whose it is.
    pub name: String,
}

impl PublicKey {
    /// From its text.
    ///
    /// # Errors
    /// In words, when it is no key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let coded = text.strip_prefix(PUBLIC).ok_or("a key begins with tollgate-ed25519:")?;
        let bytes = decoded::<32>(coded).ok_or("a key has 32 bytes in base64")?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "it is no Ed25519 key")?;
        if key.is_weak() {
            return Err("it is a key under which anybody can sign".to_owned());
        }
        Ok(Self(key))
    }

    /// Whether this key made this signature, base64 of 64 bytes, of these bytes.
    #[must_use]
    pub fn signed(&self, signature: &str, bytes: &[u8]) -> bool {
        decoded::<64>(signature).is_some_and(|signature| {
            self.0.verify_strict(bytes, &Signature::from_bytes(&signature)).is_ok()
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl SecretKey {
    /// From 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// From its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self::from_seed(&decoded::<32>(text.strip_prefix(SECRET)?)?))
    }

    /// Its text: only for the file that keeps it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{SECRET}{}", STANDARD.encode(self.0.as_bytes()))
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// A signature of these bytes, in base64.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> String {
        STANDARD.encode(self.0.sign(bytes).to_bytes())
    }
}

/// Whether a text may be a signer's name: letters, digits and `._@-`, so that it looks the same everywhere.
#[must_use]
pub fn is_signer_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain)
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_and_its_bytes_only() {
        let (ann, bob) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let signature = ann.sign(b"text");
        assert!(ann.public().signed(&signature, b"text"));
        for (key, signature, bytes) in [
            (&bob, signature.as_str(), &b"text"[..]),
            (&ann, &signature, b"text "),
            (&ann, &bob.sign(b"text"), b"text"),
            (&ann, "", b"text"),
            (&ann, "AAAA", b"text"),
            (&ann, "no base64!", b"text"),
        ] {
            assert!(!key.public().signed(signature, bytes), "{signature}");
        }
    }

    #[test]
    fn keys_are_texts_and_come_back() {
        let key = SecretKey::from_seed(&[7; 32]);
        let (public, secret) = (key.public().to_string(), key.reveal());
        assert_eq!(PublicKey::parse(&public).unwrap(), key.public());
        assert_eq!(SecretKey::parse(&secret).unwrap().public(), key.public());
        assert!(PublicKey::parse(&secret).is_err() && SecretKey::parse(&public).is_none());
        let zero = format!("{PUBLIC}{}", STANDARD.encode([0; 32]));
        let coded = public.strip_prefix(PUBLIC).unwrap();
        for broken in ["", PUBLIC, public.get(..40).unwrap(), &zero, coded] {
            assert!(PublicKey::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn names_are_plain() {
        for (name, fine) in [
            ("ann@desk", true),
            ("a.b-c_d", true),
            ("", false),
            ("ann desk", false),
            ("ann\u{200b}", false),
            ("\u{430}nn", false),
            (&"a".repeat(65), false),
        ] {
            assert_eq!(is_signer_name(name), fine, "{name:?}");
        }
    }
}

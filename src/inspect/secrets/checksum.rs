//! What a token proves by itself: checksums and parts that decode to what they have to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Digits of base 62 as GitHub and npm order them.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters that are a checksum, at the end.
const SUM_LEN: usize = 6;
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a token is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing to check.
    None,
    /// The last six characters are the CRC-32 of those between the first underscore and them, in base 62: "Behind GitHub's
    /// new authentication token formats", github.blog, 2021; npm's tokens are made the same way.
    Crc62,
    /// The first part is a JSON object with `alg` (RFC 7515, section 4.1.1).
    Jwt,
    /// The first part is a number in base64: Discord's id of the bot.
    Snowflake,
}

impl Check {
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name {
            "crc62" => Self::Crc62,
            "jwt" => Self::Jwt,
            "snowflake" => Self::Snowflake,
            _ => return None,
        })
    }

    /// Whether the token proves itself; `None` where there is nothing to prove.
    pub(super) fn holds(self, token: &str) -> Option<bool> {
        let first = || token.split('.').next().unwrap_or_default();
        match self {
            Self::None => None,
            Self::Crc62 => Some(crc62(token)),
            Self::Jwt => Some(is_jose(first())),
            Self::Snowflake => Some(FORGIVING.decode(first()).is_ok_and(|id| {
                (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit)
            })),
        }
    }

    /// Whether what fails is nothing at all. A token of a known form with a wrong checksum may be mistyped or a form that
    /// is newer than this.
    pub(super) const fn must_hold(self) -> bool {
        match self {
            Self::None | Self::Crc62 => false,
            Self::Jwt | Self::Snowflake => true,
        }
    }
}

/// Polynomial `0xEDB88320` (IEEE 802.3, reflected). Tokens are short, so no table.
fn crc32(bytes: &[u8]) -> u32 {
    let fold = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, fold)
}

/// Six digits of base 62.
pub(super) fn sum_of(body: &str) -> String {
    let mut rest = crc32(body.as_bytes());
    let mut digits = [b'0'; SUM_LEN];
    for digit in digits.iter_mut().rev() {
        let at = usize::try_from(rest % 62).unwrap_or_default();
        *digit = BASE62.get(at).copied().unwrap_or_default();
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn crc62(token: &str) -> bool {
    let Some((_, body)) = token.split_once('_') else { return false };
    let Some(at) = body.len().checked_sub(SUM_LEN) else { return false };
    let parts = body.get(..at).zip(body.get(at..));
    parts.is_some_and(|(body, sum)| sum_of(body) == sum)
}

fn is_jose(header: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(header) else { return false };
    let read: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_slice(&bytes);
    read.is_ok_and(|header| header.contains_key("alg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_hold_for_what_was_made_so_and_for_nothing_else() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926, "the check value of CRC-32/ISO-HDLC");
        assert_eq!(sum_of(""), "000000");
        let body = "k3J9sQ0pTzW7vB2nM8xL5cR1dF6gHa";
        let token = format!("ghp_{body}{}", sum_of(body));
        assert_eq!(Check::Crc62.holds(&token), Some(true));
        assert_eq!(Check::Crc62.holds(&token.replace("k3J", "k3j")), Some(false));
        assert_eq!(Check::Crc62.holds("ghp_"), Some(false));
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        assert_eq!(Check::Jwt.holds(&format!("{header}.e30.x")), Some(true));
        let other = URL_SAFE_NO_PAD.encode(r#"{"a":"HS256"}"#);
        assert_eq!(Check::Jwt.holds(&format!("{other}.e30.x")), Some(false));
        let id = URL_SAFE_NO_PAD.encode("184512345678901234");
        assert_eq!(Check::Snowflake.holds(&format!("{id}.a.b")), Some(true));
        assert_eq!(Check::Snowflake.holds("MTabc.a.b"), Some(false));
    }
}

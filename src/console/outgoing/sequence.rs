//! Bytes for the terminal that are no part of a frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Columns of a name in a notification.
const NAME_BYTES_MAX: usize = 48;

/// A name of the operator's side that means nothing to any terminal: letters, digits, `_`, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plain(String);

impl Plain {
    /// `None` for a name with anything else in it, an empty one and one that is too long.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A sequence in the making.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sequence(Vec<u8>);

impl Sequence {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that stand in the source.
    #[must_use]
    pub fn constant(mut self, bytes: &'static str) -> Self {
        self.0.extend_from_slice(bytes.as_bytes());
        self
    }

    /// A number in decimal digits.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(number.to_string().as_bytes());
        self
    }

    /// A name that means nothing to a terminal.
    #[must_use]
    pub fn plain(mut self, name: &Plain) -> Self {
        self.0.extend_from_slice(name.0.as_bytes());
        self
    }

    /// Any bytes, as letters and digits.
    #[must_use]
    pub fn base64(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(STANDARD.encode(bytes).as_bytes());
        self
    }

    /// Another one behind it.
    #[must_use]
    pub fn then(mut self, behind: &Self) -> Self {
        self.0.extend_from_slice(&behind.0);
        self
    }

    /// Wrapped so that tmux hands it to the terminal around it, where `allow-passthrough` is on.
    #[must_use]
    pub fn through_tmux(self) -> Self {
        let mut wrapped = Self::new().constant("\x1bPtmux;");
        for byte in self.0 {
            if byte == 0x1b {
                wrapped.0.push(byte);
            }
            wrapped.0.push(byte);
        }
        wrapped.constant("\x1b\\")
    }

    /// What to write.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tmux_gets_every_escape_doubled() {
        let inner = Sequence::new().constant("\x1b]9;").number(2).constant("\x1b\\");
        assert_eq!(inner.through_tmux().bytes(), b"\x1bPtmux;\x1b\x1b]9;2\x1b\x1b\\\x1b\\");
    }

    proptest! {
        #[test]
        fn only_plain_names_are_plain(name in any::<String>(), tame in "[A-Za-z0-9_.-]{1,48}") {
            let fine = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            if let Some(plain) = Plain::new(&name) {
                prop_assert!(plain.as_str().chars().all(fine) && !plain.as_str().is_empty());
            }
            prop_assert!(Plain::new(&tame).is_some());
            prop_assert_eq!(Plain::new(&format!("{tame};")), None);
            prop_assert_eq!(Plain::new(&format!("{tame}\u{1b}")), None);
        }

        #[test]
        fn base64_is_letters_and_digits(bytes in any::<Vec<u8>>()) {
            let sequence = Sequence::new().base64(&bytes);
            let fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
            prop_assert!(sequence.bytes().iter().all(fine));
        }
    }
}

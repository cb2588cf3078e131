//! The kinds of personal data, as data.

use std::sync::LazyLock;

use crate::inspect::rule::Severity;

const KINDS_TEXT: &str = include_str!("kinds.txt");

/// A kind.
#[derive(Debug)]
pub(super) struct Kind {
    /// `payment-card`.
    pub(super) id: &'static str,
    /// How bad it is where it may not stand.
    pub(super) severity: Severity,
    /// Of two that overlap the smaller counts.
    pub(super) rank: u8,
    /// Words that say that something is of it, with commas between.
    pub(super) words: &'static str,
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| lines(KINDS_TEXT).filter_map(read).collect());

/// The lines of data.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// All kinds.
pub(super) fn all() -> &'static [Kind] {
    &KINDS
}

/// The kind of this name.
pub(super) fn by_id(id: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.id == id)
}

fn read(line: &'static str) -> Option<Kind> {
    let (head, words) = line.split_once(':')?;
    let mut head = head.split(' ');
    let (id, severity, rank) = (head.next()?, head.next()?, head.next()?);
    let severity = match severity {
        "info" => Severity::Info,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        _ => return None,
    };
    Some(Kind { id, severity, rank: rank.parse().ok()?, words: words.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_kind() {
        assert_eq!(all().len(), lines(KINDS_TEXT).count());
        for kind in all() {
            assert!(
                kind.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{kind:?}"
            );
        }
    }
}

//! How well a few letters fit a line: the palette's order.

/// For a letter that follows the one before it.
const RUN: i32 = 8;
/// For a letter at the beginning of a word.
const START: i32 = 6;
/// For each letter that is skipped.
const SKIP: i32 = -1;

/// The letters of `typed`, in their order somewhere in `line`, whatever their case; blanks do not count.
/// More is better; `None` where they are not.
#[must_use]
pub fn score(typed: &str, line: &str) -> Option<i32> {
    let lower = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<char>>();
    let typed: Vec<char> = lower(typed).into_iter().filter(|c| !c.is_whitespace()).collect();
    let line = lower(line);
    let Some(first) = typed.first() else { return Some(0) };
    let starts = line.iter().enumerate().filter(|(_, c)| *c == first);
    starts.filter_map(|(start, _)| from(&typed, &line, start)).max()
}

/// The score of taking each letter as early as possible from `start` on.
fn from(typed: &[char], line: &[char], start: usize) -> Option<i32> {
    let mut score = 0;
    let mut at = start;
    let mut last = None;
    for letter in typed {
        let skipped = line.get(at..)?.iter().position(|c| c == letter)?;
        at += skipped;
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        let begins = before.is_none_or(|c| !c.is_alphanumeric());
        score += if last.is_some_and(|last| last + 1 == at) { RUN } else { 0 };
        score += if begins { START } else { 0 };
        score += SKIP * i32::try_from(skipped).unwrap_or(i32::MAX / 1024).min(1024);
        last = Some(at);
        at += 1;
    }
    // What begins sooner is better, and so is the shorter line.
    Some(score - i32::try_from(start.min(20)).unwrap_or(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_to_be_there_in_their_order() {
        let table = [
            ("", "anything", true),
            ("pl", "pane.log", true),
            ("PL", "pane.log", true),
            ("lp", "pane.log", false),
            ("p l", "pane.log", true),
            ("x", "", false),
        ];
        for (typed, line, fits) in table {
            assert_eq!(score(typed, line).is_some(), fits, "{typed} {line}");
        }
    }

    #[test]
    fn beginnings_and_runs_come_first() {
        let better = [
            ("fil", "filter", "page.full illness"),
            ("pl", "pane.log", "replay long"),
            ("log", "pane.log", "l o g"),
            ("exp", "export FILE", "the experiment"),
        ];
        for (typed, first, second) in better {
            assert!(score(typed, first) > score(typed, second), "{typed}");
        }
    }
}

//! What a definition is to be and what it is now, side by side or one below the other: what an operator reads before
//! a word is said of it.

use std::sync::Arc;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::catalog::{Change, Ruling, Standing, Weight, diff};
use crate::console::model::catalogue::{Definition, Key, Said, State, Text};
use crate::console::model::doc::{self, Beside, Doc, Gutter, Part, Print, Row, Slot, Want, Word};
use crate::console::model::{Model, json, names};
use crate::console::view::status;
use crate::engine::CallId;
use crate::text::Safe;

/// Columns behind the gutter from which on both sides stand beside each other: a pane of 140.
pub const BESIDE_COLUMNS: usize = 140 - 2 - GUTTER;
/// Columns of a gutter.
const GUTTER: usize = 4;
/// Between the two sides.
const GAP: usize = 2;

/// A definition that is being looked at.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Which.
    pub key: Key,
    /// As it was when it was laid out; the fingerprint of what is shown is in it.
    pub definition: Definition,
    /// What it is to be, where that is something else.
    to_be: Slot,
    /// What it is now.
    now: Slot,
    /// The lowest row that was on the screen.
    pub seen_to: usize,
    /// Whether all of it was on the screen.
    pub seen_all: bool,
    /// When it was first on the screen.
    pub drawn_ms: Option<u64>,
}

impl Difference {
    /// A definition as the model knows it, and what has to be read to show it.
    #[must_use]
    pub fn of(model: &Model, key: &Key) -> Option<(Self, Vec<Want>)> {
        let definition = model.definition(key)?.clone();
        let want = |text: &Text| {
            let part = Part::Definition(key.kind, Print::parse(&text.fingerprint)?);
            Some(Want { session: key.session, place: text.place, call: CallId::default(), part })
        };
        let now = definition.now.as_ref().and_then(want);
        let other = definition.to_be.as_ref().filter(|to_be| {
            definition.now.as_ref().is_none_or(|now| now.fingerprint != to_be.fingerprint)
        });
        let to_be = other.and_then(want);
        let slot = |want: Option<Want>| want.map_or(Slot::Empty, Slot::Loading);
        let shown = Self {
            key: key.clone(),
            definition,
            to_be: slot(to_be),
            now: slot(now),
            seen_to: 0,
            seen_all: false,
            drawn_ms: None,
        };
        Some((shown, to_be.into_iter().chain(now).collect()))
    }

    /// Whether the definition still is what is shown here.
    #[must_use]
    pub fn is_current(&self, model: &Model) -> bool {
        model.definition(&self.key).is_some_and(|now| {
            let told = |definition: &Definition| {
                (definition.state(), definition.hidden, definition.said.clone())
            };
            now.now == self.definition.now
                && now.to_be == self.definition.to_be
                && told(now) == told(&self.definition)
        })
    }

    /// The fingerprint of what is shown as what it is now.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        self.definition.fingerprint()
    }

    /// Takes a text that was read, if it is waited for.
    pub fn fill(&mut self, want: &Want, read: &Result<Arc<Doc>, String>) -> bool {
        self.to_be.fill(want, read) | self.now.fill(want, read)
    }

    /// Whether this text is waited for.
    #[must_use]
    pub fn wants(&self, want: &Want) -> bool {
        let waits = |slot: &Slot| matches!(slot, Slot::Loading(waited) if waited == want);
        waits(&self.to_be) || waits(&self.now)
    }

    /// Whether nothing is waited for any more.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        !matches!(self.to_be, Slot::Loading(_)) && !matches!(self.now, Slot::Loading(_))
    }

    /// Whether what is shown is all there is: nothing is cut, and nothing could not be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let whole = |slot: &Slot| slot.doc().is_some_and(|doc| doc.lines.left_out_bytes == 0);
        let read = whole(&self.now) && (matches!(self.to_be, Slot::Empty) || whole(&self.to_be));
        let cut = |value: &Option<String>| value.as_ref().is_some_and(|text| text.ends_with('~'));
        let changes = &self.definition.changes;
        // A record cuts long values, and ends a long list of changes by one without a place.
        let told = !changes.is_empty()
            && !changes.iter().any(|c| c.path.is_empty() || cut(&c.before) || cut(&c.after));
        read || told
    }

    /// What changed: of both texts where they could be read, else as the record tells.
    fn changes(&self) -> Vec<Change> {
        let value = |slot: &Slot| serde_json::from_str::<Value>(&slot.doc()?.text).ok();
        match (value(&self.to_be), value(&self.now)) {
            (Some(to_be), Some(now)) => diff::whole(&to_be, &now),
            _ => self.definition.changes.clone(),
        }
    }

    /// The rows behind a gutter, `width` columns wide; `None` until the texts are read. Both sides stand beside each
    /// other where `beside` lets them and there is room.
    #[must_use]
    pub fn rows(&self, model: &Model, width: usize, beside: bool) -> Option<Vec<Row>> {
        if !self.is_read() {
            return None;
        }
        let mut rows = self.head(model, width);
        for (slot, what) in [(&self.to_be, "what it is to be"), (&self.now, "what it is now")] {
            if let Slot::Failed(why) = slot {
                let says = Safe::word(what).then(&Safe::word(" cannot be read: ")).then(why);
                rows.extend(says.wrap_words(width).iter().map(ours));
            }
        }
        let changes = self.changes();
        if !changes.is_empty() {
            rows.push(ours(&counted(&changes)));
            rows.push(ours(&Safe::word("- what it is to be   + what it is now")));
            for (n, change) in (1..).zip(&changes) {
                lay_change(&mut rows, (n, changes.len(), change), width, beside);
            }
            if !self.is_whole() {
                let says = "[ not all of it can be shown here: it can only be refused ]";
                rows.extend(Safe::word(says).wrap_words(width).iter().map(ours));
            }
        } else if let Some(doc) = self.now.doc() {
            rows.push(ours(&Safe::word("its definition")));
            rows.extend(doc::plain_rows(&doc.lines, width));
        } else {
            let says =
                "it is too long, or one too many, to be kept: it can only be refused by a rule";
            rows.extend(Safe::word(says).wrap_words(width).iter().map(ours));
        }
        Some(rows)
    }

    /// Which it is, where it stands, what it is to be and is now, and when it was seen.
    fn head(&self, model: &Model, width: usize) -> Vec<Row> {
        let definition = &self.definition;
        let mut rows = vec![ours(&Safe::word(sentence(definition.state())))];
        let mut foreign = |key: &'static str, text: &Safe| {
            lay_text(&mut rows, (Some(&Safe::word(key)), text), width);
        };
        let server = names::identifier(&self.key.server);
        foreign(self.key.kind.word(), &server.then(&Safe::word(".")).then(&definition.shown));
        if let Some(was) = &definition.was {
            foreign("before", was);
        }
        if let Some(shadows) = &definition.shadows {
            foreign("its name", shadows);
        }
        let mut says = |text: Safe| rows.extend(text.wrap_words(width).iter().map(ours));
        let [of_to_be, of_now, of_before] = self.sayings(model);
        let line = |word: &'static str, text: &Text, said: Safe| {
            let line = Safe::word(word).then(&text.short());
            if said.is_empty() { line } else { line.then(&Safe::word("  ")).then(&said) }
        };
        if let Some(to_be) = &definition.to_be {
            says(line("to be   ", to_be, of_to_be));
        }
        if let Some(now) = definition.now.as_ref().filter(|_| definition.to_be != definition.now) {
            says(line("is now  ", now, of_now));
        }
        if !of_before.is_empty() {
            says(Safe::word("before  ").then(&of_before));
        }
        let seen = |at: Option<crate::engine::At>| match at {
            Some(at) => when(model, at),
            None => Safe::word("not in this session"),
        };
        let first = Safe::word("seen    first ").then(&seen(definition.first_seen));
        says(first.then(&Safe::word(", last ")).then(&seen(definition.last_seen)));
        let hidden = self.now.doc().map_or(0, |doc| doc.lines.hidden);
        if hidden > 0 {
            let count = Safe::escape(&format!("hidden characters: {hidden}"));
            says(count.then(&Safe::word(", shown by name, as <U+202E>")));
        }
        if definition.hidden {
            says(Safe::word("the agent is not shown it"));
        }
        rows
    }

    /// What was said last: of what it is to be, of what it is now, or of what it was before it changed again.
    fn sayings(&self, model: &Model) -> [Safe; 3] {
        let definition = &self.definition;
        let Some(said) = &definition.said else {
            let first = definition.standing.is_pinned().then(|| Safe::word("seen first"));
            return [first.unwrap_or_default(), Safe::default(), Safe::default()];
        };
        let text = self::said(model, said);
        let none = Safe::default;
        let against = matches!(said.ruling, Some(Ruling::Refuse | Ruling::Stage));
        match definition.standing {
            Standing::Staged | Standing::Refused => [none(), text, none()],
            Standing::Drifted | Standing::New if against => [none(), none(), text],
            Standing::Pinned | Standing::Drifted | Standing::New => [text, none(), none()],
        }
    }

    /// What is shown, as lines of escaped text.
    #[must_use]
    pub fn text(rows: &[Row]) -> String {
        let mut text = String::new();
        for row in rows {
            let gutter = row.gutter.text();
            let key = row.key.as_ref().map_or("", Safe::as_str);
            text.extend([gutter, &" ".repeat(row.indent), key, row.text.as_str()]);
            if let Some(beside) = &row.beside {
                text.extend(["  ", beside.gutter.text(), beside.text.as_str()]);
            }
            text.push('\n');
        }
        text
    }
}

/// When something was: a time of the day, or how many days ago; of a recording, how long behind its beginning, or how
/// many days before it.
#[must_use]
pub fn when(model: &Model, at: crate::engine::At) -> Safe {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let begin = model.replay.as_ref().map(|replay| replay.span().0);
    let days = begin.unwrap_or(model.now.at).ms_since(at) / DAY_MS;
    match &model.replay {
        _ if days > 0 => Safe::escape(&format!("{days}d ago")),
        Some(replay) if at >= replay.span().0 => crate::console::view::since(replay, at),
        Some(_) | None => status::clock(model, at),
    }
}

/// `approved by console 1, 12:04:31`.
#[must_use]
pub fn said(model: &Model, said: &Said) -> Safe {
    let who = match said.ruling {
        Some(ruling) => Safe::word(ruling.done()).then(&Safe::word(" by ")).then(&said.by),
        None => said.by.clone(),
    };
    who.then(&Safe::word(", ")).then(&when(model, said.at))
}

/// A sentence of ours, behind the cursor's columns.
fn ours(text: &Safe) -> Row {
    Row { indent: 2, ..Row::ours(text) }
}

const fn sentence(state: State) -> &'static str {
    match state {
        State::Changed => "CHANGED: it is not what it is to be",
        State::New => "new: nobody said what it is to be",
        State::Staged => "staged: it changed, and is let pass for a while",
        State::Refused => "refused: an operator refused what it is",
        State::Shadows => "shadows: it is what it is to be, and its name is read for another",
        State::Pinned => "pinned: it is what it is to be",
        State::Gone => "gone: the last list did not have it",
    }
}

/// `3 changes, 1 of them in its looks only`.
fn counted(changes: &[Change]) -> Safe {
    let looks = changes.iter().filter(|change| change.weight == Weight::Cosmetic).count();
    let all = match changes.len() {
        1 => "1 change".to_owned(),
        len => format!("{len} changes"),
    };
    let looks =
        if looks > 0 { format!(", {looks} of them in its looks only") } else { String::new() };
    Safe::escape(&format!("{all}{looks}"))
}

/// A change: how much it matters, where it is and what it means, what was there and what is there now.
fn lay_change(
    rows: &mut Vec<Row>,
    (n, of, change): (usize, usize, &Change),
    width: usize,
    beside: bool,
) {
    let weight = match change.weight {
        Weight::Meaning => "MEANING",
        Weight::Cosmetic => "looks only",
    };
    rows.push(ours(&Safe::escape(&format!("{n} of {of}   {weight}"))));
    let path = Some(Safe::escape(&change.path)).filter(|path| !path.is_empty());
    lay_text(rows, (path.as_ref(), &Safe::escape(&change.what)), width);
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let (before, after) = (before.map(shown), after.map(shown));
    let (old, new) = match (&before, &after) {
        (Some(before), Some(after)) => compared(before, after),
        (before, after) => {
            let alone = |text: &Option<Safe>| {
                text.iter().flat_map(Safe::words).map(|word| (word, true)).collect()
            };
            (alone(before), alone(after))
        }
    };
    if beside && width >= BESIDE_COLUMNS {
        lay_beside(rows, &old, &new, width);
        return;
    }
    for (words, gutter) in [(&old, Gutter::Removed), (&new, Gutter::Added)] {
        for words in wrap(words, width) {
            let text = joined(&words);
            rows.push(Row { gutter, text, words, item: usize::MAX, ..Row::default() });
        }
    }
}

/// A value's JSON text as bodies show it: a string as it is meant, with its line ends.
fn shown(text: &str) -> Safe {
    let lines = json::lines(text);
    match lines.items.as_slice() {
        [one] if lines.left_out_bytes == 0 && serde_json::from_str::<String>(text).is_ok() => {
            one.value.clone()
        }
        _ => Safe::escape(text),
    }
}

/// Both sides, row by row.
fn lay_beside(rows: &mut Vec<Row>, old: &[Word], new: &[Word], width: usize) {
    let left = (width - GUTTER - GAP) / 2;
    let column = GUTTER + left + GAP;
    let (old, new) = (wrap(old, left), wrap(new, width - left - GUTTER - GAP));
    for n in 0..old.len().max(new.len()) {
        let side = |words: Option<&Vec<Word>>, gutter| match words {
            Some(words) => (gutter, joined(words), words.clone()),
            None => (Gutter::Nothing, Safe::default(), Vec::new()),
        };
        let (gutter, text, words) = side(old.get(n), Gutter::Removed);
        let (other, other_text, other_words) = side(new.get(n), Gutter::Added);
        let beside = Beside { gutter: other, text: other_text, words: other_words, column };
        let beside = Some(Box::new(beside));
        rows.push(Row { gutter, text, words, beside, item: usize::MAX, ..Row::default() });
    }
}

/// Foreign text behind the gutter, behind a name where it has one.
fn lay_text(rows: &mut Vec<Row>, (key, text): (Option<&Safe>, &Safe), width: usize) {
    let mut gutter = Gutter::Line;
    let mut key = key.map(|key| key.clone().then(&Safe::word("  ")));
    if key.as_ref().is_some_and(|key| key.width() > width / 2) {
        for part in key.take().iter().flat_map(|key| key.wrap(width)) {
            rows.push(Row { gutter, key: Some(part), item: usize::MAX, ..Row::default() });
            gutter = Gutter::More;
        }
    }
    let taken = key.as_ref().map_or(0, Safe::width);
    for text in text.wrap_words(width.saturating_sub(taken)) {
        let indent = if key.is_some() || gutter == Gutter::Line { 0 } else { taken };
        rows.push(Row {
            gutter,
            indent,
            key: key.take(),
            text,
            item: usize::MAX,
            ..Row::default()
        });
        gutter = Gutter::More;
    }
}

/// Both texts in words, those marked that only one of them has.
fn compared(before: &Safe, after: &Safe) -> (Vec<Word>, Vec<Word>) {
    let (old, new) = (before.words(), after.words());
    let old_slices: Vec<&str> = old.iter().map(Safe::as_str).collect();
    let new_slices: Vec<&str> = new.iter().map(Safe::as_str).collect();
    let diff = TextDiff::configure().timeout(doc::DIFF_LIMIT).diff_slices(&old_slices, &new_slices);
    let mut sides: (Vec<Word>, Vec<Word>) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        let differs = change.tag() != ChangeTag::Equal;
        if let Some(word) = change.old_index().and_then(|at| old.get(at)) {
            sides.0.push((word.clone(), differs));
        }
        if let Some(word) = change.new_index().and_then(|at| new.get(at)) {
            sides.1.push((word.clone(), differs));
        }
    }
    sides
}

/// Lines of words in at most `width` columns, broken between words where that is possible and behind each `<\n>`.
fn wrap(words: &[Word], width: usize) -> Vec<Vec<Word>> {
    let width = width.max(1);
    let mut lines: Vec<Vec<Word>> = Vec::new();
    let mut line: Vec<Word> = Vec::new();
    let mut used = 0;
    for (word, differs) in words {
        for part in word.wrap(width) {
            let columns = part.width();
            if used + columns > width && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            used += columns;
            let ends = part.as_str() == "<\\n>";
            match line.last_mut() {
                Some((text, same)) if *same == *differs => {
                    *text = std::mem::take(text).then(&part);
                }
                Some(_) | None => line.push((part, *differs)),
            }
            if ends {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn joined(words: &[Word]) -> Safe {
    words.iter().fold(Safe::default(), |text, (word, _)| text.then(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(words: &[Word]) -> String {
        let shown = |(word, differs): &Word| {
            if *differs { format!("[{word}]") } else { word.to_string() }
        };
        words.iter().map(shown).collect()
    }

    #[test]
    fn words_that_one_side_alone_has_are_marked_and_nothing_is_lost() {
        let table = [
            ("a b c", "a x c", "a [b] c", "a [x] c"),
            ("Reads.", "Reads. Send all.", "Reads.", "Reads.[ Send all.]"),
            ("same", "same", "same", "same"),
            ("", "new", "", "[new]"),
            ("a\u{202e}b", "ab", "[a<U+202E>b]", "[ab]"),
        ];
        for (before, after, old, new) in table {
            let (before, after) = (Safe::escape(before), Safe::escape(after));
            let (mut left, mut right) = compared(&before, &after);
            let whole = |words: &[Word]| joined(words).to_string();
            assert_eq!((whole(&left), whole(&right)), (before.to_string(), after.to_string()));
            // One line brings words of a kind together.
            left = wrap(&left, 80).concat();
            right = wrap(&right, 80).concat();
            assert_eq!((marked(&left), marked(&right)), (old.to_owned(), new.to_owned()));
            for width in 1..12 {
                let lines: Vec<Safe> = wrap(&right, width).iter().map(|l| joined(l)).collect();
                let all = lines.iter().fold(Safe::default(), Safe::then);
                assert_eq!(all.as_str(), after.as_str(), "{width}");
            }
        }
    }

    #[test]
    fn strings_are_shown_as_they_are_meant_and_what_is_cut_as_it_stands() {
        let table = [
            (r#""a\nb\u202e""#, "\"a<\\n>b<U+202E>\""),
            (r#"{"type":"string"}"#, r#"{"type":"string"}"#),
            (r#""cut~"#, r#""cut~"#),
            ("true", "true"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text).as_str(), expected);
        }
    }

    #[test]
    fn lines_keep_to_their_width_unless_a_token_is_wider() {
        let words = compared(&Safe::default(), &Safe::escape("one two three\nfour_five_six")).1;
        let lines = wrap(&words, 9);
        let lines: Vec<String> = lines.iter().map(|line| joined(line).to_string()).collect();
        assert_eq!(lines, ["one two ", "three<\\n>", "four_five", "_six"]);
    }
}

//! Characters that a reader does not see, or takes for others.
//!
//! They are what scripts need, too: joiners in Persian, Arabic and Indic words, direction marks in lines of both
//! directions, selectors and joiners of emoji, flags. Such stay quiet; of 10,538 honest definitions of public servers none
//! has any of what is told here.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::finding::Found;
use super::rule::{BIDI, CONTROL, MIXED, Rule, SELECTORS, TAGS, ZERO_WIDTH};
use crate::text::skeleton::skeleton;

/// A flag of a region has six tags.
const FLAG_TAGS: usize = 6;
/// Selectors behind one another: an emoji has one.
const SELECTORS_MIN: usize = 3;
/// Characters that evidence has before and behind.
const AROUND: usize = 12;
/// Findings of one text: more say nothing new.
const FOUND_MAX: usize = 16;

/// What is hidden in a text.
#[must_use]
pub fn hidden(text: &str) -> Vec<Found> {
    // Nearly every text is plain, and that is known at the speed of memory.
    if text.is_ascii() && !text.bytes().any(is_control) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (rule, span) in runs(text) {
        let told = match () {
            () if *rule == TAGS => count(text, &span) > FLAG_TAGS,
            () if *rule == SELECTORS => count(text, &span) >= SELECTORS_MIN,
            () if *rule == ZERO_WIDTH => !is_needed(text, &span),
            () if *rule == BIDI => !is_direction(text, &span),
            () => true,
        };
        if told {
            let evidence = evidence(rule, text, &span);
            found.push(Found { evidence, ..Found::plain(rule, span, text) });
        }
    }
    found.extend(mixed(text));
    found.truncate(FOUND_MAX);
    found
}

/// What tag characters spell, or the words around what is seen nowhere.
fn evidence(rule: &Rule, text: &str, span: &Range<usize>) -> String {
    let run = text.get(span.clone()).unwrap_or_default();
    if *rule == TAGS {
        let plain = |c: char| char::from_u32(u32::from(c).wrapping_sub(0xE0000));
        return run.chars().filter_map(plain).filter(|c| !c.is_control()).collect();
    }
    let before = text.get(..span.start).unwrap_or_default().char_indices().rev();
    let start = before.take(AROUND).last().map_or(span.start, |(at, _)| at);
    let after = text.get(span.end..).unwrap_or_default().char_indices();
    let end = after.take(AROUND).last().map_or(0, |(at, c)| at + c.len_utf8());
    text.get(start..span.end + end).unwrap_or_default().to_owned()
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')
}

fn count(text: &str, span: &Range<usize>) -> usize {
    text.get(span.clone()).map_or(0, |run| run.chars().count())
}

/// Which rule a character is for.
fn rule_of(c: char) -> Option<&'static Rule> {
    Some(match c {
        '\u{E0000}'..='\u{E007F}' => &TAGS,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => &BIDI,
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{180B}'..='\u{180D}' => &SELECTORS,
        '\u{AD}'
        | '\u{34F}'
        | '\u{61C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206A}'..='\u{206F}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}' => &ZERO_WIDTH,
        '\t' | '\n' | '\r' => return None,
        _ if c.is_control() => &CONTROL,
        _ => return None,
    })
}

/// Characters of one rule that stand together.
fn runs(text: &str) -> Vec<(&'static Rule, Range<usize>)> {
    let mut runs: Vec<(&'static Rule, Range<usize>)> = Vec::new();
    for (at, c) in text.char_indices() {
        let Some(rule) = rule_of(c) else { continue };
        let end = at + c.len_utf8();
        match runs.last_mut() {
            Some((known, span)) if *known == rule && span.end == at => span.end = end,
            _ => runs.push((rule, at..end)),
        }
    }
    runs
}

/// Whether scripts or emoji need these characters here.
fn is_needed(text: &str, span: &Range<usize>) -> bool {
    let before = text.get(..span.start).and_then(|text| text.chars().next_back());
    let after = text.get(span.end..).and_then(|text| text.chars().next());
    let run = text.get(span.clone()).unwrap_or_default();
    let both = |is: fn(char) -> bool| before.is_some_and(is) && after.is_some_and(is);
    match run {
        // The mark of the byte order, at the very beginning.
        "\u{FEFF}" => span.start == 0,
        // A joiner between letters that join, or parts of an emoji.
        "\u{200C}" => before.is_some_and(joins),
        "\u{200D}" => before.is_some_and(joins) || both(is_pictured),
        // Soft hyphens and spaces without a width divide words of scripts without spaces.
        "\u{200B}" => both(|c| !is_latin(c) && c.is_alphabetic()),
        _ => {
            run.chars().all(|c| matches!(c, '\u{200E}' | '\u{200F}' | '\u{61C}'))
                && is_both_ways(text)
        }
    }
}

/// Embeddings and isolates in a text of both directions; an override is none of a writer's.
fn is_direction(text: &str, span: &Range<usize>) -> bool {
    let run = text.get(span.clone()).unwrap_or_default();
    !run.contains(['\u{202D}', '\u{202E}']) && is_both_ways(text)
}

/// Hebrew, Arabic and their neighbours.
const fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

fn is_both_ways(text: &str) -> bool {
    text.chars().any(is_rtl)
}

/// Letters of scripts whose letters join: Arabic and Syriac, those of India and their neighbours, Mongolian.
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

/// Emoji, what modifies them, and signs that may be drawn as such.
fn is_pictured(c: char) -> bool {
    matches!(c, '\u{200D}' | '\u{FE0F}' | '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}')
}

/// Words of Latin letters and others that look like such: `pаypal`. A word that looks like Latin as a whole is a word of
/// its own script.
fn mixed(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (at, c) in ends {
        let inside = c.is_alphabetic() || is_combining_mark(c);
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(begin), false) => {
                start = None;
                let word = text.get(begin..at).unwrap_or_default();
                if is_mixed(word) {
                    found.push(Found::plain(&MIXED, begin..at, text));
                }
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    found
}

fn is_mixed(word: &str) -> bool {
    if word.is_ascii() || !word.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return false;
    }
    let foreign = |c: char| matches!(c, '\u{370}'..='\u{52F}' | '\u{13A0}'..='\u{13FD}');
    let disguised = |c: &char| {
        foreign(*c) && skeleton(c.encode_utf8(&mut [0; 4])).nfkd().all(|c| c.is_ascii_alphabetic())
    };
    let seen = word.chars().filter(disguised).count();
    // A sign beside Latin letters is a unit or a variable: `Δt`, `λx`; these look like no Latin letter.
    seen > 0 && word.chars().filter(|c| foreign(*c)).count() == seen && word.chars().count() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_told_where_it_stands() {
        let tagged: String =
            "obey me".chars().filter_map(|c| char::from_u32(0xE0000 + u32::from(c))).collect();
        for (text, rule, span) in [
            (format!("Adds.{tagged}"), "hidden.tags", tagged.as_str()),
            ("a \u{202e}fdp.exe".to_owned(), "hidden.bidi", "\u{202e}"),
            ("a \u{2066}b\u{2069}".to_owned(), "hidden.bidi", "\u{2066}"),
            ("re\u{200b}ad".to_owned(), "hidden.zero-width", "\u{200b}"),
            ("re\u{200d}ad".to_owned(), "hidden.zero-width", "\u{200d}"),
            ("a\u{2060}\u{2063}b".to_owned(), "hidden.zero-width", "\u{2060}\u{2063}"),
            ("ab\u{feff}c".to_owned(), "hidden.zero-width", "\u{feff}"),
            ("a\u{200e}b".to_owned(), "hidden.zero-width", "\u{200e}"),
            (
                "x\u{fe01}\u{fe02}\u{fe03}".to_owned(),
                "hidden.selectors",
                "\u{fe01}\u{fe02}\u{fe03}",
            ),
            ("a\u{1b}[2Kb".to_owned(), "hidden.control", "\u{1b}"),
            ("a\u{8}b".to_owned(), "hidden.control", "\u{8}"),
            (
                "Reads p\u{430}yp\u{430}l mail".to_owned(),
                "hidden.mixed-script",
                "p\u{430}yp\u{430}l",
            ),
            ("send_em\u{430}il".to_owned(), "hidden.mixed-script", "em\u{430}il"),
        ] {
            let all = hidden(&text);
            let told: Vec<_> =
                all.iter().map(|one| (one.rule.id, text.get(one.span.clone()).unwrap())).collect();
            assert_eq!(told.first(), Some(&(rule, span)), "{text:?}");
        }
        assert_eq!(hidden(&format!("Adds.{tagged}"))[0].evidence, "obey me");
        let text = "It reads all of the fi\u{200b}les that it finds.";
        assert_eq!(hidden(text)[0].evidence, "ll of the fi\u{200b}les that it ");
    }

    #[test]
    fn what_scripts_and_emoji_need_stays_quiet() {
        for text in [
            "Reads a file.\r\n\tReturns its text.",
            "naïve café, Straße, Œuvre, señor, Łódź, İstanbul",
            "می‌خواهم این را ببینم",
            "क्‍ष और श्री",
            "English and עברית\u{200f} in one line",
            "\u{2067}עברית\u{2069} and more",
            "👩‍👩‍👧‍👦 ❤️ 1️⃣ 🏳️‍🌈 👍🏽 🇩🇪 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "Δt is 5 µs, λx.x, Ωm, 3 kΩ, αβ-test, ε-greedy",
            "Прочитать файл; Чтение из Git-репозитория",
            "日本語\u{200b}テキスト, 葛\u{E0100}城",
            "ไทย\u{200b}ภาษา",
            "",
        ] {
            assert_eq!(hidden(text), [], "{text}");
        }
    }
}

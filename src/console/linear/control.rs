//! What the operator says of whole sessions, of definitions and of policies' files, by lines: as the panes' keys do,
//! and under the same conditions as an answer (see `answer`).
//!
//! What lets more pass than before is typed with `yes`, or with the digits that were printed, in a line of its own; and of
//! a definition all of it was printed, as it is.

use crate::catalog::Ruling;
use crate::console::filter::Filter;
use crate::console::linear::page::{Page, Says};
use crate::console::linear::{Linear, session_of};
use crate::console::model::catalogue::{Key, Line};
use crate::console::model::peers::Session;
use crate::console::model::policy_file::PolicyFile;
use crate::console::model::{Link, Model};
use crate::console::update::ARM_MS;
use crate::text::Safe;
use crate::wire::{ControlLine, ControlWord, FromConsole};

/// Digits of a digest that name it at least.
const DIGITS_MIN: usize = 4;

/// Something that is done to sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control<'a> {
    /// `hold FILTER`: calls that match wait.
    Hold(&'a str),
    /// `unhold`.
    Unhold,
    /// `pause`, `pause SESSION`.
    Pause(Option<&'a str>),
    /// `resume`, `resume SESSION`.
    Resume(Option<&'a str>),
    /// `stop SESSION yes`.
    Stop { session: &'a str, yes: bool },
    /// `approve files.read_note yes`.
    Rule { ruling: Ruling, name: &'a str, yes: bool },
    /// `confirm 2f735a7e`.
    Confirm(&'a str),
}

impl<'a> Control<'a> {
    /// Reads a line that begins with this word; `None`: it is none of these. `Err`: what would have been right.
    pub(super) fn parse(word: &str, rest: &'a str) -> Option<Result<Self, &'static str>> {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let named = |what: fn(Option<&'a str>) -> Self, right| match words.as_slice() {
            [] => Ok(what(None)),
            [session] => Ok(what(Some(session))),
            _ => Err(right),
        };
        if let Some(ruling) = Ruling::parse(word) {
            return Some(match words.as_slice() {
                [name] => Ok(Self::Rule { ruling, name, yes: false }),
                [name, "yes"] => Ok(Self::Rule { ruling, name, yes: true }),
                _ => Err("approve, refuse, stage or unpin, SERVER.NAME and, but for refuse, yes"),
            });
        }
        Some(match (word, words.as_slice()) {
            ("hold", []) => Err("hold FILTER, as in hold tool:write_*"),
            ("hold", _) => Ok(Self::Hold(rest)),
            ("unhold", []) => Ok(Self::Unhold),
            ("pause", _) => named(Self::Pause, "pause, or pause SESSION"),
            ("resume", _) => named(Self::Resume, "resume, or resume SESSION"),
            ("stop", [session]) => Ok(Self::Stop { session, yes: false }),
            ("stop", [session, "yes"]) => Ok(Self::Stop { session, yes: true }),
            ("stop", _) => Err("stop SESSION yes"),
            ("confirm", [digits]) => Ok(Self::Confirm(digits)),
            ("confirm", _) => Err("confirm DIGITS, as policies prints them"),
            _ => return None,
        })
    }

    /// Whether nothing can go on by it that waits or is refused now.
    const fn only_stops(self) -> bool {
        matches!(
            self,
            Self::Pause(_) | Self::Stop { .. } | Self::Rule { ruling: Ruling::Refuse, .. }
        )
    }
}

impl Linear {
    /// Does it, or says why not.
    pub(super) fn control(
        &self,
        model: &Model,
        control: Control<'_>,
        by_itself: bool,
        page: &mut Page,
    ) -> Result<(), Says> {
        let nothing = || Says::own("nothing was done: ");
        if !by_itself && !control.only_stops() {
            return Err(nothing().and("several lines came at once"));
        }
        if !matches!(model.link, Link::Up { .. }) {
            return Err(nothing().and("the gate is lost, and words do not reach it"));
        }
        if !model.may_answer() {
            return Err(nothing().safe(&self.may_answer(model).text()));
        }
        let lines = match control {
            Control::Hold(text) => {
                let filter = Filter::parse(text).map_err(|error| error.to_string());
                let when = filter.and_then(|filter| filter.condition());
                let when = when.map_err(|why| nothing().foreign(&why))?;
                vec![line(None, ControlWord::Hold { filter: text.to_owned(), when })]
            }
            Control::Unhold => vec![line(None, ControlWord::Unhold {})],
            Control::Pause(name) => vec![line(session(model, name)?, ControlWord::Pause {})],
            Control::Resume(name) => vec![line(session(model, name)?, ControlWord::Resume {})],
            Control::Stop { session: name, yes } => {
                let named = session(model, Some(name))?;
                if !yes {
                    let says = nothing().and("it ends the session and its servers; it takes stop ");
                    return Err(says.foreign(name).and(" yes"));
                }
                vec![line(named, ControlWord::Stop {})]
            }
            Control::Rule { ruling, name, yes } => self.rule(model, ruling, name, yes)?,
            Control::Confirm(digits) => vec![confirm(model, digits)?],
        };
        page.line("you:", &Says::own("sent"));
        for line in lines {
            page.send(FromConsole::Control(line));
        }
        Ok(())
    }

    /// Says something of a definition in all sessions that run and have it as it was printed.
    fn rule(
        &self,
        model: &Model,
        ruling: Ruling,
        name: &str,
        yes: bool,
    ) -> Result<Vec<ControlLine>, Says> {
        let nothing = || Says::own("nothing was done: ");
        let lines = model.catalogue();
        let keys = lines.iter().filter_map(Line::key).filter(|key| is_named(key, name));
        let live: Vec<&Key> = keys
            .filter(|key| model.session(key.session).is_some_and(|session| !session.ended))
            .collect();
        let Some(first) = live.first() else {
            let says = nothing().and("no session that runs has a definition of this name: ");
            return Err(says.foreign(name));
        };
        let of = |key: &Key| model.definition(key).and_then(|it| it.fingerprint());
        let one =
            |key: &&Key| (&key.server, key.kind, of(key)) == (&first.server, first.kind, of(first));
        if !live.iter().all(one) {
            return Err(nothing().and("it is not the same everywhere; name it as SERVER.NAME"));
        }
        let (Some(definition), Some(fingerprint)) = (model.definition(first), of(first)) else {
            return Err(nothing().and("it could not be kept, so nothing can be said of it"));
        };
        let pinned = definition.standing.is_pinned();
        if pinned && matches!(ruling, Ruling::Approve | Ruling::Stage) {
            return Err(nothing().and("it is what it is to be already"));
        }
        let shown = self.shown.get(*first).filter(|(shown, _)| shown == fingerprint);
        match shown {
            _ if ruling == Ruling::Refuse => {}
            // What it is to be lets nothing new pass.
            None if !pinned => {
                let says = nothing().and("it was not printed as it is now; first tools ");
                return Err(says.foreign(name));
            }
            Some((_, at_ms)) if model.now.mono_ms < at_ms + ARM_MS => {
                return Err(nothing().and("too fast, it was printed less than 0.8 seconds ago"));
            }
            None | Some(_) if yes => {}
            None | Some(_) => {
                let says = nothing().and("it takes ").and(ruling.word()).and(" ");
                return Err(says.foreign(name).and(" yes"));
            }
        }
        let word = |key: &&Key| {
            let word = key.ruled(fingerprint, ruling);
            Some(line(Some(model.session(key.session)?.name.clone()), word))
        };
        Ok(live.iter().filter_map(word).collect())
    }
}

/// `NAME`, `SERVER.NAME`, or `SERVER.server` for what a server says of itself.
pub(super) fn is_named(key: &Key, name: &str) -> bool {
    name == key.name
        || name == format!("{}.{}", key.server, key.name)
        || name == format!("{}.{}", key.server, key.kind.word()) && key.name.is_empty()
}

fn line(session: Option<String>, control: ControlWord) -> ControlLine {
    ControlLine { session, control }
}

/// A session that runs, by its name; all of them without one.
fn session(model: &Model, name: Option<&str>) -> Result<Option<String>, Says> {
    let Some(name) = name else { return Ok(None) };
    let runs = model.sessions.iter().any(|session| !session.ended && session.name == name);
    if runs {
        return Ok(Some(name.to_owned()));
    }
    Err(Says::own("nothing was done: no session of this name runs: ").foreign(name))
}

/// Those whose policy's files wait, and the digest of what they say.
fn proposed(model: &Model) -> impl Iterator<Item = (&Session, &str, &Safe)> {
    model.sessions.iter().filter(|session| !session.ended).filter_map(|session| {
        match &session.policy_file {
            PolicyFile::Proposed { digest, what, .. } => Some((session, digest.as_str(), what)),
            PolicyFile::Same | PolicyFile::Broken(_) => None,
        }
    })
}

fn confirm(model: &Model, digits: &str) -> Result<ControlLine, Says> {
    let meant: Vec<_> = proposed(model)
        .filter(|(_, digest, _)| digits.len() >= DIGITS_MIN && digest.starts_with(digits))
        .collect();
    let nothing = || Says::own("nothing was done: ");
    match meant.as_slice() {
        [] => {
            Err(nothing().and("no policy's file waits by these digits; policies lists what does"))
        }
        [(session, digest, _), others @ ..] => {
            if others.iter().any(|(_, other, _)| other != digest) {
                return Err(nothing().and("these digits begin more than one; type more of them"));
            }
            let word = ControlWord::Confirm { digest: (*digest).to_owned() };
            Ok(line(Some(session.name.clone()), word))
        }
    }
}

/// The sessions that run, by what, and what waits to be confirmed.
pub(super) fn policies(model: &Model, page: &mut Page) {
    let mut none = true;
    for (id, session) in model.session_ids().zip(&model.sessions) {
        if session.ended {
            continue;
        }
        none = false;
        let says = session_of(model, id).and(" runs by ").safe(&session.policy);
        let says = match &session.policy_file {
            PolicyFile::Same => says,
            PolicyFile::Broken(why) => says.and(", BROKEN: ").safe(why),
            PolicyFile::Proposed { digest, what, .. } => {
                let digits = digest.get(..12).unwrap_or_default();
                let says = says.and(", CHANGED: ").safe(what).and("; to take it: confirm ");
                says.foreign(digits)
            }
        };
        page.line("gate:", &says);
    }
    if none {
        page.line("gate:", &Says::own("no session runs"));
    }
}

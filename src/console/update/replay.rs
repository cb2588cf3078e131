//! Keys of a tape. A replay reaches no gate: nothing here answers, and the keys that would say so.

use jiff::tz::TimeZone;

use crate::console::action::Tape;
use crate::console::filter::Filter;
use crate::console::model::Model;
use crate::console::model::breaks::{Breaks, Stops};
use crate::console::model::replay::{Found, Replay, To, WhatIf};
use crate::console::model::timeline::Moment;
use crate::console::update::{Cmd, sift};
use crate::engine::At;
use crate::text::Safe;

/// A recording is to be looked through for calls to stop at.
#[derive(Debug, Clone)]
pub struct Break {
    /// Those that this means.
    pub filter: Filter,
    /// For the answer.
    pub generation: u32,
    /// From when ages count back.
    pub now: At,
    /// For clock times.
    pub zone: TimeZone,
}

/// A transport key.
pub(super) fn act(model: &mut Model, key: Tape) -> Vec<Cmd> {
    let now = model.now;
    let Some(replay) = &mut model.replay else { return Vec::new() };
    let to = match key {
        Tape::Play => return replay.play(now).map(Cmd::Go).into_iter().collect(),
        Tape::Faster | Tape::Slower => {
            replay.speed(key == Tape::Faster);
            return Vec::new();
        }
        Tape::Squeeze => {
            replay.squeezes = !replay.squeezes;
            return Vec::new();
        }
        Tape::WhatIf => {
            if let Some(what_if) = &mut replay.what_if {
                what_if.shown = !what_if.shown;
            } else {
                let how = "start with --policy P to see what P would decide";
                model.ui.said = Some(Safe::word(how));
            }
            return Vec::new();
        }
        Tape::NextFlip => To::NextFlip,
        Tape::NextBreak => To::NextBreak,
        Tape::PreviousBreak => To::PreviousBreak,
        Tape::Step(by) => To::Step(by.into()),
        Tape::Next(moment) => To::Next(moment),
        Tape::Previous(moment) => To::Previous(moment),
    };
    go(model, to)
}

/// Goes to a place of the tape. Whether it plays stays as it is (console.md 2.11).
pub fn go(model: &mut Model, to: To) -> Vec<Cmd> {
    let Some(replay) = &mut model.replay else { return Vec::new() };
    // Stepping is looking closely.
    replay.playing &= !matches!(to, To::Step(_));
    if let Some(place) = replay.place(to) {
        model.ui.call = None;
        return vec![Cmd::Go(place)];
    }
    let looking = replay.breaks.as_ref().is_some_and(|breaks| !breaks.count().1);
    let none = match to {
        To::NextBreak | To::PreviousBreak if looking => "still looking for calls to stop at",
        To::Next(moment) | To::Previous(moment) => word(moment),
        To::NextFlip => "no further call is decided otherwise",
        To::NextBreak | To::PreviousBreak => "no further call to stop at; B sets what to stop at",
        To::Step(_) | To::Record(_) | To::Call(_) | To::Time(_) | To::Percent(_) => "no such place",
    };
    model.ui.said = Some(Safe::word(none));
    Vec::new()
}

const fn word(moment: Moment) -> &'static str {
    match moment {
        Moment::Call => "no further call in this direction",
        Moment::Ask => "no further ask in this direction",
        Moment::Denial => "no further denial in this direction",
        Moment::Finding => "no further finding in this direction",
    }
}

/// From here on by another policy: the tape goes on as recorded, and a column tells where that one parts from it.
pub fn fork(model: &mut Model, policy: &str) -> Vec<Cmd> {
    let Some(replay) = &model.replay else {
        model.ui.said = Some(Safe::word("only a recording can be forked: tollgate replay"));
        return Vec::new();
    };
    vec![Cmd::Fork { policy: policy.to_owned(), from_seq: replay.at }]
}

/// Stops at calls that a filter means, from now on; nothing stops no more.
pub(super) fn set_break(model: &mut Model, typed: &str) -> Vec<Cmd> {
    let (now, zone) = (model.now.at, model.zone.clone());
    let Some(replay) = &mut model.replay else {
        model.ui.said = Some(Safe::word("only a recording stops: tollgate replay"));
        return Vec::new();
    };
    model.ui.breaks += 1;
    let generation = model.ui.breaks;
    let typed = typed.trim();
    if typed.is_empty() {
        replay.breaks = None;
        return vec![Cmd::Break(None)];
    }
    match Filter::parse(typed) {
        Ok(filter) => {
            replay.breaks = Some(Breaks::new(typed, generation));
            vec![Cmd::Break(Some(Break { filter, generation, now, zone }))]
        }
        Err(error) => {
            model.ui.said = Some(Safe::escape(&error.to_string()));
            Vec::new()
        }
    }
}

/// More places to stop at are known.
pub(super) fn stops(model: &mut Model, stops: Stops) {
    if let Some(breaks) = model.replay.as_mut().and_then(|replay| replay.breaks.as_mut()) {
        breaks.found(stops);
    }
}

/// Goes where `12:41`, `1:02:03`, `#2317` or `50%` says.
pub(super) fn seek(model: &mut Model, place: &str) -> Vec<Cmd> {
    let Some(replay) = &model.replay else {
        model.ui.said = Some(Safe::word("only a recording has places: tollgate replay"));
        return Vec::new();
    };
    if let Some(to) = To::parse(place.trim(), replay.span().0) {
        return go(model, to);
    }
    model.ui.said = Some(Safe::word("no such place: 12:41, 1:02:03, #2317 or 50%"));
    Vec::new()
}

/// Time passed.
pub(super) fn tick(model: &mut Model) -> Vec<Cmd> {
    let now = model.now;
    let Some(replay) = &mut model.replay else { return Vec::new() };
    let played = replay.playing;
    let due = replay.tick(now);
    if let (true, false, Some(breaks)) = (played, replay.playing, &replay.breaks) {
        let what = format!("stopped at a call that is meant: {}", breaks.typed);
        model.ui.said = Some(Safe::escape(&what));
    }
    if due == replay.at { Vec::new() } else { vec![Cmd::Go(due)] }
}

/// The reader found more of the recording.
pub(super) fn found(model: &mut Model, found: &Found) {
    if let Some(replay) = &mut model.replay {
        replay.found(found);
    }
}

/// Another policy decided more of the recording.
pub(super) fn decided(model: &mut Model, decided: WhatIf) {
    let Some(replay) = &mut model.replay else { return };
    match &mut replay.what_if {
        Some(known) if known.policy == decided.policy && known.from_seq == decided.from_seq => {
            known.flips.extend(decided.flips);
            known.whole = decided.whole;
        }
        other => *other = Some(WhatIf { shown: true, ..decided }),
    }
}

/// The model was brought to a place.
pub(super) fn arrived(model: &mut Model, at: u64) -> Vec<Cmd> {
    let now = model.now;
    if let Some(replay) = &mut model.replay {
        replay.arrived(at, now);
    }
    // Rows behind this place are gone, and with them what was looked at there.
    let rows = model.calls.len();
    let ui = &mut model.ui;
    ui.call = ui.call.filter(|at| at.0 < rows);
    ui.detail.row = None;
    sift::rewound(model)
}

/// The time that panes count from: the tape's.
pub(super) fn clock(model: &mut Model) {
    if let Some(clock) = model.replay.as_deref().map(|replay: &Replay| replay.clock) {
        model.now.at = clock;
    }
}

//! A recording being played: where the tape is, and how fast it goes.
//!
//! Pure: real time comes in with messages, the records' times with the index that is made of the file beside
//! the playing. What is due is told as a number of records; the reader of the file brings the model there.

use std::collections::BTreeMap;

use crate::console::model::Now;
use crate::console::model::breaks::Breaks;
use crate::console::model::timeline::{Moment, Second, second_of};
use crate::engine::{At, CallId};
use crate::policy::Verdict;
use crate::text::Safe;

/// How fast a tape goes, in quarters of real time; the last one is as fast as can be read.
const SPEEDS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, MAX];
/// The speed without a clock.
const MAX: u64 = u64::MAX;
/// The place of real time in [`SPEEDS`].
const REAL: usize = 2;
/// Records in a frame at the speed without a clock.
const MAX_STEP: u64 = 400;
/// Longer gaps between records are played as this (console.md 2.11).
const GAP_MS: u64 = 2000;
/// While it plays, the next frame comes at the next record, and not sooner than this.
const FRAME_MS: u64 = 33;
/// The clock on the screen counts seconds: it is drawn so often.
const CLOCK_MS: u64 = 250;

/// What is known of a recording's soundness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Soundness {
    /// Not all of it was read.
    #[default]
    Reading,
    /// Every line is what was written.
    Sound,
    /// It ends in the middle of a line, or is wrong from a place on: what lies before is shown.
    Flawed(Safe),
}

/// A piece of the index: what a reader found behind what it told before.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The records' times.
    pub times: Vec<At>,
    /// What happened, with the number of the record, in order.
    pub moments: Vec<(u32, Moment)>,
    /// Bytes read, and that there are.
    pub read: (u64, u64),
    /// What is known now.
    pub soundness: Soundness,
}

/// Where to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// So many records further or back.
    Step(i64),
    /// Just behind this record.
    Record(u64),
    /// Just behind the request of this call.
    Call(u64),
    /// To this time.
    Time(At),
    /// To this share of the time, in hundredths.
    Percent(u8),
    /// Just behind the next such moment.
    Next(Moment),
    /// Just behind the last such moment before.
    Previous(Moment),
    /// Just behind the next call that another policy decides otherwise.
    NextFlip,
    /// To the next place at which the tape stops by itself.
    NextBreak,
    /// To the last such place before.
    PreviousBreak,
}

impl To {
    /// `12:41` and `1:02:03` since the beginning, `#2317`, `50%`.
    #[must_use]
    pub fn parse(text: &str, begin: At) -> Option<Self> {
        if let Some(call) = text.strip_prefix('#') {
            return call.parse().ok().map(Self::Call);
        }
        if let Some(share) = text.strip_suffix('%') {
            return share.trim().parse().ok().filter(|share| *share <= 100).map(Self::Percent);
        }
        let mut seconds: u64 = 0;
        for part in text.split(':') {
            let part: u64 = part.parse().ok()?;
            seconds = seconds.checked_mul(60)?.checked_add(part)?;
        }
        Some(Self::Time(begin.plus_ms(seconds.checked_mul(1000)?)))
    }
}

/// A call that another policy decides otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flipped {
    /// The record.
    pub seq: u64,
    /// What it says now.
    pub is: Option<Verdict>,
    /// By which rule.
    pub rule: Safe,
    /// Whether another call was decided otherwise before: this row assumes the recorded results.
    pub assumes: bool,
}

/// The recording decided again by another policy, from one of its records on.
#[derive(Debug, Clone, Default)]
pub struct WhatIf {
    /// The policy's name.
    pub policy: Safe,
    /// The first record that it decides.
    pub from_seq: u64,
    /// The calls whose verdict differs, by number.
    pub flips: BTreeMap<CallId, Flipped>,
    /// Whether all of the recording was decided.
    pub whole: bool,
    /// Whether the pane shows it.
    pub shown: bool,
}

impl WhatIf {
    /// Where the runs part: the first call that is decided otherwise.
    #[must_use]
    pub fn parts_at(&self) -> Option<CallId> {
        let first = self.flips.iter().min_by_key(|(_, flipped)| flipped.seq);
        first.map(|(call, _)| *call)
    }
}

/// The tape.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The recording.
    pub name: Safe,
    /// Records that the model has taken in.
    pub at: u64,
    /// The time on the tape.
    pub clock: At,
    /// Whether it goes.
    pub playing: bool,
    /// Whether long gaps are played short.
    pub squeezes: bool,
    /// What is known of the file.
    pub soundness: Soundness,
    /// Bytes of it that were looked through, and that there are.
    pub read: (u64, u64),
    /// The same recording by another policy.
    pub what_if: Option<WhatIf>,
    /// Where it stops by itself.
    pub breaks: Option<Breaks>,
    speed: usize,
    begin: At,
    /// Milliseconds of each record since the first.
    times_ms: Vec<u32>,
    /// The record of each call, by its number from 1: calls are numbered as they come.
    calls: Vec<u32>,
    moments: Vec<(u32, Moment)>,
    seconds: Vec<Second>,
    ticked_ms: u64,
}

impl Replay {
    /// A tape of which nothing was read.
    #[must_use]
    pub const fn new(name: Safe) -> Self {
        Self {
            name,
            at: 0,
            clock: At(0),
            playing: false,
            squeezes: true,
            soundness: Soundness::Reading,
            read: (0, 0),
            what_if: None,
            breaks: None,
            speed: REAL,
            begin: At(0),
            times_ms: Vec::new(),
            calls: Vec::new(),
            moments: Vec::new(),
            seconds: Vec::new(),
            ticked_ms: 0,
        }
    }

    /// Takes in what the reader found.
    pub fn found(&mut self, found: &Found) {
        if let (true, Some(first)) = (self.times_ms.is_empty(), found.times.first()) {
            self.begin = *first;
            self.clock = *first;
        }
        let ms = |at: &At| u32::try_from(at.ms_since(self.begin)).unwrap_or(u32::MAX);
        self.times_ms.extend(found.times.iter().map(ms));
        for (seq, moment) in &found.moments {
            let at_s = second_of(self.time_of(u64::from(*seq)));
            if self.seconds.last().is_none_or(|last| last.at_s < at_s) {
                self.seconds.push(Second { at_s, ..Second::default() });
            }
            if let Some(last) = self.seconds.last_mut() {
                last.add(*moment);
            }
            match moment {
                Moment::Call => self.calls.push(*seq),
                Moment::Ask | Moment::Denial | Moment::Finding => {
                    self.moments.push((*seq, *moment));
                }
            }
        }
        self.read = found.read;
        self.soundness.clone_from(&found.soundness);
    }

    /// Records that were looked through: as far as one can go.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.times_ms.len() as u64
    }

    /// When the recording begins, and the time of the last record that was looked through.
    #[must_use]
    pub fn span(&self) -> (At, At) {
        let last = self.times_ms.last().copied().unwrap_or_default();
        (self.begin, self.begin.plus_ms(last.into()))
    }

    /// When the record of this number was made.
    #[must_use]
    pub fn time_of(&self, seq: u64) -> At {
        let at = usize::try_from(seq).unwrap_or(usize::MAX);
        let ms = self.times_ms.get(at).or(self.times_ms.last()).copied().unwrap_or_default();
        self.begin.plus_ms(ms.into())
    }

    /// How fast, in words.
    #[must_use]
    pub fn speed_word(&self) -> String {
        match self.quarters() {
            MAX => "max".to_owned(),
            1 => "0.25x".to_owned(),
            2 => "0.5x".to_owned(),
            quarters => format!("{}x", quarters / 4),
        }
    }

    fn quarters(&self) -> u64 {
        SPEEDS.get(self.speed).copied().unwrap_or(4)
    }

    /// Faster or slower.
    pub fn speed(&mut self, faster: bool) {
        let last = SPEEDS.len() - 1;
        self.speed = if faster { (self.speed + 1).min(last) } else { self.speed.saturating_sub(1) };
    }

    /// Starts or stops. At the end it starts from the beginning: says where to go first.
    pub fn play(&mut self, now: Now) -> Option<u64> {
        self.playing = !self.playing;
        self.ticked_ms = now.mono_ms;
        let over = self.playing && self.at >= self.records();
        over.then_some(0)
    }

    /// How many records lie before a place; `None` where there is no such place.
    #[must_use]
    pub fn place(&self, to: To) -> Option<u64> {
        let until = |ms: u64| self.times_ms.partition_point(|time| u64::from(*time) <= ms) as u64;
        let place = match to {
            To::Step(by) => self.at.saturating_add_signed(by),
            To::Record(seq) => seq.saturating_add(1),
            To::Call(call) => {
                let at = usize::try_from(call).ok()?.checked_sub(1)?;
                u64::from(*self.calls.get(at)?) + 1
            }
            To::Time(at) => until(at.ms_since(self.begin)),
            To::Percent(share) => {
                let (begin, end) = self.span();
                until(end.ms_since(begin).saturating_mul(share.into()) / 100)
            }
            To::Next(moment) => {
                let from = self.moments.partition_point(|(seq, _)| u64::from(*seq) < self.at);
                let (seq, _) =
                    self.moments.iter().skip(from).find(|(_, found)| *found == moment)?;
                u64::from(*seq) + 1
            }
            To::Previous(moment) => {
                let before = |(seq, found): &&(u32, Moment)| {
                    u64::from(*seq) + 1 < self.at && *found == moment
                };
                let (seq, _) = self.moments.iter().rev().find(before)?;
                u64::from(*seq) + 1
            }
            To::NextFlip => {
                let flips = self.what_if.as_ref()?.flips.values();
                flips.map(|flipped| flipped.seq + 1).filter(|place| *place > self.at).min()?
            }
            // What lies behind a flaw cannot be gone to.
            To::NextBreak => {
                let next = self.breaks.as_ref()?.next(self.at)?;
                Some(next).filter(|place| *place <= self.records())?
            }
            To::PreviousBreak => self.breaks.as_ref()?.previous(self.at)?,
        };
        Some(place.min(self.records()))
    }

    /// The model was brought here.
    pub fn arrived(&mut self, at: u64, now: Now) {
        let here = self.time_of(at.saturating_sub(1));
        // While it plays the clock may be ahead of the last record, never behind it.
        if !self.playing || at < self.at || self.clock < here {
            self.clock = here;
            self.ticked_ms = now.mono_ms;
        }
        self.at = at;
        self.playing &= at < self.records() || self.soundness == Soundness::Reading;
    }

    /// Real time passed: how many records are due, counted from the first. The clock goes on, and where a tape
    /// stops by itself it plays no further.
    pub fn tick(&mut self, now: Now) -> u64 {
        let due = self.due(now);
        let Some(breaks) = &self.breaks else { return due };
        let (to, stops) = breaks.limit(self.at, due);
        self.playing &= !stops;
        if to < due {
            self.clock = self.time_of(to.saturating_sub(1));
        }
        to
    }

    fn due(&mut self, now: Now) -> u64 {
        let elapsed = now.mono_ms.saturating_sub(self.ticked_ms);
        self.ticked_ms = now.mono_ms;
        if !self.playing {
            return self.at;
        }
        if self.quarters() == MAX {
            return (self.at + MAX_STEP).min(self.records());
        }
        let mut left_us = elapsed.saturating_mul(250).saturating_mul(self.quarters());
        let mut to = self.at;
        while to < self.records() {
            let next = self.time_of(to);
            if self.squeezes && next.ms_since(self.clock) > GAP_MS {
                self.clock = At(next.0 - GAP_MS * 1000);
            }
            let wait_us = next.0.saturating_sub(self.clock.0);
            if wait_us > left_us {
                self.clock = At(self.clock.0 + left_us);
                break;
            }
            left_us -= wait_us;
            self.clock = self.clock.max(next);
            to += 1;
        }
        to
    }

    /// When the next frame is due.
    #[must_use]
    pub fn next_wake_ms(&self) -> Option<u64> {
        if !self.playing {
            return None;
        }
        if self.quarters() == MAX {
            return Some(FRAME_MS);
        }
        let next = self.time_of(self.at).ms_since(self.clock);
        let next = if self.squeezes { next.min(GAP_MS) } else { next };
        Some((next.saturating_mul(4) / self.quarters()).clamp(FRAME_MS, CLOCK_MS))
    }

    /// The recording in so many equal parts of its time: what came in each.
    #[must_use]
    pub fn parts(&self, parts: usize) -> Vec<Second> {
        let (begin, end) = self.span();
        let (first, last) = (second_of(begin), second_of(end));
        let mut out = vec![Second::default(); parts];
        for second in &self.seconds {
            let share = share(second.at_s.saturating_sub(first), last - first + 1, parts);
            if let Some(part) = out.get_mut(share) {
                part.take(second);
            }
        }
        out
    }

    /// The part of [`Replay::parts`] that a time is in.
    #[must_use]
    pub fn part(&self, at: At, parts: usize) -> usize {
        let (begin, end) = self.span();
        let (first, last) = (second_of(begin), second_of(end));
        share(second_of(at.clamp(begin, end)) - first, last - first + 1, parts)
    }

    /// The time at which a part begins.
    #[must_use]
    pub fn part_begins(&self, part: usize, parts: usize) -> At {
        let (begin, end) = self.span();
        let ms = end.ms_since(begin);
        begin.plus_ms(ms.saturating_mul(part as u64) / (parts as u64).max(1))
    }
}

/// Which of `parts` equal parts of `whole` this place is in.
fn share(place: u64, whole: u64, parts: usize) -> usize {
    let part = u128::from(place) * parts as u128 / u128::from(whole.max(1));
    usize::try_from(part).unwrap_or(usize::MAX).min(parts.saturating_sub(1))
}

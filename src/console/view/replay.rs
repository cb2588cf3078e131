//! What says that this is a recording: the status row, the title of the calls, and the column of another policy.

use ratatui::layout::Rect;

use crate::console::model::Call;
use crate::console::model::replay::{Replay, Soundness};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::engine::At;
use crate::policy::Verdict;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// ` REPLAY claude-1  paused 4x   chain sound   policy: recorded | what-if strict 2 differ`
    pub(super) fn replay_status(&mut self, area: Rect, replay: &Replay) {
        let mut strip = Strip::new()
            .own(" REPLAY ", Role::ChromeAlert)
            .safe(&replay.name.clip(30).shown, Role::Chrome)
            .own(if replay.playing { "  playing " } else { "  paused " }, Role::Chrome)
            .drawn(&replay.speed_word(), Role::Chrome)
            .own(if replay.squeezes { "   " } else { " gaps in full   " }, Role::Chrome);
        strip = match &replay.soundness {
            Soundness::Reading => {
                let (read, total) = replay.read;
                let share = read.saturating_mul(100) / total.max(1);
                strip
                    .own("reading ", Role::Chrome)
                    .number(share, Role::Chrome)
                    .own("%", Role::Chrome)
            }
            Soundness::Sound => strip.own("chain sound", Role::Chrome),
            Soundness::Flawed(_) => strip.own("FLAWED", Role::ChromeAlert),
        };
        strip = strip.own("   policy: recorded", Role::Chrome);
        if let Some(what_if) = &replay.what_if {
            strip = strip
                .own(" | what-if ", Role::Chrome)
                .safe(&what_if.policy.clip(20).shown, Role::Chrome)
                .own(if what_if.whole { " " } else { " so far " }, Role::Chrome)
                .number(what_if.flips.len() as u64, Role::Chrome)
                .own(" differ", Role::Chrome);
        }
        self.chrome(area, strip);
    }

    /// `at 00:12:41 of 01:03:20  record 812/2318`
    pub(super) fn replay_place(replay: &Replay) -> Strip {
        let (begin, end) = replay.span();
        Strip::new()
            .own("at ", Role::Title)
            .safe(&time(replay.clock.ms_since(begin)), Role::Title)
            .own(" of ", Role::Title)
            .safe(&time(end.ms_since(begin)), Role::Title)
            .own("  record ", Role::Title)
            .number(replay.at, Role::Title)
            .own("/", Role::Title)
            .number(replay.records(), Role::Title)
    }

    /// What is wrong with the recording, and where the runs part.
    pub(super) fn replay_state(replay: &Replay) -> Strip {
        let strip = Strip::new().own(" ", Role::Chrome);
        if let Soundness::Flawed(why) = &replay.soundness {
            return strip
                .own("only the sound part is shown: ", Role::ChromeAlert)
                .safe(why, Role::ChromeAlert);
        }
        let strip = match &replay.breaks {
            Some(breaks) => {
                let (count, whole) = breaks.count();
                strip
                    .own("stops at ", Role::Chrome)
                    .number(count as u64, Role::Chrome)
                    .own(if whole { " calls   " } else { " calls so far   " }, Role::Chrome)
            }
            None => strip,
        };
        match &replay.what_if {
            Some(what_if) => match what_if.parts_at() {
                Some(call) => strip
                    .own("the runs part at #", Role::Chrome)
                    .number(call.0, Role::Chrome)
                    .own("; ~ behind it assumes the recorded results", Role::Chrome),
                None if what_if.whole => {
                    strip.own("the other policy decides every call the same", Role::Chrome)
                }
                None => strip.own("deciding", Role::Chrome),
            },
            None => {
                strip.own("a recording: nothing here reaches a server or an agent", Role::Chrome)
            }
        }
    }

    /// What another policy says of a call, where it differs: `what-if DENY r7`.
    pub(super) fn what_if(&self, call: &Call) -> Option<(Safe, Role)> {
        let what_if = self.model.replay.as_ref()?.what_if.as_ref()?;
        let flipped = what_if.flips.get(&call.call)?;
        let (role, word) = self.theme.verdict(flipped.is.unwrap_or(Verdict::Allow));
        let mut text =
            Safe::word(if flipped.assumes { "~ " } else { "" }).then(&Safe::escape(word));
        if !flipped.rule.is_empty() {
            text = text.then(&Safe::word(" ")).then(&flipped.rule);
        }
        Some((text, role))
    }
}

/// `00:12:41`.
fn time(ms: u64) -> Safe {
    let seconds = ms / 1000;
    Safe::escape(&format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// `+00:12:41` since the recording began.
pub(in crate::console) fn since(replay: &Replay, at: At) -> Safe {
    Safe::word("+").then(&time(at.ms_since(replay.span().0)))
}

//! Every action by name. Keys, hint line, help, command line, palette, `keys.toml` and the manual are
//! made from the one table [`BINDINGS`]: a new action is a row there, a case of [`Action`] and its arm in
//! `update`.
//!
//! **What answers a ticket has keys on the card alone**: it has no name that could be typed, chosen from
//! the palette or bound elsewhere (console.md 2.3).

mod table;

use crate::catalog::Ruling;
use crate::console::input::Key;
use crate::console::model::timeline::Moment;
use crate::console::model::ui::{Move, Pane};

pub use table::BINDINGS;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The calls.
    Calls,
    /// The detail.
    Detail,
    /// The waiting calls.
    Ask,
    /// The definitions.
    Tools,
    /// The servers.
    Servers,
    /// The sessions.
    Sessions,
    /// The findings.
    Findings,
    /// The rules.
    Policy,
    /// The log.
    Log,
    /// The timeline.
    Timeline,
    /// Two recordings.
    Compare,
    /// Any pane, while a recording is played; asked before the pane.
    Replay,
    /// The approval card.
    Card,
    /// The card's word for allowing without having read.
    Unread,
    /// The card's confirmation.
    Confirm,
    /// The card's code.
    Code,
    /// The card's choice of what is remembered.
    Remember,
    /// The card's reason.
    Reason,
    /// The card's editor.
    Edit,
    /// A question of ours.
    Prompt,
    /// A line that is being typed: a filter, a search, a command, a note.
    Line,
    /// The palette.
    Palette,
    /// The keys.
    Help,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Calls,
        Self::Detail,
        Self::Ask,
        Self::Tools,
        Self::Servers,
        Self::Sessions,
        Self::Findings,
        Self::Policy,
        Self::Log,
        Self::Timeline,
        Self::Compare,
        Self::Replay,
        Self::Card,
        Self::Unread,
        Self::Confirm,
        Self::Code,
        Self::Remember,
        Self::Reason,
        Self::Edit,
        Self::Prompt,
        Self::Line,
        Self::Palette,
        Self::Help,
    ];

    /// For the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Calls => "Calls",
            Self::Detail => "Detail",
            Self::Ask => "Ask",
            Self::Tools => "Tools",
            Self::Servers => "Servers",
            Self::Sessions => "Sessions",
            Self::Findings => "Findings",
            Self::Policy => "Policy",
            Self::Log => "Log",
            Self::Timeline => "Timeline",
            Self::Compare => "Compare",
            Self::Replay => "Replay",
            Self::Card => "Approval card",
            Self::Unread => "Card: unread",
            Self::Confirm => "Card: confirm",
            Self::Code => "Card: code",
            Self::Remember => "Card: remember",
            Self::Reason => "Card: reason",
            Self::Edit => "Card: edit",
            Self::Prompt => "Question",
            Self::Line => "Line",
            Self::Palette => "Palette",
            Self::Help => "Help",
        }
    }

    /// Whether letters are text here.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Unread | Self::Code | Self::Reason | Self::Edit | Self::Line | Self::Palette
        )
    }

    /// Whether it is a pane.
    #[must_use]
    pub const fn is_pane(self) -> bool {
        matches!(
            self,
            Self::Calls
                | Self::Detail
                | Self::Ask
                | Self::Tools
                | Self::Servers
                | Self::Sessions
                | Self::Findings
                | Self::Policy
                | Self::Log
                | Self::Timeline
                | Self::Compare
        )
    }
}

/// A key of a tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in the table")]
pub enum Tape {
    Play,
    Step(i8),
    Faster,
    Slower,
    Squeeze,
    WhatIf,
    NextFlip,
    NextBreak,
    PreviousBreak,
    Next(Moment),
    Previous(Moment),
}

/// What a key or a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in the table")]
pub enum Action {
    Move(Move),
    Focus(Pane),
    NextPane,
    PreviousPane,
    Layout,
    Zoom,
    Unzoom,
    Wider,
    Narrower,
    NextDifference,
    Tape(Tape),
    GoToPlace,
    Fork,
    Dry,
    Load,
    Options,
    Theme,
    Open,
    Follow,
    GoTo,
    Copy,
    CopyRaw,
    NextTab,
    PreviousTab,
    Fold,
    Unfold,
    Wrap,
    Stderr,
    Level,
    Filter,
    Found(Found),
    Sort,
    Columns,
    Break,
    MarkedOnly,
    Mark,
    Select,
    Range,
    Note,
    Export,
    Search,
    NextMatch,
    PreviousMatch,
    OldestAsk,
    RequestRight,
    GrantRight,
    Hold,
    HoldOnOff,
    Pause,
    StopSession,
    StopServer,
    AcceptTool,
    /// The same answer for calls like this one.
    Remember,
    /// Which ones, how long, and what they are to have.
    Choose(Choice),
    /// Take a remembered answer back.
    Undo,
    /// Take what a policy's file says now.
    ConfirmPolicy,
    Rule(Ruling),
    MarkEquals,
    Allow,
    AllowYes,
    AllowUnread,
    Deny,
    DenyWithReason,
    SendReason,
    Edit,
    EditOutside,
    SendEdit,
    NextAsk,
    Full,
    Raw,
    /// The card's secrets, and away again.
    Reveal,
    Diff,
    Command,
    Palette,
    Apply,
    Complete,
    CompleteBack,
    Earlier,
    Later,
    Recall,
    Back,
    Yes,
    Help,
    Keys,
    Leave,
    Suspend,
    Quit,
}

/// What is done in the Findings pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Which are listed.
    Filter,
    /// In which order.
    Sort,
    /// One needs no look any more.
    Dismiss,
    /// One is a false alarm.
    FalseAlarm,
}

/// What is chosen of an answer that is to be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This way to be like the call, counted from 0.
    Like(usize),
    /// The next wider way.
    Wider,
    /// The next narrower way.
    Narrower,
    /// The next longer lifetime.
    Longer,
    /// Such calls go on.
    Allow,
    /// Such calls are refused.
    Deny,
}

impl Action {
    /// Whether it answers a ticket, or is a step towards it.
    #[must_use]
    pub const fn answers(self) -> bool {
        matches!(
            self,
            Self::Allow
                | Self::AllowYes
                | Self::AllowUnread
                | Self::Deny
                | Self::DenyWithReason
                | Self::SendReason
                | Self::Edit
                | Self::EditOutside
                | Self::SendEdit
                | Self::AcceptTool
                | Self::Remember
                | Self::Choose(Choice::Allow | Choice::Deny)
        )
    }

    /// Whether it changes the look of things.
    #[must_use]
    pub const fn is_option(self) -> bool {
        matches!(
            self,
            Self::Theme
                | Self::Layout
                | Self::Zoom
                | Self::Unzoom
                | Self::Wider
                | Self::Narrower
                | Self::Columns
                | Self::Sort
                | Self::Filter
                | Self::MarkedOnly
                | Self::Hold
                | Self::Level
                | Self::Wrap
        )
    }

    /// Whether it lets a call pass, or is a step towards it.
    #[must_use]
    pub const fn allows(self) -> bool {
        matches!(
            self,
            Self::Allow
                | Self::AllowYes
                | Self::AllowUnread
                | Self::Remember
                | Self::Choose(Choice::Allow)
        )
    }
}

/// What a command takes behind its name: the rest of the line, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// This, or nothing.
    May(&'static str),
    /// This.
    Must(&'static str),
}

/// How an action is reached besides by its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Keys,
    /// By its name, where its keys are valid.
    Here,
    /// By its name, from every pane.
    Panes,
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Its name.
    pub name: &'static str,
    /// Any of these; the first is shown.
    pub keys: &'static [Key],
    /// In the help.
    pub help: &'static str,
    /// In the hint line, if it belongs there.
    pub hint: Option<&'static str>,
    /// Where its keys are valid.
    pub contexts: &'static [Context],
    /// What stands behind its name.
    pub takes: Takes,
    /// How else it is reached.
    pub reach: Reach,
}

impl Binding {
    /// Whether its name may be typed, or its keys may be other ones, in this place.
    #[must_use]
    pub fn is_named_in(&self, context: Context) -> bool {
        match self.reach {
            Reach::Keys => false,
            Reach::Here => self.contexts.contains(&context),
            Reach::Panes => context.is_pane() || self.contexts.contains(&context),
        }
    }

    /// Its name with what it takes: `export FILE`, `filter [FILTER]`.
    #[must_use]
    pub fn usage(&self) -> String {
        match self.takes {
            Takes::Nothing => self.name.to_owned(),
            Takes::May(what) => format!("{} [{what}]", self.name),
            Takes::Must(what) => format!("{} {what}", self.name),
        }
    }
}

/// The row of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Context::{Card, Code, Confirm, Edit, Reason, Unread};

    fn of(context: Context) -> impl Iterator<Item = &'static Binding> {
        BINDINGS.iter().filter(move |binding| binding.contexts.contains(&context))
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let mut keys: Vec<Key> =
                of(context).flat_map(|binding| binding.keys.iter().copied()).collect();
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all, "{context:?}");
        }
    }

    #[test]
    fn names_are_unique_and_can_be_typed() {
        let mut names: Vec<&str> = BINDINGS.iter().map(|binding| binding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BINDINGS.len());
        for name in names {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '.'), "{name}");
        }
    }

    #[test]
    fn answers_are_given_on_the_card_alone_and_have_no_name() {
        let card = [Card, Unread, Confirm, Code, Context::Remember, Reason, Edit];
        for binding in BINDINGS.iter().filter(|binding| binding.action.answers()) {
            assert!(binding.contexts.iter().all(|c| card.contains(c)), "{}", binding.name);
            assert_eq!(binding.reach, Reach::Keys, "{}", binding.name);
        }
    }

    #[test]
    fn enter_space_and_tab_never_allow() {
        for binding in BINDINGS.iter().filter(|binding| binding.action.allows()) {
            let loose =
                binding.keys.iter().any(|k| matches!(k, Key::Enter | Key::Char(' ') | Key::Tab));
            assert!(!loose, "{}", binding.name);
        }
    }

    #[test]
    fn every_context_has_a_way_back_and_text_takes_letters() {
        for context in Context::ALL {
            if context == Context::Replay {
                // Laid over a pane, whose way back it is.
                continue;
            }
            let back = of(context).any(|b| b.action == Action::Back && b.keys.contains(&Key::Esc));
            assert!(back, "{context:?}");
            if context.is_text() {
                let letter = of(context).any(|b| b.keys.iter().any(|k| matches!(k, Key::Char(_))));
                assert!(!letter, "{context:?}");
            }
        }
    }
}

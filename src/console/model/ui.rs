//! Where the operator looks and what is being typed.

use std::collections::BTreeSet;

use crate::catalog::Ruling;
use crate::console::action::Context;
use crate::console::filter::Filter;
use crate::console::input::Key;
use crate::console::keymap::Keymap;
use crate::console::model::card::Card;
use crate::console::model::column::Column;
use crate::console::model::difference::Difference;
use crate::console::model::doc::{Laid, Slot};
use crate::console::model::findings::Looked;
use crate::console::model::marks::Marks;
use crate::console::model::sorting::Sorting;
use crate::console::model::typing::{Edit, Pasts, Typing};
use crate::console::model::visible::Visible;
use crate::console::model::window::Window;
use crate::console::model::{CallAt, NameId, TicketKey, catalogue};
use crate::engine::Severity;
use crate::text::Safe;

/// A pane that keys can be in. Each has its number in every layout; 7 is kept for a pane to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Pane {
    #[default]
    Calls,
    Detail,
    Ask,
    Tools,
    Servers,
    Sessions,
    Findings,
    Policy,
    Log,
    Timeline,
    Compare,
}

impl Pane {
    /// All, in the order of Tab.
    pub const ALL: [Self; 11] = [
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
    ];

    /// Its key and its name, as titles and tabs have them.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Calls => "1 Calls",
            Self::Detail => "2 Detail",
            Self::Ask => "3 Ask",
            Self::Tools => "4 Tools",
            Self::Servers => "5 Servers",
            Self::Sessions => "6 Sessions",
            Self::Findings => "8 Findings",
            Self::Policy => "9 Policy",
            Self::Log => "0 Log",
            Self::Timeline => "T Timeline",
            Self::Compare => "C Compare",
        }
    }

    /// The same for a row that is too short.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Calls | Self::Detail | Self::Ask | Self::Tools | Self::Log => self.title(),
            Self::Servers => "5 Srv",
            Self::Sessions => "6 Sess",
            Self::Findings => "8 Find",
            Self::Policy => "9 Pol",
            Self::Timeline => "T",
            Self::Compare => "C Comp",
        }
    }

    /// The next one, or the one before, around the end.
    #[must_use]
    pub fn beside(self, forward: bool) -> Self {
        let by = if forward { 1 } else { Self::ALL.len() - 1 };
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL.iter().copied().cycle().nth(at + by).unwrap_or_default()
    }
}

/// How panes stand on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Arrangement {
    /// One pane below tabs.
    #[default]
    Focus,
    /// Calls and asks beside the detail and one more.
    Split,
    /// Every pane.
    Wide,
}

impl Arrangement {
    /// The word of `layout WORD`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Focus => "focus",
            Self::Split => "split",
            Self::Wide => "wide",
        }
    }
}

/// A tab of the detail pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// What was asked.
    #[default]
    Args,
    /// What came back.
    Result,
    /// The request's exact bytes.
    Raw,
}

/// Something laid out, for which width, and how far it is scrolled.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The rows.
    pub laid: Option<Laid>,
    /// Their width.
    pub width: usize,
    /// The first row shown.
    pub top: usize,
    /// Rows that fit.
    pub height: usize,
    /// The row that a search found.
    pub found: Option<usize>,
}

impl Page {
    /// Throws the rows away; they are laid out again before the next frame.
    pub fn stale(&mut self) {
        self.laid = None;
        self.top = 0;
        self.found = None;
    }

    /// Moves by rows and stays inside.
    pub fn scroll(&mut self, by: Move) {
        self.top = by.from(self.top, self.height.max(1));
        self.scroll_inside();
    }

    /// Never shows less than it could.
    pub fn scroll_inside(&mut self) {
        let last = self.laid.as_ref().map_or(0, Laid::len).saturating_sub(self.height);
        self.top = self.top.min(last);
    }
}

/// How a cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    Start,
    End,
}

impl Move {
    /// The new place; `usize::MAX` for the end.
    #[must_use]
    pub fn from(self, at: usize, page: usize) -> usize {
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => at.saturating_add(1),
            Self::PageUp => at.saturating_sub(page),
            Self::PageDown => at.saturating_add(page),
            Self::Start => 0,
            Self::End => usize::MAX,
        }
    }
}

/// The detail pane.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// Of this call.
    pub row: Option<CallAt>,
    /// A definition, in the call's place.
    pub definition: Option<Difference>,
    /// Which tab.
    pub tab: Tab,
    /// The request.
    pub request: Slot,
    /// The answer.
    pub answer: Slot,
    /// What is shown of them.
    pub page: Page,
    /// The row that the cursor is on.
    pub cursor: usize,
    /// Lines of the document that are folded.
    pub folded: BTreeSet<usize>,
    /// The document's line that the cursor is to be at once rows are laid out anew.
    pub line: Option<usize>,
    /// The place of a finding that the cursor is to be at once the document is read.
    pub sought: Option<String>,
    /// Whether each line takes one row, however long it is.
    pub cuts: bool,
}

/// Calls that this console holds, or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Their filter, as it was typed.
    pub filter: String,
    /// Whether it was said last to hold them.
    pub on: bool,
}

/// A question of ours in the bottom row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Let this console answer too?
    Grant {
        /// Its number.
        console: u32,
    },
    /// Leave although calls wait?
    Quit,
    /// Copy the text as it came?
    CopyRaw,
    /// Say this of the definition in [`Ui::ruling`]?
    Rule(Ruling),
    /// Take what the policy's file of this session says now?
    Confirm {
        /// Which, by its place in the model.
        session: usize,
        /// The first digits of the digest of what was shown.
        shown: u64,
    },
    /// End this session?
    Stop {
        /// Which, by its place in the model.
        session: usize,
        /// Only this server of it.
        server: Option<NameId>,
    },
}

impl Prompt {
    /// Whether a yes lets more pass than before.
    #[must_use]
    pub const fn widens(self) -> bool {
        matches!(self, Self::Grant { .. } | Self::Rule(_) | Self::Confirm { .. })
    }
}

/// The page of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help {
    /// Of this place; else of all.
    pub context: Option<Context>,
    /// The first row shown.
    pub top: usize,
    /// The row that a search found.
    pub found: Option<usize>,
}

/// The palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// The letters.
    pub edit: Edit,
    /// Which of the rows that fit.
    pub at: usize,
    /// Whether only what changes the look of things is offered.
    pub options: bool,
}

/// A filter in force.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// As it was typed.
    pub text: Safe,
    /// What it means.
    pub filter: Filter,
}

/// The whole of it.
#[derive(Debug, Default)]
pub struct Ui {
    /// Where keys go.
    pub pane: Pane,
    /// The selected row of the calls; `None` follows the newest.
    pub call: Option<CallAt>,
    /// The question that was on the screen.
    pub prompt_seen: Option<Prompt>,
    /// The filter of the calls.
    pub filter: Option<Chosen>,
    /// Whether only marked calls are listed.
    pub marked_only: bool,
    /// The calls that these leave.
    pub visible: Visible,
    /// In which order they are listed.
    pub sorting: Sorting,
    /// The columns that the operator chose; else as many as there is room for.
    pub columns: Option<Vec<Column>>,
    /// The hold that was typed last.
    pub hold: Option<Hold>,
    /// How often it was said at which calls a tape is to stop.
    pub breaks: u32,
    /// Marks and notes.
    pub marks: Marks,
    /// Where a range of calls begins; it ends at the selected one.
    pub range: Option<CallAt>,
    /// The line that is being typed.
    pub typing: Option<Typing>,
    /// The lines typed before.
    pub pasts: Pasts,
    /// The palette, while it is open.
    pub palette: Option<Palette>,
    /// What is looked for.
    pub search: Option<String>,
    /// The log's line that a search found, counted from the first of all.
    pub log_found: Option<u64>,
    /// What keys do.
    pub keymap: Keymap,
    /// The selected row of the asks.
    pub ask: usize,
    /// Requests to be answered at once; those that do not wait any more count no longer.
    pub marked: Vec<TicketKey>,
    /// The log lists lines of this severity and above; all of them where that is not set.
    pub log_level: Option<Severity>,
    /// Rows that the log is scrolled up from its end.
    pub log_up: usize,
    /// The selected server, counted over all sessions.
    pub server: usize,
    /// The selected pair of two recordings.
    pub pair: usize,
    /// The selected session.
    pub session: usize,
    /// The selected rule: its policy's name and its id; else the first.
    pub rule: Option<(String, String)>,
    /// The Findings pane.
    pub findings: Looked,
    /// The selected definition; else the first.
    pub tool: Option<catalogue::Key>,
    /// The part of the timeline that the cursor is at, where it is not where the tape is.
    pub part: Option<usize>,
    /// The pane in the split's last place, where it is not the log.
    pub guest: Option<Pane>,
    /// The layout that was asked for; else the largest that the terminal has room for.
    pub arrangement: Option<Arrangement>,
    /// Columns that the calls have beyond what the layout gives them; fewer where negative.
    pub wider: i16,
    /// Whether the pane that has the keys takes all the room.
    pub zoomed: bool,
    /// The detail pane.
    pub detail: Detail,
    /// The open card.
    pub card: Option<Card>,
    /// The page of keys, while it is open.
    pub help: Option<Help>,
    /// An open question.
    pub prompt: Option<Prompt>,
    /// The definition that it is about, and the fingerprint that was shown.
    pub ruling: Option<(catalogue::Key, String)>,
    /// The last thing to say.
    pub said: Option<Safe>,
    /// The last key, and when.
    pub last_key: Option<(Key, u64)>,
    /// When anything was last typed, pasted or focused.
    pub last_input_ms: Option<u64>,
    /// Whether clocks go on each ten seconds only.
    pub reduced_motion: bool,
    /// The terminal's window.
    pub window: Window,
}

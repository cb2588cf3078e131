//! Where the operator looks and what is being typed.

use ratatui_textarea::TextArea;

use crate::console::input::Key;
use crate::console::model::doc::{Laid, Slot};
use crate::console::model::window::Window;
use crate::console::model::{CallAt, TicketKey};
use crate::text::Safe;

/// A pane that keys can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Pane {
    #[default]
    Calls,
    Detail,
    Ask,
    Log,
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
}

impl Page {
    /// Throws the rows away; they are laid out again before the next frame.
    pub fn stale(&mut self) {
        self.laid = None;
        self.top = 0;
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
    /// Which tab.
    pub tab: Tab,
    /// The request.
    pub request: Slot,
    /// The answer.
    pub answer: Slot,
    /// What is shown of them.
    pub page: Page,
}

/// What the approval card shows of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// The arguments that would be forwarded.
    #[default]
    Arguments,
    /// What the operator changed in them.
    Diff,
    /// The exact bytes.
    Raw,
}

/// How far an answer is.
#[derive(Debug, Default)]
pub enum Step {
    /// Nothing was pressed yet.
    #[default]
    Open,
    /// `a` was pressed on a medium risk: `y` is due.
    Confirm,
    /// `a` was pressed on a high risk: the code is being typed.
    Code(String),
    /// The reason of a denial is being typed.
    Reason(String),
    /// The arguments are being edited.
    Edit(Box<TextArea<'static>>),
    /// The answer went to the gate; its record is awaited.
    Sent(&'static str),
}

/// The approval card.
#[derive(Debug, Default)]
pub struct Card {
    /// Of this ticket.
    pub key: TicketKey,
    /// The ticket's version that is shown.
    pub version: u32,
    /// What is shown.
    pub face: Face,
    /// The arguments.
    pub arguments: Slot,
    /// The agent's own arguments, where they were edited.
    pub original: Slot,
    /// What is shown of them.
    pub page: Page,
    /// The lowest row that was on the screen, of what is shown now.
    pub seen_to: usize,
    /// Whether everything was on the screen.
    pub seen_all: bool,
    /// Whether it takes the whole screen.
    pub full: bool,
    /// When it was first drawn complete.
    pub drawn_ms: Option<u64>,
    /// How far the answer is.
    pub step: Step,
    /// The last thing to say, by us or the gate.
    pub said: Option<Safe>,
}

impl Default for TicketKey {
    fn default() -> Self {
        Self { session: super::SessionId(0), ticket: crate::engine::TicketId(0) }
    }
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
}

/// The whole of it.
#[derive(Debug, Default)]
pub struct Ui {
    /// Where keys go.
    pub pane: Pane,
    /// The selected row of the calls; `None` follows the newest.
    pub call: Option<CallAt>,
    /// The selected row of the asks.
    pub ask: usize,
    /// Rows that the log is scrolled up from its end.
    pub log_up: usize,
    /// The detail pane.
    pub detail: Detail,
    /// The open card.
    pub card: Option<Card>,
    /// Whether the keys are shown.
    pub help: bool,
    /// An open question.
    pub prompt: Option<Prompt>,
    /// The last thing to say.
    pub said: Option<Safe>,
    /// The last key, and when.
    pub last_key: Option<(Key, u64)>,
    /// When anything was last typed, pasted or focused.
    pub last_input_ms: Option<u64>,
    /// The terminal's window.
    pub window: Window,
}

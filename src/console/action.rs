//! The one table of keys: lookup, hint line and help are made from it.

use crate::console::input::Key;
use crate::console::model::ui::Move;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The calls.
    Calls,
    /// The detail.
    Detail,
    /// The waiting calls.
    Ask,
    /// The log.
    Log,
    /// The approval card.
    Card,
    /// The card's confirmation.
    Confirm,
    /// The card's code.
    Code,
    /// The card's reason.
    Reason,
    /// The card's editor.
    Edit,
    /// A question of ours.
    Prompt,
    /// The keys.
    Help,
}

impl Context {
    /// For the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Calls => "Calls",
            Self::Detail => "Detail",
            Self::Ask => "Ask",
            Self::Log => "Log",
            Self::Card => "Approval card",
            Self::Confirm => "Card: confirm",
            Self::Code => "Card: code",
            Self::Reason => "Card: reason",
            Self::Edit => "Card: edit",
            Self::Prompt => "Question",
            Self::Help => "Help",
        }
    }

    /// Whether letters are text here.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Code | Self::Reason | Self::Edit)
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in the table below")]
pub enum Action {
    Move(Move),
    PaneCalls,
    PaneDetail,
    PaneAsk,
    PaneLog,
    NextPane,
    PreviousPane,
    Open,
    Follow,
    Copy,
    CopyRaw,
    NextTab,
    PreviousTab,
    OldestAsk,
    RequestRight,
    GrantRight,
    Allow,
    AllowYes,
    Deny,
    DenyWithReason,
    SendReason,
    Edit,
    SendEdit,
    NextAsk,
    Full,
    Raw,
    Diff,
    Back,
    Yes,
    Help,
    Quit,
}

impl Action {
    /// Whether it answers a ticket, or is a step towards it.
    #[must_use]
    pub const fn answers(self) -> bool {
        matches!(
            self,
            Self::Allow
                | Self::AllowYes
                | Self::Deny
                | Self::DenyWithReason
                | Self::SendReason
                | Self::Edit
                | Self::SendEdit
        )
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Its name, for the documentation.
    pub name: &'static str,
    /// Any of these; the first is shown.
    pub keys: &'static [Key],
    /// In the help.
    pub help: &'static str,
    /// In the hint line, if it belongs there.
    pub hint: Option<&'static str>,
    /// Where it is valid.
    pub contexts: &'static [Context],
}

use Context::{Ask, Calls, Card, Code, Confirm, Detail, Edit, Help, Log, Prompt, Reason};

const PANES: &[Context] = &[Calls, Detail, Ask, Log];
const LISTS: &[Context] = &[Calls, Detail, Ask, Log, Card, Help];

/// Every key of the console.
pub const BINDINGS: &[Binding] = &[
    row(Action::Allow, "allow", &[Key::Char('a')], "allow this call once", Some("allow"), &[Card]),
    row(
        Action::AllowYes,
        "allow.yes",
        &[Key::Char('y')],
        "yes, allow it once",
        Some("yes, allow once"),
        &[Confirm],
    ),
    row(Action::Deny, "deny", &[Key::Char('d')], "deny this call once", Some("deny"), &[Card]),
    row(
        Action::DenyWithReason,
        "deny.reason",
        &[Key::Char('D')],
        "deny with a reason to the agent",
        Some("deny + reason"),
        &[Card],
    ),
    row(
        Action::SendReason,
        "deny.send",
        &[Key::Enter],
        "deny with this reason",
        Some("deny"),
        &[Reason],
    ),
    row(Action::Edit, "edit", &[Key::Char('e')], "edit the arguments", Some("edit"), &[Card]),
    row(
        Action::SendEdit,
        "edit.send",
        &[Key::Ctrl('s')],
        "put these arguments in; they need their own allow",
        Some("put in"),
        &[Edit],
    ),
    row(Action::NextAsk, "ask.next", &[Key::Char('n')], "next waiting call", Some("next"), &[Card]),
    row(Action::Full, "full", &[Key::Char('f')], "whole screen and back", Some("full"), &[Card]),
    row(Action::Raw, "raw", &[Key::Char('v')], "exact bytes and back", Some("raw"), &[Card]),
    row(Action::Diff, "diff", &[Key::Char('c')], "what the edit changed, and back", None, &[Card]),
    row(Action::Open, "open", &[Key::Enter], "open what is selected", Some("open"), &[Calls, Ask]),
    row(
        Action::OldestAsk,
        "ask.oldest",
        &[Key::Char('A')],
        "go to the oldest waiting call",
        Some("oldest ask"),
        PANES,
    ),
    row(
        Action::Follow,
        "follow",
        &[Key::Char('F')],
        "follow the newest call",
        Some("follow"),
        &[Calls],
    ),
    row(
        Action::Copy,
        "copy",
        &[Key::Char('y')],
        "copy the row or what is shown",
        None,
        &[Calls, Detail],
    ),
    row(
        Action::CopyRaw,
        "copy.raw",
        &[Key::Char('Y')],
        "copy what is shown unescaped (asks)",
        None,
        &[Detail],
    ),
    row(
        Action::NextTab,
        "tab.next",
        &[Key::Char(']'), Key::Char('l'), Key::Right],
        "next tab",
        Some("tab"),
        &[Detail],
    ),
    row(
        Action::PreviousTab,
        "tab.previous",
        &[Key::Char('['), Key::Char('h'), Key::Left],
        "previous tab",
        None,
        &[Detail],
    ),
    row(Action::NextPane, "pane.next", &[Key::Tab], "next pane", Some("pane"), PANES),
    row(Action::PreviousPane, "pane.previous", &[Key::BackTab], "previous pane", None, PANES),
    row(Action::PaneCalls, "pane.calls", &[Key::Char('1')], "calls", None, PANES),
    row(Action::PaneDetail, "pane.detail", &[Key::Char('2')], "detail", None, PANES),
    row(Action::PaneAsk, "pane.ask", &[Key::Char('3')], "waiting calls", None, PANES),
    row(Action::PaneLog, "pane.log", &[Key::Char('0')], "log", None, PANES),
    row(
        Action::RequestRight,
        "right.request",
        &[Key::Char('W')],
        "ask the other console for the right to answer",
        None,
        PANES,
    ),
    row(
        Action::GrantRight,
        "right.grant",
        &[Key::Char('P')],
        "let the other console answer too (asks)",
        None,
        &[Ask],
    ),
    row(Action::Yes, "yes", &[Key::Char('y')], "yes", Some("yes"), &[Prompt]),
    row(
        Action::Move(Move::Down),
        "down",
        &[Key::Char('j'), Key::Down],
        "down",
        Some("down"),
        LISTS,
    ),
    row(Action::Move(Move::Up), "up", &[Key::Char('k'), Key::Up], "up", Some("up"), LISTS),
    row(
        Action::Move(Move::PageDown),
        "page.down",
        &[Key::PageDown, Key::Ctrl('d'), Key::Ctrl('f'), Key::Char(' ')],
        "page down",
        None,
        LISTS,
    ),
    row(
        Action::Move(Move::PageUp),
        "page.up",
        &[Key::PageUp, Key::Ctrl('u'), Key::Ctrl('b')],
        "page up",
        None,
        LISTS,
    ),
    row(
        Action::Move(Move::End),
        "end",
        &[Key::Char('G'), Key::End],
        "to the end",
        Some("end"),
        LISTS,
    ),
    row(
        Action::Move(Move::Start),
        "start",
        &[Key::Char('g'), Key::Home],
        "to the start",
        None,
        LISTS,
    ),
    row(
        Action::Help,
        "help",
        &[Key::Char('?')],
        "these keys",
        Some("help"),
        &[Calls, Detail, Ask, Log, Card],
    ),
    row(
        Action::Back,
        "back",
        &[Key::Esc],
        "back; the call goes on waiting",
        Some("back"),
        &[Calls, Detail, Ask, Log, Card, Confirm, Code, Reason, Edit, Prompt, Help],
    ),
    row(
        Action::Quit,
        "quit",
        &[Key::Char('q'), Key::Ctrl('c')],
        "back, at the panes quit; waiting calls wait on",
        Some("quit"),
        &[Calls, Detail, Ask, Log, Help],
    ),
    row(
        Action::Quit,
        "quit.card",
        &[Key::Ctrl('c')],
        "quit; waiting calls wait on",
        None,
        &[Card, Confirm, Code, Reason, Edit, Prompt],
    ),
];

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    help: &'static str,
    hint: Option<&'static str>,
    contexts: &'static [Context],
) -> Binding {
    Binding { action, name, keys, help, hint, contexts }
}

/// What a key does in a context.
#[must_use]
pub fn find(context: Context, key: Key) -> Option<Action> {
    BINDINGS
        .iter()
        .find(|binding| binding.contexts.contains(&context) && binding.keys.contains(&key))
        .map(|binding| binding.action)
}

/// The keys of a context, in the order of the table.
pub fn of(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.contexts.contains(&context))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Context; 11] =
        [Calls, Detail, Ask, Log, Card, Confirm, Code, Reason, Edit, Prompt, Help];

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in ALL {
            let mut keys: Vec<Key> =
                of(context).flat_map(|binding| binding.keys.iter().copied()).collect();
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all, "{context:?}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = BINDINGS.iter().map(|binding| binding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BINDINGS.len());
    }

    #[test]
    fn answers_are_given_on_the_card_alone() {
        let card = [Card, Confirm, Code, Reason, Edit];
        for binding in BINDINGS.iter().filter(|binding| binding.action.answers()) {
            assert!(binding.contexts.iter().all(|c| card.contains(c)), "{}", binding.name);
        }
    }

    #[test]
    fn enter_and_space_never_allow() {
        for binding in BINDINGS {
            let allows = matches!(binding.action, Action::Allow | Action::AllowYes);
            let loose =
                binding.keys.iter().any(|k| matches!(k, Key::Enter | Key::Char(' ') | Key::Tab));
            assert!(!(allows && loose), "{}", binding.name);
        }
    }

    #[test]
    fn every_context_has_a_way_back_and_text_takes_letters() {
        for context in ALL {
            assert_eq!(find(context, Key::Esc), Some(Action::Back), "{context:?}");
            if context.is_text() {
                let letter = of(context).any(|b| b.keys.iter().any(|k| matches!(k, Key::Char(_))));
                assert!(!letter, "{context:?}");
            }
        }
    }
}

//! The rows.

use super::{Action, Binding, Choice, Context, Found, Reach, Takes, Tape};
use crate::catalog::Ruling;
use crate::console::input::Key;
use crate::console::model::timeline::Moment;
use crate::console::model::ui::{Move, Pane};
use Context::{
    Ask, Calls, Card, Code, Compare, Confirm, Detail, Edit, Findings, Help, Line, Log, Palette,
    Policy, Prompt, Reason, Remember, Replay, Servers, Sessions, Timeline, Tools, Unread,
};

const PANES: &[Context] =
    &[Calls, Detail, Ask, Tools, Servers, Sessions, Findings, Policy, Log, Timeline, Compare];
const LISTS: &[Context] = &[
    Calls, Detail, Ask, Tools, Servers, Sessions, Findings, Policy, Log, Timeline, Compare, Card,
    Help,
];
/// Where a page of keys is a key away.
const HELPED: &[Context] =
    &[Calls, Detail, Ask, Tools, Servers, Sessions, Findings, Policy, Log, Timeline, Compare, Card];
/// Where there is a way back.
const ALL: &[Context] = &[
    Calls, Detail, Ask, Tools, Servers, Sessions, Findings, Policy, Log, Timeline, Compare, Card,
    Unread, Confirm, Code, Remember, Reason, Edit, Prompt, Line, Palette, Help,
];
/// Where a search finds something.
const TEXTS: &[Context] = &[Detail, Tools, Log, Help];
/// Where a definition is selected or shown.
const DEFINED: &[Context] = &[Tools, Detail];

/// Every action, in the order of the help and the hint line.
pub const BINDINGS: &[Binding] = &[
    row(Action::Allow, "allow", &[Key::Char('a')], &[Card], "allow this call once").hint("allow"),
    row(Action::AllowYes, "allow.yes", &[Key::Char('y')], &[Confirm], "yes, allow it once")
        .hint("yes, allow once"),
    row(Action::Deny, "deny", &[Key::Char('d')], &[Card], "deny this call once").hint("deny"),
    row(
        Action::DenyWithReason,
        "deny.reason",
        &[Key::Char('D')],
        &[Card],
        "deny with a reason to the agent",
    )
    .hint("deny + reason"),
    row(
        Action::AcceptTool,
        "accept.tool",
        &[Key::Char('P')],
        &[Card],
        "take the new definition (asks)",
    ),
    row(Action::Remember, "remember", &[Key::Char('r')], &[Card], "one answer for calls like this")
        .hint("remember"),
    row(
        Action::Choose(Choice::Allow),
        "remember.allow",
        &[Key::Char('y')],
        &[Remember],
        "allow it and such calls",
    )
    .hint("allow such calls"),
    row(
        Action::Choose(Choice::Deny),
        "remember.deny",
        &[Key::Char('d')],
        &[Remember],
        "deny it and such calls",
    )
    .hint("deny such calls"),
    row(
        Action::Choose(Choice::Wider),
        "remember.wider",
        &[Key::Char('j'), Key::Down],
        &[Remember],
        "more calls",
    ),
    row(
        Action::Choose(Choice::Narrower),
        "remember.narrower",
        &[Key::Char('k'), Key::Up],
        &[Remember],
        "fewer calls",
    ),
    row(
        Action::Choose(Choice::Like(0)),
        "remember.first",
        &[Key::Char('1')],
        &[Remember],
        "the first",
    ),
    row(
        Action::Choose(Choice::Like(1)),
        "remember.second",
        &[Key::Char('2')],
        &[Remember],
        "the second",
    ),
    row(
        Action::Choose(Choice::Like(2)),
        "remember.third",
        &[Key::Char('3')],
        &[Remember],
        "the third",
    ),
    row(
        Action::Choose(Choice::Like(3)),
        "remember.fourth",
        &[Key::Char('4')],
        &[Remember],
        "the fourth",
    ),
    row(Action::Choose(Choice::Longer), "remember.longer", &[Key::Tab], &[Remember], "how long")
        .hint("how long"),
    row(
        Action::Undo,
        "rule.undo",
        &[Key::Char('u')],
        &[Calls, Ask, Sessions, Policy, Card],
        "take a remembered answer back",
    )
    .panes(),
    row(
        Action::ConfirmPolicy,
        "policy.confirm",
        &[Key::Char('P')],
        &[Policy],
        "take the file's new text (asks)",
    ),
    row(Action::SendReason, "deny.send", &[Key::Enter], &[Reason], "deny with this reason")
        .hint("deny"),
    row(Action::Edit, "edit", &[Key::Char('e')], &[Card], "edit the arguments").hint("edit"),
    row(
        Action::EditOutside,
        "edit.outside",
        &[Key::Char('E')],
        &[Card],
        "edit in $VISUAL or $EDITOR",
    ),
    row(
        Action::SendEdit,
        "edit.send",
        &[Key::Ctrl('s')],
        &[Edit],
        "put in; it needs its own allow",
    )
    .hint("put in"),
    row(
        Action::AllowUnread,
        "allow.unread",
        &[Key::Char('U')],
        &[Card],
        "allow unread: a word, on record",
    ),
    row(Action::NextAsk, "ask.next", &[Key::Char('n')], &[Card], "next waiting call")
        .hint("next")
        .here(),
    row(Action::Full, "full", &[Key::Char('f')], &[Card], "whole screen and back")
        .hint("full")
        .here(),
    row(Action::Raw, "raw", &[Key::Char('v')], &[Card], "exact bytes and back").hint("raw").here(),
    row(Action::Reveal, "reveal", &[Key::Char('V')], &[Card], "its secrets and back (recorded)"),
    row(Action::Diff, "diff", &[Key::Char('c')], &[Card], "what the edit changed, and back").here(),
    row(
        Action::Open,
        "open",
        &[Key::Enter],
        &[Calls, Detail, Ask, Tools, Servers, Sessions, Findings, Policy, Timeline],
        "open what is selected",
    )
    .hint("open")
    .here(),
    row(Action::Filter, "filter", &[Key::Char('/')], &[Calls], "choose calls; nothing shows all")
        .hint("filter")
        .panes()
        .takes(Takes::May("FILTER")),
    row(
        Action::Found(Found::Filter),
        "found.filter",
        &[Key::Char('/')],
        &[Findings],
        "choose findings; nothing shows all",
    )
    .hint("filter")
    .here()
    .takes(Takes::May("FILTER")),
    row(
        Action::Found(Found::Sort),
        "found.sort",
        &[Key::Char('o')],
        &[Findings],
        "newest first, or worst first",
    )
    .hint("order")
    .here(),
    row(
        Action::Found(Found::FalseAlarm),
        "false.alarm",
        &[Key::Char('F')],
        &[Findings],
        "a false alarm: what follows, and asks",
    )
    .hint("false alarm")
    .here()
    .takes(Takes::May("REASON")),
    row(
        Action::Found(Found::Dismiss),
        "dismiss",
        &[Key::Char('d')],
        &[Findings],
        "dismiss it with a note, and back",
    )
    .hint("dismiss")
    .here()
    .takes(Takes::May("NOTE")),
    row(Action::Search, "search", &[Key::Char('/')], TEXTS, "look for text")
        .hint("search")
        .here()
        .takes(Takes::May("TEXT")),
    row(Action::NextMatch, "search.next", &[Key::Char('n')], TEXTS, "next match").here(),
    row(Action::PreviousMatch, "search.previous", &[Key::Char('N')], TEXTS, "previous match")
        .here(),
    row(Action::OldestAsk, "ask.oldest", &[Key::Char('A')], PANES, "go to the oldest waiting call")
        .hint("oldest ask")
        .panes(),
    row(Action::Select, "select", &[Key::Char(' ')], &[Calls], "mark and go on").here(),
    row(Action::MarkEquals, "ask.mark", &[Key::Char(' ')], &[Ask], "mark equals for one answer")
        .hint("mark equals")
        .here(),
    row(Action::Mark, "mark", &[Key::Char('m')], &[Calls], "mark the call or range, and back")
        .here(),
    row(Action::MarkedOnly, "marked", &[Key::Char('M')], &[Calls], "marked calls only, and all")
        .panes(),
    row(Action::Range, "range", &[Key::Char('v')], &[Calls], "begin or leave a range").here(),
    row(Action::Note, "note", &[Key::Char(';')], &[Calls], "note on the call")
        .panes()
        .takes(Takes::May("TEXT")),
    row(
        Action::Export,
        "export",
        &[Key::Char('x'), Key::Char('s')],
        &[Calls],
        "write range, marked or listed calls",
    )
    .panes()
    .takes(Takes::Must("FILE")),
    row(Action::Copy, "copy", &[Key::Char('y')], &[Calls, Detail], "copy the row or what is shown")
        .here(),
    row(Action::CopyRaw, "copy.raw", &[Key::Char('Y')], &[Detail], "copy it unescaped (asks)")
        .here(),
    row(Action::Follow, "follow", &[Key::Char('F')], &[Calls], "follow the newest call")
        .hint("follow")
        .panes(),
    row(Action::Sort, "sort", &[Key::Char('o')], &[Calls], "sort by time, ms, size, tool, or this")
        .panes()
        .takes(Takes::May("COLUMN")),
    row(Action::Columns, "columns", &[Key::Char('c')], &[Calls], "choose columns; none: all")
        .panes()
        .takes(Takes::May("COLUMNS")),
    row(Action::Dry, "dry", &[Key::Char('r')], &[Calls], "decide again; nothing is sent")
        .panes()
        .takes(Takes::May("POLICY")),
    row(Action::Load, "load", &[Key::Char('L')], PANES, "play a recording; q returns")
        .panes()
        .takes(Takes::Must("RECORDING")),
    row(Action::Options, "options", &[Key::Char('O')], PANES, "what changes the look").panes(),
    row(Action::GoTo, "call", &[], &[], "go to a call").panes().takes(Takes::Must("NUMBER")),
    row(Action::NextTab, "tab.next", &[Key::Char(']')], &[Detail], "next tab").hint("tab").here(),
    row(Action::PreviousTab, "tab.previous", &[Key::Char('[')], &[Detail], "previous tab").here(),
    row(
        Action::Fold,
        "fold",
        &[Key::Char('h'), Key::Left],
        &[Detail],
        "fold this, or what it is in",
    )
    .hint("fold")
    .here(),
    row(Action::Unfold, "unfold", &[Key::Char('l'), Key::Right], &[Detail], "unfold").here(),
    row(Action::Wrap, "wrap", &[Key::Char('w')], &[Detail], "wrap long lines, or cut them").here(),
    row(Action::Level, "level", &[Key::Char('l')], &[Log], "lines of the next severity and above")
        .hint("level")
        .here(),
    row(Action::Stderr, "stderr", &[Key::Char('s')], &[Servers], "what it says on its stderr")
        .hint("stderr")
        .here(),
    row(Action::NextPane, "pane.next", &[Key::Tab], PANES, "next pane").hint("pane").panes(),
    row(Action::PreviousPane, "pane.previous", &[Key::BackTab], PANES, "previous pane").panes(),
    row(Action::Focus(Pane::Calls), "pane.calls", &[Key::Char('1')], PANES, "calls").panes(),
    row(Action::Focus(Pane::Detail), "pane.detail", &[Key::Char('2')], PANES, "detail").panes(),
    row(Action::Focus(Pane::Ask), "pane.ask", &[Key::Char('3')], PANES, "waiting calls").panes(),
    row(Action::Focus(Pane::Tools), "pane.tools", &[Key::Char('4')], PANES, "definitions").panes(),
    row(Action::Focus(Pane::Servers), "pane.servers", &[Key::Char('5')], PANES, "servers").panes(),
    row(Action::Focus(Pane::Sessions), "pane.sessions", &[Key::Char('6')], PANES, "sessions")
        .panes(),
    row(Action::Focus(Pane::Findings), "pane.findings", &[Key::Char('8')], PANES, "findings")
        .panes(),
    row(
        Action::Focus(Pane::Policy),
        "pane.policy",
        &[Key::Char('9'), Key::Char('R')],
        PANES,
        "rules and their hits",
    )
    .panes(),
    row(Action::Focus(Pane::Log), "pane.log", &[Key::Char('0'), Key::Char('E')], PANES, "log")
        .panes(),
    row(Action::Focus(Pane::Timeline), "pane.timeline", &[Key::Char('T')], PANES, "timeline")
        .panes(),
    row(
        Action::Focus(Pane::Compare),
        "pane.compare",
        &[Key::Char('C')],
        &[Replay],
        "two recordings",
    )
    .panes(),
    row(Action::Layout, "layout", &[Key::Char('-')], PANES, "next layout, or this one")
        .panes()
        .takes(Takes::May("LAYOUT")),
    row(Action::Zoom, "zoom", &[Key::Char('+')], PANES, "this pane alone").panes(),
    row(Action::Unzoom, "unzoom", &[Key::Char('_')], PANES, "all panes again").panes(),
    row(Action::Wider, "pane.wider", &[Key::Char('>')], PANES, "widen the calls").panes(),
    row(Action::Narrower, "pane.narrower", &[Key::Char('<')], PANES, "narrow the calls").panes(),
    row(
        Action::NextDifference,
        "compare.next",
        &[Key::Char('n')],
        &[Compare],
        "next call that differs",
    )
    .hint("next difference")
    .here(),
    row(
        Action::Move(Move::Down),
        "timeline.right",
        &[Key::Char('l'), Key::Right],
        &[Timeline],
        "later",
    ),
    row(
        Action::Move(Move::Up),
        "timeline.left",
        &[Key::Char('h'), Key::Left],
        &[Timeline],
        "earlier",
    ),
    tape(Tape::Play, "replay.play", &[Key::Char(' ')], "play or pause").hint("play/pause"),
    tape(Tape::Step(1), "replay.step", &[Key::Char('.')], "one record on").hint("step"),
    tape(Tape::Step(-1), "replay.back", &[Key::Char(',')], "one record back"),
    tape(Tape::Faster, "replay.faster", &[Key::Char('>')], "faster").hint("faster"),
    tape(Tape::Slower, "replay.slower", &[Key::Char('<')], "slower").hint("slower"),
    tape(Tape::Next(Moment::Finding), "finding.next", &[Key::Char(')')], "next finding")
        .hint("finding"),
    tape(Tape::Previous(Moment::Finding), "finding.back", &[Key::Char('(')], "finding before"),
    tape(Tape::Next(Moment::Ask), "asked.next", &[Key::Char('}')], "next ask").hint("ask"),
    tape(Tape::Previous(Moment::Ask), "asked.back", &[Key::Char('{')], "ask before"),
    tape(Tape::Next(Moment::Denial), "denial.next", &[Key::Char('\'')], "next denial"),
    tape(Tape::Previous(Moment::Denial), "denial.back", &[Key::Char('"')], "denial before"),
    tape(Tape::Squeeze, "replay.squeeze", &[Key::Char('z')], "long gaps in full, or as 2 s"),
    tape(Tape::WhatIf, "replay.whatif", &[Key::Char('w')], "what another policy says, and back"),
    tape(Tape::NextFlip, "flip.next", &[Key::Char('=')], "next call that it decides otherwise"),
    row(Action::Break, "break", &[Key::Char('B')], &[Replay], "stop at calls; nothing goes on")
        .panes()
        .takes(Takes::May("FILTER")),
    tape(Tape::NextBreak, "break.next", &[Key::Char('b')], "next call that it stops at"),
    tape(Tape::PreviousBreak, "break.back", &[], "the one before"),
    row(Action::GoToPlace, "replay.seek", &[Key::Char('t')], &[Replay], "go to a place")
        .panes()
        .takes(Takes::Must("PLACE")),
    row(Action::Theme, "theme", &[], &[], "put on a shipped theme or a file")
        .panes()
        .takes(Takes::Must("THEME")),
    row(Action::Fork, "fork", &[], &[], "decide by another policy from here on")
        .panes()
        .takes(Takes::Must("POLICY")),
    row(
        Action::RequestRight,
        "right.request",
        &[Key::Char('W')],
        PANES,
        "ask for the right to answer",
    )
    .panes(),
    row(
        Action::GrantRight,
        "right.grant",
        &[Key::Char('P')],
        &[Ask],
        "let the other console answer too",
    ),
    row(Action::Hold, "hold", &[Key::Char('i')], PANES, "hold calls; nothing holds none")
        .panes()
        .takes(Takes::May("FILTER")),
    row(Action::HoldOnOff, "hold.turn", &[Key::Char('I')], PANES, "hold off, and on again").panes(),
    row(Action::Pause, "session.pause", &[Key::Char('p')], &[Sessions], "pause, and go on")
        .hint("pause")
        .here(),
    row(
        Action::StopSession,
        "session.stop",
        &[Key::Char('X')],
        &[Sessions, Card],
        "stop the session (asks)",
    )
    .here(),
    row(Action::StopServer, "server.stop", &[Key::Char('X')], &[Servers], "stop the server (asks)")
        .here(),
    row(
        Action::Rule(Ruling::Approve),
        "tool.pin",
        &[Key::Char('P')],
        DEFINED,
        "take it as it is now (asks)",
    )
    .hint("pin")
    .here(),
    row(
        Action::Rule(Ruling::Refuse),
        "tool.refuse",
        &[Key::Char('x')],
        DEFINED,
        "refuse it as it is now",
    )
    .hint("refuse")
    .here(),
    row(
        Action::Rule(Ruling::Stage),
        "tool.stage",
        &[Key::Char('s')],
        DEFINED,
        "let it pass for a while (asks)",
    )
    .here(),
    row(
        Action::Rule(Ruling::Unpin),
        "tool.unpin",
        &[Key::Char('U')],
        DEFINED,
        "forget what it is to be (asks)",
    )
    .here(),
    row(Action::Yes, "yes", &[Key::Char('y')], &[Prompt], "yes").hint("yes"),
    row(Action::Apply, "line.apply", &[Key::Enter], &[Line, Palette], "do it").hint("do it"),
    row(Action::Complete, "line.complete", &[Key::Tab], &[Line], "complete, then the next one")
        .hint("complete"),
    row(
        Action::CompleteBack,
        "line.complete.back",
        &[Key::BackTab],
        &[Line],
        "complete, the one before",
    ),
    row(
        Action::Earlier,
        "line.earlier",
        &[Key::Up, Key::Ctrl('p')],
        &[Line, Palette],
        "earlier line; up",
    )
    .hint("earlier"),
    row(
        Action::Later,
        "line.later",
        &[Key::Down, Key::Ctrl('n')],
        &[Line, Palette],
        "later line; down",
    ),
    row(Action::Recall, "line.recall", &[Key::Ctrl('r')], &[Line], "earlier line that has this")
        .hint("look up"),
    row(Action::Move(Move::Down), "down", &[Key::Char('j'), Key::Down], LISTS, "down"),
    row(Action::Move(Move::Up), "up", &[Key::Char('k'), Key::Up], LISTS, "up"),
    row(
        Action::Move(Move::PageDown),
        "page.down",
        &[Key::PageDown, Key::Ctrl('d'), Key::Ctrl('f')],
        LISTS,
        "page down",
    ),
    row(
        Action::Move(Move::PageDown),
        "page.on",
        &[Key::Char(' ')],
        &[Detail, Tools, Servers, Sessions, Findings, Policy, Log, Compare, Card, Help],
        "page down",
    ),
    row(
        Action::Move(Move::PageUp),
        "page.up",
        &[Key::PageUp, Key::Ctrl('u'), Key::Ctrl('b')],
        LISTS,
        "page up",
    ),
    row(Action::Move(Move::End), "end", &[Key::Char('G'), Key::End], LISTS, "to the end")
        .hint("end"),
    row(Action::Move(Move::Start), "start", &[Key::Char('g'), Key::Home], LISTS, "to the start"),
    row(Action::Command, "command", &[Key::Char(':')], HELPED, "type a command").hint("cmd"),
    row(Action::Palette, "palette", &[Key::Ctrl('p')], PANES, "find a command or a session"),
    row(Action::Help, "help", &[Key::Char('?')], HELPED, "the keys of this place")
        .hint("help")
        .panes(),
    row(Action::Keys, "keys", &[Key::Char('K')], HELPED, "all keys").panes(),
    row(Action::Back, "back", &[Key::Esc], ALL, "back; the call goes on waiting").hint("back"),
    row(
        Action::Leave,
        "leave",
        &[Key::Char('q')],
        &[
            Calls, Detail, Ask, Tools, Servers, Sessions, Findings, Policy, Log, Timeline, Compare,
            Help,
        ],
        "back, at the panes quit",
    )
    .hint("quit"),
    row(Action::Suspend, "suspend", &[Key::Ctrl('z')], ALL, "to the shell; fg returns").panes(),
    row(Action::Quit, "quit", &[Key::Ctrl('c')], ALL, "quit; waiting calls wait on").panes(),
];

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    contexts: &'static [Context],
    help: &'static str,
) -> Binding {
    Binding {
        action,
        name,
        keys,
        help,
        hint: None,
        contexts,
        takes: Takes::Nothing,
        reach: Reach::Keys,
    }
}

/// A key of a tape.
const fn tape(tape: Tape, name: &'static str, keys: &'static [Key], help: &'static str) -> Binding {
    row(Action::Tape(tape), name, keys, &[Replay], help).panes()
}

impl Binding {
    /// Belongs into the hint line.
    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    const fn here(mut self) -> Self {
        self.reach = Reach::Here;
        self
    }

    const fn panes(mut self) -> Self {
        self.reach = Reach::Panes;
        self
    }

    const fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }
}

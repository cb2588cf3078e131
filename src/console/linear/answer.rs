//! A line of the operator's: what counts as an answer.
//!
//! A line answers only if all of this holds, as at the panes' card (console.md 2.6):
//!
//! 1. the card of this ticket *and version* was printed complete at least [`ARM_MS`] ago;
//! 2. the line came by itself: not within a pasted text of several lines, and no line came within [`QUIET_MS`] before;
//! 3. for medium and high risk everything was printed;
//! 4. medium risk needs `yes` behind the number, high risk the code that the gate chose;
//! 5. the gate lets this console answer, and no answer is on its way;
//! 6. the number names one call alone.
//!
//! An empty line answers nothing. What is sent carries the digest that was printed; the gate refuses it if anything
//! changed.

use crate::console::linear::card::{Extent, Paper};
use crate::console::linear::page::{Page, Says};
use crate::console::linear::words::{self, Command, Name};
use crate::console::linear::{Act, Linear, Show, Typed, ended_so, is_open, told};
use crate::console::linear::{control, tools};
use crate::console::model::doc::{Part, Want};
use crate::console::model::{Call, Link, Model, Ticket, TicketKey};
use crate::console::update::{ARM_MS, QUIET_MS};
use crate::console::view::status;
use crate::engine::Lifetime;
use crate::policy::Risk;
use crate::text::Safe;
use crate::wire::{AnswerLine, AnswerWord, FromConsole};

/// What `help` says.
const HELP: [&str; 17] = [
    "allow NUMBER          allow a waiting call of low risk, once",
    "allow NUMBER yes      one of medium risk",
    "allow NUMBER CODE     one of high risk, with the code that its card tells",
    "  and session         also the later calls of this session with the same arguments",
    "  and unchanged       all of these, until the tool's definition changes",
    "deny NUMBER [reason]  deny it; the reason goes to the agent",
    "show NUMBER [raw]     print a call whole, or every byte of it",
    "asks, calls [COUNT]   list the calls that wait, or the last ones",
    "tools [SERVER.NAME]   list what servers defined, or print one definition in full",
    "approve SERVER.NAME yes   that is what a definition is to be, once it was printed",
    "refuse SERVER.NAME, stage or unpin SERVER.NAME yes   as the Tools pane's keys",
    "policies, confirm DIGITS  list what sessions run by; take what a policy's file says",
    "hold FILTER, unhold   have calls wait that match, or none",
    "pause, resume [SESSION], stop SESSION yes   all sessions, or one",
    "right, grant CONSOLE  ask for the right to answer, or let another console answer, too",
    "quit                  leave; waiting calls wait on",
    "Where two sessions have the same number, write SESSION.NUMBER.",
];

impl Linear {
    /// Takes a line in.
    pub fn typed(&mut self, model: &Model, typed: &Typed) -> Vec<Act> {
        let mut page = Page::new(model);
        let now_ms = model.now.mono_ms;
        let quiet = self.last_line_ms.is_none_or(|last| last + QUIET_MS <= now_ms);
        self.last_line_ms = Some(now_ms);
        let by_itself = typed.alone && quiet;
        let done = match words::parse(&typed.text) {
            Command::Nothing => Ok(()),
            Command::Allow { ticket, how, remember } => {
                self.allow(model, (ticket, how, remember), by_itself, &mut page)
            }
            Command::Deny { ticket, reason } => {
                let reason = reason.map(str::to_owned);
                self.answerable(model, ticket, by_itself).map(|ticket| {
                    self.send(model, ticket, AnswerWord::Deny { reason }, None, &mut page);
                })
            }
            Command::Show { call, raw } => self.show(model, call, raw, &mut page),
            Command::Asks => {
                self.list_asks(model, &mut page);
                Ok(())
            }
            Command::Calls(count) => {
                list_calls(model, count, &mut page);
                Ok(())
            }
            Command::Tools(None) => {
                tools::list(model, &mut page);
                Ok(())
            }
            Command::Tools(Some(name)) => self.show_definition(model, name, &mut page),
            Command::Control(control) => self.control(model, control, by_itself, &mut page),
            Command::Policies => {
                control::policies(model, &mut page);
                Ok(())
            }
            Command::Right => self.right(model, &mut page),
            Command::Grant(console) => grant(model, console, &mut page),
            Command::Help => {
                for line in HELP {
                    page.line("you:", &Says::own(line));
                }
                Ok(())
            }
            Command::Quit => {
                quit(model, &mut page);
                Ok(())
            }
            Command::Wrong(right) => Err(Says::own("nothing was done; expected ").and(right)),
        };
        if let Err(why) = done {
            page.line("you:", &why);
        }
        page.acts()
    }

    /// The waiting call of this name, if it can be answered now; else why not.
    fn answerable<'m>(
        &self,
        model: &'m Model,
        name: Name<'_>,
        by_itself: bool,
    ) -> Result<&'m Ticket, Says> {
        let ticket = self.named(model, name)?;
        let refuse = |why| Err(Says::own("nothing was answered: ").and(why));
        let Some(card) = self.cards.get(&ticket.key) else {
            return refuse("its card was not printed yet; read it first");
        };
        if !by_itself {
            return refuse("several lines came at once, and pasted text answers nothing");
        }
        if !matches!(model.link, Link::Up { .. }) {
            return refuse("the gate is lost, and answers do not reach it");
        }
        if !model.may_answer() {
            let says = Says::own("nothing was answered: ");
            return Err(says.safe(&self.may_answer(model).text()));
        }
        let (Some(shown_ms), true) = (card.shown_ms, card.version == ticket.held.version) else {
            return refuse("its card was not printed yet; read it first");
        };
        if card.sent {
            return refuse("an answer is on its way already");
        }
        if model.now.mono_ms < shown_ms + ARM_MS {
            return refuse("too fast, its card was printed less than 0.8 seconds ago");
        }
        Ok(ticket)
    }

    fn allow(
        &mut self,
        model: &Model,
        (name, how, remember): (Name<'_>, Option<&str>, Option<Lifetime>),
        by_itself: bool,
        page: &mut Page,
    ) -> Result<(), Says> {
        let ticket = self.answerable(model, name, by_itself)?;
        let key = ticket.key;
        let name = self.name(model, key);
        let nothing = || Says::own("nothing was allowed: ");
        let risk = ticket.held.risk;
        if self.cards.get(&key).is_some_and(|card| !card.has_definitions(model, ticket)) {
            let says =
                nothing().and("a definition that it uses changed since its card was printed");
            return Err(says.and("; first show ").safe(&name));
        }
        match self.cards.get(&key).map_or(Paper::Unreadable, |card| card.paper) {
            Paper::All => {}
            Paper::Part if risk == Risk::Low => {}
            Paper::Part => {
                return Err(nothing().and("not all of it was printed; first show ").safe(&name));
            }
            Paper::Unreadable => {
                return Err(nothing().and("its arguments cannot be read, so it can only be denied"));
            }
        }
        let code = match (risk, how) {
            (Risk::Low, None) | (Risk::Low | Risk::Medium, Some("yes")) => None,
            (Risk::Low, Some(_)) => {
                return Err(nothing().and("its risk is low, and it takes allow ").safe(&name));
            }
            (Risk::Medium, _) => {
                let says = nothing().and("its risk is medium, and it takes allow ");
                return Err(says.safe(&name).and(" yes"));
            }
            (Risk::High, how) => Some(code(model, key, how, nothing())?),
        };
        let answer = remember.map_or(AnswerWord::Allow {}, |lifetime| AnswerWord::Remember {
            allow: true,
            scope: None,
            lifetime: lifetime.word().to_owned(),
            reason: None,
        });
        self.send(model, ticket, answer, code, page);
        Ok(())
    }

    fn send(
        &mut self,
        model: &Model,
        ticket: &Ticket,
        answer: AnswerWord,
        code: Option<String>,
        page: &mut Page,
    ) {
        let key = ticket.key;
        let (Some(session), Some(card)) = (model.session(key.session), self.cards.get_mut(&key))
        else {
            return;
        };
        card.sent = true;
        let word = match &answer {
            AnswerWord::Allow {} => "sent: allow #",
            AnswerWord::Deny { .. } => "sent: deny #",
            AnswerWord::Remember { .. } => "sent: allow, and remember #",
            AnswerWord::Edit { .. } => "sent: edit #",
        };
        page.line("you:", &Says::own(word).number(key.ticket.0));
        page.send(FromConsole::Answer(AnswerLine {
            session: session.name.clone(),
            ticket: key.ticket.0,
            digest: ticket.held.digest.0.clone(),
            answer,
            code,
            unread: false,
        }));
    }

    /// The waiting call of this name.
    fn named<'m>(&self, model: &'m Model, name: Name<'_>) -> Result<&'m Ticket, Says> {
        let is_of = |key: TicketKey| {
            key.ticket.0 == name.number
                && name.session.is_none_or(|wanted| {
                    model.session(key.session).is_some_and(|session| session.name == wanted)
                })
        };
        let waiting: Vec<&Ticket> = model.waiting().filter(|ticket| is_of(ticket.key)).collect();
        let printed = self.cards.keys().filter(|key| is_of(**key)).count();
        match waiting.as_slice() {
            [] => {
                let over = model.tickets.iter().find(|ticket| is_of(ticket.key));
                let says = Says::own("#").number(name.number);
                Err(match over.and_then(|ticket| ticket.over.as_ref()) {
                    Some(over) => says.and(" is over: ").and(over.how.words()),
                    None => says.and(" does not wait; asks lists the calls that do"),
                })
            }
            // One that is over counts, too: the line may have been meant for it.
            [ticket] if printed < 2 => Ok(ticket),
            several => {
                let mut says = Says::own("more than one session has a #").number(name.number);
                says = says.and("; name it as ");
                for (n, ticket) in several.iter().enumerate() {
                    let name = self.name(model, ticket.key);
                    says = says.and(if n > 0 { " or " } else { "" }).safe(&name);
                }
                Err(says)
            }
        }
    }

    fn show(
        &mut self,
        model: &Model,
        name: Name<'_>,
        raw: bool,
        page: &mut Page,
    ) -> Result<(), Says> {
        let waiting = self.named(model, name);
        if let Ok(ticket) = waiting {
            let extent = if raw { Extent::Raw } else { Extent::Whole };
            self.load_card(model, ticket, extent, page);
            return Ok(());
        }
        let is_it = |call: &&Call| {
            call.call.0 == name.number
                && name.session.is_none_or(|wanted| {
                    model.session(call.session).is_some_and(|session| session.name == wanted)
                })
        };
        let mut found = model.calls.iter_back().filter(is_it);
        let (Some(call), None) = (found.next(), found.next()) else {
            let says = Says::own("no call, or more than one, is #").number(name.number);
            return Err(says.and("; name it as SESSION.NUMBER, as calls lists them"));
        };
        let want = |place, part| Want { session: call.session, place, call: call.call, part };
        let mut wants = vec![want(call.request(), Part::Arguments)];
        wants.extend(call.answer().map(|place| want(place, Part::Answer)));
        page.line("call:", &if is_open(call) { told(model, call) } else { ended_so(model, call) });
        for want in &wants {
            page.load(*want);
        }
        let docs = wants.iter().map(|_| None).collect();
        self.shows.push(Show { raw, wants, docs });
        Ok(())
    }

    fn list_asks(&self, model: &Model, page: &mut Page) {
        let mut none = true;
        for ticket in model.waiting() {
            none = false;
            let says = match ticket.row.and_then(|at| model.call(at)) {
                Some(call) => told(model, call),
                None => Says::own("#").number(ticket.key.ticket.0),
            };
            let left = status::time_left(model, ticket.held.deadline_at);
            let says = says.and(", risk ").and(ticket.held.risk.word()).and(", ").safe(&left);
            let says = says.and(" left; to print it: show ");
            page.line("ask:", &says.safe(&self.name(model, ticket.key)));
        }
        if none {
            page.line("ask:", &Says::own("no call waits"));
        }
    }

    fn right(&self, model: &Model, page: &mut Page) -> Result<(), Says> {
        if model.may_answer() || !self.can_answer {
            return Err(self.may_answer(model));
        }
        page.line("you:", &Says::own("asked for the right to answer"));
        page.send(FromConsole::RequestRight);
        Ok(())
    }
}

/// The code, if it was typed.
fn code(model: &Model, key: TicketKey, how: Option<&str>, nothing: Says) -> Result<String, Says> {
    let Some(code) = model.codes.get(&key).map(Safe::as_str) else {
        return Err(nothing.and("the gate has not sent the code yet"));
    };
    match how {
        Some(typed) if typed == code => Ok(code.to_owned()),
        Some(_) => Err(nothing.and("that was not the code")),
        None => Err(nothing.and("its risk is high, and it takes the code that its card tells")),
    }
}

fn list_calls(model: &Model, count: usize, page: &mut Page) {
    let first = model.calls.len().saturating_sub(count);
    for call in model.calls.iter().skip(first) {
        page.line("call:", &if is_open(call) { told(model, call) } else { ended_so(model, call) });
    }
    if model.calls.is_empty() {
        page.line("call:", &Says::own("no calls yet"));
    }
}

fn grant(model: &Model, console: u32, page: &mut Page) -> Result<(), Says> {
    let asks = model.asking().is_some_and(|line| line.console == console);
    if !asks {
        let says = Says::own("nothing was done: console ").number(console);
        return Err(says.and(" does not ask for the right to answer"));
    }
    page.line("you:", &Says::own("let console ").number(console).and(" answer, too"));
    page.send(FromConsole::Grant { console });
    Ok(())
}

fn quit(model: &Model, page: &mut Page) {
    let waiting = model.waiting().count();
    let says = match waiting {
        0 => Says::own("leaving"),
        1 => Says::own("leaving; 1 call waits on, and is denied at its deadline"),
        _ => Says::own("leaving; ")
            .number(waiting as u64)
            .and(" calls wait on, and are denied at their deadlines"),
    };
    page.line("you:", &says);
    page.act(Act::Quit);
}

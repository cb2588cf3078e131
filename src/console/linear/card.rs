//! A waiting call, printed: who, what, why, its arguments behind a gutter, and how to answer.

use crate::console::linear::page::{Page, Says};
use crate::console::linear::tools::{self, Read};
use crate::console::linear::{Linear, REMIND_MS, session_of};
use crate::console::model::difference::Difference;
use crate::console::model::doc::{self, Doc, Gutter, Laid, Part, Row, Want};
use crate::console::model::{Model, Ticket, TicketKey};
use crate::console::view::ask::risk_word;
use crate::console::view::status;
use crate::engine::CallId;
use crate::policy::Risk;
use crate::text::{Safe, bytes, hexdump};

/// Rows of arguments that a card prints by itself; the others are announced.
const ROWS_MAX: usize = 12;

/// How much of the arguments is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The first rows.
    Head,
    /// All rows.
    Whole,
    /// Every byte of the message, in hex.
    Raw,
}

/// A body on its way.
#[derive(Debug)]
struct Awaited {
    want: Want,
    doc: Option<Result<Doc, Safe>>,
}

/// What a card waits for before it is printed.
#[derive(Debug)]
struct Loading {
    extent: Extent,
    arguments: Awaited,
    /// The agent's own arguments, where they were edited.
    original: Option<Awaited>,
    /// What it uses that is not what it is to be.
    differences: Vec<Difference>,
}

impl Loading {
    fn is_read(&self) -> bool {
        self.arguments.doc.is_some()
            && self.original.as_ref().is_none_or(|original| original.doc.is_some())
            && self.differences.iter().all(Difference::is_read)
    }
}

/// How much of a call is on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Paper {
    /// Not all of it.
    #[default]
    Part,
    /// Everything.
    All,
    /// Its arguments could not be read.
    Unreadable,
}

/// A card of one ticket and version.
#[derive(Debug, Default)]
pub(super) struct Card {
    pub(super) version: u32,
    loading: Option<Loading>,
    /// When it was first printed complete.
    pub(super) shown_ms: Option<u64>,
    /// What is being printed.
    printing: Paper,
    /// What was printed.
    pub(super) paper: Paper,
    /// The fingerprints of what it uses that is not what it is to be, as printed.
    definitions: Vec<String>,
    /// The code that was told.
    code: Option<Safe>,
    /// Whether an answer is on its way.
    pub(super) sent: bool,
    pub(super) over: bool,
    pub(super) reminded: bool,
}

impl Card {
    pub(super) const fn is_printed(&self) -> bool {
        self.shown_ms.is_some() && !self.over
    }

    /// Whether everything that a call uses now and that is not what it is to be was printed as it is.
    pub(super) fn has_definitions(&self, model: &Model, ticket: &Ticket) -> bool {
        let drifted = model.drifted(ticket);
        drifted.iter().filter_map(|key| model.definition(key)).all(|definition| {
            let now = definition.fingerprint();
            now.is_none_or(|now| self.definitions.iter().any(|printed| printed == now))
        })
    }

    /// Whether this body is awaited.
    pub(super) fn wants(&self, want: &Want) -> bool {
        let is_open = |awaited: &Awaited| awaited.want == *want && awaited.doc.is_none();
        self.loading.as_ref().is_some_and(|loading| {
            is_open(&loading.arguments) || loading.original.as_ref().is_some_and(is_open)
        })
    }

    pub(super) fn end(&mut self) {
        self.over = true;
        self.loading = None;
    }
}

impl Linear {
    /// Brings what was printed of a waiting call up to what is known of it.
    pub(super) fn ask(&mut self, model: &Model, ticket: &Ticket, page: &mut Page) {
        let key = ticket.key;
        let known = self.cards.get(&key).is_some_and(|card| card.version == ticket.held.version);
        if !known {
            let card = Card { version: ticket.held.version, ..Card::default() };
            self.cards.insert(key, card);
            page.act(super::Act::Bell);
            self.load_card(model, ticket, Extent::Head, page);
            return;
        }
        let name = self.name(model, key);
        let Some(card) = self.cards.get_mut(&key).filter(|card| card.is_printed()) else { return };
        let code = model.codes.get(&key).filter(|_| model.risk(key) == Risk::High);
        if let Some(code) = code.filter(|code| card.code.as_ref() != Some(code)) {
            let says =
                Says::own("#").number(key.ticket.0).and(" can be allowed with its code: allow ");
            page.line("ask:", &says.safe(&name).and(" ").safe(code));
            card.code = Some(code.clone());
        }
        if !card.reminded && ticket.held.deadline_at.ms_since(model.now.at) <= REMIND_MS {
            let left = status::time_left(model, ticket.held.deadline_at);
            let says = Says::own("#").number(key.ticket.0).and(" still waits and is denied in ");
            page.line("ask:", &says.safe(&left));
            card.reminded = true;
        }
    }

    /// Reads what a card needs, to print it then.
    pub(super) fn load_card(
        &mut self,
        model: &Model,
        ticket: &Ticket,
        extent: Extent,
        page: &mut Page,
    ) {
        let key = ticket.key;
        let want =
            |place, part| Want { session: key.session, place, call: CallId(key.ticket.0), part };
        let awaited = |want| Awaited { want, doc: None };
        let original = want(ticket.request, Part::Arguments);
        let drifted = model.drifted(ticket);
        let shown = drifted.iter().filter_map(|key| Difference::of(model, key));
        let (differences, wants): (Vec<Difference>, Vec<Vec<Want>>) = shown.unzip();
        let (arguments, original) = match ticket.edited {
            Some(place) => (awaited(want(place, Part::Edited)), Some(awaited(original))),
            None => (awaited(original), None),
        };
        let loading = Loading { extent, arguments, original, differences };
        page.load(loading.arguments.want);
        if let Some(original) = &loading.original {
            page.load(original.want);
        }
        for want in wants.into_iter().flatten() {
            page.load(want);
        }
        if let Some(card) = self.cards.get_mut(&key) {
            card.loading = Some(loading);
        }
    }

    /// A body came; the card is printed once it has all.
    pub(super) fn fill_card(
        &mut self,
        model: &Model,
        key: TicketKey,
        want: &Want,
        doc: Result<Doc, Safe>,
        page: &mut Page,
    ) {
        let Some(card) = self.cards.get_mut(&key) else { return };
        let Some(loading) = &mut card.loading else { return };
        let place = match &mut loading.original {
            Some(original) if original.want == *want => &mut original.doc,
            Some(_) | None => &mut loading.arguments.doc,
        };
        *place = Some(doc);
        self.print_card(model, key, page);
    }

    /// A text of a definition came.
    pub(super) fn fill_differences(
        &mut self,
        model: &Model,
        want: &Want,
        read: &Read,
        page: &mut Page,
    ) {
        let mut filled = Vec::new();
        for (key, card) in &mut self.cards {
            let all = card.loading.iter_mut().flat_map(|loading| &mut loading.differences);
            if all.fold(false, |any, shown| any | shown.fill(want, read)) {
                filled.push(*key);
            }
        }
        for key in filled {
            self.print_card(model, key, page);
        }
    }

    /// Prints the card, once everything on it is read.
    fn print_card(&mut self, model: &Model, key: TicketKey, page: &mut Page) {
        let name = self.name(model, key);
        let rights = self.may_answer(model);
        let Some(card) = self.cards.get_mut(&key) else { return };
        let Some(loading) = card.loading.take() else { return };
        let Some(ticket) = model.ticket(key).filter(|ticket| model.is_waiting(ticket)) else {
            return;
        };
        if !loading.is_read() {
            card.loading = Some(loading);
            return;
        }
        head(model, ticket, page);
        for shown in &loading.differences {
            tools::print(model, shown, "ask:", page);
        }
        let printed = loading.differences.iter().filter_map(Difference::fingerprint);
        card.definitions = printed.map(str::to_owned).collect();
        card.printing = arguments(&loading, &name, page);
        card.code = model.codes.get(&key).cloned();
        // The card itself says how little time is left.
        card.reminded |= ticket.held.deadline_at.ms_since(model.now.at) <= 2 * REMIND_MS;
        let seen = card.printing == Paper::All || card.paper == Paper::All;
        if card.printing == Paper::Unreadable {
            let says = Says::own("what cannot be shown can only be denied: deny ").safe(&name);
            page.line("ask:", &says);
        } else if model.may_answer() {
            page.line("ask:", &answers(ticket, card, &name, seen));
        } else {
            page.line("ask:", &rights);
        }
        let left = status::time_left(model, ticket.held.deadline_at);
        let says = Says::own("without an answer it is denied in ").safe(&left);
        page.line("ask:", &says.and(", once, never a rule"));
        page.printed(key, ticket.held.version);
    }

    /// The card left for the terminal.
    pub fn printed(&mut self, model: &Model, key: TicketKey, version: u32) {
        if let Some(card) = self.cards.get_mut(&key).filter(|card| card.version == version) {
            card.shown_ms = Some(model.now.mono_ms);
            if card.printing != Paper::Part || card.paper != Paper::All {
                card.paper = card.printing;
            }
        }
    }

    /// A ticket's name in commands: its number, with the session in front where that is not enough.
    pub(super) fn name(&self, model: &Model, key: TicketKey) -> Safe {
        let number = Safe::escape(&key.ticket.0.to_string());
        if self.cards.keys().filter(|other| other.ticket == key.ticket).count() < 2 {
            return number;
        }
        let session = model.session(key.session).map(|session| Safe::escape(&session.name));
        session.unwrap_or_default().then(&Safe::word(".")).then(&number)
    }
}

/// Who, what, why.
fn head(model: &Model, ticket: &Ticket, page: &mut Page) {
    let key = ticket.key;
    let says = Says::own("#").number(key.ticket.0).and(" ");
    let says = says.safe(&session_of(model, key.session).text());
    let agent = model.session(key.session).map(|session| session.agent.clone());
    let says = says.and(" (").safe(&agent.unwrap_or_default()).and(") ");
    let says = match ticket.row.and_then(|at| model.call(at)) {
        Some(call) => {
            let names = &model.names;
            says.safe(names.get(call.server)).and(".").safe(names.get(call.name))
        }
        None => says.and("a call"),
    };
    let says = says.and(" waits, risk ").and(risk_word(ticket.held.risk));
    page.line("ask:", &says);
    for (rule, why) in &ticket.why {
        page.line("ask:", &Says::own("because of rule ").safe(rule).and(": ").safe(why));
    }
}

/// The arguments, as far as they are to be printed.
fn arguments(loading: &Loading, name: &Safe, page: &mut Page) -> Paper {
    let doc = match &loading.arguments.doc {
        Some(Ok(doc)) => doc,
        Some(Err(why)) => {
            page.line("ask:", &Says::own("its arguments cannot be read: ").safe(why));
            return Paper::Unreadable;
        }
        None => return Paper::Unreadable,
    };
    if loading.extent == Extent::Raw {
        let size = Safe::escape(&bytes::exact(doc.raw.len() as u64));
        page.line("ask:", &Says::own("every byte of it, ").safe(&size));
        raw(doc, page);
        return Paper::All;
    }
    let before = loading.original.as_ref().and_then(|original| original.doc.as_ref());
    let before = before.and_then(|doc| doc.as_ref().ok());
    if loading.original.is_some() {
        let words = "its arguments were edited: - are the agent's, + the new ones";
        page.line("ask:", &Says::own(words));
    }
    page.line("ask:", &amounts("arguments ", doc));
    let rows = match before {
        Some(before) => rows(doc::diff_rows(&before.lines, &doc.lines, page.body_columns())),
        None => rows(doc::plain_rows(&doc.lines, page.body_columns())),
    };
    let fits = loading.extent == Extent::Whole || rows.len() <= ROWS_MAX;
    let shown = if fits { rows.len() } else { ROWS_MAX };
    for row in rows.iter().take(shown) {
        page.row(row);
    }
    if !fits {
        let says = Says::own("CLIPPED, rows left: ").number((rows.len() - shown) as u64);
        page.line("ask:", &says.and("; to print all: show ").safe(name));
    }
    let left_out = doc.lines.left_out_bytes + before.map_or(0, |doc| doc.lines.left_out_bytes);
    if left_out > 0 {
        left_out_says(left_out, name, page);
    }
    if fits && left_out == 0 { Paper::All } else { Paper::Part }
}

fn left_out_says(left_out: u64, name: &Safe, page: &mut Page) {
    let says = Says::own("LEFT OUT, ").safe(&Safe::escape(&bytes::exact(left_out)));
    page.line(
        "ask:",
        &says.and(" that are in no row; to print every byte: show ").safe(name).and(" raw"),
    );
}

/// Rows of the document; what is left out is said in words of our own.
fn rows(mut rows: Vec<Row>) -> Vec<Row> {
    rows.retain(|row| row.gutter != Gutter::Ours);
    rows
}

fn raw(doc: &Doc, page: &mut Page) {
    if let Laid::Hex { columns, rows } = doc::lay_raw(&doc.raw, page.body_columns()) {
        for row in 0..rows {
            page.raw(&hexdump::row(&doc.raw, row, columns));
        }
    }
}

fn amounts(what: &'static str, doc: &Doc) -> Says {
    let says = Says::own(what).safe(&Safe::escape(&bytes::exact(doc.text.len() as u64)));
    match doc.lines.hidden {
        0 => says,
        hidden => says
            .and(", hidden characters: ")
            .number(hidden as u64)
            .and(", shown by name, as <U+202E>"),
    }
}

/// How to answer.
fn answers(ticket: &Ticket, card: &Card, name: &Safe, seen: bool) -> Says {
    let says = match ticket.held.risk {
        Risk::Low => Says::own("to allow it once: allow ").safe(name),
        Risk::Medium | Risk::High if !seen => {
            let says = Says::own("it can be allowed once all was printed: show ").safe(name);
            return says.and("; to deny it: deny ").safe(name).and(" [reason]");
        }
        Risk::Medium => Says::own("to allow it once: allow ").safe(name).and(" yes"),
        Risk::High => match &card.code {
            Some(code) => Says::own("to allow it once: allow ").safe(name).and(" ").safe(code),
            None => Says::own("the code for allow is on its way"),
        },
    };
    says.and("; to deny it: deny ").safe(name).and(" [reason]")
}

/// A body that was asked for: of a call that waits no more, or never did.
pub(super) fn body(want: &Want, doc: &Result<Doc, Safe>, show_raw: bool, page: &mut Page) {
    let (prefix, what) = match want.part {
        Part::Arguments | Part::Edited | Part::Definition(..) => ("call:", " arguments "),
        Part::Answer => ("answer:", " answer "),
    };
    let says = Says::own("#").number(want.call.0);
    let name = Safe::escape(&want.call.0.to_string());
    match doc {
        Err(why) => page.line(prefix, &says.and(what).and("cannot be read: ").safe(why)),
        Ok(doc) if show_raw => {
            let size = Safe::escape(&bytes::exact(doc.raw.len() as u64));
            page.line(prefix, &says.and(what).and("and all around it, ").safe(&size));
            raw(doc, page);
        }
        Ok(doc) => {
            page.line(prefix, &says.safe(&amounts(what, doc).text()));
            for row in rows(doc::plain_rows(&doc.lines, page.body_columns())) {
                page.row(&row);
            }
            if doc.lines.left_out_bytes > 0 {
                left_out_says(doc.lines.left_out_bytes, &name, page);
            }
        }
    }
}

//! What a server says of itself and lists, on its way to the agent: it is kept, what the session's role may not call is
//! not in it, and a definition that is not what it is to be is shown as it was approved, or not at all.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalog::{
    Alike, Introduction, Kind, News, Observed, Standing, Subject, TOOLS_MAX, Trust,
};
use crate::engine::definitions::{DRIFT, told};
use crate::engine::event::{ConnId, Facts, Finding, Severity};
use crate::engine::step::Engine;
use crate::policy::{DriftMode, Handling, Phase, Question};
use crate::protocol::jsonrpc::{self, Message, Parsed};
use crate::protocol::method;

/// Longest list that is looked into, in bytes: a hundred times what servers send. Looking into more would keep the
/// session from answering.
const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A list's result, as far as it is looked at; each is of one kind.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: Option<&'a RawValue>,
    #[serde(borrow)]
    prompts: Option<&'a RawValue>,
    #[serde(borrow, rename = "resourceTemplates")]
    templates: Option<&'a RawValue>,
    /// There is more of it.
    #[serde(borrow, rename = "nextCursor")]
    next: Option<&'a RawValue>,
}

impl<'a> List<'a> {
    const fn of(&self, kind: Kind) -> Option<&'a RawValue> {
        match kind {
            Kind::Tool => self.tools,
            Kind::Prompt => self.prompts,
            Kind::Template => self.templates,
            Kind::Server | Kind::Identity => None,
        }
    }
}

/// A definition's name, whatever else it holds, and of whatever type that is.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow, rename = "uriTemplate")]
    uri: Option<&'a RawValue>,
}

impl Named<'_> {
    /// The name of a definition of this kind; `None`: it has none that could be read.
    fn of(text: &str, kind: Kind) -> Option<String> {
        let named: Named<'_> = serde_json::from_str(text).ok()?;
        let name = if kind == Kind::Template { named.uri } else { named.name };
        serde_json::from_str(name?.get()).ok()
    }
}

/// Of what a method's answer is a list.
fn kind_of(method: &str) -> Option<Kind> {
    match method {
        method::TOOLS_LIST => Some(Kind::Tool),
        method::PROMPTS_LIST => Some(Kind::Prompt),
        method::TEMPLATES_LIST => Some(Kind::Template),
        _ => None,
    }
}

/// What an answer that defines something came to.
#[derive(Default)]
pub(in crate::engine) struct Defined {
    /// The answer as the agent is to see it, with the word for what was done to it; `None`: it goes on as it came.
    pub(in crate::engine) changed: Option<(Bytes, &'static str)>,
    /// The JSON text of the cursor to the list's next page.
    pub(in crate::engine) next: Option<String>,
    /// Whether it is the last page of the tools.
    pub(in crate::engine) whole: bool,
}

impl Engine {
    /// Takes in what an answer defines. What cannot be read goes on as it came: nothing of it is known.
    pub(in crate::engine) fn defined(
        &mut self,
        conn: ConnId,
        line: &Bytes,
        message: &Message,
        facts: &mut Facts,
    ) -> Defined {
        let asked = facts.method.clone().unwrap_or_default();
        if matches!(asked.as_str(), method::INITIALIZE | method::DISCOVER) {
            let changed = self.introduced(conn, line, message, facts);
            return Defined { changed, ..Defined::default() };
        }
        let listed =
            kind_of(&asked).and_then(|kind| self.listed(conn, kind, (line, message), facts));
        listed.unwrap_or_default()
    }

    fn listed(
        &mut self,
        conn: ConnId,
        kind: Kind,
        (line, message): (&Bytes, &Message),
        facts: &mut Facts,
    ) -> Option<Defined> {
        let result = message.result.clone()?;
        let too_long = |this: &mut Self, facts: &mut Facts| {
            let changed = this.too_long((conn, line, message), kind, facts);
            Some(Defined { changed, ..Defined::default() })
        };
        if result.len() > LIST_BYTES_MAX {
            return too_long(self, facts);
        }
        let list: List<'_> = serde_json::from_slice(line.get(result)?).ok()?;
        let array = list.of(kind)?.get();
        let Ok(texts) = serde_json::from_str::<Vec<&RawValue>>(array) else {
            // An agent may read something out of it all the same.
            return too_long(self, facts);
        };
        if texts.len() > TOOLS_MAX {
            return too_long(self, facts);
        }
        let named: Vec<(Option<String>, &str)> =
            texts.iter().map(|text| (Named::of(text.get(), kind), text.get())).collect();
        self.take_in(conn, kind, &named, facts);
        // Some end with an empty cursor.
        let next = list.next.map(RawValue::get).filter(|next| !matches!(*next, "\"\"" | "null"));
        if next.is_none() {
            self.complete(conn, kind, facts);
        }
        let defined = Defined {
            changed: None,
            next: next.map(str::to_owned),
            whole: next.is_none() && kind == Kind::Tool,
        };
        let (shown, replaced) = self.shown(conn, kind, &named, facts)?;
        let how = match (facts.hidden.is_empty(), replaced) {
            (false, _) => "filtered-list",
            (true, true) => "first-definition",
            (true, false) => return Some(defined),
        };
        // Where the array stands in the line: it borrows from it.
        let start = array.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
        let place = start..start + array.len();
        let changed = jsonrpc::splice(line, &place, &format!("[{}]", shown.join(",")));
        // What is spliced is guarded again; what then is no message shows nothing.
        let sound = matches!(jsonrpc::parse(&changed), Parsed::One(_));
        let changed = if sound { changed } else { empty(line, message, kind)? };
        Some(Defined { changed: Some((changed, how)), ..defined })
    }

    /// Keeps what a page of a list says.
    fn take_in(
        &mut self,
        conn: ConnId,
        kind: Kind,
        named: &[(Option<String>, &str)],
        facts: &mut Facts,
    ) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        let (server, identity) = (known.server.clone(), known.identity.clone());
        let listed = known.listed && kind == Kind::Tool;
        // A list of ours is another one than the agent's, whose pages may come in between.
        let listing = match facts.call {
            Some(_) => known.listing.entry(kind).or_default(),
            None => &mut known.own_listing,
        };
        listing.extend(named.iter().filter_map(|(name, _)| name.clone()));
        let mut handling = self.handling(conn, &server);
        let program = Subject { server: &identity, kind: Kind::Identity, name: "" };
        if self.state.catalog.drift(program).is_some() {
            // What another program than before adds is not taken on trust.
            handling.trust = handling.trust.max(Trust::Ask);
        }
        let mut fresh = Vec::new();
        for (name, text) in named {
            let Some(name) = name else { continue };
            let of = Subject { server: &identity, kind, name };
            let mut seen = self.observe(of, text, handling);
            let news = seen.as_ref().map(|seen| seen.news);
            if matches!(news, Some(News::New | News::Drifted)) {
                self.inspect_definition(of, (conn, text), facts);
                fresh.push((name.as_str(), *text));
            }
            if news == Some(News::New) {
                if kind == Kind::Tool {
                    self.look_alikes(of, facts);
                }
                // What was doubted is not pinned.
                let drift = self.state.catalog.drift(of);
                if let (Some(seen), Some(drift)) = (&mut seen, drift) {
                    seen.standing = drift.standing;
                }
            }
            facts.catalog.extend(seen);
            if news == Some(News::New) && listed {
                facts.findings.push(Finding::new(
                    "builtin.new-tool",
                    Severity::Low,
                    format!("{server} has a tool that it did not have before: {name}"),
                ));
            }
        }
        self.inspect_references(conn, kind, &fresh, facts);
    }

    /// Keeps one definition; one that changed is let pass for a while where the policy says so.
    pub(in crate::engine) fn observe(
        &mut self,
        of: Subject<'_>,
        text: &str,
        handling: Handling,
    ) -> Option<Observed> {
        let trust = match of.kind {
            Kind::Tool | Kind::Prompt | Kind::Template => handling.trust,
            Kind::Server | Kind::Identity => Trust::FirstUse,
        };
        let mut seen = self.state.catalog.observe(of, text, trust)?;
        if seen.standing == Standing::Drifted && handling.drift == DriftMode::Stage {
            self.state.catalog.stage(of, self.at.0);
            seen.standing = Standing::Staged;
        }
        Some(seen)
    }

    /// Tells of names that are read for this one. What cannot be told apart from another tool is for an operator to
    /// approve.
    fn look_alikes(&mut self, of: Subject<'_>, facts: &mut Facts) {
        for (server, name, alike) in self.state.catalog.look_alikes(of) {
            let (severity, how) = match alike {
                Alike::Same => (Severity::Info, "has the name of one of"),
                Alike::Near => (Severity::Low, "is spelled nearly as one of"),
                Alike::Confusable => (Severity::High, "cannot be told apart from one of"),
            };
            if alike == Alike::Confusable {
                self.state.catalog.doubt(of);
            }
            let server = self.server_name(&server);
            facts.findings.push(Finding::new(
                "builtin.look-alike",
                severity,
                format!("the tool {} {how} {server}: {name}", of.name),
            ));
        }
    }

    /// The name of the server with this identity.
    pub(in crate::engine) fn server_name(&self, identity: &str) -> String {
        let mut conns = self.state.conns.values();
        let known = conns.find(|conn| conn.identity == identity);
        known.map_or_else(|| "another server".to_owned(), |conn| conn.server.clone())
    }

    /// The last page came.
    fn complete(&mut self, conn: ConnId, kind: Kind, facts: &mut Facts) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        let names = match facts.call {
            Some(_) => known.listing.remove(&kind).unwrap_or_default(),
            None => std::mem::take(&mut known.own_listing),
        };
        known.listed |= kind == Kind::Tool;
        let told = self.state.catalog.complete(&known.identity, kind, &names);
        for seen in &told {
            let Some(was) = &seen.was else { continue };
            let severity =
                if seen.standing == Standing::Pinned { Severity::Low } else { Severity::High };
            facts.findings.push(Finding::new(
                DRIFT,
                severity,
                format!("{was} is called {} now{}", seen.name, self::told(&seen.changes)),
            ));
        }
        facts.catalog.extend(told);
    }

    /// The page as the agent is to see it, and whether a definition in it is another than was sent.
    fn shown<'a>(
        &self,
        conn: ConnId,
        kind: Kind,
        named: &[(Option<String>, &'a str)],
        facts: &mut Facts,
    ) -> Option<(Vec<Cow<'a, str>>, bool)> {
        self.policy.as_ref()?;
        let enforced = self.definitions_phase(conn) == Phase::Enforce;
        let role = self.state.role();
        let known = self.state.conns.get(&conn)?;
        let mut shown: Vec<Cow<'_, str>> = Vec::new();
        let mut replaced = false;
        for (name, text) in named {
            let Some(name) = name else {
                // Nothing could be said of it later.
                if enforced {
                    facts.hidden.push("(a definition without a name)".to_owned());
                } else {
                    shown.push(Cow::Borrowed(text));
                }
                continue;
            };
            let question = Question { role, ..Question::call(&known.server, name) };
            if kind == Kind::Tool
                && !role.is_empty()
                && self.policies(conn).any(|policy| policy.hides(&question))
            {
                facts.hidden.push(name.clone());
                continue;
            }
            let of = Subject { server: &known.identity, kind, name };
            let drift = self.state.catalog.drift(of).filter(|_| enforced);
            let standing = drift.map_or(Standing::Pinned, |drift| drift.standing);
            let untold = facts
                .catalog
                .iter()
                .any(|seen| seen.news == News::Untold && seen.kind == kind && seen.name == *name);
            match self.state.catalog.first(of).filter(|_| drift.is_some()) {
                _ if standing == Standing::Staged => shown.push(Cow::Borrowed(text)),
                Some(first) => {
                    replaced = true;
                    shown.push(Cow::Owned(first.to_owned()));
                }
                // What nobody approved, or what could not be kept, is not known to be what it was.
                None if drift.is_some() || enforced && untold => facts.hidden.push(name.clone()),
                None => shown.push(Cow::Borrowed(text)),
            }
        }
        Some((shown, replaced))
    }

    /// A list that is too long to be looked into: nothing of it is known, so in enforce nothing of it is shown.
    fn too_long(
        &mut self,
        (conn, line, message): (ConnId, &Bytes, &Message),
        kind: Kind,
        facts: &mut Facts,
    ) -> Option<(Bytes, &'static str)> {
        let result = message.result.clone()?;
        let identity = self.state.conns.get(&conn)?.identity.clone();
        facts.findings.push(Finding::new(
            "builtin.list-too-long",
            Severity::High,
            format!(
                "a {} list of {} bytes that is too long, or no list",
                kind.word(),
                result.len()
            ),
        ));
        if kind == Kind::Tool {
            self.state.catalog.unknown(&identity);
        }
        if self.definitions_phase(conn) != Phase::Enforce {
            return None;
        }
        Some((empty(line, message, kind)?, "filtered-list"))
    }

    /// Takes in what a server says of itself. Nothing holds a handshake: other instructions than the approved ones are
    /// told, and not shown.
    fn introduced(
        &mut self,
        conn: ConnId,
        line: &Bytes,
        message: &Message,
        facts: &mut Facts,
    ) -> Option<(Bytes, &'static str)> {
        let known = self.state.conns.get(&conn)?;
        let (server, identity) = (known.server.clone(), known.identity.clone());
        let result = message.result.clone()?;
        let says = Introduction::read(std::str::from_utf8(line.get(result)?).ok()?)?;
        let text = says.text();
        let of = Subject { server: &identity, kind: Kind::Server, name: "" };
        let seen = self.observe(of, &text, self.handling(conn, &server));
        if let Some(seen) = seen {
            self.inspect_definition(of, (conn, &text), facts);
            self.inspect_references(conn, Kind::Server, &[("", &text)], facts);
            // Versions and what a server can do differ from one agent to the next; what the model reads does not.
            let read = seen.changes.iter().any(|change| change.path.starts_with("instructions"));
            if seen.news == News::Drifted && read {
                facts.findings.push(Finding::new(
                    DRIFT,
                    Severity::Medium,
                    format!("{server} says something else of itself{}", told(&seen.changes)),
                ));
            }
            facts.catalog.push(seen);
        }
        let drift = self.state.catalog.drift(of)?;
        if self.definitions_phase(conn) != Phase::Enforce || drift.standing == Standing::Staged {
            return None;
        }
        let now = says.instructions?.get();
        let first = Introduction::read(self.state.catalog.first(of)?)?;
        let first = first.instructions.map_or("\"\"", RawValue::get);
        if now == first {
            return None;
        }
        let start = now.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
        let changed = jsonrpc::splice(line, &(start..start + now.len()), first);
        Some((changed, "first-definition"))
    }
}

/// The answer with an empty list.
fn empty(line: &Bytes, message: &Message, kind: Kind) -> Option<Bytes> {
    let member = match kind {
        Kind::Tool => "tools",
        Kind::Prompt => "prompts",
        Kind::Template => "resourceTemplates",
        Kind::Server | Kind::Identity => return None,
    };
    Some(jsonrpc::splice(line, &message.result.clone()?, &format!(r#"{{"{member}":[]}}"#)))
}

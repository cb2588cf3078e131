//! The Tools pane: which definition is selected and shown, and what an operator says of it. The gate takes a word
//! with the fingerprint that was shown, and the engine refuses one of anything else.

use crate::catalog::Ruling;
use crate::console::model::Model;
use crate::console::model::catalogue::{Key, Line};
use crate::console::model::difference::Difference;
use crate::console::model::ui::{Move, Pane, Prompt};
use crate::console::update::{Cmd, card, panes, say, sessions};
use crate::console::view::layout;
use crate::text::Safe;

/// Moves the selection.
pub(super) fn moved(model: &mut Model, by: Move, page: usize) -> Vec<Cmd> {
    let lines = model.catalogue();
    let keys: Vec<&Key> = lines.iter().filter_map(Line::key).collect();
    let here = model.selected_definition(&lines).and_then(|at| lines.get(at)).and_then(Line::key);
    let here = here.and_then(|here| keys.iter().position(|key| *key == here)).unwrap_or_default();
    let to = by.from(here, page).min(keys.len().saturating_sub(1));
    let key = keys.get(to).map(|key| (*key).clone());
    model.ui.tool = key;
    super::refresh(model)
}

/// Selects the definition in this line.
pub(super) fn select(model: &mut Model, line: usize) {
    let key = model.catalogue().get(line).and_then(Line::key).cloned();
    model.ui.tool = key.or_else(|| model.ui.tool.clone());
}

/// What can be looked for, with its line.
pub(super) fn texts(model: &Model) -> Vec<(usize, String)> {
    let lines = model.catalogue();
    let definitions = lines.iter().enumerate().filter_map(|(n, line)| match line {
        Line::Server(_) => None,
        Line::Definition(listed) => Some((n, listed)),
    });
    let text = |listed: &crate::console::model::catalogue::Listed<'_>| {
        let definition = listed.definition;
        let now = definition.fingerprint().unwrap_or_default();
        let (state, kind) = (definition.state().word(), listed.key.kind.word());
        let (server, was) = (&listed.key.server, definition.was.clone().unwrap_or_default());
        format!("{state} {kind} {server}.{} {} {was} {now}", definition.shown, listed.remarks())
    };
    definitions.map(|(n, listed)| (n, text(listed))).collect()
}

/// The selected definition.
fn selected(model: &Model) -> Option<Key> {
    let lines = model.catalogue();
    let at = model.selected_definition(&lines)?;
    lines.get(at).and_then(Line::key).cloned()
}

/// Puts a definition into the detail's place, unless it is there as it is.
fn show(model: &mut Model, key: &Key) -> Vec<Cmd> {
    let shown = model.ui.detail.definition.as_ref();
    if shown.is_some_and(|shown| shown.key == *key && shown.is_current(model)) {
        return Vec::new();
    }
    let Some((difference, wants)) = Difference::of(model, key) else { return Vec::new() };
    let detail = &mut model.ui.detail;
    detail.definition = Some(difference);
    detail.page.stale();
    detail.cursor = 0;
    wants.into_iter().map(Cmd::Load).collect()
}

/// Keeps the detail at the selected definition, or the one that it shows at what is known of it.
pub(super) fn refresh(model: &mut Model, visible: bool) -> Vec<Cmd> {
    let shown = model.ui.detail.definition.as_ref().map(|shown| shown.key.clone());
    let follows = visible && model.ui.pane == Pane::Tools;
    let key = if follows { selected(model).or(shown) } else { shown };
    let Some(key) = key else { return Vec::new() };
    if model.definition(&key).is_none() {
        // The tape went to before it.
        model.ui.detail.definition = None;
        model.ui.detail.page.stale();
        return Vec::new();
    }
    show(model, &key)
}

/// Shows the selected definition.
pub(super) fn open_selected(model: &mut Model) -> Vec<Cmd> {
    let Some(key) = selected(model) else {
        return say(model, "no definition is selected");
    };
    let mut cmds = show(model, &key);
    cmds.extend(panes::focus(model, Pane::Detail));
    cmds
}

/// The frame with the detail was drawn.
pub(super) fn drawn(model: &mut Model) {
    let ui = &model.ui;
    let covered = ui.help.is_some() || ui.palette.is_some();
    if covered || layout::areas(model).pane(Pane::Detail).is_none() {
        return;
    }
    let now_ms = model.now.mono_ms;
    let detail = &mut model.ui.detail;
    let (Some(shown), Some(laid)) = (&mut detail.definition, &detail.page.laid) else { return };
    if detail.page.height > 0 {
        let bottom = detail.page.top + detail.page.height;
        shown.seen_to = shown.seen_to.max(bottom.min(laid.len()));
        shown.drawn_ms = shown.drawn_ms.or(Some(now_ms));
    }
    shown.seen_all |= shown.seen_to >= laid.len();
}

/// A key that says something of a definition: what lets anything pass is asked first, a refusal is not.
pub(super) fn ask(model: &mut Model, ruling: Ruling) -> Vec<Cmd> {
    if !sessions::may(model) {
        return Vec::new();
    }
    let shown = model.ui.detail.definition.as_ref().map(|shown| shown.key.clone());
    let meant = if model.ui.pane == Pane::Tools { selected(model) } else { shown };
    let Some(key) = meant else {
        return say(model, "no definition is shown: 4 lists them");
    };
    if model.session(key.session).is_none_or(|session| session.ended) {
        return say(model, "its session is over: nothing can be said of it here");
    }
    let Some(definition) = model.definition(&key) else { return Vec::new() };
    let Some(fingerprint) = definition.fingerprint().map(str::to_owned) else {
        return say(model, "it could not be kept, so nothing can be said of it");
    };
    let pinned = definition.standing.is_pinned();
    match ruling {
        Ruling::Approve if pinned => return say(model, "it is what it is to be already"),
        Ruling::Stage if pinned => {
            return say(model, "it is what it is to be: there is nothing to let pass");
        }
        // Forgotten, it is what it is from now on: not what nobody read.
        Ruling::Approve | Ruling::Stage | Ruling::Unpin if !pinned => {
            if let Some(cmds) = unread(model, &key) {
                return cmds;
            }
        }
        Ruling::Refuse => {
            let says = "refused as it is now: its calls are denied";
            model.ui.said = Some(Safe::word(says));
            return rule(model, &key, &fingerprint, ruling);
        }
        Ruling::Approve | Ruling::Stage | Ruling::Unpin => {}
    }
    model.ui.ruling = Some((key, fingerprint));
    model.ui.prompt = Some(Prompt::Rule(ruling));
    Vec::new()
}

/// What is to be done before this definition can be let pass: it has to be on the screen, all of it. `None`: it was.
fn unread(model: &mut Model, key: &Key) -> Option<Vec<Cmd>> {
    let visible = layout::areas(model).pane(Pane::Detail).is_some();
    let shown = model.ui.detail.definition.as_ref().filter(|shown| visible && shown.key == *key);
    let Some(shown) = shown else {
        let cmds = open_selected(model);
        model.ui.said = Some(Safe::word("read it first, then press the key again"));
        return Some(cmds);
    };
    if !shown.is_current(model) {
        return Some(say(model, "it changed just now: look at it again"));
    }
    let why = why_not(shown.seen_all, shown);
    // One that changed a moment ago was read by nobody, however short it is.
    let now_ms = model.now.mono_ms;
    let new = shown.drawn_ms.is_none_or(|drawn| now_ms < drawn + card::ARM_MS);
    why.or(new.then_some("it is shown only since a moment: read it, then press the key again"))
        .map(|why| say(model, why))
}

/// Why a definition cannot be let pass as it is shown.
pub(super) fn why_not(seen_all: bool, shown: &Difference) -> Option<&'static str> {
    if !shown.is_read() {
        Some("it is still being read")
    } else if !shown.is_whole() {
        Some("not all of it can be shown here, so it can only be refused")
    } else if !seen_all {
        Some("not all of it was seen yet: scroll to the end first (G)")
    } else {
        None
    }
}

/// It was said yes to.
pub(super) fn yes(model: &mut Model, ruling: Ruling) -> Vec<Cmd> {
    let Some((key, fingerprint)) = model.ui.ruling.take() else { return Vec::new() };
    if !sessions::may(model) {
        return Vec::new();
    }
    let now = model.definition(&key).and_then(|definition| definition.fingerprint());
    if now != Some(fingerprint.as_str()) {
        return say(model, "it changed since you were asked: nothing was said of it, look again");
    }
    rule(model, &key, &fingerprint, ruling)
}

fn rule(model: &Model, key: &Key, fingerprint: &str, ruling: Ruling) -> Vec<Cmd> {
    let Some(session) = model.session(key.session) else { return Vec::new() };
    sessions::send(Some(session.name.clone()), key.ruled(fingerprint, ruling))
}

//! Pane 2: one call's arguments, result and exact bytes.

use ratatui::layout::Rect;

use crate::console::model::Call;
use crate::console::model::doc::Slot;
use crate::console::model::ui::{Pane, Tab};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::text::bytes;

/// The tabs and their names, in their order.
const TABS: [(Tab, &str); 3] = [(Tab::Args, "Args"), (Tab::Result, "Result"), (Tab::Raw, "Raw")];

/// The tab at a column of their row, its pane's border not counted.
pub(in crate::console) fn tab_at(column: u16) -> Option<Tab> {
    let mut end = 1;
    TABS.into_iter().find_map(|(tab, name)| {
        let begin = end;
        end += name.len() + 2;
        (begin..end).contains(&usize::from(column)).then_some(tab)
    })
}

impl Pen<'_, '_> {
    /// ```text
    /// +- 2 Detail #2317 -----------------+
    /// | [Args] Result  Raw  12 B    mail |
    /// | agent 1.2s  gate -  person 41s   |
    /// |   | {                            |
    /// |   |   "to" "ops@example.com"     |
    /// +----------------------------------+
    /// ```
    pub(super) fn detail(&mut self, area: Rect) {
        let model = self.model;
        let detail = &model.ui.detail;
        if let Some(difference) = &detail.definition {
            self.defined(area, difference);
            return;
        }
        let call = detail.row.and_then(|at| model.call(at));
        let mut title = Strip::new().own("2 Detail", Role::Title);
        if let Some(call) = call {
            title = title.own(" #", Role::Title).number(call.call.0, Role::Title);
        }
        let inside = self.frame_of(area, Some(Pane::Detail), title);
        let Some(call) = call else {
            self.put(inside, 1, Strip::new().own("  no call is selected", Role::Dim));
            return;
        };
        let mut tabs = Strip::new().own(" ", Role::Text);
        for (tab, name) in TABS {
            let here = tab == detail.tab;
            let role = if here { Role::Title } else { Role::Dim };
            let (open, close) = if here { ("[", "]") } else { (" ", " ") };
            tabs = tabs.own(open, role).own(name, role).own(close, role);
        }
        let (slot, size) = match detail.tab {
            Tab::Args | Tab::Raw => (&detail.request, call.size),
            Tab::Result => (&detail.answer, call.answer_size),
        };
        tabs = tabs.own("  ", Role::Text).drawn(&bytes::exact(size.into()), Role::Dim);
        if let Some(doc) = slot.doc().filter(|doc| doc.lines.hidden > 0) {
            tabs = tabs
                .own("  hidden characters: ", Role::Finding)
                .number(doc.lines.hidden as u64, Role::Finding);
        }
        let tabs = self.crumbs(tabs, call, usize::from(inside.width));
        self.put(inside, 0, tabs);
        if let Some(at) = detail.row {
            let strip = self.ledger(at);
            self.put(inside, 1, strip);
        }
        match slot {
            Slot::Ready(doc) => {
                let here = model.ui.pane == Pane::Detail && model.ui.card.is_none();
                self.page(inside, 2, &detail.page, doc, here.then_some(detail.cursor));
                self.more_below(inside, &detail.page);
            }
            Slot::Loading(want) => {
                let reading = Strip::new().own("  reading ", Role::Dim);
                let size = bytes::size(want.place.len.into());
                self.put(inside, 2, reading.drawn(&size, Role::Dim));
            }
            Slot::Failed(why) => {
                let text = Strip::new().own("  cannot be read: ", Role::Failed);
                self.put(inside, 2, text.safe(why, Role::Failed));
            }
            Slot::Empty => {
                let text = if call.done_at().is_some() { "  no answer" } else { "  no answer yet" };
                self.put(inside, 2, Strip::new().own(text, Role::Dim));
            }
        }
    }

    /// Whose call it is, at the end of the row of tabs, as far as there is room: `claude-1 > mail > send_email`.
    fn crumbs(&self, strip: Strip, call: &Call, width: usize) -> Strip {
        let model = self.model;
        let session = model.session(call.session).map(|session| session.shown.clone());
        let room = width.saturating_sub(strip.width() + 3);
        let name = model.names.get(call.name);
        let mut crumbs = Strip::new().safe(&name.clip(room).shown, Role::Untrusted);
        for part in [Some(model.names.get(call.server).clone()), session].into_iter().flatten() {
            let longer =
                Strip::new().safe(&part, Role::Dim).own(" > ", Role::Dim).then(crumbs.clone());
            if longer.width() > room {
                break;
            }
            crumbs = longer;
        }
        let column = width.saturating_sub(crumbs.width() + 1).max(strip.width() + 2);
        strip.column(column).then(crumbs)
    }

    /// Says in the border how much is below.
    pub(super) fn more_below(&mut self, inside: Rect, page: &crate::console::model::ui::Page) {
        let len = page.laid.as_ref().map_or(0, crate::console::model::doc::Laid::len);
        let below = len.saturating_sub(page.top + page.height);
        if below > 0 {
            let text = Strip::new()
                .own(" ", Role::Dim)
                .number(below as u64, Role::Dim)
                .own(" more lines, j ", Role::Dim);
            let width = u16::try_from(text.width()).unwrap_or(0).min(inside.width);
            let place = Rect { x: inside.x + inside.width - width, width, ..inside };
            self.put(Rect { height: inside.height + 1, ..place }, inside.height, text);
        }
    }
}

//! Up, down, pages and ends, in every place.

use crate::console::action::Context;
use crate::console::model::Model;
use crate::console::model::rules::Listed;
use crate::console::model::ui::{Help, Move};
use crate::console::update::{Cmd, card, detail, findings, panes, selected, tools};
use crate::console::view;

/// Moves what has the keys in this place.
pub(super) fn moved(model: &mut Model, by: Move, context: Context) -> Vec<Cmd> {
    let page = usize::from(model.size.rows / 2).max(1);
    match context {
        Context::Calls => {
            let last = model.shown_len().saturating_sub(1);
            let at = selected(model).map_or(0, |at| model.shown_place(at));
            let to = by.from(at, page).min(last);
            model.ui.call = model.shown(to).filter(|_| to < last || by != Move::End);
            return detail::refresh(model);
        }
        Context::Detail => detail::moved(model, by),
        Context::Ask => {
            let last = model.asks().count().saturating_sub(1);
            model.ui.ask = by.from(model.ui.ask, page).min(last);
        }
        Context::Tools => return tools::moved(model, by, page),
        Context::Findings => findings::moved(model, by, page),
        Context::Servers => {
            let last = model.servers().count().saturating_sub(1);
            model.ui.server = by.from(model.ui.server, page).min(last);
        }
        Context::Sessions => {
            let last = model.sessions.len().saturating_sub(1);
            model.ui.session = by.from(model.ui.session, page).min(last);
        }
        Context::Policy => {
            let rules = model.rules();
            let to = by.from(model.selected_rule(&rules), page).min(rules.len().saturating_sub(1));
            let selected = rules.get(to).map(Listed::key);
            model.ui.rule = selected;
        }
        Context::Timeline => panes::move_part(model, by),
        Context::Compare => {
            let pairs = model.compare.as_ref().map_or(0, |compare| compare.pairs.len());
            model.ui.pair = by.from(model.ui.pair, page).min(pairs.saturating_sub(1));
        }
        Context::Log => {
            let last = model.logged_len().saturating_sub(1);
            let at = last.saturating_sub(model.ui.log_up);
            model.ui.log_up = last - by.from(at, page).min(last);
        }
        Context::Card => card::scroll(model, by),
        Context::Unread
        | Context::Confirm
        | Context::Code
        | Context::Remember
        | Context::Reason
        | Context::Edit
        | Context::Prompt
        | Context::Replay
        | Context::Line
        | Context::Palette => {}
        Context::Help => {
            let height = view::help::height(model.size);
            if let Some(help) = model.ui.help {
                let last = view::help::lines(model, help).len().saturating_sub(height);
                let top = by.from(help.top, height).min(last);
                model.ui.help = Some(Help { top, ..help });
            }
        }
    }
    Vec::new()
}

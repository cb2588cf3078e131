//! Where a call's time went, in one line.

use crate::console::model::CallAt;
use crate::console::model::ledger::ledger;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::protocol::Side;

impl Pen<'_, '_> {
    /// ` agent 1.2s  gate 3ms  person 41s  server 310ms`; `-` where the records do not tell.
    pub(super) fn ledger(&self, at: CallAt) -> Strip {
        let (Some(call), Some(ledger)) = (self.model.call(at), ledger(self.model, at)) else {
            return Strip::new();
        };
        // A server's own request is answered by the agent.
        let (asks, answers) = match call.from {
            Side::Agent => (" agent ", "  server "),
            Side::Server => (" server ", "  agent "),
        };
        [
            (asks, ledger.asker_ms),
            ("  gate ", ledger.gate_ms),
            ("  person ", ledger.person_ms),
            (answers, ledger.answer_ms),
        ]
        .into_iter()
        .fold(Strip::new(), |strip, (label, ms)| {
            let time = ms.map_or_else(|| "-".to_owned(), duration);
            strip.own(label, Role::Dim).drawn(&time, Role::Text)
        })
    }
}

/// `310ms`, `1.2s`, `41s`, `5m12s`, rounded down.
fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms}ms"),
        1000..10_000 => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
        10_000..60_000 => format!("{}s", ms / 1000),
        60_000.. => format!("{}m{:02}s", ms / 60_000, ms / 1000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_at_every_size() {
        let table =
            [(0, "0ms"), (999, "999ms"), (1999, "1.9s"), (59_999, "59s"), (312_000, "5m12s")];
        for (ms, shown) in table {
            assert_eq!(duration(ms), shown);
        }
    }
}

//! `tollgate console --linear`: what happens as lines, and commands as lines.

use std::io::{self, IsTerminal as _};

use super::{connect, ended};
use crate::cli::exit::{Exit, Failure};
use crate::console::{self, LinearOptions};
use crate::store::home::Home;

/// The variable by which people who need plain lines say so to every program.
const VARIABLE: &str = "ACCESSIBLE";

/// What chose lines, if anything did: a flag before the environment.
pub(super) fn chosen(linear: bool, full_screen: bool) -> Option<&'static str> {
    let value = std::env::var_os(VARIABLE).unwrap_or_default();
    if linear {
        Some("--linear")
    } else if full_screen || value.is_empty() || value == "0" {
        None
    } else {
        Some("ACCESSIBLE in the environment")
    }
}

/// Attaches. Without a terminal at both ends it only watches: what cannot be read cannot be answered.
pub(super) fn attach(
    home: &Home,
    session: Option<String>,
    chosen: &'static str,
) -> Result<Exit, Failure> {
    let can_answer = io::stdin().is_terminal() && io::stdout().is_terminal();
    let gate = connect(home, can_answer, session)?;
    let first_line = format!("tollgate console in linear mode, chosen by {chosen}");
    ended(console::run_linear(gate, LinearOptions { can_answer, first_line }))
}

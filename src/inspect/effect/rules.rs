//! The rules of effects. The severity of a rule is the worst that its effects have; each effect tells its own.
//!
//! Numbers are places in OWASP's Top 10 for Agentic Applications 2026 (`ASI…`) and MCP Top 10 v0.1 (`MCP…`).

use crate::inspect::rule::{Rule, Severity};

/// Tools used for what they are not there for, and commands that are run.
const RUNS: &[&str] = &["ASI02", "ASI05", "MCP05"];
/// What comes from elsewhere is run.
const FETCHES: &[&str] = &["ASI04", "ASI05", "MCP04", "MCP05"];
/// Rights that nobody gave.
const RIGHTS: &[&str] = &["ASI03", "ASI05", "MCP02", "MCP05"];
/// Secrets and data that leave.
const LEAKS: &[&str] = &["ASI02", "ASI03", "MCP01", "MCP05"];
/// What stays after the session, or what nobody sees.
const STAYS: &[&str] = &["ASI05", "ASI10", "MCP05", "MCP08"];

const fn of_arguments(
    id: &'static str,
    severity: Severity,
    owasp: &'static [&'static str],
    why: &'static str,
) -> Rule {
    // A result that mentions a command does nothing.
    Rule { id, severity, in_result: Severity::Info, in_argument: severity, owasp, why }
}

use Severity::{High, Medium};

/// Files, disks or services that are gone afterwards.
pub const DELETES: Rule =
    of_arguments("shell.deletes", High, RUNS, "It deletes what may not come back.");
/// What a host answers is run.
pub const FETCH_AND_RUN: Rule =
    of_arguments("shell.fetch-and-run", High, FETCHES, "It runs what another host sends.");
/// Writes beyond the project.
pub const WRITES_OUTSIDE: Rule =
    of_arguments("shell.writes-outside", High, RUNS, "It writes outside the project.");
/// Data for another host.
pub const SENDS: Rule = of_arguments("shell.sends", High, LEAKS, "It sends data to another host.");
/// What runs again by itself.
pub const PERSISTS: Rule =
    of_arguments("shell.persists", High, STAYS, "It makes something run again later by itself.");
/// More rights than the user's.
pub const ROOT: Rule = of_arguments("shell.root", High, RIGHTS, "It acts as root or lets others.");
/// Keys, passwords, histories.
pub const READS_SECRETS: Rule =
    of_arguments("shell.reads-secrets", High, LEAKS, "It reads what is secret.");
/// Traces removed, guards switched off, commands in disguise.
pub const HIDES: Rule =
    of_arguments("shell.hides", High, STAYS, "It hides what it does or switches a guard off.");
/// A shell for another host.
pub const REMOTE_SHELL: Rule =
    of_arguments("shell.remote-shell", High, FETCHES, "It gives another host a shell.");
/// A shell out of a program that is none.
pub const ESCAPES: Rule =
    of_arguments("shell.escapes", Medium, RUNS, "It makes a program start a shell.");
/// Processes or the machine stopped.
pub const STOPS: Rule =
    of_arguments("shell.stops", High, RUNS, "It stops other processes or the machine.");
/// Nobody can say what it does.
pub const UNPARSEABLE: Rule =
    of_arguments("shell.unparseable", Medium, RUNS, "It cannot be read as a command.");

/// Tables, rows or databases that are gone or changed as a whole.
pub const SQL_DESTROYS: Rule =
    of_arguments("sql.destroys", High, RUNS, "It deletes or changes more than single rows.");
/// A further statement behind a query.
pub const SQL_STACKED: Rule =
    of_arguments("sql.stacked", High, RUNS, "A statement that changes data follows a query.");
/// Rights in a database.
pub const SQL_RIGHTS: Rule =
    of_arguments("sql.rights", High, RIGHTS, "It changes who may do what.");
/// Files and programs of the database's host.
pub const SQL_HOST: Rule =
    of_arguments("sql.host", High, RUNS, "It reaches files or programs of the database's host.");
/// Statements in disguise.
pub const SQL_HIDES: Rule =
    of_arguments("sql.hides", Medium, RUNS, "Comments hide what the statement does.");
/// A condition that is always true.
pub const SQL_TAUTOLOGY: Rule =
    of_arguments("sql.tautology", Medium, RUNS, "A condition holds for every row.");

/// A path of something secret.
pub const PATH_SENSITIVE: Rule =
    of_arguments("path.sensitive", High, LEAKS, "The path leads to what is secret.");
/// A path beyond the roots.
pub const PATH_OUTSIDE: Rule =
    of_arguments("path.outside", Medium, RUNS, "The path leads outside the project.");
/// The service that hands out a machine's credentials.
pub const ADDRESS_METADATA: Rule = of_arguments(
    "address.metadata",
    High,
    LEAKS,
    "The address is that of a cloud's metadata service, which hands out credentials.",
);
/// Neighbours on the same link.
pub const ADDRESS_LINK_LOCAL: Rule = of_arguments(
    "address.link-local",
    Medium,
    RUNS,
    "The address is one of the link that the machine is on.",
);

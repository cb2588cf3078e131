//! The process between the demo and its agent, as `tollgate run` is between a terminal and an agent: it
//! registers itself, so that everything below counts as the agent's, and starts the agent with its
//! servers behind shims.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::cli::demo::stage::{no_gate, policy_file};
use crate::cli::exit::{Exit, Failure};
use crate::demo::agent::{Config, Pace, ServerCommand};
use crate::gate::client::{self, Start};
use crate::proxy::link::Lines;
use crate::store::home::Home;
use crate::wire::{self, Reply, Role, RunHello};

/// The demo's servers.
const SERVERS: [&str; 2] = ["files", "mail"];
/// How long the agent is said to wait for an answer while a person reads: leaves 65 s for one.
const PATIENCE_MS: u64 = 100_000;
/// The same when nobody reads: leaves 4 s, which the one unanswered call takes.
const PATIENCE_QUICK_MS: u64 = 10_000;
/// The gate was started before; its answer takes no time.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// Registers, starts the agent and waits for it.
pub(super) fn run(dir: &Path, pace: Pace) -> Result<Exit, Failure> {
    let home = Home::of_shim(Some(dir)).map_err(|error| Failure::new(Exit::Usage, error))?;
    let patience_ms = match pace {
        Pace::Full => PATIENCE_MS,
        Pace::Quick => PATIENCE_QUICK_MS,
    };
    let hello = RunHello {
        agent: "demo-agent".to_owned(),
        policy: Some(policy_file(dir).display().to_string()),
        role: None,
        patience_ms: SERVERS.iter().map(|server| ((*server).to_owned(), patience_ms)).collect(),
        session: None,
    };
    // The registration lasts as long as this connection.
    let gate = client::hello(&home, Start::Never, Role::Command(wire::Command::Run(hello)))
        .map_err(no_gate)?;
    let broken = |why: String| Failure::new(Exit::Broken, why);
    gate.set_read_timeout(Some(REPLY_LIMIT)).map_err(|error| broken(error.to_string()))?;
    let reply = Lines::new().wait(&gate).map_err(|error| broken(error.to_string()))?;
    let session = match reply {
        Some(Reply::Run { session }) => session,
        Some(Reply::Refused { why }) => return Err(Failure::new(Exit::Refused, why)),
        Some(Reply::Done {} | Reply::Status(_) | Reply::Tickets { .. }) | None => {
            return Err(Failure::new(Exit::NoGate, "the gate did not register the agent"));
        }
    };
    let config = configure(dir, &session).map_err(|error| broken(error.to_string()))?;
    let mut agent = Command::new(std::env::current_exe().map_err(|e| broken(e.to_string()))?);
    agent.args(["demo", "agent", "--config"]).arg(config).stdin(Stdio::null());
    if pace == Pace::Quick {
        agent.arg("--quick");
    }
    let status = agent.status().map_err(|error| broken(format!("start the agent: {error}")))?;
    drop(gate);
    if status.success() { Ok(Exit::Fine) } else { Err(broken(format!("the agent: {status}"))) }
}

/// The agent's configuration: each server's command behind a shim.
fn configure(dir: &Path, session: &str) -> std::io::Result<std::path::PathBuf> {
    let binary = std::env::current_exe()?.display().to_string();
    let shim = |server: &str| {
        let home = dir.display().to_string();
        let args = [
            "shim",
            "--server",
            server,
            "--home",
            &home,
            "--session",
            session,
            "--",
            &binary,
            "demo",
            "server",
            server,
        ];
        ServerCommand { command: binary.clone(), args: args.map(str::to_owned).to_vec() }
    };
    let servers: BTreeMap<String, ServerCommand> =
        SERVERS.iter().map(|server| ((*server).to_owned(), shim(server))).collect();
    let path = dir.join("mcp.json");
    fs::write(&path, serde_json::to_vec(&Config { servers })?)?;
    Ok(path)
}

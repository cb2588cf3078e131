//! One session's decisions: events in, effects out (design.md section 4).
//!
//! [`Engine::step`] is the only way in and its [`Step`] the only way out. It reads no clock, draws no
//! randomness, touches no file and never blocks; times and ids come in with events. **The same events
//! give the same effects**, which is what makes a recording enough to decide again, and a crashed gate
//! able to take up where its journal ends.
//!
//! Reading order: `step` (the one entry), `frames` (messages), `judge` (what is said of them), `tickets` (calls that wait), `lifecycle`
//! (connections that open, close and are resumed), `layers` (what operators put over the policy), `lists` (what an agent is shown); `budgets` (how often); `session` holds the state, `refusal` the words.

mod budgets;
mod definitions;
pub mod effect;
pub mod event;
mod frames;
mod inspected;
mod judge;
mod layers;
mod lifecycle;
pub mod limits;
mod lists;
mod memory;
mod permit;
mod references;
mod refusal;
mod relist;
mod reload;
mod results;
mod roots;
mod session;
mod shapes;
mod step;
mod tickets;

pub use effect::{Effect, Held, Settled, Step, Why};
pub use event::{
    Agent, Answer, At, Beside, CallId, ConnId, Digest, Event, Facts, Finding, Happening, Kind,
    Layered, Opened, Operator, Problem, Reloaded, Ruled, Seen, Severity, Started, TicketId,
    Unattended, Was,
};
pub use memory::{Lifetime, Remembered};
pub use permit::Permit;
pub use refusal::refuse_without_gate;
pub use step::{Engine, SnapshotError, Waiting};

//! What texts say beneath their surface: disguise undone, and what is out of place told with its evidence.
//!
//! Pure. A text is normalised once ([`normal::views`]), and every detector reads the same views; what it finds is told in
//! the bytes of the text as it came.

pub mod call;
pub mod effect;
pub mod finding;
pub mod hidden;
pub mod model;
pub mod normal;
pub mod order;
pub mod places;
pub mod redact;
pub mod report;
pub mod rule;
pub mod schema;
pub mod secrets;
pub mod shell;
pub mod size;
pub mod splice;
pub mod sql;
pub mod walk;

pub use call::Call;
pub use finding::Found;
pub use report::{Kind, Placed, Report, Worth};
pub use rule::{Rule, Severity};

//! What decides a session that begins: its policy by name, and what its user put over it.

use std::path::{Path, PathBuf};

use crate::engine::Started;
use crate::policy::{self, Policy};
use crate::store::home::Home;
use crate::store::policies::{self, InForce};

/// A shipped policy by its name, or a file by its absolute path. Checked here, so that nobody is wrapped under
/// a policy that cannot be read.
///
/// # Errors
/// No such policy, or one that cannot be read or is broken, in words.
pub fn load_policy(name: &str) -> Result<Policy, String> {
    is_known(name)?;
    policies::load(name)
}

/// Whether a name can be a policy's: a shipped one's or a path.
fn is_known(name: &str) -> Result<(), String> {
    if policy::shipped(name).is_none() && !Path::new(name).is_absolute() {
        let known: Vec<&str> = crate::policy::SHIPPED.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "no shipped policy is called {name}; there are {}, or give a file's absolute path",
            known.join(", ")
        ));
    }
    Ok(())
}

/// The text of a policy that loads. A shipped one does, a test says so; to do it takes longer than anything else of a
/// start.
pub(super) fn policy_text(name: &str) -> Result<String, String> {
    match policy::shipped(name) {
        Some(text) => Ok(text.to_owned()),
        None => Ok(load_policy(name)?.text().to_owned()),
    }
}

/// What decides a session that runs by this policy, which has to know its role.
pub(super) fn in_force(
    home: &Home,
    name: &str,
    role: Option<&str>,
    project: Option<&Path>,
) -> Result<InForce, String> {
    is_known(name)?;
    let mut in_force = InForce::read(home, name, project)?;
    if let Some(role) = role {
        let policy = match in_force.policy.take() {
            Some(policy) => policy,
            None => load_policy(name)?,
        };
        if !policy.knows_role(role) {
            return Err(format!(
                "the policy {name} has no role {role}: add it to agent_roles, or name one that is there"
            ));
        }
        in_force.policy = Some(policy);
    }
    Ok(in_force)
}

/// The files that were put over a recorded session's policy.
pub(super) fn amended_by(started: &Started) -> Vec<PathBuf> {
    started.amended_by.iter().map(PathBuf::from).collect()
}

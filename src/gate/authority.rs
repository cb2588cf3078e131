//! Who may answer (design.md section 3): nobody below a wrapped agent, and only from a terminal.
//!
//! Agents run as the same user, often with a shell, so the user id proves nothing. What an agent cannot
//! change is whose descendant its processes are, as long as the agent or its `tollgate run` lives.

use crate::proxy::peer::{self, Process};

/// The process at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its number, as the kernel noted it when it connected.
    pub pid: u32,
}

/// What is known of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not below any wrapped agent, with a terminal.
    Operator,
    /// Not below any wrapped agent, without a terminal.
    NoTerminal,
    /// Below this wrapped agent.
    Wrapped(Process),
    /// Its ancestry cannot be read: taken as wrapped.
    Unknown,
}

impl Peer {
    /// Where the peer stands towards the given roots of wrapped agents.
    #[must_use]
    pub fn standing(self, roots: &[Process]) -> Standing {
        let Some(chain) = peer::ancestry(self.pid) else { return Standing::Unknown };
        let below = chain.iter().map(|stat| stat.process).find(|process| roots.contains(process));
        match (below, chain.first()) {
            (Some(root), _) => Standing::Wrapped(root),
            (None, Some(own)) if own.tty != 0 => Standing::Operator,
            (None, _) => Standing::NoTerminal,
        }
    }

    /// `process 4711 (bash)`, for findings. The name is the process's own word.
    #[must_use]
    pub fn describe(self) -> String {
        let name = peer::stat(self.pid).map_or_else(|| "gone".to_owned(), |stat| stat.name);
        format!("process {} ({name})", self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descendant_of_a_root_is_wrapped_and_a_stranger_is_not() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let peer = Peer { pid: child.id() };
        let us = peer::stat(std::process::id()).unwrap().process;
        assert_eq!(peer.standing(&[us]), Standing::Wrapped(us));
        let later = Process { started: us.started + 1, ..us };
        assert!(!matches!(peer.standing(&[later]), Standing::Wrapped(_)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(peer.standing(&[]), Standing::Unknown);
    }
}

//! What became of a session's policy file while the session runs.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::console::model::peers::Session;
use crate::console::model::rules::Rules;
use crate::engine::{Facts, Reloaded, Severity};
use crate::text::{Safe, hex};

/// What the file is, beside what holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PolicyFile {
    /// It says what holds.
    #[default]
    Same,
    /// It cannot be read; what held before holds.
    Broken(Safe),
    /// It may allow more, and waits for an operator.
    Proposed {
        /// Of its text.
        digest: String,
        /// Its text.
        text: Arc<str>,
        /// What is other, in words.
        what: Safe,
    },
}

impl Session {
    /// The file changed, and the engine said what follows.
    pub(super) fn reloaded(&mut self, reloaded: &Reloaded, facts: Option<&Facts>) {
        let said = facts.and_then(|facts| facts.findings.first());
        let what = said.map(|finding| Safe::escape(&finding.what)).unwrap_or_default();
        match (reloaded, said.map(|finding| finding.severity)) {
            (_, Some(Severity::High)) => self.policy_file = PolicyFile::Broken(what),
            (Reloaded::Text(text), Some(Severity::Medium)) => {
                let digest = hex(&Sha256::digest(text));
                let text = Arc::from(text.as_str());
                self.policy_file = PolicyFile::Proposed { digest, text, what };
            }
            (Reloaded::Text(text), Some(_)) => self.in_force(text),
            (Reloaded::Text(_), None) | (Reloaded::Broken(_), _) => {}
        }
    }

    /// An operator took what the file says.
    pub(super) fn confirmed(&mut self, digest: &str) {
        if let PolicyFile::Proposed { digest: shown, text, .. } = &self.policy_file
            && shown == digest
        {
            let text = Arc::clone(text);
            self.in_force(&text);
        }
    }

    /// Rules count anew: hits of others under the same name are not theirs.
    fn in_force(&mut self, text: &str) {
        if *text != *self.policy_text {
            self.rules = Rules::of(self.policy.as_str(), text);
            self.policy_text = Arc::from(text);
        }
        self.policy_file = PolicyFile::Same;
    }
}

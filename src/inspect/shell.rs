//! What a command would do: its effects by the tree of the script, whatever it is written like.
//!
//! A command is parsed and gone through as a shell would, without doing anything: variables, functions, redirections,
//! pipes, substitutions, commands within commands (`sh -c`, `xargs`, `find -exec`, `sudo`) and texts that are encoded or
//! written to a file and then run. What is only said (`echo`, a message, a pattern to look for) does nothing.
//!
//! **Bounded**: [`TEXT_MAX`] bytes are read, [`STEPS_MAX`] commands are followed, [`NESTING_MAX`] commands within commands.
//! What goes beyond is told as [`UNPARSEABLE`](super::effect::rules::UNPARSEABLE), because nobody knows what it does.

mod act;
mod args;
mod code;
mod command;
mod expand;
pub mod fields;
mod output;
mod parse;
mod phrase;
mod run;
mod special;
mod syntax;
mod unquote;
mod value;

use self::run::Run;
pub use super::effect::Effect;
pub use super::places::Roots;
use super::rule::Severity;

/// Longest command that is read, in bytes.
pub const TEXT_MAX: usize = 64 * 1024;
/// Commands of a script that are followed.
pub const STEPS_MAX: usize = 2_048;
/// Commands within commands that are followed.
pub const NESTING_MAX: usize = 8;
/// Effects that are told: more say nothing new.
pub const EFFECTS_MAX: usize = 64;

/// All that a command would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shell {
    /// In the order in which they would happen; spans are of the command.
    pub effects: Vec<Effect>,
}

impl Shell {
    /// How bad the worst of it is.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.effects.iter().map(|effect| effect.severity).max()
    }
}

/// What a command would do in a project.
#[must_use]
pub fn effects(command: &str, roots: &Roots) -> Shell {
    let mut run = Run::new(command, roots);
    run.text(command, 0..command.len());
    Shell { effects: run.effects }
}

/// The words of a command as one line that a shell would read as these words.
#[must_use]
pub fn line(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    quoted.join(" ")
}

/// A word as a shell reads it back.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;

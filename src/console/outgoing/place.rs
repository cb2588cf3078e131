//! Where the console runs: which multiplexer, and what the environment says of the terminal.

/// A program between the console and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Mux {
    #[default]
    None,
    Tmux,
    Screen,
    Zellij,
}

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The innermost multiplexer, as far as its variable tells.
    pub mux: Mux,
    /// `TERM`.
    pub term: String,
    /// `TERM_PROGRAM`; inside a multiplexer it may be that of another terminal.
    pub program: String,
}

impl Place {
    /// By these variables.
    #[must_use]
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| variable(name).unwrap_or_default();
        let is_set = |name: &str| !value(name).is_empty();
        let term = value("TERM");
        // The variables of an outer multiplexer are inherited, TERM is the inner one's own.
        let mux = if is_set("ZELLIJ") {
            Mux::Zellij
        } else if is_set("TMUX") {
            Mux::Tmux
        } else if is_set("STY") || term.starts_with("screen") {
            Mux::Screen
        } else if term.starts_with("tmux") {
            Mux::Tmux
        } else {
            Mux::None
        };
        Self { mux, term, program: value("TERM_PROGRAM") }
    }

    /// Whether the terminal understands strings, such as titles and questions; the Linux console prints
    /// those that it does not know.
    #[must_use]
    pub fn has_strings(&self) -> bool {
        !matches!(self.term.as_str(), "" | "linux" | "dumb" | "vt100" | "vt220")
    }
}

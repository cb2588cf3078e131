//! Notifications: what they say, and how each terminal takes them.

use crate::console::outgoing::{Mux, Place, Plain, Sequence};

/// That calls wait. No payload, no name of a tool or a server: only what the operator's side chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notice {
    /// How many.
    pub waiting: u64,
    /// Their sessions, each once; those without a plain name are only counted.
    pub sessions: Vec<Option<Plain>>,
    /// Their tickets, as the command line names them: session and number. At most [`TICKETS_MAX`].
    pub tickets: Vec<(Plain, u64)>,
    /// Whether half of one's time is over.
    pub urgent: bool,
}

/// Tickets named to a command.
pub const TICKETS_MAX: usize = 32;

/// How to notify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// OSC 9: `iTerm2`, `WezTerm`, `Ghostty`.
    Osc9,
    /// OSC 777: urxvt, foot, VTE.
    Osc777,
    /// OSC 99: kitty.
    Osc99,
    /// BEL alone.
    Bell,
    /// A program of the operator's.
    Command,
    /// Not at all; the bell rings once for each call all the same.
    None,
}

impl Method {
    /// What suits the terminal: by its own word if it gave one, else by the environment. Variables survive
    /// into multiplexers, so the multiplexer comes first (console.md 2.9).
    #[must_use]
    pub fn auto(place: &Place, version: Option<&str>) -> Self {
        match place.mux {
            // Which terminal is around it cannot be known; most take this one.
            Mux::Tmux => return Self::Osc9,
            Mux::Screen | Mux::Zellij => return Self::Bell,
            Mux::None => {}
        }
        let said = version.unwrap_or(match place.program.as_str() {
            "" => &place.term,
            program => program,
        });
        let said = said.to_ascii_lowercase();
        let is = |names: &[&str]| names.iter().any(|name| said.starts_with(name));
        if is(&["kitty", "xterm-kitty"]) {
            Self::Osc99
        } else if is(&["iterm", "wezterm", "ghostty", "xterm-ghostty"]) {
            Self::Osc9
        } else if is(&["foot", "vte", "rxvt-unicode", "contour"]) {
            Self::Osc777
        } else {
            Self::Bell
        }
    }
}

impl Notice {
    /// The sequence for a terminal; empty where there is none to send. BEL is in it only for an urgent
    /// one: for a call that begins to wait it rang already.
    #[must_use]
    pub fn sequence(&self, method: Method, mux: Mux) -> Sequence {
        let bell = if self.urgent { Sequence::new().constant("\x07") } else { Sequence::new() };
        let string = match method {
            Method::Osc9 => {
                Sequence::new().constant("\x1b]9;tollgate: ").then(&self.body()).constant("\x1b\\")
            }
            Method::Osc777 => Sequence::new()
                .constant("\x1b]777;notify;tollgate;")
                .then(&self.body())
                .constant("\x1b\\"),
            // One id, so that a later one takes the place of the one before.
            Method::Osc99 => Sequence::new()
                .constant("\x1b]99;i=tollgate:d=0:o=unfocused;tollgate\x1b\\")
                .constant("\x1b]99;i=tollgate:d=1:p=body:u=")
                .number(if self.urgent { 2 } else { 1 })
                .constant(";")
                .then(&self.body())
                .constant("\x1b\\"),
            Method::Bell => return bell,
            Method::Command | Method::None => return Sequence::new(),
        };
        match mux {
            Mux::None => string,
            Mux::Tmux => string.through_tmux().then(&bell),
            Mux::Screen | Mux::Zellij => bell,
        }
    }

    /// `2 calls wait (cc-1)`; with the longest numbers and names far below the 180 bytes that
    /// notification services show.
    fn body(&self) -> Sequence {
        let calls = if self.waiting == 1 { " call waits" } else { " calls wait" };
        let text = Sequence::new().number(self.waiting).constant(calls);
        let text = if self.urgent { text.constant(", half the time is over") } else { text };
        match self.sessions.as_slice() {
            [Some(name)] => text.constant(" (").plain(name).constant(")"),
            [] | [None] => text,
            more => {
                let count = u64::try_from(more.len()).unwrap_or(u64::MAX);
                text.constant(" (").number(count).constant(" sessions)")
            }
        }
    }

    /// What a command is told, as variables: ids, no payload.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 4] {
        let sessions: Vec<&str> = self.sessions.iter().flatten().map(Plain::as_str).collect();
        let ticket = |(session, number): &(Plain, u64)| format!("{}.{number}", session.as_str());
        let tickets: Vec<String> = self.tickets.iter().take(TICKETS_MAX).map(ticket).collect();
        [
            ("TOLLGATE_NOTIFY_WAITING", self.waiting.to_string()),
            ("TOLLGATE_NOTIFY_SESSIONS", sessions.join(",")),
            ("TOLLGATE_NOTIFY_TICKETS", tickets.join(",")),
            ("TOLLGATE_NOTIFY_URGENT", if self.urgent { "1" } else { "0" }.to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::outgoing::title;

    const METHODS: [Method; 6] =
        [Method::Osc9, Method::Osc777, Method::Osc99, Method::Bell, Method::Command, Method::None];
    const MUXES: [Mux; 4] = [Mux::None, Mux::Tmux, Mux::Screen, Mux::Zellij];

    fn notice(waiting: u64, sessions: &[&str], urgent: bool) -> Notice {
        let sessions: Vec<Option<Plain>> = sessions.iter().map(|name| Plain::new(name)).collect();
        let tickets = sessions.iter().flatten().map(|name| (name.clone(), 7)).collect();
        Notice { waiting, sessions, tickets, urgent }
    }

    #[test]
    fn each_terminal_gets_its_own_form() {
        let one = notice(1, &["cc-1"], false);
        let two = notice(2, &["cc-1", "cx-2"], true);
        let table: [(&Notice, Method, Mux, &str); 12] = [
            (&one, Method::Osc9, Mux::None, "\x1b]9;tollgate: 1 call waits (cc-1)\x1b\\"),
            (
                &two,
                Method::Osc9,
                Mux::None,
                "\x1b]9;tollgate: 2 calls wait, half the time is over (2 sessions)\x1b\\",
            ),
            (&one, Method::Osc777, Mux::None, "\x1b]777;notify;tollgate;1 call waits (cc-1)\x1b\\"),
            (
                &one,
                Method::Osc99,
                Mux::None,
                "\x1b]99;i=tollgate:d=0:o=unfocused;tollgate\x1b\\\
                 \x1b]99;i=tollgate:d=1:p=body:u=1;1 call waits (cc-1)\x1b\\",
            ),
            (
                &one,
                Method::Osc9,
                Mux::Tmux,
                "\x1bPtmux;\x1b\x1b]9;tollgate: 1 call waits (cc-1)\x1b\x1b\\\x1b\\",
            ),
            (
                &two,
                Method::Osc9,
                Mux::Tmux,
                "\x1bPtmux;\x1b\x1b]9;tollgate: 2 calls wait, half the time is over (2 sessions)\
                 \x1b\x1b\\\x1b\\\x07",
            ),
            (&two, Method::Osc9, Mux::Screen, "\x07"),
            (&two, Method::Osc777, Mux::Zellij, "\x07"),
            (&one, Method::Bell, Mux::None, ""),
            (&two, Method::Bell, Mux::None, "\x07"),
            (&two, Method::None, Mux::None, ""),
            (
                &notice(3, &["a;b"], false),
                Method::Osc9,
                Mux::None,
                "\x1b]9;tollgate: 3 calls wait\x1b\\",
            ),
        ];
        for (notice, method, mux, expected) in table {
            let sequence = notice.sequence(method, mux);
            assert_eq!(String::from_utf8_lossy(sequence.bytes()), expected, "{method:?} {mux:?}");
        }
    }

    #[test]
    fn the_method_follows_the_terminal() {
        type Case = (&'static [(&'static str, &'static str)], Option<&'static str>, Method);
        let table: [Case; 12] = [
            (&[("TERM", "xterm-256color")], None, Method::Bell),
            (&[("TERM", "xterm-256color")], Some("kitty(0.35.2)"), Method::Osc99),
            (&[("TERM", "xterm-256color")], Some("VTE(7600)"), Method::Osc777),
            (&[("TERM", "xterm-256color")], Some("XTerm(390)"), Method::Bell),
            (&[("TERM", "xterm-kitty")], None, Method::Osc99),
            (&[("TERM", "foot")], None, Method::Osc777),
            (&[("TERM", "xterm"), ("TERM_PROGRAM", "WezTerm")], None, Method::Osc9),
            (&[("TERM", "xterm"), ("TERM_PROGRAM", "WezTerm")], Some("foot(1.16)"), Method::Osc777),
            (&[("TERM", "tmux-256color"), ("TMUX", "/x,1,0")], Some("kitty"), Method::Osc9),
            (&[("TERM", "screen"), ("TERM_PROGRAM", "kitty")], None, Method::Bell),
            (&[("TERM", "xterm-kitty"), ("ZELLIJ", "0")], None, Method::Bell),
            (&[], None, Method::Bell),
        ];
        for (pairs, version, expected) in table {
            let place = Place::of(&|name| {
                pairs.iter().find(|(k, _)| *k == name).map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(Method::auto(&place, version), expected, "{pairs:?} {version:?}");
        }
    }

    #[test]
    fn a_command_is_told_ids() {
        let variables = notice(2, &["cc-1", "cx-2", "\u{1b}"], true).variables();
        let values: Vec<&str> = variables.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["2", "cc-1,cx-2", "cc-1.7,cx-2.7", "1"]);
    }

    proptest! {
        /// Every byte is a constant's, a digit, or of a plain name; and the name changes nothing but
        /// itself, so that it cannot end a string or begin one.
        #[test]
        fn no_other_byte_gets_out(
            waiting in any::<u64>(),
            names in prop::collection::vec(prop_oneof![any::<String>(), "[A-Za-z0-9_.-]{1,60}"], 0..4),
            urgent in any::<bool>(),
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let notice = notice(waiting, &names, urgent);
            for method in METHODS {
                for mux in MUXES {
                    let bytes = notice.sequence(method, mux).bytes().to_vec();
                    let known = |byte: &u8| byte.is_ascii_alphanumeric()
                        || b"\x1b\x07\\];:=(), _.-".contains(byte);
                    prop_assert!(bytes.iter().all(known), "{bytes:?}");
                    prop_assert!(bytes.len() <= 180 + 80, "{} bytes", bytes.len());
                    let tame = Notice {
                        sessions: notice.sessions.iter().map(|s| s.as_ref().and(Plain::new("x"))).collect(),
                        ..notice.clone()
                    };
                    let text = String::from_utf8(bytes).unwrap();
                    let expected = String::from_utf8(tame.sequence(method, mux).bytes().to_vec()).unwrap();
                    let named = if let [Some(name)] = notice.sessions.as_slice() {
                        text.replace(&format!("({})", name.as_str()), "(x)")
                    } else {
                        text
                    };
                    prop_assert_eq!(named, expected);
                }
            }
            let title = title(waiting);
            let digits = title.bytes().iter().filter(|byte| byte.is_ascii_digit()).count();
            prop_assert!(digits <= 21 && title.bytes().ends_with(b"tollgate\x1b\\"));
        }
    }
}

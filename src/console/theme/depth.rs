//! How many colours there are.

use std::fmt;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: `NO_COLOR`, `--color never`, a dumb terminal.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// The indexed palette.
    Indexed,
    /// Any.
    True,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorWhen {
    /// As the environment says.
    #[default]
    Auto,
    /// Colours, as many as the environment says there are, also where it asks for none.
    Always,
    /// This many.
    Exactly(Depth),
}

impl Depth {
    /// The depth for `--color` and these variables (console.md 2.7), the first that applies:
    ///
    /// 1. what `--color` says exactly;
    /// 2. `NO_COLOR`, if it is not empty, means none, and so does `TERM=dumb` unless `CLICOLOR_FORCE`
    ///    is set to anything but `0`; `--color always` overrules both;
    /// 3. `COLORTERM` says `truecolor` or `24bit`, or `TERM` ends in `-direct`: all of them; but inside
    ///    tmux, where the variable may be that of another terminal, only if `tmux_is_true` finds that
    ///    tmux itself passes them on, else 256;
    /// 4. `TERM` has `256color`, or is tmux's: 256;
    /// 5. sixteen.
    #[must_use]
    pub fn of(
        when: ColorWhen,
        variable: &dyn Fn(&str) -> Option<String>,
        tmux_is_true: &dyn Fn() -> bool,
    ) -> Self {
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = value("TERM").unwrap_or_default();
        let forced = value("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let plain = value("NO_COLOR").is_some() || (term == "dumb" && !forced);
        match when {
            ColorWhen::Exactly(depth) => return depth,
            ColorWhen::Auto if plain => return Self::None,
            ColorWhen::Auto | ColorWhen::Always => {}
        }
        let said =
            value("COLORTERM").is_some_and(|v| v.contains("truecolor") || v.contains("24bit"));
        let in_tmux = value("TMUX").is_some();
        if said || term.ends_with("-direct") {
            let all = !in_tmux || tmux_is_true();
            return if all { Self::True } else { Self::Indexed };
        }
        if term.contains("256color") || in_tmux { Self::Indexed } else { Self::Sixteen }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Sixteen => "16",
            Self::Indexed => "256",
            Self::True => "true",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_the_depth() {
        use ColorWhen::{Always, Auto, Exactly};
        type Pairs = &'static [(&'static str, &'static str)];
        let table: [(ColorWhen, Pairs, Depth); 19] = [
            (Auto, &[("NO_COLOR", "1"), ("TERM", "xterm")], Depth::None),
            (Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Depth::None),
            (Auto, &[("NO_COLOR", ""), ("TERM", "xterm")], Depth::Sixteen),
            (Auto, &[("TERM", "dumb")], Depth::None),
            (Auto, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "0")], Depth::None),
            (Auto, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], Depth::Sixteen),
            (Auto, &[("TERM", "tmux-256color")], Depth::Indexed),
            (Auto, &[("TERM", "xterm"), ("COLORTERM", "truecolor")], Depth::True),
            (Auto, &[("TERM", "xterm"), ("COLORTERM", "24bit")], Depth::True),
            (Auto, &[("TERM", "xterm"), ("COLORTERM", "yes")], Depth::Sixteen),
            (Auto, &[("TERM", "xterm-direct")], Depth::True),
            (Auto, &[("TERM", "linux")], Depth::Sixteen),
            (Auto, &[], Depth::Sixteen),
            (Auto, &[("TERM", "screen"), ("TMUX", "/tmp/x,1,0")], Depth::Indexed),
            (Auto, &[("TMUX", "/tmp/x,1,0"), ("COLORTERM", "truecolor")], Depth::Indexed),
            (Always, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], Depth::True),
            (Always, &[("TERM", "dumb")], Depth::Sixteen),
            (Exactly(Depth::None), &[("COLORTERM", "truecolor")], Depth::None),
            (Exactly(Depth::True), &[("NO_COLOR", "1"), ("TERM", "dumb")], Depth::True),
        ];
        for (when, pairs, expected) in table {
            let variable =
                |name: &str| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned());
            assert_eq!(Depth::of(when, &variable, &|| false), expected, "{when:?} {pairs:?}");
        }
        let tmux =
            |name: &str| ["TMUX", "COLORTERM"].contains(&name).then(|| "truecolor".to_owned());
        assert_eq!(Depth::of(Auto, &tmux, &|| true), Depth::True);
    }
}

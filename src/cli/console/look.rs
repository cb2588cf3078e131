//! How the console is to look: `--theme`, `--color`, `--ascii`.

use std::io::Read as _;
use std::time::Duration;

use crate::console::{ColorWhen, Depth, Theme, Themes, outgoing};

/// How long tmux may take to say which colours it passes on; it takes some 5 ms.
const TMUX_LIMIT: Duration = Duration::from_millis(100);
/// A theme file has some 2 KiB; what is far larger is none.
const THEME_BYTES_MAX: u64 = 256 * 1024;

/// Arguments for the looks.
#[derive(Debug, clap::Args)]
pub struct Look {
    /// A shipped theme, a pair of them that follows the terminal's background (auto, okabe), or a theme file.
    #[arg(long, value_name = "THEME", default_value = "base16", long_help = long_help())]
    pub(super) theme: String,
    /// Draw borders without box characters.
    #[arg(long)]
    pub(super) ascii: bool,
    /// Leave the mouse to the terminal, which then selects text without Shift.
    #[arg(long)]
    pub(super) no_mouse: bool,
    /// Let clocks and countdowns go on each ten seconds, not each second.
    #[arg(long)]
    pub(super) reduced_motion: bool,
    /// How many colours to use; auto goes by the terminal and `NO_COLOR`.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
}

/// `--color`.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Color {
    /// As the terminal and `NO_COLOR` say.
    #[default]
    Auto,
    /// None: weight and words remain.
    #[value(alias = "never")]
    None,
    /// The terminal's own sixteen.
    #[value(name = "16")]
    Sixteen,
    /// The palette of 256.
    #[value(name = "256")]
    Indexed,
    /// All.
    True,
    /// As the terminal says, also where `NO_COLOR` is set.
    #[value(hide = true)]
    Always,
}

fn long_help() -> String {
    let shipped: Vec<&str> = Theme::shipped().collect();
    format!(
        "A shipped theme ({}), a pair of them that follows the terminal's background (auto: light or dark, \
         okabe: likewise), or a theme file",
        shipped.join(", ")
    )
}

impl Look {
    /// Where themes come from, for this terminal.
    pub(super) fn themes(&self) -> Themes {
        let when = match self.color {
            Color::Auto => ColorWhen::Auto,
            Color::Always => ColorWhen::Always,
            Color::None => ColorWhen::Exactly(Depth::None),
            Color::Sixteen => ColorWhen::Exactly(Depth::Sixteen),
            Color::Indexed => ColorWhen::Exactly(Depth::Indexed),
            Color::True => ColorWhen::Exactly(Depth::True),
        };
        let depth = Depth::of(when, &|variable| std::env::var(variable).ok(), &tmux_is_true);
        Box::new(move |name| load(name, depth))
    }
}

/// A shipped theme by its name, or else a file.
fn load(name: &str, depth: Depth) -> Result<Theme, String> {
    if let Some(theme) = Theme::named(name, depth) {
        return theme.map_err(|error| error.to_string());
    }
    let text = std::fs::File::open(name).and_then(|file| {
        let mut text = String::new();
        file.take(THEME_BYTES_MAX).read_to_string(&mut text)?;
        Ok(text)
    });
    let text = text.map_err(|error| {
        let shipped: Vec<&str> = Theme::shipped().collect();
        format!("read the theme {name}: {error} (shipped themes: {})", shipped.join(", "))
    })?;
    Theme::parse(name, &text, depth).map_err(|error| error.to_string())
}

/// Whether tmux says that the terminal around it takes all colours. A tmux that does not answer at once is
/// one that passes on 256.
fn tmux_is_true() -> bool {
    let question = ["tmux", "display-message", "-p", "#{client_termfeatures}"];
    let features = outgoing::program::ask(&question, TMUX_LIMIT);
    features.is_ok_and(|features| features.trim().split(',').any(|feature| feature == "RGB"))
}

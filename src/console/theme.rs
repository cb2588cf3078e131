//! Colours by meaning. A theme file gives each role a style; views name roles, never colours.
//!
//! **Meaning is never carried by colour alone**: the verdicts have words, which the loader requires to
//! differ, and foreign text takes no weight or reversal that could pass it off as ours.
//!
//! A theme either leaves the background to the terminal (`base16`, `mono`: its colours are the ones that its
//! owner can read) or paints its own (`screen` has a `bg`). For those that do, a test holds every text to a
//! contrast of 4.5 to 1, so they say nothing of a terminal that they do not know.

mod depth;
mod file;
mod nearest;
mod role;

use file::{PARENTS_MAX, Source};
use ratatui::style::Style;

use crate::policy::Verdict;

pub use depth::{ColorWhen, Depth};
pub use file::ThemeError;
use role::ROLES;
pub use role::Role;

/// Themes that are part of the binary; the first is the default.
const SHIPPED: [(&str, &str); 7] = [
    ("base16", include_str!("../../themes/base16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("okabe-dark", include_str!("../../themes/okabe-dark.toml")),
    ("okabe-light", include_str!("../../themes/okabe-light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
];

/// A style for every role and a word for every verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: Vec<Style>,
    words: [String; 4],
}

impl Theme {
    /// The names of the themes in the binary.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        SHIPPED.into_iter().map(|(name, _)| name)
    }

    /// A theme of the binary, by name.
    #[must_use]
    pub fn named(name: &str, depth: Depth) -> Option<Result<Self, ThemeError>> {
        let (name, text) = SHIPPED.into_iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(name, text, depth))
    }

    /// The theme that a name stands for once the terminal's background is known: `auto` and `okabe` are
    /// pairs, every other name is itself. Where the background is not known, `auto` is the theme that suits
    /// any.
    #[must_use]
    pub fn pick(name: &str, background: Option<(u8, u8, u8)>) -> &str {
        let dark = background.map(|(red, green, blue)| {
            // The luma of analogue television; a background is rarely near the middle.
            let luma = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
            luma < 128_000
        });
        match (name, dark) {
            ("auto", None) => "base16",
            ("auto", Some(true)) => "dark",
            ("auto", Some(false)) => "light",
            ("okabe", None | Some(true)) => "okabe-dark",
            ("okabe", Some(false)) => "okabe-light",
            _ => name,
        }
    }

    /// Whether a name is that of a pair, so that the background matters.
    #[must_use]
    pub fn is_pair(name: &str) -> bool {
        Self::pick(name, None) != name
    }

    /// The default theme.
    ///
    /// # Errors
    /// Never in a released binary: a test loads every shipped theme.
    pub fn standard(depth: Depth) -> Result<Self, ThemeError> {
        let (name, text) = SHIPPED.first().copied().unwrap_or_default();
        Self::parse(name, text, depth)
    }

    /// Reads a theme file's text. Roles that it does not name come from its `parent`, and without one from
    /// `base16`.
    ///
    /// # Errors
    /// Names the line and column of anything that is not a theme.
    pub fn parse(theme: &str, text: &str, depth: Depth) -> Result<Self, ThemeError> {
        let mut built = Self {
            styles: vec![Style::new(); ROLES.len()],
            words: ["ok", "mark", "ASK", "DENY"].map(str::to_owned),
        };
        if let Some((theme, text)) = SHIPPED.first() {
            built.layer(&Source { theme, text, depth }, PARENTS_MAX)?;
        }
        built.layer(&Source { theme, text, depth }, PARENTS_MAX)?;
        Ok(built)
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        // The table of names is in the order of the enum, which a test holds.
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The role and the word of a verdict.
    #[must_use]
    pub fn verdict(&self, verdict: Verdict) -> (Role, &str) {
        let [allow, mark, ask, deny] = &self.words;
        match verdict {
            Verdict::Allow => (Role::VerdictAllow, allow),
            Verdict::Mark => (Role::VerdictMark, mark),
            Verdict::Ask => (Role::VerdictAsk, ask),
            Verdict::Deny => (Role::VerdictDeny, deny),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::nearest::tests::shown;
    use super::*;

    const DEPTHS: [Depth; 4] = [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True];
    const VERDICTS: [Verdict; 4] = [Verdict::Allow, Verdict::Mark, Verdict::Ask, Verdict::Deny];

    #[test]
    fn every_shipped_theme_loads_names_every_role_and_tells_verdicts_apart() {
        for (name, text) in SHIPPED {
            for depth in DEPTHS {
                let theme = Theme::parse(name, text, depth).unwrap();
                let mut words = VERDICTS.map(|v| theme.verdict(v).1).to_vec();
                words.dedup();
                assert_eq!(words.len(), 4, "{name}");
                if depth == Depth::None {
                    assert!(theme.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()));
                }
            }
            for (_, role) in ROLES {
                assert!(text.contains(&format!("\n{role} = ")), "{name} lacks {role}");
            }
            assert!(text.contains(&format!("name = \"{name}\"\n")), "{name} is called otherwise");
        }
    }

    /// WCAG 2.1, relative luminance.
    fn luminance(rgb: [u8; 3]) -> f64 {
        let [red, green, blue] = rgb.map(|channel| {
            let level = f64::from(channel) / 255.0;
            if level <= 0.03928 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG 2.1, contrast ratio.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        (one / other).max(other / one)
    }

    #[test]
    fn every_text_of_a_theme_with_a_background_can_be_read() {
        let mut painted = Vec::new();
        for (name, text) in SHIPPED {
            for depth in [Depth::Indexed, Depth::True] {
                let theme = Theme::parse(name, text, depth).unwrap();
                let screen = theme.style(Role::Screen);
                let Some(paper) = screen.bg else { continue };
                painted.push(name);
                for (role, label) in ROLES {
                    let style = screen.patch(theme.style(role));
                    let ink = shown(style.fg.unwrap()).expect("a colour of its own");
                    let under = shown(style.bg.unwrap()).expect("a background of its own");
                    let least = match (role, name) {
                        // Lines are no text: WCAG asks 3 of what is not.
                        (Role::Border, _) => 3.0,
                        (_, "high-contrast") => 7.0,
                        _ => 4.5,
                    };
                    let found = contrast(ink, under);
                    assert!(found >= least, "{name}, {depth}: {label} has {found:.2}");
                    // A word in a row of another background, as a key in the hint line, is on the paper.
                    if style.bg != Some(paper) {
                        let reversed =
                            style.add_modifier.contains(ratatui::style::Modifier::REVERSED);
                        assert!(reversed, "{name}: without colours {label} is not set apart");
                    }
                }
            }
        }
        painted.dedup();
        assert_eq!(painted, ["dark", "light", "okabe-dark", "okabe-light", "high-contrast"]);
    }

    #[test]
    fn a_pair_follows_the_background_and_every_theme_it_names_is_shipped() {
        for (name, unknown, dark, light) in [
            ("auto", "base16", "dark", "light"),
            ("okabe", "okabe-dark", "okabe-dark", "okabe-light"),
            ("mono", "mono", "mono", "mono"),
            ("my.toml", "my.toml", "my.toml", "my.toml"),
        ] {
            assert_eq!(Theme::pick(name, None), unknown);
            assert_eq!(Theme::pick(name, Some((0x28, 0x2c, 0x34))), dark);
            assert_eq!(Theme::pick(name, Some((0xfd, 0xf6, 0xe3))), light);
            assert_eq!(Theme::is_pair(name), ["auto", "okabe"].contains(&name));
            let shipped = |name| Theme::shipped().any(|known| known == name);
            assert!(name == "my.toml" || [unknown, dark, light].into_iter().all(shipped));
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let table = [
            ("[role]\nverdict.aks = {}", "2:9 no such role: verdict.aks"),
            ("[role]\nuntrusted.text = { mods = [\"bold\"] }", "2:28 foreign text takes no mods"),
            ("[role]\ntext = { fg = \"mauve\" }", "2:15 no such colour"),
            ("[role]\ntext = { fg = 256 }", "2:15 no such colour"),
            ("[role]\ntext = { fg = -1 }", "2:15 no such colour"),
            ("[role]\ntext = { bg = \"#12345\" }", "2:15 no such colour"),
            ("[role]\ntext = { fg = true }", "2:15 no such colour"),
            ("[role]\ntext = { fg = { rgb = \"#123456\" } }", "2:15 no such colour"),
            ("[role]\ntext = { mods = [\"blink\"] }", "2:18 no such mod"),
            ("[role]\ntext = { mods = [1] }", "2:18 no such mod"),
            ("[role]\ntext = { mods = \"bold\" }", "2:17 a list is due here"),
            ("[role]\ntext = \"red\"", "2:8 a table is due here"),
            ("[role]\ntext = { colour = 1 }", "2:10 no such role: text.colour"),
            ("[role]\nverdict = { fg = \"red\" }", "2:11 \"verdict\" is a group"),
            ("[role]\nverdict.ask = { sym = \"ok\" }", "1:1 each verdict needs"),
            ("[role]\nverdict.ask = { sym = \"OK\" }", "1:1 each verdict needs"),
            ("[role]\nverdict.ask = { sym = \"\" }", "2:23 a `sym` has one to six"),
            ("[role]\nverdict.ask = { sym = \"\u{e9}\" }", "2:23 a `sym` has one to six"),
            ("[role]\nverdict.ask = { sym = \"sevenof\" }", "2:23 a `sym` has one to six"),
            ("[role]\ntext = { sym = \"x\" }", "2:16 only verdicts have a `sym`"),
            ("role = 1", "1:8 a table is due here"),
            ("palette = 1\n[role]", "1:11 a table is due here"),
            ("[palette]\nsun = {}\n[role]", "2:7 a colour needs"),
            ("[palette]\nsun = { hsl = 1 }\n[role]", "2:9 no such key: \"hsl\""),
            ("[palette]\nsun = { rgb = \"red\" }\n[role]", "2:15 `rgb` is"),
            ("[palette]\nsun = { c256 = \"red\" }\n[role]", "2:16 `c256` is"),
            ("[palette]\nsun = { c16 = \"#123456\" }\n[role]", "2:15 `c16` is"),
            ("[palette]\nsun = \"moon\"\n[role]", "2:7 no such colour"),
            ("parent = \"noir\"\n[role]", "1:10 no such parent"),
            ("parent = 1\n[role]", "1:10 no such parent"),
            ("name = 1\n[role]", "1:8 a name in quotes"),
            ("colour = 1\n[role]", "1:1 no such key"),
            ("[role\n", "1:6 "),
            ("[role]\ntext = {}\ntext = {}", "3:1 duplicate key"),
            ("name = \"x\"", "1:1 the table [role] is missing"),
            ("", "1:1 the table [role] is missing"),
        ];
        for (text, expected) in table {
            for depth in DEPTHS {
                let error = Theme::parse("test", text, depth).unwrap_err();
                let shown = format!("{}:{} {}", error.line, error.column, error.what);
                assert!(shown.starts_with(expected), "{text:?}: {shown}");
            }
        }
    }

    #[test]
    fn a_palette_follows_the_depth_and_a_parent_fills_in() {
        let text = "parent = \"okabe-dark\"\n[palette]\nsun = { rgb = \"#e69f00\", c256 = 214, c16 = \
                    \"yellow\" }\n[role]\nverdict.ask = { fg = \"sun\", sym = \"ASK\" }";
        let fg = |depth| Theme::parse("t", text, depth).unwrap().style(Role::VerdictAsk).fg;
        assert_eq!(fg(Depth::None), None);
        assert_eq!(fg(Depth::Sixteen), Some(Color::Yellow));
        assert_eq!(fg(Depth::Indexed), Some(Color::Indexed(214)));
        assert_eq!(fg(Depth::True), Some(Color::Rgb(230, 159, 0)));
        let filled = Theme::parse("t", text, Depth::True).unwrap().style(Role::VerdictDeny);
        assert_eq!(filled.fg, Some(Color::Rgb(74, 163, 223)));
        let orphan = Theme::parse("t", "[role]\ntext = {}", Depth::True).unwrap();
        assert_eq!(orphan.style(Role::VerdictDeny).fg, Some(Color::Red));
    }
}

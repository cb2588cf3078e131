//! Colours by meaning. A theme file gives each role a style; views name roles, never colours.
//!
//! **Meaning is never carried by colour alone**: the verdicts have words, which the loader requires to
//! differ, and foreign text takes no weight or reversal that could pass it off as ours.

use std::fmt;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::policy::Verdict;

/// Themes that are part of the binary.
const SHIPPED: [(&str, &str); 2] = [
    ("base16", include_str!("../../themes/base16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];
/// How long a chain of `parent`s may be.
const PARENTS_MAX: usize = 4;

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the theme file, told in docs/console.md")]
pub enum Role {
    Chrome,
    ChromeAlert,
    Border,
    BorderFocus,
    Title,
    Text,
    Dim,
    Key,
    Selected,
    Untrusted,
    UntrustedKey,
    UntrustedToken,
    VerdictAllow,
    VerdictMark,
    VerdictAsk,
    VerdictDeny,
    Failed,
    RiskLow,
    RiskMedium,
    RiskHigh,
    Finding,
    DiffAdd,
    DiffRemove,
    Code,
}

/// Every role and its name in a file, in the order of the enum.
const ROLES: [(Role, &str); 24] = [
    (Role::Chrome, "chrome.row"),
    (Role::ChromeAlert, "chrome.alert"),
    (Role::Border, "border.plain"),
    (Role::BorderFocus, "border.focus"),
    (Role::Title, "title"),
    (Role::Text, "text"),
    (Role::Dim, "dim"),
    (Role::Key, "key"),
    (Role::Selected, "selected"),
    (Role::Untrusted, "untrusted.text"),
    (Role::UntrustedKey, "untrusted.key"),
    (Role::UntrustedToken, "untrusted.token"),
    (Role::VerdictAllow, "verdict.allow"),
    (Role::VerdictMark, "verdict.mark"),
    (Role::VerdictAsk, "verdict.ask"),
    (Role::VerdictDeny, "verdict.deny"),
    (Role::Failed, "failed"),
    (Role::RiskLow, "risk.low"),
    (Role::RiskMedium, "risk.medium"),
    (Role::RiskHigh, "risk.high"),
    (Role::Finding, "finding"),
    (Role::DiffAdd, "diff.add"),
    (Role::DiffRemove, "diff.remove"),
    (Role::Code, "code"),
];

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
    /// Colours, whatever the environment says.
    Always,
    /// No colours.
    Never,
}

impl Depth {
    /// The depth for `--color` and these variables: `NO_COLOR` (not empty) and `TERM=dumb` switch
    /// colours off, `COLORTERM` and `TERM` tell how many there are.
    #[must_use]
    pub fn of(when: ColorWhen, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, hint: &str| variable(name).is_some_and(|value| value.contains(hint));
        let plain =
            variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || is("TERM", "dumb");
        match when {
            ColorWhen::Never => Self::None,
            ColorWhen::Auto if plain => Self::None,
            ColorWhen::Auto | ColorWhen::Always => {
                if is("COLORTERM", "truecolor") || is("COLORTERM", "24bit") {
                    Self::True
                } else if is("TERM", "256color") {
                    Self::Indexed
                } else {
                    Self::Sixteen
                }
            }
        }
    }
}

/// Where a theme file is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the theme {theme}: line {line}, column {column}: {what}")]
pub struct ThemeError {
    /// The theme's name or file.
    pub theme: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

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

    /// The default theme.
    ///
    /// # Errors
    /// Never in a released binary: a test loads every shipped theme.
    pub fn standard(depth: Depth) -> Result<Self, ThemeError> {
        let (name, text) = SHIPPED.first().copied().unwrap_or_default();
        Self::parse(name, text, depth)
    }

    /// Reads a theme file's text. Roles that it does not name come from its `parent`, in the end from
    /// `base16`.
    ///
    /// # Errors
    /// Names the line and column of anything that is not a theme.
    pub fn parse(theme: &str, text: &str, depth: Depth) -> Result<Self, ThemeError> {
        let mut built = Self {
            styles: vec![Style::new(); ROLES.len()],
            words: ["ok", "mark", "ASK", "DENY"].map(str::to_owned),
        };
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

    fn layer(&mut self, source: &Source<'_>, parents_left: usize) -> Result<(), ThemeError> {
        let table = DeTable::parse(source.text).map_err(|error| {
            source.error(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut palette = Vec::new();
        let mut roles = None;
        let mut parent = None;
        for (key, value) in table.get_ref() {
            match key.get_ref().as_ref() {
                "name" => {}
                "parent" => parent = Some(value),
                "palette" => palette = source.palette(value)?,
                "role" => roles = Some(value),
                other => {
                    let what = format!("no such key: {other:?} (name, parent, palette, role)");
                    return Err(source.error(key.span().start, what));
                }
            }
        }
        if let Some(parent) = parent {
            let name = parent.get_ref().as_str().unwrap_or_default();
            let found = SHIPPED.into_iter().find(|(known, _)| *known == name);
            match (found, parents_left.checked_sub(1)) {
                (Some((theme, text)), Some(left)) => {
                    self.layer(&Source { theme, text, depth: source.depth }, left)?;
                }
                _ => return Err(source.error(parent.span().start, no_parent(name))),
            }
        }
        match roles {
            Some(roles) => self.roles(source, &palette, roles, "")?,
            None => return Err(source.error(0, "the table [role] is missing".to_owned())),
        }
        let mut words: Vec<String> = self.words.iter().map(|w| w.to_lowercase()).collect();
        words.sort();
        words.dedup();
        if words.len() < self.words.len() || words.iter().any(String::is_empty) {
            let at = roles.map_or(0, |roles| roles.span().start);
            let what = "each verdict needs a `sym` of its own: colour alone tells nothing";
            return Err(source.error(at, what.to_owned()));
        }
        Ok(())
    }

    /// Walks `role.a.b = { fg, bg, mods, sym }`; a table may be a role and hold further ones.
    fn roles(
        &mut self,
        source: &Source<'_>,
        palette: &[(String, Option<Color>)],
        table: &Spanned<DeValue<'_>>,
        path: &str,
    ) -> Result<(), ThemeError> {
        let Some(entries) = table.get_ref().as_table() else {
            return Err(source.error(table.span().start, "a table is due here".to_owned()));
        };
        let mut style = Style::new();
        let mut own = entries.is_empty();
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let color = || source.color(palette, value);
            match name {
                "fg" => style.fg = color()?,
                "bg" => style.bg = color()?,
                "mods" => style = style.add_modifier(source.mods(value, path)?),
                "sym" => self.word(source, value, path)?,
                _ => {
                    let below =
                        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    let known = ROLES
                        .iter()
                        .any(|(_, role)| *role == below || role.starts_with(&format!("{below}.")));
                    if !known {
                        let what = format!("no such role: {below}");
                        return Err(source.error(key.span().start, what));
                    }
                    self.roles(source, palette, value, &below)?;
                    continue;
                }
            }
            own = true;
        }
        let at = ROLES.iter().position(|(_, role)| *role == path);
        match at.and_then(|at| self.styles.get_mut(at)) {
            Some(slot) if own => *slot = style,
            None if own => {
                let what = format!("{path:?} is a group of roles, not a role");
                return Err(source.error(table.span().start, what));
            }
            _ => {}
        }
        Ok(())
    }

    fn word(
        &mut self,
        source: &Source<'_>,
        value: &Spanned<DeValue<'_>>,
        path: &str,
    ) -> Result<(), ThemeError> {
        let [allow, mark, ask, deny] = &mut self.words;
        let slot = match path {
            "verdict.allow" => allow,
            "verdict.mark" => mark,
            "verdict.ask" => ask,
            "verdict.deny" => deny,
            _ => {
                let what = "only verdicts have a `sym`".to_owned();
                return Err(source.error(value.span().start, what));
            }
        };
        match value.get_ref().as_str() {
            Some(word)
                if (1..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                word.clone_into(slot);
                Ok(())
            }
            _ => {
                let what = "a `sym` has one to six ASCII characters".to_owned();
                Err(source.error(value.span().start, what))
            }
        }
    }
}

fn no_parent(name: &str) -> String {
    let known: Vec<&str> = Theme::shipped().collect();
    format!("no such parent: {name:?} ({})", known.join(", "))
}

/// A file that is being read.
struct Source<'a> {
    theme: &'a str,
    text: &'a str,
    depth: Depth,
}

impl Source<'_> {
    fn error(&self, offset: usize, what: String) -> ThemeError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        ThemeError {
            theme: self.theme.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(start..).map_or(0, |tail| tail.chars().count()) + 1,
            what,
        }
    }

    fn palette(
        &self,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<(String, Option<Color>)>, ThemeError> {
        let Some(entries) = value.get_ref().as_table() else {
            return Err(self.error(value.span().start, "a table is due here".to_owned()));
        };
        entries
            .iter()
            .map(|(key, value)| Ok((key.get_ref().to_string(), self.entry(value)?)))
            .collect()
    }

    /// A palette's entry: one colour, or `{ rgb, c256, c16 }` for terminals of different depth.
    fn entry(&self, value: &Spanned<DeValue<'_>>) -> Result<Option<Color>, ThemeError> {
        let Some(table) = value.get_ref().as_table() else {
            return self.color(&[], value);
        };
        let wanted = match self.depth {
            Depth::None => &[][..],
            Depth::Sixteen => &["c16"][..],
            Depth::Indexed => &["c256", "c16"][..],
            Depth::True => &["rgb", "c256", "c16"][..],
        };
        for (key, _) in table {
            if !["rgb", "c256", "c16"].contains(&key.get_ref().as_ref()) {
                let what = format!("no such key: {:?} (rgb, c256, c16)", key.get_ref());
                return Err(self.error(key.span().start, what));
            }
        }
        let found = wanted.iter().find_map(|name| table.get(*name));
        found.map_or(Ok(None), |value| self.color(&[], value))
    }

    /// A colour that the terminal cannot show is left out; weight and words carry the meaning.
    fn color(
        &self,
        palette: &[(String, Option<Color>)],
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Option<Color>, ThemeError> {
        let wrong = || {
            let what = "no such colour: give a name of the palette or of the sixteen, 0 to 255, \
                        \"#rrggbb\" or \"default\"";
            self.error(value.span().start, what.to_owned())
        };
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => return Err(wrong()),
        };
        if let Some((_, color)) = palette.iter().find(|(name, _)| *name == text) {
            return Ok(*color);
        }
        if text == "default" {
            return Ok((self.depth > Depth::None).then_some(Color::Reset));
        }
        let color: Color = text.parse().map_err(|_| wrong())?;
        let needs = if matches!(color, Color::Rgb(..)) {
            Depth::True
        } else if matches!(color, Color::Indexed(16..)) {
            Depth::Indexed
        } else {
            Depth::Sixteen
        };
        Ok((needs <= self.depth).then_some(color))
    }

    fn mods(&self, value: &Spanned<DeValue<'_>>, path: &str) -> Result<Modifier, ThemeError> {
        let list = value.get_ref().as_array();
        let wrong = |at: usize, what: &str| Err(self.error(at, what.to_owned()));
        let Some(list) = list else { return wrong(value.span().start, "a list is due here") };
        let mut mods = Modifier::empty();
        for item in list {
            let at = item.span().start;
            if path.starts_with("untrusted") {
                return wrong(at, "foreign text takes no mods: it must not look like ours");
            }
            mods |= match item.get_ref().as_str() {
                Some("bold") => Modifier::BOLD,
                Some("dim") => Modifier::DIM,
                Some("italic") => Modifier::ITALIC,
                Some("underlined") => Modifier::UNDERLINED,
                Some("reverse") => Modifier::REVERSED,
                _ => return wrong(at, "no such mod (bold, dim, italic, underlined, reverse)"),
            };
        }
        Ok(mods)
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
    fn every_shipped_theme_loads_names_every_role_and_tells_verdicts_apart() {
        for (name, text) in SHIPPED {
            for depth in [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True] {
                let theme = Theme::parse(name, text, depth).unwrap();
                let mut words: Vec<&str> =
                    [Verdict::Allow, Verdict::Mark, Verdict::Ask, Verdict::Deny]
                        .map(|v| theme.verdict(v).1)
                        .to_vec();
                words.dedup();
                assert_eq!(words.len(), 4, "{name}");
                if depth == Depth::None {
                    assert!(theme.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()));
                }
            }
            for (_, role) in ROLES {
                assert!(text.contains(&format!("\n{role} = ")), "{name} lacks {role}");
            }
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let table = [
            ("[role]\nverdict.aks = {}", "2:9 no such role: verdict.aks"),
            ("[role]\nuntrusted.text = { mods = [\"bold\"] }", "2:28 foreign text takes no mods"),
            ("[role]\ntext = { fg = \"mauve\" }", "2:15 no such colour"),
            ("[role]\ntext = { mods = [\"blink\"] }", "2:18 no such mod"),
            ("[role]\nverdict = { fg = \"red\" }", "2:11 \"verdict\" is a group"),
            ("[role]\nverdict.ask = { sym = \"ok\" }", "1:1 each verdict needs"),
            ("parent = \"noir\"\n[role]", "1:10 no such parent"),
            ("colour = 1\n[role]", "1:1 no such key"),
            ("[role\n", "1:6 "),
            ("name = \"x\"", "1:1 the table [role] is missing"),
        ];
        for (text, expected) in table {
            let error = Theme::parse("test", text, Depth::True).unwrap_err();
            let shown = format!("{}:{} {}", error.line, error.column, error.what);
            assert!(shown.starts_with(expected), "{text:?}: {shown}");
        }
    }

    #[test]
    fn a_palette_follows_the_depth_and_a_parent_fills_in() {
        let text = "parent = \"base16\"\n[palette]\nsun = { rgb = \"#e69f00\", c256 = 214, c16 = \
                    \"yellow\" }\n[role]\nverdict.ask = { fg = \"sun\", sym = \"ASK\" }";
        let fg = |depth| Theme::parse("t", text, depth).unwrap().style(Role::VerdictAsk).fg;
        assert_eq!(fg(Depth::None), None);
        assert_eq!(fg(Depth::Sixteen), Some(Color::Yellow));
        assert_eq!(fg(Depth::Indexed), Some(Color::Indexed(214)));
        assert_eq!(fg(Depth::True), Some(Color::Rgb(230, 159, 0)));
        let filled = Theme::parse("t", text, Depth::True).unwrap().style(Role::VerdictDeny);
        assert_eq!(filled.fg, Some(Color::Red));
    }

    #[test]
    fn the_environment_tells_the_depth() {
        let of = |when, pairs: &'static [(&str, &str)]| {
            Depth::of(when, &|name| {
                pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned())
            })
        };
        assert_eq!(of(ColorWhen::Auto, &[("NO_COLOR", "1"), ("TERM", "xterm")]), Depth::None);
        assert_eq!(of(ColorWhen::Auto, &[("NO_COLOR", ""), ("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(of(ColorWhen::Auto, &[("TERM", "dumb")]), Depth::None);
        assert_eq!(
            of(ColorWhen::Always, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]),
            Depth::True
        );
        assert_eq!(of(ColorWhen::Auto, &[("TERM", "tmux-256color")]), Depth::Indexed);
        assert_eq!(of(ColorWhen::Never, &[("COLORTERM", "truecolor")]), Depth::None);
    }
}

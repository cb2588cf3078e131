//! A theme file's text: what it may say, and where it is wrong.

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::console::theme::nearest::{self, Wanted};
use crate::console::theme::role::ROLES;
use crate::console::theme::{Depth, SHIPPED, Theme};
use crate::text::place::line_and_column;

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

/// How long a chain of `parent`s may be.
pub(super) const PARENTS_MAX: usize = 4;

impl Theme {
    pub(super) fn layer(
        &mut self,
        source: &Source<'_>,
        parents_left: usize,
    ) -> Result<(), ThemeError> {
        let table = DeTable::parse(source.text).map_err(|error| {
            source.error(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut palette = Vec::new();
        let mut roles = None;
        let mut parent = None;
        for (key, value) in table.get_ref() {
            match key.get_ref().as_ref() {
                "name" if value.get_ref().as_str().is_some() => {}
                "name" => {
                    let what = "a name in quotes is due here".to_owned();
                    return Err(source.error(value.span().start, what));
                }
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

/// `0` to `255`.
fn index(value: &DeValue<'_>) -> Option<u8> {
    let DeValue::Integer(number) = value else { return None };
    u8::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A file that is being read.
pub(super) struct Source<'a> {
    pub(super) theme: &'a str,
    pub(super) text: &'a str,
    pub(super) depth: Depth,
}

impl Source<'_> {
    fn error(&self, offset: usize, what: String) -> ThemeError {
        let (line, column) = line_and_column(self.text, offset);
        ThemeError { theme: self.theme.to_owned(), line, column, what }
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
            .map(|(key, value)| {
                let wanted = match value.get_ref().as_table() {
                    Some(table) => self.entry(value, table)?,
                    None => self.single(value)?,
                };
                Ok((key.get_ref().to_string(), wanted.fit(self.depth)))
            })
            .collect()
    }

    /// A palette's entry for terminals of different depth: `{ rgb, c256, c16 }`. All of it is checked,
    /// whatever the depth, so that a file that loads here loads everywhere.
    fn entry(
        &self,
        value: &Spanned<DeValue<'_>>,
        table: &DeTable<'_>,
    ) -> Result<Wanted, ThemeError> {
        let mut wanted = Wanted::default();
        for (key, value) in table {
            let wrong = |what: &str| self.error(value.span().start, what.to_owned());
            match key.get_ref().as_ref() {
                "rgb" => {
                    let rgb = value.get_ref().as_str().and_then(nearest::rgb);
                    wanted.rgb = Some(rgb.ok_or_else(|| wrong("`rgb` is \"#rrggbb\""))?);
                }
                "c256" => {
                    let index = index(value.get_ref());
                    wanted.c256 = Some(index.ok_or_else(|| wrong("`c256` is 0 to 255"))?);
                }
                "c16" => {
                    let name = value.get_ref().as_str().and_then(nearest::named);
                    let what = "`c16` is a name of the terminal's sixteen or \"default\"";
                    wanted.c16 = Some(name.ok_or_else(|| wrong(what))?);
                }
                other => {
                    let what = format!("no such key: {other:?} (rgb, c256, c16)");
                    return Err(self.error(key.span().start, what));
                }
            }
        }
        if wanted == Wanted::default() {
            let what = "a colour needs `rgb`, `c256` or `c16`".to_owned();
            return Err(self.error(value.span().start, what));
        }
        Ok(wanted)
    }

    /// One colour for every depth.
    fn single(&self, value: &Spanned<DeValue<'_>>) -> Result<Wanted, ThemeError> {
        let text = value.get_ref().as_str();
        let wanted = match (text, index(value.get_ref())) {
            (_, Some(index)) => Some(Wanted { c256: Some(index), ..Wanted::default() }),
            (Some(text), None) => nearest::rgb(text)
                .map(|rgb| Wanted { rgb: Some(rgb), ..Wanted::default() })
                .or_else(|| {
                    nearest::named(text).map(|c16| Wanted { c16: Some(c16), ..Wanted::default() })
                }),
            (None, None) => None,
        };
        wanted.ok_or_else(|| {
            let what = "no such colour: give a name of the palette or of the sixteen, 0 to 255, \
                        \"#rrggbb\" or \"default\"";
            self.error(value.span().start, what.to_owned())
        })
    }

    fn color(
        &self,
        palette: &[(String, Option<Color>)],
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Option<Color>, ThemeError> {
        let name = value.get_ref().as_str();
        let known = palette.iter().find(|(known, _)| name == Some(known.as_str()));
        match known {
            Some((_, color)) => Ok(*color),
            None => Ok(self.single(value)?.fit(self.depth)),
        }
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

//! What a terminal shows of a colour that it has not: the nearest one that it has.

use ratatui::style::Color;

use crate::console::theme::Depth;

/// One colour as a file gives it for terminals of different depth. What is not given is worked out from
/// the next better one that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wanted {
    pub(super) rgb: Option<Rgb>,
    pub(super) c256: Option<u8>,
    pub(super) c16: Option<Color>,
}

/// Red, green, blue.
type Rgb = [u8; 3];

/// The sixteen by their names and the values that xterm gives them; terminals differ, which is why a theme
/// should say `c16`.
const SIXTEEN: [(Color, &str, Rgb); 16] = [
    (Color::Black, "black", [0, 0, 0]),
    (Color::Red, "red", [205, 0, 0]),
    (Color::Green, "green", [0, 205, 0]),
    (Color::Yellow, "yellow", [205, 205, 0]),
    (Color::Blue, "blue", [0, 0, 238]),
    (Color::Magenta, "magenta", [205, 0, 205]),
    (Color::Cyan, "cyan", [0, 205, 205]),
    (Color::Gray, "gray", [229, 229, 229]),
    (Color::DarkGray, "darkgray", [127, 127, 127]),
    (Color::LightRed, "lightred", [255, 0, 0]),
    (Color::LightGreen, "lightgreen", [0, 255, 0]),
    (Color::LightYellow, "lightyellow", [255, 255, 0]),
    (Color::LightBlue, "lightblue", [92, 92, 255]),
    (Color::LightMagenta, "lightmagenta", [255, 0, 255]),
    (Color::LightCyan, "lightcyan", [0, 255, 255]),
    (Color::White, "white", [255, 255, 255]),
];
/// The levels of the cube of 216 colours, 16 to 231 of the palette.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Wanted {
    /// The colour at a depth; none where there are none, for weight and words carry the meaning.
    pub(super) fn fit(self, depth: Depth) -> Option<Color> {
        let true_color = self.rgb.map(|[red, green, blue]| Color::Rgb(red, green, blue));
        let indexed = self.c256.map(Color::Indexed);
        match depth {
            Depth::None => None,
            Depth::True => true_color.or(indexed).or(self.c16),
            Depth::Indexed => {
                indexed.or_else(|| self.rgb.map(|rgb| Color::Indexed(palette(rgb)))).or(self.c16)
            }
            Depth::Sixteen => {
                let near = || self.rgb.or_else(|| self.c256.map(value)).map(sixteen);
                self.c16.or_else(|| self.c256.and_then(basic)).or_else(near)
            }
        }
    }
}

/// `#rrggbb`.
pub(super) fn rgb(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

/// A name of the sixteen, or `default`: the terminal's own.
pub(super) fn named(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    SIXTEEN.into_iter().find(|(_, name, _)| *name == text).map(|(color, _, _)| color)
}

/// The first sixteen of the palette are the sixteen.
fn basic(index: u8) -> Option<Color> {
    SIXTEEN.get(usize::from(index)).map(|(color, _, _)| *color)
}

/// What xterm shows for a number of the palette.
fn value(index: u8) -> Rgb {
    if let Some((_, _, rgb)) = SIXTEEN.get(usize::from(index)) {
        return *rgb;
    }
    if let Some(grey) = index.checked_sub(232) {
        return [8 + 10 * grey; 3];
    }
    let cube = usize::from(index.saturating_sub(16));
    [cube / 36, cube / 6 % 6, cube % 6].map(|level| LEVELS.get(level).copied().unwrap_or_default())
}

/// The nearest of the cube and the greys; the sixteen below them are their owner's.
fn palette(rgb: Rgb) -> u8 {
    (16..=255).min_by_key(|index| distance(rgb, value(*index))).unwrap_or_default()
}

fn sixteen(rgb: Rgb) -> Color {
    let near = SIXTEEN.into_iter().min_by_key(|(_, _, value)| distance(rgb, *value));
    near.map_or(Color::Reset, |(color, _, _)| color)
}

/// How different two colours look: squares weighted by how much red there is, the usual cheap stand-in
/// for a perceptual space (Thiadmer Riemersma, "Colour metric").
fn distance(a: Rgb, b: Rgb) -> i64 {
    let [red, green, blue] = [0, 1, 2].map(|n| channel(a, n) - channel(b, n));
    let mean = i64::midpoint(channel(a, 0), channel(b, 0));
    (512 + mean) * red * red + 1024 * green * green + (767 - mean) * blue * blue
}

fn channel(rgb: Rgb, n: usize) -> i64 {
    rgb.get(n).copied().map_or(0, i64::from)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What xterm shows for a colour of a style, for the contrast of a theme.
    pub(in crate::console::theme) fn shown(color: Color) -> Option<Rgb> {
        if let Color::Rgb(red, green, blue) = color {
            return Some([red, green, blue]);
        }
        if let Color::Indexed(index) = color {
            return Some(value(index));
        }
        SIXTEEN.into_iter().find(|(known, _, _)| *known == color).map(|(_, _, rgb)| rgb)
    }

    #[test]
    fn what_is_not_given_is_the_nearest() {
        let at = |wanted: Wanted| {
            [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True].map(|d| wanted.fit(d))
        };
        let only = |text| Wanted { rgb: rgb(text), ..Wanted::default() };
        let rgb = |r, g, b| Some(Color::Rgb(r, g, b));
        let index = |index| Some(Color::Indexed(index));
        let table = [
            (only("#e69f00"), [None, Some(Color::Yellow), index(178), rgb(230, 159, 0)]),
            (only("#000000"), [None, Some(Color::Black), index(16), rgb(0, 0, 0)]),
            (only("#FFFFFF"), [None, Some(Color::White), index(231), rgb(255, 255, 255)]),
            (only("#808080"), [None, Some(Color::DarkGray), index(244), rgb(128, 128, 128)]),
            (only("#56b4e9"), [None, Some(Color::Cyan), index(74), rgb(86, 180, 233)]),
            (only("#d00000"), [None, Some(Color::Red), index(160), rgb(208, 0, 0)]),
            (
                Wanted { c256: Some(214), ..Wanted::default() },
                [None, Some(Color::Yellow), index(214), index(214)],
            ),
            (
                Wanted { c256: Some(9), ..Wanted::default() },
                [None, Some(Color::LightRed), index(9), index(9)],
            ),
            (
                Wanted { c16: Some(Color::Blue), ..Wanted::default() },
                [None, Some(Color::Blue), Some(Color::Blue), Some(Color::Blue)],
            ),
            (
                Wanted { c16: Some(Color::Reset), c256: Some(234), ..Wanted::default() },
                [None, Some(Color::Reset), index(234), index(234)],
            ),
        ];
        for (wanted, expected) in table {
            assert_eq!(at(wanted), expected, "{wanted:?}");
        }
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        for text in ["#fff", "#gggggg", "e69f00", "#e69f000", "#+69f00", "", "#\u{e9}\u{e9}\u{e9}"]
        {
            assert_eq!(rgb(text), None, "{text}");
        }
    }
}

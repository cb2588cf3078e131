//! What the operator does: keys, pastes, the mouse, another size, and time between.

use tollgate::console::input::{Focus, Key, Mouse, Pointer, Press};
use tollgate::console::model::Size;
use tollgate::console::update::Msg;

use super::Stage;

impl Stage {
    /// Types a script: letters are keys, `<esc>` and the like too; `<900ms>` waits, `<hold:a>` is what a
    /// terminal sends while a key stays down, `<paste:text>` is text between paste brackets, `<click:3,7>`,
    /// `<drag:3,7>`, `<wheel-up:3,7>` and `<wheel-down:3,7>` are the mouse at a column and row.
    pub(in crate::console) fn types(&mut self, script: &str) {
        let mut rest = script;
        while let Some(c) = rest.chars().next() {
            if let Some((word, behind)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
                self.word(word);
                rest = behind;
            } else {
                self.key(Key::Char(c), Press::Down);
                rest = rest.split_at(c.len_utf8()).1;
            }
        }
    }

    fn word(&mut self, word: &str) {
        if word == "focus" {
            self.take(Msg::Focus(Focus::In));
        } else if word == "blur" {
            self.take(Msg::Focus(Focus::Out));
        } else if let Some(ms) = word.strip_suffix("ms") {
            self.wait(ms.parse().unwrap());
        } else if let Some(key) = word.strip_prefix("hold:") {
            self.key(Key::Char(key.chars().next().unwrap()), Press::Held);
        } else if let Some((what, at)) =
            word.split_once(':').and_then(|(what, at)| Some((pointer(what)?, at)))
        {
            let (column, row) = at.split_once(',').unwrap();
            self.mouse(what, column.parse().unwrap(), row.parse().unwrap());
        } else if let Some(text) = word.strip_prefix("paste:") {
            self.take(Msg::Paste(text.to_owned()));
        } else {
            let name = word.replace("ctrl-", "Ctrl-");
            self.key(Key::named(&name).expect("a word of the script"), Press::Down);
        }
    }

    fn key(&mut self, key: Key, press: Press) {
        self.take(Msg::Key(key, press));
        // A fast typist's pace: much less than any guard.
        self.now.mono_ms += 20;
        self.now.at = self.now.at.plus_ms(20);
    }

    pub(in crate::console) fn mouse(&mut self, what: Pointer, column: u16, row: u16) {
        self.take(Msg::Mouse(Mouse { what, column, row }));
    }

    /// Presses the first cell of this text on the screen.
    pub(in crate::console) fn click(&mut self, text: &str) {
        let (column, row) = self.place(text);
        self.mouse(Pointer::Press, column, row);
    }

    /// Where this text stands on the screen.
    pub(in crate::console) fn place(&mut self, text: &str) -> (u16, u16) {
        let rows = self.rows();
        let found = rows.iter().zip(0..).find_map(|(row, y)| {
            let before = row.split_once(text)?.0;
            Some((u16::try_from(unicode_width::UnicodeWidthStr::width(before)).unwrap(), y))
        });
        found.unwrap_or_else(|| panic!("{text:?} is not on the screen:\n{}", rows.join("\n")))
    }

    /// The shell lets the console go on.
    pub(in crate::console) fn comes_back(&mut self) {
        self.take(Msg::Back);
    }

    /// Gives the terminal another size.
    pub(in crate::console) fn resize(&mut self, columns: u16, rows: u16) {
        self.size = Size { columns, rows };
        self.take(Msg::Resize(self.size));
    }
}

/// What a script's word does with the mouse.
fn pointer(word: &str) -> Option<Pointer> {
    Some(match word {
        "click" => Pointer::Press,
        "drag" => Pointer::Drag,
        "wheel-up" => Pointer::WheelUp,
        "wheel-down" => Pointer::WheelDown,
        _ => return None,
    })
}

//! Just enough of Rust's grammar to see names, functions and sizes: tokens with their lines, comments
//! and literals left out, and paths with their groups spread.

/// One piece of code that is no comment and no text literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// An identifier, a number, or one character of punctuation (`::` is one token).
    pub(crate) text: String,
    /// From 1.
    pub(crate) line: usize,
}

impl Token {
    fn is_ident(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// A path as it would be written without groups: `use a::{b, c::d}` is `a::b` and `a::c::d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// `["std", "fs"]`; a glob ends in `*`.
    pub(crate) parts: Vec<String>,
    /// Where its last part stands.
    pub(crate) line: usize,
}

/// The tokens of a file.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0, line: 1, tokens: Vec::new() };
    while lexer.at < chars.len() {
        lexer.step();
    }
    lexer.tokens
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.line += usize::from(self.peek(0) == '\n');
            self.at += 1;
        }
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.skip(1);
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.text(),
            ('\'', _) => self.char_or_lifetime(),
            (c, _) if c.is_alphabetic() || c == '_' => self.word(),
            (c, _) if c.is_ascii_digit() => self.number(),
            (c, _) if c.is_whitespace() => self.skip(1),
            (':', ':') => self.push(2),
            _ => self.push(1),
        }
    }

    fn push(&mut self, length: usize) {
        let text = self.chars[self.at..self.at + length].iter().collect();
        self.tokens.push(Token { text, line: self.line });
        self.skip(length);
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.skip(1);
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn text(&mut self) {
        self.skip(1);
        while self.at < self.chars.len() {
            match self.peek(0) {
                '\\' => self.skip(2),
                '"' => return self.skip(1),
                _ => self.skip(1),
            }
        }
    }

    fn raw_text(&mut self, hashes: usize) {
        self.skip(hashes + 1);
        while self.at < self.chars.len() {
            if self.peek(0) == '"' && (1..=hashes).all(|n| self.peek(n) == '#') {
                return self.skip(hashes + 1);
            }
            self.skip(1);
        }
    }

    fn char_or_lifetime(&mut self) {
        let closes = self.peek(1) != '\\' && self.peek(2) == '\'';
        if closes {
            self.skip(3);
        } else if self.peek(1) == '\\' {
            self.skip(3);
            while self.at < self.chars.len() && self.peek(0) != '\'' {
                self.skip(1);
            }
            self.skip(1);
        } else {
            // A lifetime: its name is no path.
            self.skip(1);
            while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
                self.skip(1);
            }
        }
    }

    fn word(&mut self) {
        let rest = &self.chars[self.at..];
        let length = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
        let word: String = rest[..length].iter().collect();
        let hashes = rest[length..].iter().take_while(|c| **c == '#').count();
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        match (word.as_str(), self.peek(length)) {
            ("b" | "c", '"') => {
                self.skip(1);
                self.text();
            }
            ("b", '\'') => {
                self.skip(1);
                self.char_or_lifetime();
            }
            _ if raw && self.peek(length + hashes) == '"' => {
                self.skip(length);
                self.raw_text(hashes);
            }
            _ => self.push(length),
        }
    }

    /// A point belongs to a number only with a digit behind it: `0..4`, `1.max(2)` and `x.0.1` have
    /// integers alone.
    fn number(&mut self) {
        let field = self.tokens.last().is_some_and(|token| token.text == ".");
        let mut length = 1;
        loop {
            let c = self.peek(length);
            let point = !field && c == '.' && self.peek(length + 1).is_ascii_digit();
            if !(c.is_alphanumeric() || c == '_' || point) {
                break;
            }
            length += 1;
        }
        self.push(length);
    }
}

/// Index behind the bracket that closes the one at `open`; the end where none does.
fn behind_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (n, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return n + 1;
        }
    }
    tokens.len()
}

fn texts(tokens: &[Token], from: usize, count: usize) -> Vec<&str> {
    tokens.iter().skip(from).take(count).map(|token| token.text.as_str()).collect()
}

/// Leaves out what is compiled for tests alone; the second value names the test modules that have
/// their own file.
pub(crate) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        if texts(tokens, at, 7) != ["#", "[", "cfg", "(", "test", ")", "]"] {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += 7;
        while texts(tokens, at, 2) == ["#", "["] {
            at = behind_group(tokens, at + 1);
        }
        if let ["mod", name, ";"] = texts(tokens, at, 3).as_slice() {
            modules.push((*name).to_owned());
        }
        at = behind_item(tokens, at);
    }
    (kept, modules)
}

/// Index behind the item at `at`: its first block, or its semicolon.
fn behind_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" => return behind_group(tokens, at),
            "(" | "[" => at = behind_group(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// Every path in the code, in `use` and elsewhere.
pub(crate) fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let member = at > 0 && tokens[at - 1].text == ".";
        if tokens[at].is_ident() && !member {
            at = path(tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one path behind `prefix`, spreads its group, returns the index behind it.
fn path(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
    let mut parts = prefix.to_vec();
    loop {
        parts.push(tokens[at].text.clone());
        let line = tokens[at].line;
        let next = tokens.get(at + 2);
        if texts(tokens, at + 1, 1) != ["::"] || next.is_none_or(|token| token.text == "<") {
            found.push(Path { parts, line });
            return at + 1;
        }
        at += 2;
        if tokens[at].text == "{" {
            return group(tokens, at, &parts, found);
        }
    }
}

fn group(tokens: &[Token], open: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
    let end = behind_group(tokens, open);
    let mut at = open + 1;
    while at + 1 < end {
        let token = &tokens[at];
        if token.text == "as" {
            at += 2;
        } else if token.is_ident() || token.text == "*" {
            at = path(tokens, at, prefix, found);
        } else {
            at += 1;
        }
    }
    end
}

/// A function's name, its first line, and how many lines it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// Every function that has a body.
pub(crate) fn functions(tokens: &[Token]) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(at + 1).filter(|name| name.is_ident()) else { continue };
        if token.text != "fn" {
            continue;
        }
        let end = &tokens[behind_item(tokens, at) - 1];
        if end.text == "}" {
            found.push(Function {
                name: name.text.clone(),
                line: token.line,
                lines: end.line + 1 - token.line,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(text: &str) -> Vec<String> {
        paths(&tokens(text)).into_iter().map(|path| path.parts.join("::")).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = r##"
            // std::fs
            /* a /* nested */ std::fs */
            let a = "std::fs \" std::net";
            let b = r#"std::fs " "#;
            let c = b"std::fs"; let d = 'x'; let e = '\''; let f = '\u{1f}'; let g: &'static str;
            last
        "##;
        let words: Vec<String> =
            tokens(text).into_iter().filter(Token::is_ident).map(|token| token.text).collect();
        assert_eq!(
            words,
            [
                "let", "a", "let", "b", "let", "c", "let", "d", "let", "e", "let", "f", "let", "g",
                "str", "last"
            ]
        );
        assert_eq!(tokens("a\n\"x\ny\"\nb").last().map(|token| token.line), Some(4));
    }

    #[test]
    fn groups_are_spread() {
        assert_eq!(
            spread("crate::{a, b::{c, d as e}, f::*};"),
            ["crate::a", "crate::b::c", "crate::b::d", "crate::f::*"]
        );
        assert_eq!(spread("x.len::<T>() + y::z::<W>()"), ["x", "T", "y::z", "W"]);
    }

    #[test]
    fn test_code_is_left_out() {
        let text =
            "a; #[cfg(test)] #[path = \"y\"] mod tests { b { } } c; #[cfg(test)] mod tests; d";
        let (kept, modules) = without_tests(&tokens(text));
        let kept: Vec<String> = kept.into_iter().map(|token| token.text).collect();
        assert_eq!(kept, ["a", ";", "c", ";", "d"]);
        assert_eq!(modules, ["tests"]);
    }

    #[test]
    fn functions_are_measured() {
        let text = "trait T { fn a(x: [u8; 3]); }\nfn b(f: fn(u8) -> u8) {\n  {}\n}\nstruct S;";
        assert_eq!(
            functions(&tokens(text)),
            [Function { name: "b".to_owned(), line: 2, lines: 3 }]
        );
    }

    #[test]
    fn numbers_keep_their_points() {
        let numbers = |text: &str| -> Vec<String> {
            tokens(text)
                .into_iter()
                .map(|token| token.text)
                .filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))
                .collect()
        };
        assert_eq!(
            numbers("1.5 + 0..4 + x.0.1 + 1.max(2) + 3f64"),
            ["1.5", "0", "4", "0", "1", "1", "2", "3f64"]
        );
    }
}

//! What commands say, as far as it is known without running them.

use super::args::Args;
use super::run::{KEPT_MAX, Run};
use super::unquote::ansi;
use super::value::{Call, Flow, Value};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Run<'_> {
    /// What a command says.
    pub(super) fn output(
        &mut self,
        name: &str,
        rest: &[Value],
        args: &Args,
        call: &Call,
    ) -> Option<String> {
        if matches!(name, "echo" | "printf") {
            if rest.iter().any(|word| word.open) {
                return None;
            }
            let text = if name == "echo" { echo(rest) } else { printf(rest) };
            return Some(text).filter(|text| text.len() <= KEPT_MAX);
        }
        let silent = matches!(
            name,
            "export"
                | "declare"
                | "local"
                | "readonly"
                | "mkdir"
                | "true"
                | ":"
                | "sleep"
                | "chmod"
                | "touch"
                | "shopt"
        );
        if silent {
            return Some(String::new());
        }
        let is_filter = matches!(
            name,
            "cat"
                | "base64"
                | "base32"
                | "xxd"
                | "rev"
                | "tr"
                | "tee"
                | "openssl"
                | "head"
                | "tail"
        );
        if !is_filter {
            return None;
        }
        let text = self.input_of(name, args, call)?;
        match name {
            "cat" | "tee" => Some(text),
            "rev" => Some(
                text.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect(),
            ),
            "tr" => translated(&text, args),
            "xxd" if args.has(&["-r"]) => hex(&text),
            "base64" | "openssl" if decodes(name, args) => {
                let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                LENIENT.decode(plain).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            }
            _ => None,
        }
    }

    /// What a filter gets: a file that the script made, or what comes in.
    fn input_of(&mut self, name: &str, args: &Args, call: &Call) -> Option<String> {
        let file = args
            .operands
            .first()
            .filter(|_| matches!(name, "cat" | "base64" | "rev" | "head" | "tail"));
        if file.is_none_or(|file| file.text == "-") {
            return call.input.as_ref().and_then(|flow| flow.text.clone());
        }
        let mut all = String::new();
        for file in &args.operands {
            let spot = self.spot(file);
            let known = self.files.get(&spot.path).or_else(|| self.files.get(&file.text));
            all.push_str(known?.text.as_deref()?);
        }
        Some(all)
    }

    /// Whether what comes out was encoded before.
    pub(super) fn decodes(name: &str, rest: &[Value], args: &Args) -> bool {
        let rotates = || {
            let pair: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
            pair.first().is_some_and(|set| set.contains("A-Z"))
                && pair.get(1).is_some_and(|set| set.contains("N-Z"))
        };
        decodes(name, args)
            || name == "rev"
            || name == "xxd" && args.has(&["-r"])
            || name == "tr" && rotates()
    }
}

fn decodes(name: &str, args: &Args) -> bool {
    let flag = args.has(&["-d", "-D", "--decode", "-decode"]);
    match name {
        "base64" | "base32" | "basenc" | "gbase64" => flag,
        "openssl" => matches!(args.word(0), "enc" | "base64" | "aes-256-cbc") && flag,
        "uudecode" => true,
        _ => false,
    }
}

fn echo(rest: &[Value]) -> String {
    let is_flag = |word: &Value| {
        word.text.len() > 1
            && word.text.starts_with('-')
            && word.text.chars().skip(1).all(|c| matches!(c, 'n' | 'e' | 'E'))
    };
    let count = rest.iter().take_while(|word| is_flag(word)).count();
    let (flags, words) = rest.split_at_checked(count).unwrap_or((&[], rest));
    let has = |letter: char| flags.iter().any(|word| word.text.contains(letter));
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = texts.join(" ");
    let text = if has('e') { ansi(&text) } else { text };
    if has('n') { text } else { text + "\n" }
}

/// `%s` and its kin, each with the next word; again while there are words.
fn printf(rest: &[Value]) -> String {
    let rest = if rest.first().is_some_and(|word| word.text == "--") {
        rest.get(1..).unwrap_or_default()
    } else {
        rest
    };
    let Some((format, words)) = rest.split_first() else { return String::new() };
    let mut words = words.iter();
    let mut out = String::new();
    loop {
        let before = words.len();
        let mut chars = format.text.chars().peekable();
        let mut plain = String::new();
        while let Some(c) = chars.next() {
            if c != '%' {
                plain.push(c);
                continue;
            }
            while chars
                .next_if(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '+' | ' ' | '#'))
                .is_some()
            {}
            out.push_str(&ansi(&plain));
            plain.clear();
            let kind = chars.next();
            if kind == Some('%') {
                out.push('%');
            } else {
                let word = words.next().map_or("", |word| word.text.as_str());
                out.push_str(&if kind == Some('b') { ansi(word) } else { word.to_owned() });
            }
        }
        out.push_str(&ansi(&plain));
        if words.len() == 0 || words.len() == before || out.len() > KEPT_MAX {
            return out;
        }
    }
}

/// `tr` with two sets of letters and ranges.
fn translated(text: &str, args: &Args) -> Option<String> {
    let (from, to) = (set(args.word(0)), set(args.word(1)));
    if args.has(&["-d"]) {
        return Some(text.chars().filter(|c| !from.contains(c)).collect());
    }
    if !args.options.is_empty() || to.is_empty() {
        return None;
    }
    let change = |c: char| {
        let at = from.iter().position(|known| *known == c);
        at.and_then(|at| to.get(at).or(to.last())).copied().unwrap_or(c)
    };
    Some(text.chars().map(change).collect())
}

fn set(text: &str) -> Vec<char> {
    let chars: Vec<char> = ansi(text).chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(&last)) if last >= c && last.is_ascii() => {
                all.extend(c..=last);
                at += 3;
            }
            _ => {
                all.push(c);
                at += 1;
            }
        }
    }
    all
}

/// `xxd -r -p`.
fn hex(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let bytes = digits.chunks_exact(2).filter_map(|pair| {
        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    String::from_utf8(bytes.collect()).ok()
}

/// A text decoded from base64 where it is one and has letters to read.
pub(super) fn base64(text: &str) -> Option<String> {
    let bytes = LENIENT.decode(text.trim()).ok().filter(|bytes| bytes.len() > 3)?;
    String::from_utf8(bytes).ok()
}

impl Flow {
    /// The same, decoded.
    pub(super) fn plain(text: String) -> Self {
        Self { text: Some(text), decoded: true, ..Self::default() }
    }
}

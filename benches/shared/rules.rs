//! A policy as large as people write them.

use std::fmt::Write as _;

const RULES: usize = 100;

/// Enforces, and lets what is measured through: of a hundred rules three are about the tool that is called, and two of
/// them look at its arguments.
pub(crate) fn hundred_rules() -> String {
    let mut text =
        "version: 1\nname: bench\nphase: enforce\ndefault: { verdict: mark, why: \"D.\" }\nrules:\n"
            .to_owned();
    for n in 0..RULES {
        let about = match n {
            0 | 1 => format!("tool: echo, when: 'args.text.startsWith(\"/etc/{n}\")'"),
            2 => "tool: \"{,*_}echo\"".to_owned(),
            _ => format!("tool: [read_item_{n}, write_item_{n}]"),
        };
        let verdict = if n == 2 { "allow" } else { "deny" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  - {{ id: r{n}, why: \"W.\", match: {{ {about} }}, verdict: {verdict} }}"
        );
    }
    text
}

//! What a word is by its form.

/// An address.
pub(super) fn is_link(word: &str) -> bool {
    word.contains("://") || word.starts_with("www.") || word.contains('@') && word.contains('.')
}

/// `<important>`, `[system]`, `<|im_start|>`, `<<sys>>`, `###system`.
pub(super) fn is_frame(word: &str) -> bool {
    const NAMES: [&str; 36] = [
        "important",
        "system",
        "sys",
        "instructions",
        "instruction",
        "critical",
        "secret",
        "hidden",
        "admin",
        "priority",
        "urgent",
        "assistant",
        "user",
        "human",
        "inst",
        "override",
        "directive",
        "developer",
        "im_start",
        "im_end",
        "eot_id",
        "endoftext",
        "end_of_document",
        "tool_call",
        "tool_calls",
        "tool_result",
        "tool_results",
        "function_call",
        "function_calls",
        "function_results",
        "invoke",
        "information",
        "context",
        "data",
        "task",
        "begin_of_text",
    ];
    let opens = match word.as_bytes().first() {
        Some(b'<') => word.contains('>'),
        Some(b'[') => word.contains(']'),
        Some(b'#' | b'|') => true,
        _ => word.starts_with("---") || word.starts_with("==="),
    };
    if !opens {
        return false;
    }
    let open = word.trim_start_matches(['<', '[', '#', '|', '/', '-', '=']);
    let inside = open.trim_end_matches(['>', ']', '|', '#', '-', '=', '.', '!', ':']);
    word.len() > open.len() && NAMES.contains(&inside)
}

/// A name as programs have them: `send_mail`.
pub(super) fn is_ident(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    word.contains('_')
        && word.bytes().all(fits)
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a parameter of an address waits for what it is to carry away: `?q=[NOTES]`, `?q=ALL_NOTES`, `?q={`.
pub(super) fn is_to_be_filled(link: &str) -> bool {
    /// Letters of a name in capitals: fewer are a code.
    const NAME_MIN: usize = 5;
    let Some((_, query)) = link.split_once('?') else { return false };
    query.split('&').filter_map(|pair| pair.split_once('=')).any(|(_, value)| {
        let capital = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
        value.starts_with(['[', '<', '$', '{'])
            || value.bytes().take_while(|byte| capital(byte)).count() >= NAME_MIN
    })
}

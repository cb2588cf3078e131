//! Bytes as hex and ASCII, one row at a time, so that a view formats only what it shows.

use std::fmt::Write as _;

/// How many rows a dump of `len` bytes has at `columns` bytes a row.
#[must_use]
pub fn rows(len: usize, columns: usize) -> usize {
    len.div_ceil(columns.max(1))
}

/// Row `row` of a dump: offset, hex, and the bytes that are printable ASCII (others are `.`).
#[must_use]
pub fn row(bytes: &[u8], row: usize, columns: usize) -> String {
    let columns = columns.max(1);
    let start = row.saturating_mul(columns).min(bytes.len());
    let slice = bytes.get(start..bytes.len().min(start + columns)).unwrap_or_default();
    let mut out = format!("{start:06x}  ");
    for n in 0..columns {
        if n == 8 {
            out.push(' ');
        }
        match slice.get(n) {
            Some(byte) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{byte:02x} ");
            }
            None => out.push_str("   "),
        }
    }
    out.push(' ');
    out.extend(slice.iter().map(|&b| match b {
        b' '..=b'~' => char::from(b),
        _ => '.',
    }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_offset_hex_and_text() {
        let bytes = b"{\"a\":\"\x1b[31m\"}\r";
        assert_eq!(rows(bytes.len(), 8), 2);
        assert_eq!(row(bytes, 0, 8), "000000  7b 22 61 22 3a 22 1b 5b  {\"a\":\".[");
        assert_eq!(row(bytes, 1, 8), "000008  33 31 6d 22 7d 0d        31m\"}.");
        assert_eq!(
            row(b"0123456789abcdef", 0, 16),
            "000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef"
        );
    }

    #[test]
    fn a_row_behind_the_end_is_empty() {
        assert_eq!(row(b"abc", 7, 4).trim_end(), "000003");
        assert_eq!(rows(0, 16), 0);
    }
}

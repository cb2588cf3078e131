//! Reading a filter that anybody may have written.

use tollgate::console::filter::{Filter, Known, complete};

/// What is understood is printed as what is understood the same way; what is not has a place inside the
/// text and a cause; and whatever may stand at a cursor replaces a part of the text.
///
/// # Panics
/// Where one of these is broken.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Filter::parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.at), "{error:?}");
            assert!(error.column > 0 && !error.what.is_empty(), "{error:?}");
        }
    }
    let known =
        Known { servers: &["mail", "my server"], tools: &["send_email"], ..Known::default() };
    for cursor in [0, text.len() / 2, text.len()] {
        for one in complete(text, cursor, known) {
            assert!(text.get(one.range.clone()).is_some(), "{one:?}");
        }
    }
}

//! What detectors make of a call: its tool's name in the first line, its schema in the second, the arguments behind.

use tollgate::inspect::places::Roots;
use tollgate::inspect::schema::Schema;
use tollgate::inspect::secrets::Pack;
use tollgate::inspect::size::Limits;
use tollgate::inspect::{Call, walk};

/// Whatever a call looks like, it is looked at in bounded time, and what is found of a text stands in it.
///
/// # Panics
/// Where that is broken.
pub fn called(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let [tool, schema, arguments] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let schema = Schema::compile(schema).ok();
    let call = Call {
        tool,
        arguments,
        schema: schema.as_ref(),
        history: None,
        limits: &|_| Limits { warn_bytes: 8, block_bytes: 16, ..Limits::default() },
        pack: &Pack::builtin(),
        roots: &Roots::new(&["/home/ann/app"], None),
    };
    let texts = walk::texts(arguments);
    for placed in &call.inspected().found {
        // A list of words is read as one command, which is no text of the arguments.
        let rule = placed.found.rule.id;
        if ["hidden.", "secret"].iter().any(|of_a_text| rule.starts_with(of_a_text)) {
            let stands = |one: &walk::Text<'_>| {
                one.path == placed.path && one.text.get(placed.found.span.clone()).is_some()
            };
            assert!(texts.iter().any(stands), "{placed:?}");
        }
    }
}

//! Calls that a rule has to match and to miss, asked of it whenever a policy is loaded.

use serde_json::value::RawValue;

use super::Policy;
use crate::inspect::Call;
use crate::policy::document::ExamplesText;
use crate::policy::draft::Draft;
use crate::policy::error::{Cause, Place, PolicyError};
use crate::policy::evaluate::{Evidence, Question};

/// A call that a rule has to match or to miss: `server.tool`, its arguments, its tool's annotations.
struct Example<'a> {
    server: &'a str,
    tool: &'a str,
    arguments: Option<&'a str>,
    definition: String,
}

impl<'a> Example<'a> {
    /// `None`: it is not written like one.
    fn read(text: &'a str) -> Option<Self> {
        let (names, objects) = text.split_once(' ').unwrap_or((text, ""));
        let (server, tool) = names.split_once('.')?;
        let objects: Result<Vec<&RawValue>, _> =
            serde_json::Deserializer::from_str(objects).into_iter().collect();
        let objects = objects.ok()?;
        let (arguments, annotations) = match objects.as_slice() {
            [] => (None, "{}"),
            [arguments] => (Some(arguments.get()), "{}"),
            [arguments, annotations] => (Some(arguments.get()), annotations.get()),
            _ => return None,
        };
        let definition = format!(r#"{{"annotations":{annotations}}}"#);
        Some(Self { server, tool, arguments, definition })
    }

    fn question(&self) -> Question<'_> {
        Question {
            arguments: self.arguments.map(str::as_bytes),
            definition: Some(&self.definition),
            ..Question::call(self.server, self.tool)
        }
    }
}

/// A rule has to match and to miss what it says it does, whatever the other rules say. An example is asked in the
/// first of the roles that the rule is about.
pub(super) fn check_examples(
    file: &str,
    (at, draft): (usize, &Draft<'_>),
    examples: &ExamplesText,
    policy: &Policy,
) -> Result<(), PolicyError> {
    let matches = examples.matches.iter().map(|example| (example, true));
    let misses = examples.miss.iter().map(|example| (example, false));
    let error = |place, cause| PolicyError::new(file, place, Some(&draft.id.value), cause);
    for (example, wanted) in matches.chain(misses) {
        let (text, place) = (example.value.clone(), Place::of(example.referenced));
        let Some(asked) = Example::read(&text) else {
            return Err(error(place, Cause::Example { example: text }));
        };
        let role = draft.role.as_ref().and_then(|roles| roles.value.first());
        let call = Call::new(asked.tool, asked.arguments.unwrap_or_default());
        let findings = &Evidence::of(&call.inspected());
        let role = role.map_or("", String::as_str);
        let question = Question { role, findings, ..asked.question() };
        let fits =
            policy.named(&question).contains(&at) && !policy.holding(&[at], &question).is_empty();
        if fits != wanted {
            let cause = if wanted {
                Cause::ExampleMissed { example: text }
            } else {
                Cause::ExampleMatched { example: text }
            };
            return Err(error(place, cause));
        }
    }
    Ok(())
}

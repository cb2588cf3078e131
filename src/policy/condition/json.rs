//! JSON as conditions see it: moved, not copied, into the values of CEL.

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde_json::Value;

/// A list or object of more members is not read: a comprehension looks at all of them.
pub(super) const MEMBERS_MAX: usize = 1000;

/// A value of a condition.
pub(super) type Seen<'a> = Box<dyn Val + 'a>;

/// A whole number is an `int` wherever it is one, whatever its sign.
///
/// # Errors
/// In words, where a list or object has more than [`MEMBERS_MAX`] members.
pub(super) fn seen<'a>(value: Value) -> Result<Seen<'a>, String> {
    Ok(match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(value) => Box::new(CelBool::from(value)),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Box::new(CelInt::from(whole)),
            (None, Some(whole), _) => Box::new(CelUInt::from(whole)),
            (None, None, Some(part)) => Box::new(CelDouble::from(part)),
            (None, None, None) => return Err(format!("{number} is no number of conditions")),
        },
        Value::String(text) => Box::new(CelString::from(text)),
        Value::Array(list) => {
            bounded(list.len())?;
            let list: Vec<Seen<'a>> = list.into_iter().map(seen).collect::<Result<_, _>>()?;
            Box::new(CelList::from(list))
        }
        Value::Object(object) => {
            bounded(object.len())?;
            let mut members = CelMap::default().into_inner();
            for (name, value) in object {
                members.insert(CelMapKey::from(name), seen(value)?);
            }
            Box::new(CelMap::from(members))
        }
    })
}

fn bounded(members: usize) -> Result<(), String> {
    if members <= MEMBERS_MAX {
        return Ok(());
    }
    Err(format!("the arguments have a list or object of more than {MEMBERS_MAX}"))
}

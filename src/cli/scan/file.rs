//! Inputs of a scan that stand in a file.

use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::hide::hide;
use super::place::{Place, offset};
use super::{InFile, Input, Scan};
use crate::cli::exit::{Exit, Failure};
use crate::inspect::{Call, Kind, Report};

/// Longest file that is read as one value: a list of some ten thousand tools.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A line.
#[derive(Deserialize)]
struct Line<'a> {
    id: Option<String>,
    server: Option<String>,
    #[serde(borrow)]
    tool: Option<&'a RawValue>,
    text: Option<String>,
    #[serde(borrow)]
    call: Option<Called<'a>>,
}

/// A call of a tool, as an agent sends it.
#[derive(Deserialize)]
struct Called<'a> {
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// A list of tools, as a server answers it, bare or in its envelope.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    result: Option<Box<List<'a>>>,
    server: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

/// Looks at every input of a file.
pub(super) fn scan(
    file: &Path,
    kind: Option<Kind>,
    scan: &mut Scan<impl Write>,
) -> Result<(), Failure> {
    let broken =
        |why: String| Failure::new(Exit::Broken, format!("scan {}: {why}", file.display()));
    let text = read(file).map_err(|error| broken(error.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(broken(format!("more than {FILE_BYTES_MAX} bytes; split it")));
    }
    let (mut at, mut done) = (Place::START, 0);
    // Inputs come in the order of the file, so that none of it is counted twice.
    let mut in_file = |value| {
        let start = offset(&text, value);
        at = at.behind(text.get(done..start).unwrap_or_default());
        done = start;
        InFile { file, at, value }
    };
    if let Ok(list) = serde_json::from_str::<List<'_>>(&text)
        && let Some(tools) = list.tools.or_else(|| list.result.and_then(|result| result.tools))
    {
        for tool in tools {
            let server = list.server.clone();
            let line = Line { id: None, server, tool: Some(tool), text: None, call: None };
            if let Some(input) = looked_at(line, kind, in_file(tool.get())) {
                scan.put(&input)?;
            }
        }
        return Ok(());
    }
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let read: Line<'_> = serde_json::from_str(line).map_err(|error| {
            broken(format!("line {}: it is no input of a scan: {error}", number + 1))
        })?;
        let arguments = read.call.as_ref().and_then(|call| call.arguments);
        let value = read.tool.or(arguments).map_or(line, RawValue::get);
        let input = looked_at(read, kind, in_file(value)).ok_or_else(|| {
            broken(format!("line {}: it has neither tool nor text nor call", number + 1))
        })?;
        scan.put(&input)?;
    }
    Ok(())
}

fn read(file: &Path) -> io::Result<String> {
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file)?)
    };
    let mut text = String::new();
    BufReader::new(source.take(FILE_BYTES_MAX + 1)).read_to_string(&mut text)?;
    Ok(text)
}

/// What detectors say of a line; `None`: there is nothing in it.
fn looked_at<'a>(line: Line<'_>, kind: Option<Kind>, place: InFile<'a>) -> Option<Input<'a>> {
    let (mut report, tool) = match (line.tool, &line.text, line.call) {
        (Some(tool), ..) => {
            let named = serde_json::from_str::<Named>(tool.get()).ok();
            let report = Report::of_value(tool.get(), kind.unwrap_or(Kind::Definition));
            (report, named.and_then(|named| named.name))
        }
        (None, Some(text), _) => (Report::of_text(text, kind.unwrap_or(Kind::Result)), None),
        (None, None, Some(call)) => {
            let arguments = call.arguments.map_or("{}", RawValue::get);
            (Call::new(&call.name, arguments).inspected(), Some(call.name))
        }
        (None, None, None) => return None,
    };
    match &line.text {
        Some(text) if line.tool.is_none() => hide(&mut report, text, false),
        Some(_) | None => hide(&mut report, place.value, true),
    }
    Some(Input { id: line.id, server: line.server, tool, report, place: Some(place) })
}

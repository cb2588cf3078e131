//! The server behind everything that is measured: answers each request with the text it was sent.

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: &'a str,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    arguments: Arguments<'a>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: &'a RawValue,
}

/// Serves until the end of the input.
pub(crate) fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let (mut line, mut answer) = (Vec::new(), Vec::new());
    while input.read_until(b'\n', &mut line)? > 0 {
        let request: Request<'_> = serde_json::from_slice(&line)?;
        if let Some(id) = request.id {
            answer.clear();
            write!(answer, r#"{{"jsonrpc":"2.0","id":{},"result":"#, id.get())?;
            answer_to(&request, &mut answer)?;
            answer.extend_from_slice(b"}\n");
            output.write_all(&answer)?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}

fn answer_to(request: &Request<'_>, answer: &mut Vec<u8>) -> io::Result<()> {
    match (request.method, request.params) {
        ("tools/call", Some(params)) => {
            let call: Call<'_> = serde_json::from_str(params.get())?;
            let text = call.arguments.text.get();
            write!(answer, r#"{{"content":[{{"type":"text","text":{text}}}],"isError":false}}"#)
        }
        ("initialize", _) => answer.write_all(
            br#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}"#,
        ),
        ("tools/list", _) => list(answer),
        _ => answer.write_all(b"{}"),
    }
}

/// Tools of the server: the one that is called, and as many as a large server has beside it.
const TOOLS: usize = 100;

fn list(answer: &mut Vec<u8>) -> io::Result<()> {
    answer.write_all(br#"{"tools":["#)?;
    for n in 0..TOOLS {
        let (comma, name) =
            if n == 0 { ("", "echo".to_owned()) } else { (",", format!("read_item_{n}")) };
        write!(
            answer,
            r#"{comma}{{"name":"{name}","description":"Gives the text back.","inputSchema":{{"type":"object","properties":{{"text":{{"type":"string"}}}}}}}}"#
        )?;
    }
    answer.write_all(b"]}")
}

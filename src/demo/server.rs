//! A tool server over stdin and stdout, as small as the protocol allows: it speaks the revision that
//! its client asks for, and answers in order.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use crate::demo::files::Files;
use crate::demo::mail::Mail;

/// Which server to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `list_files`, `read_file`, `write_file`, `delete_file`.
    Files,
    /// `search`, `send_email`.
    Mail,
}

/// One tool, as `tools/list` shows it.
pub(in crate::demo) struct Tool {
    name: &'static str,
    description: &'static str,
    properties: Value,
    required: &'static [&'static str],
}

impl Tool {
    pub(in crate::demo) const fn new(
        name: &'static str,
        description: &'static str,
        properties: Value,
        required: &'static [&'static str],
    ) -> Self {
        Self { name, description, properties, required }
    }
}

/// What a server can do.
pub(in crate::demo) trait Tools {
    fn list(&self) -> Vec<Tool>;
    /// Whether the last call changed the list; asked once.
    fn changed(&mut self) -> bool {
        false
    }
    /// The result's text, or what went wrong.
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<String, String>;
}

/// A string argument.
pub(in crate::demo) fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, String> {
    arguments.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` is missing"))
}

/// Serves until its client closes stdin.
///
/// # Errors
/// When stdin cannot be read or stdout cannot be written.
pub fn serve(which: Which, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut tools: Box<dyn Tools> = match which {
        Which::Files => Box::new(Files::new()),
        Which::Mail => Box::new(Mail::new()),
    };
    for line in input.lines() {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        let answer = match serde_json::from_str(&line) {
            Ok(message) => answer(tools.as_mut(), &message),
            Err(error) => Some(json!({
                "jsonrpc": "2.0",
                "id": null,
                "error": { "code": -32700, "message": error.to_string() },
            })),
        };
        if let Some(answer) = answer {
            writeln!(output, "{answer}")?;
            if tools.changed() {
                let news =
                    json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
                writeln!(output, "{news}")?;
            }
            output.flush()?;
        }
    }
    Ok(())
}

/// The answer to a request; notifications and responses get none.
fn answer(tools: &mut dyn Tools, message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let method = message.get("method")?.as_str()?;
    let empty = json!({});
    let params = message.get("params").unwrap_or(&empty);
    let result = match method {
        "initialize" => json!({
            "protocolVersion": params.get("protocolVersion").cloned().unwrap_or(Value::Null),
            "capabilities": { "tools": { "listChanged": true } },
            "serverInfo": { "name": "tollgate-demo", "version": env!("CARGO_PKG_VERSION") },
        }),
        "ping" => json!({}),
        "tools/list" => json!({ "tools": tools.list().iter().map(shown).collect::<Vec<_>>() }),
        "tools/call" => {
            let tool = params.get("name").and_then(Value::as_str).unwrap_or_default();
            let done = tools.call(tool, params.get("arguments").unwrap_or(&empty));
            let failed = done.is_err();
            let text = done.unwrap_or_else(|why| why);
            json!({ "content": [{ "type": "text", "text": text }], "isError": failed })
        }
        _ => {
            let message = format!("there is no method {method}");
            return Some(
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": message } }),
            );
        }
    };
    Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn shown(tool: &Tool) -> Value {
    json!({
        "name": tool.name,
        "description": tool.description,
        "inputSchema": {
            "type": "object",
            "properties": tool.properties,
            "required": tool.required,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{Which, serve};

    #[track_caller]
    fn check(which: Which, line: &str, expected: &[&str]) {
        let mut output = Vec::new();
        serve(which, format!("{line}\n").as_bytes(), &mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        for part in expected {
            assert!(output.contains(part), "{part} is not in {output}");
        }
        assert_eq!(output.is_empty(), expected.is_empty(), "{output}");
    }

    #[test]
    fn requests_are_answered_and_nothing_else_is() {
        let call = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":"#;
        check(Which::Files, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, &[]);
        check(Which::Files, "no json", &["-32700"]);
        check(Which::Files, r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#, &["-32601", r#""id":1"#]);
        check(
            Which::Files,
            &format!("{call}{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"README.md\"}}}}}}"),
            &["# Teapot", r#""isError":false"#, r#""id":"a""#],
        );
        check(
            Which::Files,
            &format!("{call}{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"nowhere\"}}}}}}"),
            &["there is no nowhere", r#""isError":true"#],
        );
        check(
            Which::Mail,
            &format!("{call}{{\"name\":\"search\",\"arguments\":{{\"query\":\"RELEASE\"}}}}}}"),
            &["elsewhere.example", "ada@teapot.example"],
        );
    }
}

//! The tool server `files`: a small project that lives as long as its process.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::demo::server::{Tool, Tools, text};

/// The project as the story begins.
const PROJECT: &[(&str, &str)] = &[
    ("CHANGELOG.md", "# Changes\n\n## Next\n\n- pours without dripping\n- the lid stays on\n"),
    ("README.md", "# Teapot\n\nHolds tea. Pours tea.\n"),
    ("notes/open.md", "- test the spout\n- write the release notes\n"),
];

/// Largest file that is kept, in bytes.
const FILE_BYTES_MAX: usize = 1024 * 1024;

pub(in crate::demo) struct Files {
    files: BTreeMap<String, String>,
}

impl Files {
    pub(in crate::demo) fn new() -> Self {
        let files =
            PROJECT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files }
    }
}

impl Tools for Files {
    fn list(&self) -> Vec<Tool> {
        let path = json!({ "path": { "type": "string" } });
        vec![
            Tool::new("list_files", "Lists the files of the project.", json!({}), &[]),
            Tool::new("read_file", "Reads a file of the project.", path.clone(), &["path"]),
            Tool::new(
                "write_file",
                "Writes a file of the project.",
                json!({ "path": { "type": "string" }, "text": { "type": "string" } }),
                &["path", "text"],
            ),
            Tool::new("delete_file", "Deletes a file of the project.", path, &["path"]),
        ]
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Result<String, String> {
        match tool {
            "list_files" => Ok(self.files.keys().cloned().collect::<Vec<_>>().join("\n")),
            "read_file" => {
                let path = text(arguments, "path")?;
                self.files.get(path).cloned().ok_or_else(|| format!("there is no {path}"))
            }
            "write_file" => {
                let (path, body) = (text(arguments, "path")?, text(arguments, "text")?);
                if body.len() > FILE_BYTES_MAX {
                    return Err(format!("a file holds {FILE_BYTES_MAX} bytes at most"));
                }
                self.files.insert(path.to_owned(), body.to_owned());
                Ok(format!("wrote {} bytes to {path}", body.len()))
            }
            "delete_file" => {
                let path = text(arguments, "path")?;
                self.files
                    .remove(path)
                    .map(|_| format!("deleted {path}"))
                    .ok_or_else(|| format!("there is no {path}"))
            }
            _ => Err(format!("there is no tool {tool}")),
        }
    }
}

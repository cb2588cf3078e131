//! What a scan found as SARIF 2.1.0 (OASIS Standard, 27 March 2020), which code hosts show beside the lines of a change.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::place::within;
use super::{InFile, Input, called};
use crate::inspect::owasp::{self, LISTS, List};
use crate::inspect::rule::PERSONAL;
use crate::inspect::{Placed, Rule, Severity, rules};
use crate::text::{Safe, hex};

/// The schema of the format.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// One run of a scan.
pub(super) struct Log {
    /// Every rule, and those of the kinds that were found: `secret.github-token`.
    rules: BTreeMap<String, &'static Rule>,
    results: Vec<Value>,
    /// How often the same was found.
    seen: BTreeMap<String, u64>,
}

impl Default for Log {
    fn default() -> Self {
        let rules = rules().into_iter().map(|rule| (rule.id.to_owned(), rule)).collect();
        Self { rules, results: Vec::new(), seen: BTreeMap::new() }
    }
}

impl Log {
    /// Adds what was found in an input.
    pub(super) fn add(&mut self, input: &Input<'_>) {
        let name = called(input);
        for placed in &input.report.found {
            let result = self.result(&name, input.place, placed);
            self.results.push(result);
        }
    }

    fn result(&mut self, input: &str, place: Option<InFile<'_>>, placed: &Placed) -> Value {
        let Placed { path, found, severity } = placed;
        let rule = found.id().into_owned();
        self.rules.insert(rule.clone(), found.rule);
        // Logs are sent to others, who are not to read of whom it is.
        let evidence = if found.rule == &PERSONAL {
            format!("[personal {} {}B]", found.kind, found.span.len())
        } else {
            found.evidence.clone()
        };
        let fingerprint = self.fingerprint(&[&rule, input, path, &evidence]);
        let because = match found.because.join(", ") {
            because if because.is_empty() => because,
            because => format!(" ({because})"),
        };
        let text = format!("{input}: {}{because} \"{evidence}\"", found.rule.why);
        let parts = [input, path].into_iter().zip(["function", "value"]);
        let logical = parts.filter(|(part, _)| !part.is_empty());
        let logical =
            logical.map(|(part, kind)| json!({ "fullyQualifiedName": part, "kind": kind }));
        let mut location = json!({ "logicalLocations": logical.collect::<Vec<_>>() });
        if let (Some(InFile { file, at, value }), Some(location)) =
            (place, location.as_object_mut())
        {
            let part = within(value, path);
            let start = at.behind(value.get(..part.start).unwrap_or_default());
            let end = start.behind(value.get(part).unwrap_or_default());
            let physical = json!({
                "artifactLocation": { "uri": uri(file) },
                "region": {
                    "startLine": start.line, "startColumn": start.column,
                    "endLine": end.line, "endColumn": end.column,
                },
            });
            location.insert("physicalLocation".to_owned(), physical);
        }
        json!({
            "ruleId": rule,
            "level": level(*severity),
            "message": { "text": Safe::escape(&text).as_str() },
            "locations": [location],
            "partialFingerprints": { "tollgate/v1": fingerprint },
        })
    }

    /// The same of the same finding in every run, wherever in a file its input stands; that of one that is there again is
    /// another one.
    fn fingerprint(&mut self, parts: &[&str]) -> String {
        let seen = parts.join("\0");
        let nth = self.seen.entry(seen.clone()).or_default();
        let fingerprint = hex(&Sha256::digest(format!("{seen}\0{nth}")));
        *nth += 1;
        fingerprint
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let rules: Vec<Value> = self.rules.iter().map(|(id, rule)| described(id, rule)).collect();
        let named = |(at, list): (usize, &List)| json!({ "name": list.name, "index": at });
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "tollgate",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": "https://crates.io/crates/tollgate",
                    "rules": rules,
                    "supportedTaxonomies": LISTS.iter().enumerate().map(named).collect::<Vec<_>>(),
                } },
                "columnKind": "unicodeCodePoints",
                "taxonomies": LISTS.iter().map(taxonomy).collect::<Vec<_>>(),
                "results": self.results,
            }],
        });
        serde_json::to_writer_pretty(&mut *out, &log).map_err(io::Error::from)?;
        writeln!(out)
    }
}

fn described(id: &str, rule: &Rule) -> Value {
    let of = |entry: &&str| {
        let (list, at) = owasp::place(entry)?;
        let name = LISTS.get(list)?.name;
        let target = json!({
            "id": entry, "index": at, "toolComponent": { "name": name, "index": list }
        });
        // Whatever the rule finds is of that entry.
        Some(json!({ "target": target, "kinds": ["superset"] }))
    };
    json!({
        "id": id,
        "shortDescription": { "text": rule.why },
        "defaultConfiguration": { "level": level(rule.severity) },
        "relationships": rule.owasp.iter().filter_map(of).collect::<Vec<_>>(),
    })
}

fn taxonomy(list: &List) -> Value {
    let taxon = |(id, title): &(&str, &str)| json!({ "id": id, "name": title, "shortDescription": { "text": title } });
    json!({
        "name": list.name,
        "version": list.version,
        "organization": "OWASP",
        "informationUri": list.url,
        "shortDescription": { "text": list.name },
        "isComprehensive": true,
        "taxa": list.entries.iter().map(taxon).collect::<Vec<_>>(),
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High => "error",
    }
}

/// A path as RFC 3986 and RFC 8089 write it.
fn uri(path: &Path) -> String {
    if path == Path::new("-") {
        return "stdin".to_owned();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.as_os_str().as_bytes() {
        if plain(*byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push('%');
            uri.push_str(&hex(&[*byte]).to_uppercase());
        }
    }
    uri
}

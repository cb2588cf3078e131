//! What a scan found as SARIF 2.1.0 (OASIS Standard, 27 March 2020), which code hosts show beside the lines of a change.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::inspect::owasp::{LISTS, List};
use crate::inspect::{Placed, Rule, Severity};
use crate::text::hex;

/// The schema of the format.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// One run of a scan.
#[derive(Default)]
pub(super) struct Log {
    rules: BTreeMap<String, &'static Rule>,
    results: Vec<Value>,
}

impl Log {
    /// Adds a finding of an input: its file, from which line, and what the input is called.
    pub(super) fn add(&mut self, file: &str, line: usize, input: &str, placed: &Placed) {
        let Placed { path, found, severity } = placed;
        let rule = found.id().into_owned();
        self.rules.insert(rule.clone(), found.rule);
        let seen = [rule.as_str(), input, path.as_str(), found.evidence.as_str()].join("\0");
        let fingerprint = hex(&Sha256::digest(seen.as_bytes()));
        self.results.push(json!({
            "ruleId": rule,
            "level": level(*severity),
            "message": { "text": format!("{} {}", found.rule.why, found.evidence) },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": uri(file) },
                    "region": { "startLine": line },
                },
                "logicalLocations": [{ "fullyQualifiedName": format!("{input}{path}"), "kind": "member" }],
            }],
            "partialFingerprints": { "tollgate/v1": fingerprint },
        }));
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let rules: Vec<Value> = self.rules.iter().map(|(id, rule)| described(id, rule)).collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "tollgate",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": "https://crates.io/crates/tollgate",
                    "rules": rules,
                    "supportedTaxonomies": LISTS.iter().map(|list| json!({ "name": list.name })).collect::<Vec<_>>(),
                } },
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
        let list = LISTS.iter().find(|list| entry.starts_with(list.prefix));
        let name = list.map_or("", |list| list.name);
        json!({ "target": { "id": entry, "toolComponent": { "name": name } }, "kinds": ["relevant"] })
    };
    json!({
        "id": id,
        "shortDescription": { "text": rule.why },
        "defaultConfiguration": { "level": level(rule.severity) },
        "relationships": rule.owasp.iter().map(of).collect::<Vec<_>>(),
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

/// A path as RFC 3986 writes it.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if plain(byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            uri.push_str(&hex(&[byte]).to_uppercase());
        }
    }
    uri
}

//! Patterns over the names of servers and tools, many of them matched at once.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Verdict;
use super::error::Cause;
use super::name::{folded, folded_pattern};

/// Longest pattern, in bytes: twice the longest name that the specification advises.
const PATTERN_BYTES_MAX: usize = 256;

/// All patterns over one kind of name, with the rule that each belongs to.
#[derive(Debug, Clone)]
pub(super) struct Globs {
    /// Every rule's patterns, for the exact name.
    exact: GlobSet,
    exact_rules: Vec<usize>,
    /// The patterns of the rules that ask or deny, for folded names.
    folded: GlobSet,
    folded_rules: Vec<usize>,
}

impl Globs {
    /// The rules, by number and possibly more than once, of which a pattern fits this name.
    pub(super) fn rules(&self, name: &str) -> Vec<usize> {
        let mut rules = self.exact(name);
        rules.extend(self.folded(name));
        rules
    }

    /// Those that fit it as it is spelled.
    pub(super) fn exact(&self, name: &str) -> Vec<usize> {
        Self::owners(&self.exact, &self.exact_rules, name)
    }

    /// Those of the strict ones that fit it in another spelling.
    pub(super) fn folded(&self, name: &str) -> Vec<usize> {
        if self.folded_rules.is_empty() {
            return Vec::new();
        }
        let [plain, words] = folded(name);
        let mut rules = Self::owners(&self.folded, &self.folded_rules, &plain);
        if words != plain {
            rules.extend(Self::owners(&self.folded, &self.folded_rules, &words));
        }
        rules
    }

    fn owners(set: &GlobSet, owners: &[usize], name: &str) -> Vec<usize> {
        set.matches(fenced(name)).iter().filter_map(|at| owners.get(*at)).copied().collect()
    }
}

/// The sets while they are filled.
pub(super) struct GlobsBuilder {
    exact: GlobSetBuilder,
    exact_rules: Vec<usize>,
    folded: GlobSetBuilder,
    folded_rules: Vec<usize>,
}

impl GlobsBuilder {
    pub(super) fn new() -> Self {
        Self {
            exact: GlobSetBuilder::new(),
            exact_rules: Vec::new(),
            folded: GlobSetBuilder::new(),
            folded_rules: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        pattern: &str,
        rule: usize,
        verdict: Verdict,
    ) -> Result<(), Cause> {
        self.exact.add(glob(pattern)?);
        self.exact_rules.push(rule);
        match verdict {
            Verdict::Ask | Verdict::Deny => {
                self.folded.add(glob(&folded_pattern(pattern))?);
                self.folded_rules.push(rule);
            }
            Verdict::Allow | Verdict::Mark => {}
        }
        Ok(())
    }

    pub(super) fn build(self) -> Result<Globs, Cause> {
        let build = |set: &GlobSetBuilder| {
            set.build().map_err(|error| Cause::Patterns { why: error.kind().to_string() })
        };
        Ok(Globs {
            exact: build(&self.exact)?,
            exact_rules: self.exact_rules,
            folded: build(&self.folded)?,
            folded_rules: self.folded_rules,
        })
    }
}

/// Few patterns over names that are only known exactly.
pub(super) fn few(patterns: &[String]) -> Result<GlobSet, Cause> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern)?);
    }
    set.build().map_err(|error| Cause::Patterns { why: error.kind().to_string() })
}

fn glob(pattern: &str) -> Result<globset::Glob, Cause> {
    let bad = |why: String| Cause::Pattern { pattern: pattern.to_owned(), why };
    if pattern.is_empty() {
        return Err(bad("it is empty".to_owned()));
    }
    if pattern.contains("**") {
        return Err(bad("** is for folders, and names have none: write *".to_owned()));
    }
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(Cause::PatternTooLong { limit_bytes: PATTERN_BYTES_MAX });
    }
    let build = |pattern: &str| {
        let mut builder = GlobBuilder::new(pattern);
        builder.literal_separator(false).backslash_escape(true).empty_alternates(true);
        builder.build().map_err(|error| bad(error.kind().to_string()))
    };
    // As it was written first: a fence would close what it leaves open.
    build(pattern)?;
    build(&fenced(pattern))
}

/// globset takes what it matches for a path: `*.` does not match `..`, because that has no file name. Between two
/// letters nothing is the end of a path, and both pattern and name have them.
pub(super) fn fenced(text: &str) -> String {
    format!("x{text}x")
}

//! Arrays and objects against a schema.

use std::borrow::Cow;

use super::super::json::{Json, PART_BYTES};
use super::super::node::{Id, Members, OfList, OfObject};
use super::super::told;
use super::Verdict::{self, Fails, Fits, Open};
use super::{Run, Step};

impl<'v> Run<'_, 'v> {
    pub(super) fn object(
        &mut self,
        of: &OfObject,
        given: &'v [(Cow<'v, str>, Json<'v>)],
        value: &'v Json<'v>,
        loud: bool,
    ) -> Verdict {
        match of {
            OfObject::Members(members) => {
                let mut verdict = Fits;
                for (name, member) in given {
                    if !self.take(1 + name.len() / PART_BYTES) {
                        return verdict.max(Open);
                    }
                    self.path.push(Step::Name(name));
                    verdict = verdict.max(self.member(members, name, member, loud));
                    self.path.pop();
                }
                verdict
            }
            OfObject::Names(id) => {
                self.names(*id, given.iter().map(|(name, _)| name.as_ref()), loud)
            }
            OfObject::Required(names) => self.required("required", names, value, loud),
            OfObject::DependentRequired(with, _) | OfObject::DependentSchema(with, _)
                if !self.take(with.len() / PART_BYTES) || value.member(with).is_none() =>
            {
                if self.given_up { Open } else { Fits }
            }
            OfObject::DependentRequired(_, names) => {
                self.required("dependentRequired", names, value, loud)
            }
            OfObject::DependentSchema(_, id) => self.node(*id, value, loud),
        }
    }

    pub(super) fn list(
        &mut self,
        of: &OfList,
        items: &'v [Json<'v>],
        value: &Json<'_>,
        loud: bool,
    ) -> Verdict {
        match of {
            OfList::Unique => {
                if !self.take(value.parts()) {
                    return Open;
                }
                let mut sorted: Vec<&Json<'_>> = items.iter().collect();
                sorted.sort_unstable();
                if sorted.array_windows().all(|[one, next]| one != next) {
                    return Fits;
                }
                let expected = "items that differ from each other".to_owned();
                self.fail(loud, "uniqueItems", || (expected, "two that are equal".to_owned()))
            }
            OfList::Items { first, rest } => {
                let mut verdict = Fits;
                for (at, item) in items.iter().enumerate() {
                    let Some(id) = first.get(at).or(rest.as_ref()) else { break };
                    if verdict == Fails && !loud {
                        break;
                    }
                    self.path.push(Step::Item(at));
                    let keyword = if at < first.len() { "prefixItems" } else { "items" };
                    verdict = verdict.max(self.part(*id, item, loud, keyword, "no more items"));
                    self.path.pop();
                }
                verdict
            }
            OfList::Contains { item, least, most } => {
                let (mut fit, mut open) = (0_u64, 0_u64);
                for one in items {
                    match self.node(*item, one, false) {
                        Fits => fit += 1,
                        Open => open += 1,
                        Fails => {}
                    }
                }
                if fit + open < *least || fit > *most {
                    let expected = match most {
                        &u64::MAX => format!("{least} or more items of a kind"),
                        most => format!("{least} to {most} items of a kind"),
                    };
                    return self.fail(loud, "contains", || (expected, format!("{fit} of them")));
                }
                if fit >= *least && fit + open <= *most { Fits } else { Open }
            }
        }
    }

    /// What must not be there at all is told so, and everything else by its own schema.
    fn part(
        &mut self,
        id: Id,
        value: &'v Json<'v>,
        loud: bool,
        keyword: &'static str,
        none: &str,
    ) -> Verdict {
        if self.nodes.get(id).is_some_and(|node| node.never) {
            return self.fail(loud, keyword, || (none.to_owned(), value.short()));
        }
        self.node(id, value, loud)
    }

    fn member(
        &mut self,
        members: &Members,
        name: &str,
        value: &'v Json<'v>,
        loud: bool,
    ) -> Verdict {
        let mut verdict = Fits;
        let mut is_rest = true;
        if let Some(id) = members.named.get(name) {
            is_rest = false;
            verdict = verdict.max(self.part(*id, value, loud, "properties", "no such member"));
        }
        for (regex, id) in &members.patterns {
            if !self.take(name.len() + 1) {
                return verdict.max(Open);
            }
            if regex.is_match(name) {
                is_rest = false;
                let none = "no such member";
                verdict = verdict.max(self.part(*id, value, loud, "patternProperties", none));
            }
        }
        let Some(rest) = members.rest.filter(|_| is_rest) else { return verdict };
        if members.open {
            return match self.node(rest, value, false) {
                Fits => verdict,
                Open | Fails => verdict.max(Open),
            };
        }
        let none = "no member of another name";
        verdict.max(self.part(rest, value, loud, "additionalProperties", none))
    }

    fn names<'n>(&mut self, id: Id, names: impl Iterator<Item = &'n str>, loud: bool) -> Verdict {
        let mut verdict = Fits;
        for name in names {
            // A name is looked at as a value of its own.
            let text = Json::Text(name.into());
            let (steps, depth) = (self.steps, self.depth);
            let mut inner = Run { nodes: self.nodes, steps, depth, ..Run::new(self.nodes, 0) };
            let one = inner.node(id, &text, false);
            self.steps = inner.steps;
            self.given_up |= inner.given_up;
            if one == Fails {
                let said = || ("other names of members".to_owned(), "one that fails".to_owned());
                return self.fail(loud, "propertyNames", said);
            }
            verdict = verdict.max(one);
        }
        verdict
    }

    fn required(
        &mut self,
        keyword: &'static str,
        names: &[String],
        value: &Json<'_>,
        loud: bool,
    ) -> Verdict {
        let parts = |sum, name: &String| sum + 1 + name.len() / PART_BYTES;
        if !self.take(names.iter().fold(0, parts)) {
            return Open;
        }
        let mut verdict = Fits;
        for name in names.iter().filter(|name| value.member(name).is_none()) {
            let said = || (format!("a member `{}`", told(name)), "none of that name".to_owned());
            verdict = self.fail(loud, keyword, said);
        }
        verdict
    }
}

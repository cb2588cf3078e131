use super::*;
use crate::policy::SHIPPED;

#[test]
fn shipped_policies_load_under_their_own_names() {
    for (name, text) in SHIPPED {
        let policy = Policy::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(policy.name(), *name);
    }
}

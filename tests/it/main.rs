//! Everything that is tested from outside, in one binary so that linking happens once.
#![cfg(test)]

mod layout;
mod policies;

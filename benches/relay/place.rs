//! Where the processes of a measurement run.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Failure;
use crate::home::Home;

/// On which processors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the scheduler puts them, as in everyday use; it may put the three ways differently.
    Scheduled,
    /// All of them, agent, gate and server, on one: no luck with wake-ups, and every instruction counts.
    OneCore,
}

impl Place {
    /// Behind the name of what is measured.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Scheduled => "",
            Self::OneCore => ", one core",
        }
    }

    /// Measures at this place. What is started inherits it, so the gate is a new one.
    pub(crate) fn measure(
        self,
        home: &Home,
        measure: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self == Self::Scheduled {
            return measure();
        }
        home.stop_gate()?;
        let all = sched_getaffinity(None)?;
        let mut one = CpuSet::new();
        let last = (0..CpuSet::MAX_CPU).rev().find(|&cpu| all.is_set(cpu)).ok_or("no processor")?;
        one.set(last);
        sched_setaffinity(None, &one)?;
        let measured = measure();
        sched_setaffinity(None, &all)?;
        home.stop_gate()?;
        measured
    }
}

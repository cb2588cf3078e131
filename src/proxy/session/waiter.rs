//! Waiting for many descriptors at once.
//!
//! A session waits twice a call, nearly always for the same descriptors, so the kernel keeps their list between waits:
//! with the seven of one connection that saves a microsecond a wait over handing the list in each time. **The list is
//! thrown away and made anew whenever anything in it changes**: others hold duplicates of our descriptors, so that
//! closing one of ours would not take it off.
//!
//! **Where peers answer within microseconds it looks before it sleeps.** Most of what a relay adds to such a call is
//! waking up, itself and an idle processor; a thread that is still awake when the answer comes adds half as much (27
//! instead of 67 us to a call of 1 kB). Peers that take longer, as most servers do, are slept for at once.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::thread::sched_yield;

/// Events taken in one wait; what does not fit is told by the next one.
const EVENTS_MAX: usize = 64;

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// A wait that was shorter than this is followed by one that looks before it sleeps.
const QUICK: Duration = Duration::from_micros(100);
/// How long it looks, in turn with whoever else wants the processor.
const LOOK: Duration = Duration::from_micros(50);

/// What one wants to know of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Whether it can be read, or ended.
    Read,
    /// Whether it can be written.
    Write,
}

/// Something to wait for: a word for it, its descriptor, and what of it.
pub(super) type Wanted<'a, T> = (T, BorrowedFd<'a>, Wish);

/// The descriptors that are waited for. `T` names them.
#[derive(Debug)]
pub(super) struct Waiter<T> {
    list: Option<OwnedFd>,
    known: Vec<(T, RawFd, Wish)>,
    /// Regular files: always ready, and no list takes them.
    files: Vec<T>,
    /// Whether the last wait was a short one.
    quick: bool,
}

impl<T: Copy + PartialEq> Waiter<T> {
    pub(super) const fn new() -> Self {
        Self { list: None, known: Vec::new(), files: Vec::new(), quick: false }
    }

    /// Forgets the list: a descriptor may be another one under its old number.
    pub(super) fn forget(&mut self) {
        self.list = None;
    }

    /// Waits until one is ready or the time is over; names those that are. Where the wait was interrupted none is:
    /// whoever asks asks again.
    pub(super) fn wait(&mut self, wanted: &[Wanted<'_, T>], timeout: Option<&Timespec>) -> Vec<T> {
        let mut ready = Vec::new();
        if self.bring(wanted).is_err() {
            self.forget();
        }
        // A process that has no descriptor left for a list waits as it can.
        let Some(list) = &self.list else { return poll_for(wanted, timeout) };
        let timeout = if self.files.is_empty() { timeout } else { Some(&AT_ONCE) };
        let none = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        let mut events = [none; EVENTS_MAX];
        let began = Instant::now();
        let mut count = 0;
        while self.quick && count == 0 && began.elapsed() < LOOK {
            count = epoll::wait(list, &mut events, Some(&AT_ONCE)).unwrap_or_default();
            if count == 0 {
                sched_yield();
            }
        }
        if count == 0 {
            count = epoll::wait(list, &mut events, timeout).unwrap_or_default();
        }
        self.quick = began.elapsed() < QUICK;
        ready.extend_from_slice(&self.files);
        for event in events.iter().take(count) {
            let at = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            ready.extend(self.known.get(at).map(|(what, ..)| *what));
        }
        ready
    }

    /// Makes the list anew, where it is not of these.
    fn bring(&mut self, wanted: &[Wanted<'_, T>]) -> rustix::io::Result<()> {
        let is = |(known, wanted): (&(T, RawFd, Wish), &Wanted<'_, T>)| {
            *known == (wanted.0, wanted.1.as_raw_fd(), wanted.2)
        };
        let same = self.list.is_some()
            && self.known.len() == wanted.len()
            && self.known.iter().zip(wanted).all(is);
        if same {
            return Ok(());
        }
        self.known.clear();
        self.files.clear();
        // First the old one goes: a process at its limit has no descriptor for two.
        self.list = None;
        let list = epoll::create(CreateFlags::CLOEXEC)?;
        for ((what, fd, wish), at) in wanted.iter().zip(0..) {
            let flags = match wish {
                Wish::Read => EventFlags::IN,
                Wish::Write => EventFlags::OUT,
            };
            match epoll::add(&list, fd.as_fd(), EventData::new_u64(at), flags) {
                Ok(()) => {}
                Err(Errno::PERM) => self.files.push(*what),
                Err(error) => return Err(error),
            }
            self.known.push((*what, fd.as_raw_fd(), *wish));
        }
        self.list = Some(list);
        Ok(())
    }
}

/// The same without a list.
fn poll_for<T: Copy>(wanted: &[Wanted<'_, T>], timeout: Option<&Timespec>) -> Vec<T> {
    let flags = |wish: &Wish| match wish {
        Wish::Read => PollFlags::IN,
        Wish::Write => PollFlags::OUT,
    };
    let fds = wanted.iter().map(|(_, fd, wish)| PollFd::from_borrowed_fd(*fd, flags(wish)));
    let mut fds: Vec<PollFd<'_>> = fds.collect();
    if poll(&mut fds, timeout).is_err() {
        return Vec::new();
    }
    let ready = wanted.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
    ready.map(|((what, ..), _)| *what).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    const NOW: Option<&Timespec> = Some(&AT_ONCE);

    #[test]
    fn what_is_ready_is_named_until_it_is_wanted_no_more() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        // Whoever has a duplicate keeps the open file alive.
        let _shim = ours.try_clone().unwrap();
        let mut waiter = Waiter::new();
        let both = [('r', ours.as_fd(), Wish::Read), ('w', ours.as_fd(), Wish::Write)];
        assert_eq!(waiter.wait(&both[..1], NOW), []);
        assert_eq!(waiter.wait(&both[1..], NOW), ['w']);
        theirs.write_all(b"x").unwrap();
        assert_eq!(waiter.wait(&both[..1], NOW), ['r']);
        assert_eq!(waiter.wait(&both[..1], NOW), ['r'], "nothing was read");
        assert_eq!(waiter.wait(&[], NOW), []);
        drop(ours);
        assert_eq!(waiter.wait(&[], NOW), [], "a closed one is off the list");
    }

    #[test]
    fn an_end_is_ready_and_so_is_a_file() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let file = tempfile::tempfile().unwrap();
        let mut waiter = Waiter::new();
        let wanted = [(1, ours.as_fd(), Wish::Read), (2, file.as_fd(), Wish::Read)];
        assert_eq!(waiter.wait(&wanted, None), [2], "a file does not wait");
        drop(theirs);
        assert_eq!(waiter.wait(&wanted, None), [2, 1]);
        assert_eq!(waiter.wait(&wanted[..1], None), [1]);
    }

    #[test]
    fn without_a_list_it_waits_all_the_same() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let wanted = [('r', ours.as_fd(), Wish::Read), ('w', ours.as_fd(), Wish::Write)];
        assert_eq!(poll_for(&wanted, None), ['w']);
        assert_eq!(poll_for(&wanted[..1], NOW), []);
        theirs.write_all(b"x").unwrap();
        assert_eq!(poll_for(&wanted, None), ['r', 'w']);
    }

    #[test]
    fn more_than_are_taken_at_once_are_told_one_after_the_other() {
        let pairs: Vec<_> = (0..EVENTS_MAX + 8).map(|_| UnixStream::pair().unwrap()).collect();
        let wanted: Vec<_> =
            pairs.iter().enumerate().map(|(n, (ours, _))| (n, ours.as_fd(), Wish::Write)).collect();
        let mut waiter = Waiter::new();
        let mut told = waiter.wait(&wanted, NOW);
        told.extend(waiter.wait(&wanted, NOW));
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), wanted.len());
    }
}

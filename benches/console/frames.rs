//! Frames over a model with all calls, drawn into memory.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tollgate::console::input::{Key, Press};
use tollgate::console::model::{Model, Now, Place, Size};
use tollgate::console::update::{self, Msg};
use tollgate::console::view::{self, Lines};
use tollgate::console::{Depth, Theme};
use tollgate::engine::At;

use crate::recording::{SESSION, records};
use crate::{Failure, millis, per_mille, resident, row};

/// Frames that are drawn, each behind a key.
const FRAMES: u64 = 2_000;

pub(crate) fn measure(calls: u64) -> Result<(), Failure> {
    let before = resident("self")?;
    let mut model = Model::new(TimeZone::UTC, None);
    let mut last = At(0);
    let began = Instant::now();
    for (offset, record) in (0..).zip(records(calls)) {
        last = record.at;
        model.apply(SESSION, &record, Place { offset, len: 1 });
    }
    let folded = began.elapsed();
    let megabytes = resident("self")?.saturating_sub(before) / 1_000_000;
    row(
        "memory of the model",
        &format!("{megabytes} MB"),
        "150 MB with the program",
        megabytes < 138,
    );
    let a_record = folded / u32::try_from(calls * 2)?;
    row("folding a record", &format!("{} ns", a_record.as_nanos()), "-", true);

    let size = Size { columns: 200, rows: 60 };
    let theme = Theme::standard(Depth::True)?;
    let mut terminal = Terminal::new(TestBackend::new(size.columns, size.rows))?;
    let mut samples = Vec::new();
    for n in 0..FRAMES {
        let keys = [Key::Char('k'), Key::PageUp, Key::Char('j'), Key::Char('G')];
        let key = keys.get(usize::try_from(n % 4)?).copied().unwrap_or(Key::Other);
        let now = Now { at: last, mono_ms: 10_000 + n * 40 };
        let began = Instant::now();
        update::update(&mut model, Msg::Key(key, Press::Down), now);
        update::refresh(&mut model);
        update::prepare(&mut model, size);
        terminal.draw(|frame| view::draw(&model, &theme, Lines::Box, frame))?;
        samples.push(began.elapsed());
    }
    let median = per_mille(&mut samples, 500);
    let mean = samples.iter().sum::<Duration>() / u32::try_from(samples.len())?;
    row(
        "a key and its frame at 200x60, median",
        &millis(median),
        "<= 1 ms",
        median.as_micros() <= 1000,
    );
    row("the same, mean", &millis(mean), "<= 2 ms", mean.as_micros() <= 2000);
    let tail = per_mille(&mut samples, 990);
    row("the same, p99", &millis(tail), "<= 8 ms", tail.as_micros() <= 8000);
    Ok(())
}

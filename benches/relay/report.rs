//! The table at the end.

use std::fmt;

/// One measured thing, with what it is held against.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figures: String,
    /// What counts, as a text: a ratio or a figure.
    pub(crate) result: String,
    pub(crate) budget: &'static str,
    pub(crate) within: bool,
}

/// All rows.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// A ratio against an upper budget.
    pub(crate) fn at_most(
        &mut self,
        what: &str,
        figures: String,
        (value, limit): (f64, f64),
        budget: &'static str,
    ) {
        let result = format!("{value:.2}x");
        self.add(Row { what: what.to_owned(), figures, result, budget, within: value <= limit });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            self.0.iter().map(|row| row.figures.chars().count()).max().unwrap_or_default().max(7);
        writeln!(f, "{:40} {:width$} {:>12}  budget", "measured", "figures", "result")?;
        for Row { what, figures, result, budget, within } in &self.0 {
            let sign = if *within { "" } else { "  OVER" };
            writeln!(f, "{what:40} {figures:width$} {result:>12}  {budget}{sign}")?;
        }
        let over = self.0.iter().filter(|row| !row.within).count();
        write!(f, "{} of {} within budget", self.0.len() - over, self.0.len())
    }
}

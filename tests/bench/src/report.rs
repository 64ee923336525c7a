//! The figures: a table for people, JSON for programs.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// What a figure must reach.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Limit {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {}", number(*least)),
            Self::AtMost(most) => write!(f, "≤ {}", number(*most)),
        }
    }
}

/// One measured value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    part: char,
    name: String,
    value: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

impl Figure {
    pub(crate) fn new(part: char, name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { part, name: name.into(), value, unit, limit: None, reached: None, note: String::new() }
    }

    pub(crate) fn at_least(self, least: f64) -> Self {
        self.limited(Limit::AtLeast(least))
    }

    pub(crate) fn at_most(self, most: f64) -> Self {
        self.limited(Limit::AtMost(most))
    }

    fn limited(self, limit: Limit) -> Self {
        Self { reached: Some(limit.holds(self.value)), limit: Some(limit), ..self }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    fn cells(&self) -> [String; 5] {
        let verdict = match self.reached {
            Some(true) => "ok",
            Some(false) => "MISSED",
            None => "",
        };
        let measured = format!("{} {}", number(self.value), self.unit);
        let limit = self.limit.map(|limit| limit.to_string()).unwrap_or_default();
        [format!("{}  {}", self.part, self.name), measured, limit, verdict.to_owned(), self.note.clone()]
    }
}

/// All figures of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    quick: bool,
    machine: Machine,
    figures: Vec<Figure>,
}

/// What it was measured on.
#[derive(Debug, Serialize)]
struct Machine {
    cpus: usize,
    processor: String,
    kernel: String,
}

impl Machine {
    fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cpus: thread::available_parallelism().map_or(0, usize::from),
            processor: model.map(|(_, name)| name.to_owned()).unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

impl Report {
    pub(crate) fn new(quick: bool) -> Self {
        Self { quick, machine: Machine::this(), figures: Vec::new() }
    }

    /// Adds a figure, and shows it at once: a run takes minutes.
    pub(crate) fn add(&mut self, figure: Figure) {
        let [name, measured, limit, verdict, note] = figure.cells();
        eprintln!("{name}: {measured} {limit} {verdict} {note}");
        self.figures.push(figure);
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("writing the figures as JSON")?;
        fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Machine { cpus, processor, kernel } = &self.machine;
        writeln!(f, "{cpus} CPUs ({processor}), Linux {kernel}{}", if self.quick { ", quick" } else { "" })?;
        let head = ["figure", "measured", "limit", "", "beside it"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(self.figures.iter().map(Figure::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        for [name, measured, limit, verdict, note] in &rows {
            let [a, b, c, d] = widths;
            let line = format!("{name:<a$}  {measured:>b$}  {limit:>c$}  {verdict:<d$}  {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number with as many digits as it deserves, and thousands apart.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && whole.as_bytes()[index - 1].is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_large_ones_are_grouped() {
        let shown = [1_234_567.0, 999.6, 45.27, 8.414, 0.2514, 0.0, -1_234.0].map(number);
        assert_eq!(shown, ["1,234,567", "1,000", "45.3", "8.41", "0.251", "0", "-1,234"]);
    }

    #[test]
    fn a_figure_says_whether_it_reached_its_limit() {
        let reached = |figure: Figure| figure.reached;
        assert_eq!(reached(Figure::new('a', "x", 2.0, "s").at_least(2.0)), Some(true));
        assert_eq!(reached(Figure::new('a', "x", 2.0, "s").at_most(1.9)), Some(false));
        assert_eq!(reached(Figure::new('a', "x", 2.0, "s")), None);
    }
}

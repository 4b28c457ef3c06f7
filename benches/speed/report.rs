//! Medians and ratios, as Markdown and as JSON.

use std::fmt::Write as _;
use std::fs;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::tools::Tool;

/// All that was measured.
pub struct Report {
    pub date: String,
    pub machine: String,
    pub scale: f64,
    pub rounds: usize,
    pub tables: Vec<Table>,
}

/// One row of the bench.
pub struct Table {
    pub name: &'static str,
    pub title: &'static str,
    pub columns: &'static [&'static str],
    pub cells: Vec<Cell>,
}

/// One tool in it.
pub struct Cell {
    pub tool: Tool,
    /// The figures of each run, in the columns' order.
    pub runs: Vec<Vec<f64>>,
    pub failures: Vec<String>,
}

impl Cell {
    pub fn new(tool: Tool) -> Self {
        Self { tool, runs: Vec::new(), failures: Vec::new() }
    }

    /// The median of a column; `None` if no run came to its end.
    pub fn median(&self, column: usize) -> Option<f64> {
        let mut values: Vec<f64> = self.runs.iter().map(|run| run[column]).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() % 2 {
            0 => Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, values[middle])),
            _ => Some(values[middle]),
        }
    }
}

impl Table {
    /// The best peer's median in a column.
    fn best(&self, column: usize) -> Option<f64> {
        let peers = self.cells.iter().filter(|cell| cell.tool.is_peer());
        peers.filter_map(|cell| cell.median(column)).min_by(f64::total_cmp)
    }
}

impl Report {
    pub fn new(scale: f64, rounds: usize, tables: Vec<Table>) -> Self {
        Self { date: httpdate::fmt_http_date(SystemTime::now()), machine: machine(), scale, rounds, tables }
    }

    /// A table for each row. In brackets: the median, divided by the best peer's.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "{}; {}. Medians of {} interleaved rounds, sizes x {}; in brackets, divided by the best peer's.\n",
            self.date, self.machine, self.rounds, self.scale
        );
        for table in &self.tables {
            let _ = write!(text, "\n### {}: {}\n\n| tool |", table.name, table.title);
            table.columns.iter().for_each(|column| _ = write!(text, " {column} |"));
            let _ = writeln!(text, "\n|---|{}", "---|".repeat(table.columns.len()));
            for cell in &table.cells {
                let _ = write!(text, "| {} |", cell.tool.name());
                for column in 0..table.columns.len() {
                    let _ = write!(text, " {} |", figure(cell.median(column), table.best(column)));
                }
                let failed = cell.failures.len();
                let _ = if failed > 0 { writeln!(text, " failed {failed} times") } else { writeln!(text) };
            }
        }
        text
    }

    /// Everything, with each run's figures.
    pub fn json(&self) -> String {
        let tables: Vec<Value> = self.tables.iter().map(table).collect();
        let whole = json!({
            "date": self.date, "machine": self.machine, "scale": self.scale, "rounds": self.rounds, "rows": tables,
        });
        format!("{whole:#}\n")
    }
}

fn table(table: &Table) -> Value {
    let cell = |cell: &Cell| {
        let medians: Vec<Option<f64>> = (0..table.columns.len()).map(|column| cell.median(column)).collect();
        json!({ "tool": cell.tool.name(), "medians": medians, "runs": cell.runs, "failures": cell.failures })
    };
    let cells: Vec<Value> = table.cells.iter().map(cell).collect();
    json!({ "name": table.name, "title": table.title, "columns": table.columns, "tools": cells })
}

fn figure(value: Option<f64>, best: Option<f64>) -> String {
    match (value, best) {
        (None, _) => "-".to_owned(),
        (Some(value), Some(best)) if best > 0.0 => format!("{} ({:.2})", short(value), value / best),
        (Some(value), _) => short(value),
    }
}

/// Three digits that count.
pub fn short(value: f64) -> String {
    let places = if value.abs() >= 99.95 {
        0
    } else if value.abs() >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.places$}")
}

fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{count} x {model}, Linux {}", kernel.trim())
}

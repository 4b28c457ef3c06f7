//! A small picture of the rows: a bar for each tool, as long as its first figure.

use std::fmt::Write as _;

use super::report::{Report, Table, short};

const WIDTH: usize = 760;
/// Where the bars begin, and how long the longest is.
const LEFT: usize = 110;
const LONGEST: f64 = 540.0;
const BAR: usize = 13;
const TITLE: usize = 20;
const GAP: usize = 10;
const TOP: usize = 34;
/// A bar is at most so many times as long as haul's, so that the others can still be told apart.
const CUT: f64 = 8.0;

/// The picture, readable on light and on dark paper.
pub fn svg(report: &Report) -> String {
    let rows: usize = report.tables.iter().map(|table| TITLE + BAR * table.cells.len() + GAP).sum();
    let height = TOP + rows + GAP;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"ui-sans-serif, system-ui, sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#16181d\"/>\n\
         <text x=\"12\" y=\"21\" fill=\"#8b93a1\">shorter is better; medians of {} rounds; {}</text>\n",
        report.rounds,
        escaped(&report.machine)
    );
    let mut top = TOP;
    for table in &report.tables {
        row(&mut text, table, top);
        top += TITLE + BAR * table.cells.len() + GAP;
    }
    text + "</svg>\n"
}

fn row(text: &mut String, table: &Table, top: usize) {
    let title = format!("{} ({})", table.title, table.columns[0]);
    let _ = writeln!(text, "<text x=\"12\" y=\"{}\" fill=\"#e6e9ef\">{}</text>", top + 13, escaped(&title));
    let ours = table.cells.iter().find(|cell| cell.tool.is_haul()).and_then(|cell| cell.median(0)).unwrap_or(0.0);
    let values = || table.cells.iter().filter_map(|cell| cell.median(0));
    let most = values().fold(0.0, f64::max);
    let most = if ours > 0.0 { most.min(ours * CUT) } else { most };
    for (number, cell) in table.cells.iter().enumerate() {
        let y = top + TITLE + BAR * number;
        let (colour, name) = (if cell.tool.is_haul() { "#5fb3f3" } else { "#5a6270" }, cell.tool.name());
        let (long, said) = match cell.median(0) {
            Some(value) => ((value / most.max(1e-9)).min(1.0) * LONGEST, short(value)),
            None => (0.0, "did not come to its end".to_owned()),
        };
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" fill=\"#b6bdc9\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"{}\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\" fill=\"#b6bdc9\">{said}</text>",
            LEFT - 6,
            y + 9,
            y + 1,
            long.max(1.0),
            BAR - 3,
            LEFT as f64 + long.max(1.0) + 5.0,
            y + 9,
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

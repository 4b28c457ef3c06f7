//! haul against its peers on this machine: `cargo bench --bench speed -- [ROWS] [ROUNDS] [--scale F] [--json FILE] [--svg FILE]`.
//!
//! ROWS are names divided by commas (`--help` shows them), all of them if none is given. It installs nothing: a tool that is
//! not there is named and left out. In each round all tools run a row one after the other, each file is compared with
//! what was served, and medians are printed as Markdown. Ratios matter, not the absolute figures: the machine may be shared.
//!
//! A virtual machine whose kernel hands free memory back to its host at once (`page_reporting` below `/sys/module`) makes whoever
//! writes a large file next pay for having the host find that memory again: up to three times the CPU, by chance. Where
//! `parameters/min_free_ms` is there, 60000 in it lets the tools be seen and not the host.

#![allow(clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod floor;
mod idle;
mod nginx;
mod plot;
mod process;
mod report;
mod rows;
mod script;
mod tools;

use std::fs;
use std::path::PathBuf;

use bench::Bench;
use report::{Cell, Report, Table};
use rows::{ROWS, Row};
use tools::Tool;

/// What was asked for.
struct Wanted {
    rows: Vec<&'static Row>,
    rounds: usize,
    scale: f64,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((floor::WORD, words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        floor::fetch(words).expect("the floor needs a server with ranges");
        return;
    }
    let Some(wanted) = wanted() else {
        println!("cargo bench --bench speed -- [ROWS] [ROUNDS] [--scale F] [--json FILE] [--svg FILE]\n");
        for row in ROWS {
            println!("{:<12} {}", row.name, row.title);
        }
        return;
    };
    let missing: Vec<&str> = Tool::ALL.iter().filter(|tool| !tool.is_there()).map(|tool| tool.name()).collect();
    if !missing.is_empty() {
        eprintln!("not installed, and left out: {}", missing.join(", "));
    }
    let bench = Bench::start(wanted.scale);
    if bench.nginx.is_none() {
        eprintln!("nginx is not installed (apt-get install nginx-light): the rows that need it are left out");
    }
    let rows = wanted.rows.iter().filter(|row| !row.needs_nginx || bench.nginx.is_some());
    let tables = rows.map(|row| measure(&bench, row, wanted.rounds)).collect();
    let report = Report::new(wanted.scale, wanted.rounds, tables);
    println!("{}", report.markdown());
    if let Some(file) = wanted.json {
        fs::write(file, report.json()).expect("the JSON file is written");
    }
    if let Some(file) = wanted.svg {
        fs::write(file, plot::svg(&report)).expect("the SVG file is written");
    }
}

/// Runs a row: in each round each tool once, each time another one first.
fn measure(bench: &Bench, row: &Row, rounds: usize) -> Table {
    let there = row.tools.iter().filter(|tool| tool.is_there());
    let mut cells: Vec<Cell> = there.map(|tool| Cell::new(*tool)).collect();
    for round in 1..=rounds {
        let first = (round - 1) % cells.len().max(1);
        cells.rotate_left(first);
        for cell in &mut cells {
            // One that takes a minute once or does not come to its end will not do better the next time.
            if cell.failures.len() > 1 {
                continue;
            }
            eprintln!("{} {round}/{rounds} {}", row.name, cell.tool.name());
            bench.prepare();
            match (row.run)(bench, cell.tool) {
                Ok(figures) => cell.runs.push(figures),
                Err(why) => {
                    eprintln!("  {why}");
                    cell.failures.push(why);
                }
            }
        }
        cells.rotate_right(first);
    }
    Table { name: row.name, title: row.title, columns: row.columns, cells }
}

/// Reads the command line; `None` if the rows are to be shown, or something in it is not understood.
fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted { rows: ROWS.iter().collect(), rounds: 5, scale: 1.0, json: None, svg: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            // cargo says so itself.
            "--bench" => {}
            "--scale" => wanted.scale = words.next()?.parse().ok().filter(|scale| *scale > 0.0)?,
            "--json" => wanted.json = Some(words.next()?.into()),
            "--svg" => wanted.svg = Some(words.next()?.into()),
            _ if word.parse::<usize>().is_ok_and(|rounds| rounds > 0) => wanted.rounds = word.parse().ok()?,
            _ => {
                let named = |name| ROWS.iter().find(|row| row.name == name);
                wanted.rows = word.split(',').map(named).collect::<Option<_>>()?;
            }
        }
    }
    Some(wanted)
}

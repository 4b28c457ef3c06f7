//! A terminal's screen as an SVG: text in runs, block elements, lines and braille as shapes, so that there are no seams.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// A cell's size: DejaVu Sans Mono at 15 px, whose line is as high as its ascent and descent together.
const WIDTH: f64 = 9.03;
const HEIGHT: f64 = 18.0;
const BASELINE: f64 = 13.8;
const FONT: f64 = 15.0;
/// Around the cells.
const MARGIN: f64 = 14.0;

const BACKGROUND: &str = "#14161b";
const FOREGROUND: &str = "#d5d9e0";

/// The sixteen named colours, as a quiet dark theme has them.
const NAMED: [&str; 16] = [
    "#2a2e37", "#e06c75", "#8cc570", "#e0b568", "#61a5ef", "#c07ee0", "#4fb8c4", "#b9c0cc", "#667080", "#f08a91",
    "#a6dc8a", "#f2cc85", "#86bdf7", "#d6a0f0", "#74d3de", "#f4f6f9",
];

/// How a cell looks, its text aside.
#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    paper: String,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut ink, mut paper) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut paper);
        }
        let (bold, dim, italic, underline) = (cell.bold(), cell.dim(), cell.italic(), cell.underline());
        Self { ink, paper, bold, dim, italic, underline }
    }

    fn attributes(&self) -> String {
        let mut text = String::new();
        for (on, attribute) in [
            (self.ink != FOREGROUND, format!(" fill=\"{}\"", self.ink)),
            (self.bold, " font-weight=\"bold\"".to_owned()),
            (self.italic, " font-style=\"italic\"".to_owned()),
            (self.underline, " text-decoration=\"underline\"".to_owned()),
            (self.dim, " opacity=\"0.6\"".to_owned()),
        ] {
            text += if on { &attribute } else { "" };
        }
        text
    }
}

/// The whole screen.
pub fn render(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f64::from(columns) * WIDTH + 2.0 * MARGIN, f64::from(rows) * HEIGHT + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\" fill=\"{FOREGROUND}\" font-size=\"{FONT}\" font-family=\"'DejaVu \
         Sans Mono','Menlo','Consolas','Liberation Mono',monospace\" xml:space=\"preserve\">\n",
        escape(title)
    );
    for row in 0..rows {
        papers(&mut svg, screen, row, columns);
        shapes(&mut svg, screen, row, columns);
        texts(&mut svg, screen, row, columns);
    }
    if !screen.hide_cursor() {
        let (row, column) = screen.cursor_position();
        rectangle(&mut svg, (f64::from(column), f64::from(row)), (0.0, 0.0, 1.0, 1.0), "#d5d9e0\" opacity=\"0.5");
    }
    svg + "</g>\n</svg>\n"
}

fn cell(screen: &Screen, row: u16, column: u16) -> &Cell {
    screen.cell(row, column).expect("a cell of the screen")
}

/// Backgrounds, one rectangle for a run of cells.
fn papers(svg: &mut String, screen: &Screen, row: u16, columns: u16) {
    let mut column = 0;
    while column < columns {
        let paper = Look::of(cell(screen, row, column)).paper;
        let start = column;
        while column < columns && Look::of(cell(screen, row, column)).paper == paper {
            column += 1;
        }
        if paper != BACKGROUND {
            let run = (0.0, 0.0, f64::from(column - start), 1.0);
            rectangle(svg, (f64::from(start), f64::from(row)), run, &paper);
        }
    }
}

/// Characters that are drawn; runs of the same full-width one become one shape.
fn shapes(svg: &mut String, screen: &Screen, row: u16, columns: u16) {
    let mut column = 0;
    while column < columns {
        let (here, start) = (cell(screen, row, column), column);
        column += 1;
        let Some(drawn) = one(here).filter(|c| is_drawn(*c)) else { continue };
        let look = Look::of(here);
        while is_wide_shape(drawn)
            && column < columns
            && one(cell(screen, row, column)) == Some(drawn)
            && Look::of(cell(screen, row, column)) == look
        {
            column += 1;
        }
        let run = f64::from(column - start);
        let ink = if look.dim { format!("{}\" opacity=\"0.6", look.ink) } else { look.ink };
        draw(svg, (f64::from(start), f64::from(row)), run, drawn, &ink);
    }
}

/// Everything else, a run of the same look at a time; blanks end a run, so that no font can shift what follows.
fn texts(svg: &mut String, screen: &Screen, row: u16, columns: u16) {
    let is_text = |cell: &Cell| cell.has_contents() && cell.contents() != " " && !one(cell).is_some_and(is_drawn);
    let mut column = 0;
    while column < columns {
        let (first, start) = (cell(screen, row, column), column);
        column += 1;
        if !is_text(first) {
            continue;
        }
        let look = Look::of(first);
        let mut text = first.contents().to_owned();
        let mut cells = if first.is_wide() { 2 } else { 1 };
        while !first.is_wide() && column < columns {
            let next = cell(screen, row, column);
            if !is_text(next) || next.is_wide() || Look::of(next) != look {
                break;
            }
            text += next.contents();
            cells += 1;
            column += 1;
        }
        let (x, y) = (f64::from(start) * WIDTH, f64::from(row) * HEIGHT + BASELINE);
        let length = f64::from(cells) * WIDTH;
        let attributes = look.attributes();
        writeln!(
            svg,
            "<text x=\"{x:.2}\" y=\"{y:.1}\" textLength=\"{length:.2}\"{attributes}>{}</text>",
            escape(&text)
        )
        .unwrap();
    }
}

/// The one character of a cell.
fn one(cell: &Cell) -> Option<char> {
    let mut characters = cell.contents().chars();
    characters.next().filter(|_| characters.next().is_none())
}

fn is_drawn(c: char) -> bool {
    matches!(c, '\u{2580}'..='\u{259f}' | '\u{2800}'..='\u{28ff}') || !strokes(c).is_empty()
}

/// True for shapes that are as wide as their cell, so that a run of them is one.
fn is_wide_shape(c: char) -> bool {
    matches!(c, '\u{2580}'..='\u{2588}' | '\u{2591}'..='\u{2594}' | '─' | '━')
}

/// The arms of a line-drawing character, from the cell's middle: left, right, up, down; 1 is thin and 2 is heavy.
fn strokes(c: char) -> &'static [(char, u8)] {
    match c {
        '─' | '╌' | '┄' => &[('l', 1), ('r', 1)],
        '━' => &[('l', 2), ('r', 2)],
        '│' | '╎' | '┆' => &[('u', 1), ('d', 1)],
        '┃' => &[('u', 2), ('d', 2)],
        '┌' | '╭' => &[('r', 1), ('d', 1)],
        '┐' | '╮' => &[('l', 1), ('d', 1)],
        '└' | '╰' => &[('r', 1), ('u', 1)],
        '┘' | '╯' => &[('l', 1), ('u', 1)],
        '├' => &[('u', 1), ('d', 1), ('r', 1)],
        '┤' => &[('u', 1), ('d', 1), ('l', 1)],
        '┬' => &[('l', 1), ('r', 1), ('d', 1)],
        '┴' => &[('l', 1), ('r', 1), ('u', 1)],
        '┼' => &[('l', 1), ('r', 1), ('u', 1), ('d', 1)],
        '╴' => &[('l', 1)],
        '╶' => &[('r', 1)],
        '╵' => &[('u', 1)],
        '╷' => &[('d', 1)],
        '╸' => &[('l', 2)],
        '╺' => &[('r', 2)],
        _ => &[],
    }
}

fn draw(svg: &mut String, place: (f64, f64), run: f64, c: char, ink: &str) {
    let code = u32::from(c);
    let eighths = |from: u32| f64::from(code - from) / 8.0;
    match c {
        '▀' => rectangle(svg, place, (0.0, 0.0, run, 0.5), ink),
        '▁'..='█' => rectangle(svg, place, (0.0, 1.0 - eighths(0x2580), run, eighths(0x2580)), ink),
        '▉'..='▏' => rectangle(svg, place, (0.0, 0.0, 1.0 - eighths(0x2588), 1.0), ink),
        '▐' => rectangle(svg, place, (0.5, 0.0, 0.5, 1.0), ink),
        '░'..='▓' => {
            let shade = format!("{ink}\" fill-opacity=\"{}", f64::from(code - 0x2590) / 4.0);
            rectangle(svg, place, (0.0, 0.0, run, 1.0), &shade);
        }
        '▔' => rectangle(svg, place, (0.0, 0.0, run, 0.125), ink),
        '▕' => rectangle(svg, place, (0.875, 0.0, 0.125, 1.0), ink),
        '▖'..='▟' => {
            // Upper left, upper right, lower left, lower right.
            const QUARTERS: [u8; 10] = [0b0010, 0b0001, 0b1000, 0b1011, 0b1001, 0b1110, 0b1101, 0b0100, 0b0110, 0b0111];
            let quarters = QUARTERS[(code - 0x2596) as usize];
            for (bit, x, y) in [(0b1000, 0.0, 0.0), (0b0100, 0.5, 0.0), (0b0010, 0.0, 0.5), (0b0001, 0.5, 0.5)] {
                if quarters & bit != 0 {
                    rectangle(svg, place, (x, y, 0.5, 0.5), ink);
                }
            }
        }
        '\u{2800}'..='\u{28ff}' => braille(svg, place, code - 0x2800, ink),
        _ => {
            for (arm, weight) in strokes(c) {
                line(svg, place, run, (*arm, f64::from(*weight)), ink);
            }
        }
    }
}

fn line(svg: &mut String, place: (f64, f64), run: f64, (arm, weight): (char, f64), ink: &str) {
    // In parts of a cell: a thin line is 1.2 px wide, and the arms overlap in the middle.
    let (wide, high) = (weight * 1.2 / WIDTH, weight * 1.2 / HEIGHT);
    let (left, top) = (0.5 - wide / 2.0, 0.5 - high / 2.0);
    let part = match arm {
        'l' => (0.0, top, run - 0.5 + wide / 2.0, high),
        'r' => (left, top, run - left, high),
        'u' => (left, 0.0, wide, 0.5 + high / 2.0),
        _ => (left, top, wide, 1.0 - top),
    };
    rectangle(svg, place, part, ink);
}

fn braille(svg: &mut String, (column, row): (f64, f64), dots: u32, ink: &str) {
    // The dots' numbers run down the left column, then down the right one, and the lowest two come last.
    let places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    for (_, (x, y)) in places.iter().enumerate().filter(|(bit, _)| dots >> bit & 1 == 1) {
        let x = (column + 0.25 + f64::from(*x) * 0.5) * WIDTH;
        let y = (row + 0.125 + f64::from(*y) * 0.25) * HEIGHT;
        writeln!(svg, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"1.3\" fill=\"{ink}\"/>").unwrap();
    }
}

/// A rectangle in parts of the cell at a place.
fn rectangle(svg: &mut String, (column, row): (f64, f64), (x, y, width, height): (f64, f64, f64, f64), ink: &str) {
    let (x, y) = ((column + x) * WIDTH, (row + y) * HEIGHT);
    let (width, height) = (width * WIDTH, height * HEIGHT);
    writeln!(svg, "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{ink}\"/>")
        .unwrap();
}

fn colour(colour: Color, default: &str) -> String {
    match colour {
        Color::Default => default.to_owned(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Idx(index @ 0..16) => NAMED[usize::from(index)].to_owned(),
        Color::Idx(index @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + part * 40 };
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Idx(index) => {
            let grey = 8 + (index - 232) * 10;
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

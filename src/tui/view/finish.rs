//! The last pass over a frame: a theme's own background, and ASCII alone where the terminal knows nothing else.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::super::State;

/// Goes over all cells of a frame, if there is anything to change.
pub fn finish(state: &State, buffer: &mut Buffer) {
    let grounds = state.palette.grounds();
    if grounds.is_none() && !state.ascii {
        return;
    }
    for cell in &mut buffer.content {
        if let Some((text, background)) = grounds {
            if cell.fg == Color::Reset {
                cell.fg = text;
            }
            if cell.bg == Color::Reset {
                cell.bg = background;
            }
        }
        if state.ascii && !cell.symbol().is_ascii() {
            let plain = plain(cell.symbol());
            cell.set_char(plain);
        }
    }
}

/// The ASCII character that says the same as a glyph of haul's; a question mark for anything else, such as a letter in a
/// name. What took two cells takes one, and the blank behind it stays.
fn plain(symbol: &str) -> char {
    match symbol {
        "─" | "▃" | "▄" | "▏" | "▎" | "▍" | "▌" => '-',
        "│" | "┃" => '|',
        "┌" | "┐" | "└" | "┘" | "✓" => '+',
        "▸" => '>',
        "·" | "▂" => '.',
        "█" | "■" => '#',
        "‖" | "▋" | "▊" | "▉" | "▅" | "▆" | "▇" => '=',
        "▒" => '%',
        "▓" => '8',
        "░" => '@',
        "▁" => '_',
        "✗" => 'x',
        "…" => '~',
        "↓" | "▾" => 'v',
        "↑" | "▴" => '^',
        _ => '?',
    }
}

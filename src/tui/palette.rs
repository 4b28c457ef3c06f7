//! Colours by role, on the terminal's own 16 colours; or none at all, and still readable.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is there for. Each role has a glyph or a word beside its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// Bytes on disk.
    Stored,
    /// What happens just now: the cell that is being written, the speed.
    Accent,
    /// It went well.
    Good,
    /// It needs patience or attention.
    Warning,
    /// It failed.
    Bad,
    /// Rules, headings, what is missing.
    Muted,
    /// Keys in the footer and the help, titles.
    Strong,
    /// The selected row, the pane that has the keys.
    Selected,
    /// The view, the page of the details and the column that are chosen.
    Current,
}

/// How roles look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// The terminal's 16 colours.
    Colours,
    /// No colour at all (NO_COLOR).
    Plain,
}

impl Palette {
    /// What the user's environment asks for: a NO_COLOR that is not empty means no colours (no-color.org).
    pub fn from_environment() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if plain { Self::Plain } else { Self::Colours }
    }

    /// How a role looks.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        match (role, self) {
            (Role::Selected, _) => plain.add_modifier(Modifier::REVERSED),
            (Role::Current, _) => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            (Role::Muted, Self::Plain) => plain.add_modifier(Modifier::DIM),
            (Role::Strong, _) | (Role::Accent, Self::Plain) => plain.add_modifier(Modifier::BOLD),
            (Role::Plain, _) | (_, Self::Plain) => plain,
            (Role::Stored, _) => plain.fg(Color::LightBlue),
            (Role::Accent, _) => plain.fg(Color::LightCyan),
            (Role::Good, _) => plain.fg(Color::Green),
            (Role::Warning, _) => plain.fg(Color::Yellow),
            (Role::Bad, _) => plain.fg(Color::LightRed),
            (Role::Muted, _) => plain.fg(Color::DarkGray),
        }
    }
}

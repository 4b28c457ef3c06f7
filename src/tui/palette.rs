//! Colours by role, on the terminal's own 16 colours or those of a theme; or none at all, and still readable.

use ratatui::style::{Color, Modifier, Style};

use crate::config::{Colour, Theme};

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
    /// The 24-bit colours of a theme.
    Theme(Theme),
    /// No colour at all (NO_COLOR).
    Plain,
}

impl Palette {
    /// The theme, unless the user's environment asks for no colours: with a NO_COLOR that is not empty (no-color.org).
    pub fn from_environment(theme: Option<Theme>) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if plain { Self::Plain } else { theme.map_or(Self::Colours, Self::Theme) }
    }

    /// A theme's colours for text that has none of its own, and behind all text.
    pub fn grounds(self) -> Option<(Color, Color)> {
        match self {
            Self::Theme(theme) => Some((colour(theme.text), colour(theme.background))),
            Self::Colours | Self::Plain => None,
        }
    }

    /// How a role looks.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        if let Self::Theme(theme) = self {
            return themed(theme, role);
        }
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

fn colour(Colour(red, green, blue): Colour) -> Color {
    Color::Rgb(red, green, blue)
}

fn themed(theme: Theme, role: Role) -> Style {
    let of = |text: Colour| Style::new().fg(colour(text));
    match role {
        Role::Plain => of(theme.text),
        Role::Stored => of(theme.stored),
        Role::Accent => of(theme.accent),
        Role::Good => of(theme.good),
        Role::Warning => of(theme.warning),
        Role::Bad => of(theme.bad),
        Role::Muted => of(theme.muted),
        Role::Strong => of(theme.strong).add_modifier(Modifier::BOLD),
        Role::Selected => of(theme.selected).bg(colour(theme.selected_background)),
        Role::Current => of(theme.strong).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
    }
}

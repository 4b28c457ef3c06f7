//! A screen without a terminal: keys go in as strings, frames come out as text.

use std::sync::Arc;

use haul::api::{Command, Snapshot};
use haul::config::{Chord, Column, Keymap, SystemClock};
use haul::model::TransferId;
use haul::tui::{Effect, Habits, Message, Palette, Setup, State, draw, update};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::support::builders::RowBuilder;

/// A screen without a terminal.
pub struct Stage {
    pub state: State,
    pub effects: Vec<Effect>,
}

/// What the screen is begun with where nothing is said.
pub fn setup() -> Setup {
    Setup {
        keys: Keymap::default(),
        folder: "/home/me/Downloads".into(),
        categories: Arc::default(),
        clock: Arc::new(SystemClock::of("UTC0").unwrap()),
        past: None,
        is_demo: false,
        is_first: false,
        clipboard: false,
        notice: None,
        columns: Column::USUAL.to_vec(),
        mouse: true,
        habits: Habits::default(),
        theme: None,
        ascii: false,
    }
}

pub fn empty() -> Stage {
    Stage { state: State::new(setup(), Palette::Plain), effects: Vec::new() }
}

pub fn with(rows: impl IntoIterator<Item = RowBuilder>) -> Stage {
    let mut stage = empty();
    stage.shows(crate::support::builders::snapshot(rows));
    stage
}

impl Stage {
    pub fn send(&mut self, message: Message) -> &mut Self {
        self.effects.extend(update(&mut self.state, message));
        self
    }

    /// Keys parted by blanks, as the settings write them.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            let chord: Chord = key.parse().unwrap();
            self.send(Message::Key(chord));
        }
        self
    }

    /// A text, character by character.
    pub fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Message::Key(haul::config::Key::Char(c).into()));
        }
        self
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.send(Message::Pasted(text.to_owned()))
    }

    pub fn shows(&mut self, snapshot: Arc<Snapshot>) -> &mut Self {
        self.send(Message::Snapshot(snapshot))
    }

    pub fn sized(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.send(Message::Resized { columns, rows })
    }

    pub fn selected(&self) -> Option<u64> {
        self.state.list.selected().map(|row| row.id.bits())
    }

    /// What was sent to the engine so far, in its `Debug` form.
    pub fn commands(&self) -> Vec<String> {
        let sent = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send(command) => Some(format!("{command:?}")),
            _ => None,
        });
        sent.collect()
    }

    /// The ids and URLs of the one `Add` that was sent.
    pub fn added(&self) -> Vec<(TransferId, String)> {
        let batches: Vec<_> = self
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Send(Command::Add(batch)) => Some(batch),
                _ => None,
            })
            .collect();
        assert_eq!(batches.len(), 1, "one command for the whole batch");
        batches[0].iter().map(|(id, spec)| (*id, spec.source.url().to_string())).collect()
    }

    pub fn toasts(&self) -> Vec<&str> {
        self.state.toasts.iter().map(|toast| toast.text.as_str()).collect()
    }

    pub fn buffer(&self) -> Buffer {
        let size = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
        terminal.draw(|frame| draw(&self.state, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The frame as text, a line for each row.
    pub fn text(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

//! How a state looks. Pure: a frame follows from the state and the terminal's size alone.

mod bands;
mod bar;
mod choice;
mod columns;
mod command;
mod connections;
mod details;
mod facts;
mod finish;
mod footer;
mod form;
mod graph;
mod header;
mod help;
mod log;
mod map;
mod popup;
mod screen;
mod spot;
mod strip;
mod table;
mod text;
mod views;
mod welcome;
mod words;

pub use bands::list_height;
pub use details::{details_height, details_room, shows_log};
pub use footer::key_of;
pub use help::help_room;
pub use screen::draw;
pub use spot::{Spot, spot};

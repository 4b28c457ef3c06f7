//! What a message changes. Pure: no clock, no channel, no terminal.

mod add;
mod browse;
mod dispatch;
mod edit;
mod form;
mod happened;
mod mouse;
mod send;
mod sort;
mod toast;
mod transfer;
mod twins;

pub use dispatch::update;

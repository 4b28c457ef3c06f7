//! What a message changes. Pure: no clock, no channel, no terminal.

mod add;
mod browse;
mod dispatch;
mod edit;
mod happened;
mod mouse;
mod sort;
mod toast;
mod transfer;

pub use dispatch::update;

//! What a message changes. Pure: no clock, no channel, no terminal and no file. Of the world outside nothing is asked but
//! where the home folder and the current one are.

mod add;
mod browse;
mod command;
mod copied;
mod dispatch;
mod edit;
mod file;
mod form;
mod happened;
mod limit;
mod link;
mod mouse;
mod order;
mod send;
mod sort;
mod toast;
mod transfer;
mod twins;

pub use dispatch::update;

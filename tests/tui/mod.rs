//! The screen: what keys and messages do, and what frames look like.

mod adding;
mod colours;
mod details;
mod frames;
mod keeping;
mod keys;
mod laws;
mod list;
mod log;
mod looks;
mod mouse;
mod orders;
mod sorting;
mod stage;
mod storm;

//! The engine against a scripted driver, on paused time.

mod basics;
mod stage;

//! The engine against a scripted driver, on paused time.

mod basics;
mod lasting;
mod orders;
mod stage;

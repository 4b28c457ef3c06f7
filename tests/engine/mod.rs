//! The engine against a scripted driver, on paused time.

mod basics;
mod hostile;
mod hosts;
mod lasting;
mod logs;
mod orders;
mod repair;
mod schedules;
mod stage;
mod streams;
mod uploads;
mod waiting;

//! The engine against a scripted driver, on paused time.

mod abandoning;
mod adopting;
mod arrivals;
mod basics;
mod categories;
mod cautious;
mod closing;
mod completing;
mod errands;
mod fair;
mod figures;
mod folders;
mod hostile;
mod hosts;
mod lasting;
#[cfg(target_os = "linux")]
mod limits;
mod logs;
mod mirrors;
mod names;
mod namings;
mod orders;
mod passing;
mod removal;
mod repair;
mod resting;
mod room;
mod schedules;
mod shares;
mod silent;
mod stage;
mod streams;
mod terms;
mod uploads;
mod versions;
mod waiting;

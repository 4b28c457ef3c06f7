//! What the plan decides: laws under random schedules in virtual time, and a table for each verdict.

mod backlog;
mod bucket;
mod caution;
mod growth;
mod host;
mod laws;
mod line;
mod mirror;
mod order;
mod pace;
mod part;
mod queue;
mod race;
mod refusals;
mod retry;
mod schedule;
mod segment;
mod shortage;
mod speed;
mod takeover;
mod turns;

//! Decides: which bytes next, when again, how fast. Pure: no socket, no file, no task, and time is an argument.

mod bucket;
mod caution;
mod growth;
mod host;
mod mirror;
mod order;
mod pace;
mod part;
mod queue;
mod refusals;
mod retry;
mod schedule;
mod segment;
mod shortage;
mod speed;
mod takeover;
mod timetable;
mod turns;

pub use bucket::{Bucket, unread};
pub use caution::Caution;
pub use growth::Growth;
pub use host::{CALM, Host, recalled, remembered};
pub use mirror::{Blame, Mirrors, Standing as MirrorStanding, blame};
pub use pace::Pace;
pub use part::{Parts, part_size};
pub use queue::Queue;
pub use refusals::Refusals;
pub use retry::{MUCH, Verdict, backoff, is_expired, may_pass, reopening, verdict};
pub use schedule::Schedule;
pub use segment::{Beyond, Lease, LeaseId, MIN_PART, Opener, Plan};
pub use shortage::Shortage;
pub use speed::{Gauge, Meter};
pub use takeover::MIN_SLOW_PART;
pub use timetable::Timetable;
pub use turns::Turns;

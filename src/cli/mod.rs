//! A face for scripts: arguments, plain progress, JSON lines, exit codes. Stdout is data and nothing else (the lines of
//! `--json`, lists, completions); everything for people, progress and faults included, goes to stderr.

mod apply;
mod args;
mod arrivals;
mod choices;
mod connections;
mod exit;
mod followed;
mod get;
mod json;
mod list;
mod live;
mod logins;
mod ls;
mod network;
mod outcome;
mod outlet;
mod plain;
mod plain_orders;
mod plain_refusals;
mod progress;
mod put;
mod report;
mod signals;
mod specs;
mod waiting;

pub use args::{AddArgs, Arguments, Command, EachArgs, GetArgs, ListArgs, Mistake, OutputArgs};
pub use args::{PlaceArgs, RunArgs, ScreenArgs, TransferArgs, WholeArgs, completions, parse};
pub use connections::ConnectionArgs;
pub use exit::{EXIT_CODES, Exit};
pub use followed::Wanted;
pub use get::Watcher;
pub use list::{ListItem, write_added, write_list};
pub use live::{Size, stderr_is_terminal};
pub use logins::LoginArgs;
pub use ls::{LISTED_HEAD, LsArgs, Method, PresignArgs, listed_lines, told_line};
pub use network::{DownloadArgs, NetworkArgs, SlotArgs};
pub use outcome::Outcome;
pub use outlet::Outlet;
pub use plain::{Plain, stdin_lines};
pub use put::PutArgs;
pub use report::Style;
pub use signals::{Ordered, Signals};
pub use specs::Usage;

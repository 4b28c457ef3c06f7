//! How many connections: in haul's own word, and in those that aria2's users type.

use clap::Args;

use crate::model::Limits;

/// The options of it.
#[derive(Args)]
pub struct ConnectionArgs {
    /// Connections for each transfer, 1 to 64; haul finds out by itself how many help
    #[arg(short = 'x', long, value_name = "N", value_parser = Limits::count)]
    connections: Option<u16>,
    /// The same, as aria2 calls it; the lower one of both counts
    #[arg(short, long, value_name = "N", hide = true, value_parser = Limits::count)]
    split: Option<u16>,
    /// Go on where an earlier run stopped, which haul always does
    #[arg(short, long = "continue", hide = true)]
    continues: bool,
}

/// Reads a number of attempts.
pub fn whole_number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "write a whole number, such as 10".to_owned())
}

impl ConnectionArgs {
    /// So many; `None` where nothing is said. aria2 opens no more than either of its options allows.
    pub fn count(&self) -> Option<u16> {
        self.connections.into_iter().chain(self.split).min()
    }
}

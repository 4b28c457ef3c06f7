//! How many connections: in haul's own word, and in those that aria2's users type.

use clap::Args;

/// The options of it.
#[derive(Args)]
pub struct ConnectionArgs {
    /// Connections for each transfer, 1 to 64; haul finds out by itself how many help
    #[arg(short = 'x', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: Option<u16>,
    /// The same, as aria2 calls it; the lower one of both counts
    #[arg(short, long, value_name = "N", hide = true, value_parser = clap::value_parser!(u16).range(1..=64))]
    split: Option<u16>,
    /// Go on where an earlier run stopped, which haul always does
    #[arg(short, long = "continue", hide = true)]
    continues: bool,
}

impl ConnectionArgs {
    /// So many; `None` where nothing is said. aria2 opens no more than either of its options allows.
    pub fn count(&self) -> Option<u16> {
        self.connections.into_iter().chain(self.split).min()
    }
}

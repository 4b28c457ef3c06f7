//! Lines of the queue that could not be read: what a person is told of them.

use std::io::{self, Write};

use crate::engine::Queueing;
use crate::model::harmless;
use crate::store::Damage;

/// What of a queue could not be read.
pub(super) fn damage(queueing: &Queueing) -> Option<&Damage> {
    match queueing {
        Queueing::Durable(journal, _) => journal.damage(),
        Queueing::Passing => None,
    }
}

/// Says so where there is no screen.
pub(super) fn complain(damage: Option<&Damage>) {
    if let Some(damage) = damage {
        let way_out = "haul add queues again what is missing; this is told until such lines are deleted from queue.ron";
        let _ = writeln!(io::stderr(), "haul: {}\nhaul: {way_out}", harmless(&damage.to_string()));
    }
}

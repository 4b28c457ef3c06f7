//! A long list is looked at by all cores at once: what a row says lies all over the memory, and waiting for that is what
//! sorting and filtering a hundred thousand of them costs.

use std::sync::OnceLock;
use std::thread;

/// A share of fewer rows than this is not worth a thread.
const SHARE: usize = 8192;
/// More threads than this would wait for the same memory.
const MOST: usize = 8;

/// Cuts `count` rows into shares, does something with each, and gives the results in the rows' order. The shares are equal
/// but for the last one, whose length may be less.
pub(super) fn shared<T: Send>(count: usize, work: impl Fn(std::ops::Range<usize>) -> T + Sync) -> Vec<T> {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
    let share = count.div_ceil(cores.min(MOST)).max(SHARE);
    let shares = (0..count).step_by(share).map(|from| from..count.min(from + share));
    if count <= share {
        return shares.map(work).collect();
    }
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = shares.map(|range| scope.spawn(move || work(range))).collect();
        // A panic of a share is one of the whole.
        running.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

//! Room on the disk for all of a file, before its bytes come.

use std::sync::Arc;

use super::blocking::blocking;
use super::desk::Desk;
use super::task::{Halt, Task};

impl Task {
    /// Makes sure that the disk has room for a file of this length, and reserves it.
    pub(super) async fn reserve(&self, desk: Arc<Desk>, length: u64) -> Result<(), Halt> {
        if length == 0 {
            return Ok(());
        }
        let room = self.orders.shared.room.clone();
        let reserved = blocking(move || desk.part.reserve(length, room(desk.part.path()).ok()));
        Ok(reserved.await?)
    }
}

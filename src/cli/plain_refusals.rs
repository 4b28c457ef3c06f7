//! What the plain mode says of orders that would change nothing: who can't see the list would take the usual answer for true.

use crate::api::Row;
use crate::config::Order;
use crate::model::Status;

/// Why an order about these would change nothing, if that is so. `is_sure`: nothing was ordered since the list was as it is here.
pub(super) fn refusal(order: &Order, rows: &[&Row], is_sure: bool) -> Option<String> {
    use Status::{DiskFull, Done, Expired, Failed, Paused, Queued, Running};
    let (verb, fits): (&str, fn(&Row) -> bool) = match order {
        Order::Pause(_) => ("pause", |row| matches!(row.status, Queued | Running | DiskFull)),
        Order::Resume(_) => ("go on with", |row| row.status == Paused),
        Order::Retry => ("try again", |row| matches!(row.status, Failed | Expired | DiskFull) || row.waits()),
        Order::Start | Order::At(_) => ("start", |row| row.status != Done),
        Order::Limit(..) => ("limit", |row| row.status != Done),
        Order::Priority(_) => ("put before others", |row| row.status != Done),
        Order::Url(_) => ("fetch from elsewhere", |row| row.status != Done),
        _ => return None,
    };
    // What is complete stays so.
    let may_change = |row: &&&Row| !is_sure && row.status != Done;
    if rows.iter().any(|row| fits(row)) || rows.iter().find(may_change).is_some() {
        return None;
    }
    Some(match rows {
        [row] => format!("nothing to {verb}: it is {}", row.status),
        _ => format!("nothing to {verb} among these"),
    })
}

//! What a program finds in its environment.

use std::ffi::OsString;

use crate::api::{Direction, Row};
use crate::model::Status;

/// Variables with their values.
pub type Environment = Vec<(&'static str, OsString)>;

/// A transfer's data, without secrets: what started the program, and what it is about.
pub fn environment(event: &str, row: &Row) -> Environment {
    let length = row.length.map(|length| length.to_string()).unwrap_or_default();
    let done = if row.status == Status::Done { length.clone() } else { row.bytes_done().to_string() };
    let fault = row.fault.as_ref().map(ToString::to_string).unwrap_or_default();
    let direction = if row.direction == Direction::Upload { "upload" } else { "download" };
    vec![
        ("HAUL_EVENT", event.into()),
        ("HAUL_ID", row.id.to_string().into()),
        ("HAUL_NAME", (&*row.name).into()),
        // A folder in its place would be moved or deleted by a hook that means the file.
        ("HAUL_PATH", if row.is_named { row.target.as_os_str().to_owned() } else { OsString::new() }),
        ("HAUL_FOLDER", row.folder().as_os_str().to_owned()),
        ("HAUL_URL", row.source.to_string().into()),
        ("HAUL_HOST", row.source.host().into()),
        ("HAUL_BYTES", done.into()),
        ("HAUL_LENGTH", length.into()),
        ("HAUL_STATUS", row.status.word().into()),
        ("HAUL_CATEGORY", row.category.as_deref().unwrap_or("").into()),
        ("HAUL_DIRECTION", direction.into()),
        ("HAUL_FAULT", fault.into()),
    ]
}

//! What a program finds in its environment.

use std::ffi::OsString;

use crate::api::{Direction, Row};
use crate::model::{Status, Upload};

/// Variables with their values.
pub type Environment = Vec<(&'static str, OsString)>;

/// A transfer's data, without secrets: what started the program, and what it is about.
pub fn environment(event: &str, row: &Row) -> Environment {
    let length = row.length.map(|length| length.to_string()).unwrap_or_default();
    let done = if row.status == Status::Done { length.clone() } else { row.bytes_done().to_string() };
    let fault = row.fault.as_ref().map(ToString::to_string).unwrap_or_default();
    let direction = if row.direction == Direction::Upload { "upload" } else { "download" };
    let (file, source, folder) = files(row);
    vec![
        ("HAUL_EVENT", event.into()),
        ("HAUL_ID", row.id.to_string().into()),
        ("HAUL_NAME", (&*row.name).into()),
        ("HAUL_PATH", file),
        ("HAUL_SOURCE", source),
        ("HAUL_FOLDER", folder),
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

/// The file that haul has made, the user's own one that is sent, and the folder; empty where there is none. A program that moves or
/// deletes what it is told of must be told of nothing else: neither of the folder, nor of what stands at a download's place
/// before haul has put the file there, nor of a file that is sent as if haul had fetched it.
fn files(row: &Row) -> (OsString, OsString, OsString) {
    let (target, folder) = (row.target.as_os_str().to_owned(), row.folder().as_os_str().to_owned());
    match row.direction {
        Direction::Upload if target == Upload::STDIN => Default::default(),
        Direction::Upload => (OsString::new(), target, folder),
        Direction::Download if row.is_named && row.status == Status::Done => (target, OsString::new(), folder),
        Direction::Download => (OsString::new(), OsString::new(), folder),
    }
}

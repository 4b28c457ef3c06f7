//! What boxes ask the disk, which may be slow to answer: never on the loop's own thread.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::{Answer, Inquiry};
use crate::ask::{complete, placed, read_entries, read_metalink};
use crate::config::Paths;

/// Looks on the disk.
pub fn look(inquiry: Inquiry) -> Answer {
    match inquiry {
        Inquiry::Complete { text, from, only_folders } => {
            let offers = complete(&text, &from, Paths::home().as_deref(), only_folders);
            Answer::Completed(text, offers)
        }
        Inquiry::Read(path) => {
            let entries = list(&Paths::of_setting(&path));
            Answer::Listed(path, entries)
        }
        Inquiry::Gather(path, place) => {
            let files = placed(&[Paths::of_setting(&path)], &place);
            Answer::Gathered(path, place, files)
        }
    }
}

/// The URLs of a list, and a sentence on what of it is left out.
fn list(path: &Path) -> Result<(Vec<crate::ask::Entry>, Option<String>), String> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|why| format!("{name}: {why}"))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_ascii_lowercase();
    if matches!(ending.as_str(), "meta4" | "metalink") {
        return read_metalink(&name, file);
    }
    read_entries(&name, BufReader::new(file)).map(|entries| (entries, None))
}

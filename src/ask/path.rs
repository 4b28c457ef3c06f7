//! Paths as they are typed: what they mean, and what Tab makes of the beginning of one.

use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// So many names are offered at once.
const MOST: usize = 200;

/// What Tab found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// The text, as far as all that fits is alike.
    pub text: String,
    /// The names that fit, folders with a separator at their end; empty if only one does.
    pub names: Vec<String>,
}

/// Completes the path that a text begins, seen from a folder; `home` stands for `~`. Hidden names are offered only to one
/// who begins with the dot. What can't be read offers nothing.
pub fn complete(text: &str, from: &Path, home: Option<&Path>, only_folders: bool) -> Offers {
    let split = text.rfind(MAIN_SEPARATOR).map_or(0, |at| at + 1);
    let (folder, begun) = text.split_at(split);
    if let (true, "~") = (split == 0, text) {
        return Offers { text: format!("~{MAIN_SEPARATOR}"), names: Vec::new() };
    }
    let within = match (folder.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.starts_with(MAIN_SEPARATOR) => {
            home.join(rest.trim_start_matches(MAIN_SEPARATOR))
        }
        _ => from.join(folder),
    };
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(within).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_hidden = name.starts_with('.') && !begun.starts_with('.');
        if !name.starts_with(begun) || is_hidden || name.chars().any(char::is_control) {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(met) if met.is_dir() => names.push(format!("{name}{MAIN_SEPARATOR}")),
            Ok(_) if !only_folders => names.push(name),
            _ => {}
        }
    }
    names.sort();
    let text = format!("{folder}{}", alike(&names).unwrap_or(begun));
    names.truncate(MOST);
    if names.len() == 1 {
        names.clear();
    }
    Offers { text, names }
}

/// A path as people write it where no shell reads it: `~` stands for `home`, and what is no whole path is below `base`.
pub fn seen_from(path: &Path, base: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(tail), Some(home)) => home.join(tail),
        _ => base.join(path),
    }
}

/// What all names begin with; `None` if there are none.
fn alike(names: &[String]) -> Option<&str> {
    let first = names.first()?;
    let shared = |name: &String| {
        let mut pairs = first.char_indices().zip(name.chars());
        pairs.find(|((_, a), b)| a != b).map_or(first.len().min(name.len()), |((at, _), _)| at)
    };
    names.iter().map(shared).min().map(|length| &first[..length])
}

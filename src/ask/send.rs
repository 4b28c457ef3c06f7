//! What an upload is to send: files and folders that people name, and the place that each of their files goes to.

use std::ffi::OsStr;
use std::fs;
use std::path::{self, Component, Path, PathBuf};

use crate::model::{Source, harmless};

/// Folders are followed so deep: a link may lead to a folder above it.
const DEEPEST: usize = 64;
/// The stream that `-` stands for.
const STDIN: &str = "/dev/stdin";

/// A file with the place that it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The file, absolute.
    pub file: PathBuf,
    /// The place.
    pub place: Source,
}

/// Where each file goes, folders read now: one file goes to the very place, or below it if that ends with /; several, and
/// all files in a folder, go below it.
pub fn placed(files: &[PathBuf], place: &Source) -> Result<Vec<Sending>, String> {
    let path = place.url().path();
    let below = match place.chunked() {
        // Such a server's address is one for all files; each goes by its name.
        Some(url) => !url.query_pairs().any(|(name, _)| name == "filename"),
        None => files.len() > 1 || path.ends_with('/') || path.is_empty(),
    };
    let placed = found(files, below)?.into_iter().map(|(file, names)| {
        let place = if names.is_empty() { place.clone() } else { joined(place, &names)? };
        Ok(Sending { file, place })
    });
    let placed: Vec<Sending> = placed.collect::<Result<_, String>>()?;
    if placed.is_empty() {
        return Err("there is no file in what you named".to_owned());
    }
    Ok(placed)
}

/// Each file with the names below the URL that it gets; none means the very URL.
fn found(files: &[PathBuf], below: bool) -> Result<Vec<(PathBuf, Vec<String>)>, String> {
    let mut found = Vec::new();
    for named in files {
        if named.as_os_str() == "-" {
            if below {
                return Err("- has no name: name the object in the URL".to_owned());
            }
            found.push((PathBuf::from(STDIN), Vec::new()));
            continue;
        }
        let file = path::absolute(named).map_err(|why| wrong(named, &why.to_string()))?;
        let met = fs::metadata(&file).map_err(|why| wrong(named, &why.to_string()))?;
        if met.is_dir() {
            walk(&file, &mut Vec::new(), &mut found)?;
        } else {
            let name = file.file_name().ok_or_else(|| wrong(named, "it has no name"))?;
            found.push((file.clone(), if below { vec![text(name, named)?] } else { Vec::new() }));
        }
    }
    Ok(found)
}

fn wrong(path: &Path, why: &str) -> String {
    harmless(&format!("{}: {why}", path.display())).into_owned()
}

fn text(name: &OsStr, path: &Path) -> Result<String, String> {
    let text = name.to_str().ok_or_else(|| wrong(path, "its name is not UTF-8, which the names of objects are"))?;
    Ok(text.to_owned())
}

/// All files in a folder and those below it, in the order of their names. Links to files are followed; what is neither a
/// file nor a folder is passed over.
fn walk(folder: &Path, names: &mut Vec<String>, found: &mut Vec<(PathBuf, Vec<String>)>) -> Result<(), String> {
    if names.len() > DEEPEST {
        return Err(wrong(folder, "folders lie too deep in one another; a link may lead round in a circle"));
    }
    let unreadable = |why: std::io::Error| wrong(folder, &why.to_string());
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        names.push(text(&entry.file_name(), &path)?);
        match fs::metadata(&path) {
            Ok(met) if met.is_dir() => walk(&path, names, found)?,
            Ok(met) if met.is_file() => found.push((path, names.clone())),
            _ => {}
        }
        names.pop();
    }
    Ok(())
}

/// The URL of an object below another one.
fn joined(place: &Source, names: &[String]) -> Result<Source, String> {
    let mut url = place.url().clone();
    if place.chunked().is_some() {
        if url.query_pairs().any(|(name, _)| name == "filename") {
            return Err("filename= in the URL is what one file is called, and there may be several".to_owned());
        }
        url.query_pairs_mut().append_pair("filename", &names.join("/"));
        return Ok(Source::from(url));
    }
    let is_step =
        |name: &&String| matches!(Path::new(name).components().next(), Some(Component::ParentDir | Component::CurDir));
    if let Some(name) = names.iter().find(is_step) {
        return Err(format!("{}: an object can't be called so", harmless(name)));
    }
    let shown = harmless(&place.to_string()).into_owned();
    url.path_segments_mut().map_err(|()| format!("{shown}: nothing can lie below this"))?.pop_if_empty().extend(names);
    Ok(Source::from(url))
}

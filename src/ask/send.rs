//! What an upload is to send: files and folders that people name, and the place that each of their files goes to.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{self, Component, Path, PathBuf};

use crate::model::{ObjectUrl, Source, Upload, harmless};

/// Folders are followed so deep.
const DEEPEST: usize = 64;

/// A file with the place that it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The file, absolute.
    pub file: PathBuf,
    /// The place.
    pub place: Source,
}

/// What was found in what the user named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// The files; at least one.
    pub files: Vec<Sending>,
    /// True if the user named a folder or several files: an earlier run may have sent some of them.
    pub is_batch: bool,
    /// What lies in the folders that is no file, as a sentence.
    pub passed_over: Option<String>,
}

/// Where each file goes, folders read now: one file goes to the very place, or below it if that ends with /; several, and
/// all files in a folder, go below it.
pub fn placed(files: &[PathBuf], place: &Source) -> Result<Gathered, String> {
    let path = place.url().path();
    let below = match place.chunked() {
        // Such a server's address is one for all files; each goes by its name.
        Some(url) => !url.query_pairs().any(|(name, _)| name == "filename"),
        None => files.len() > 1 || path.ends_with('/') || path.is_empty(),
    };
    let Found { files, has_folder, passed_over, first } = found(files, below)?;
    let placed = files.into_iter().map(|(file, names)| {
        let place = if names.is_empty() { place.clone() } else { joined(place, &names)? };
        Ok(Sending { file, place })
    });
    let placed: Vec<Sending> = placed.collect::<Result<_, String>>()?;
    let passed_over = first.map(|first| match passed_over {
        1 => wrong(&first, "it is a pipe, a socket or a device, and is passed over"),
        many => wrong(&first, &format!("it and {} more are pipes, sockets or devices, and are passed over", many - 1)),
    });
    if placed.is_empty() {
        let remark = passed_over.map_or_else(String::new, |remark| format!(": {remark}"));
        return Err(format!("there is no file in what you named{remark}"));
    }
    let files = apart(placed)?;
    let is_batch = has_folder || files.len() > 1;
    Ok(Gathered { files, is_batch, passed_over })
}

/// Two files in one place would be one object: which of them, nobody could say. One that is named twice is one file, and no
/// mistake.
fn apart(placed: Vec<Sending>) -> Result<Vec<Sending>, String> {
    let mut taken: HashMap<String, PathBuf> = HashMap::with_capacity(placed.len());
    let mut apart = Vec::with_capacity(placed.len());
    for Sending { file, place } in placed {
        match taken.insert(place.url().to_string(), file.clone()) {
            None => apart.push(Sending { file, place }),
            Some(other) if other == file => {}
            Some(other) => {
                let (one, two) = (other.display(), file.display());
                let why = format!("{one} and {two} would both go to {place}: send them to places of their own");
                return Err(harmless(&why).into_owned());
            }
        }
    }
    Ok(apart)
}

/// What a walk has found.
#[derive(Default)]
struct Found {
    /// Each file with the names below the URL that it gets; none means the very URL.
    files: Vec<(PathBuf, Vec<String>)>,
    /// True if a folder was named.
    has_folder: bool,
    /// How many were neither files nor folders, and the first of them.
    passed_over: usize,
    first: Option<PathBuf>,
}

/// Each file of those that are named, and in the folders that are.
fn found(files: &[PathBuf], below: bool) -> Result<Found, String> {
    let mut found = Found::default();
    for named in files {
        if named.as_os_str() == "-" {
            if below {
                return Err("- has no name: name the object in the URL".to_owned());
            }
            found.files.push((PathBuf::from(Upload::STDIN), Vec::new()));
            continue;
        }
        let file = path::absolute(named).map_err(|why| wrong(named, &why.to_string()))?;
        let met = fs::metadata(&file).map_err(|why| wrong(named, &why.to_string()))?;
        if met.is_dir() {
            found.has_folder = true;
            walk(&file, &met, &mut Steps::default(), &mut found)?;
        } else {
            let name = file.file_name().ok_or_else(|| wrong(named, "it has no name"))?;
            found.files.push((file.clone(), if below { vec![text(name, named)?] } else { Vec::new() }));
        }
    }
    Ok(found)
}

fn wrong(path: &Path, why: &str) -> String {
    harmless(&format!("{}: {why}", path.display())).into_owned()
}

fn text(name: &OsStr, path: &Path) -> Result<String, String> {
    let text = name.to_str().ok_or_else(|| wrong(path, "its name is not UTF-8, which the names of objects are"))?;
    // A URL drops tabs and line ends, so that two files would be one object.
    if text.chars().any(char::is_control) {
        return Err(wrong(path, "its name has a control character, such as a tab, which no URL of an object can hold"));
    }
    Ok(text.to_owned())
}

/// Where a walk stands.
#[derive(Default)]
struct Steps {
    /// The names that led here,
    names: Vec<String>,
    /// and the folders, each with its disk and its number there: a link may lead to one of them.
    folders: Vec<(u64, u64)>,
}

/// All files in a folder and those below it, in the order of their names. Links are followed; what is neither a file nor a
/// folder is counted, and what can't be looked at is told.
fn walk(folder: &Path, met: &Metadata, steps: &mut Steps, found: &mut Found) -> Result<(), String> {
    let identity = (met.dev(), met.ino());
    if steps.folders.contains(&identity) {
        return Err(wrong(folder, "folders lie too deep in one another: a link leads round in a circle here"));
    }
    if steps.names.len() > DEEPEST {
        return Err(wrong(folder, "folders lie too deep in one another"));
    }
    steps.folders.push(identity);
    let unreadable = |why: io::Error| wrong(folder, &why.to_string());
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match fs::metadata(&path) {
            Ok(met) if met.is_dir() => {
                steps.names.push(text(&entry.file_name(), &path)?);
                walk(&path, &met, steps, found)?;
                steps.names.pop();
            }
            Ok(met) if met.is_file() => {
                let names = steps.names.iter().cloned().chain([text(&entry.file_name(), &path)?]).collect();
                found.files.push((path, names));
            }
            Ok(_) => {
                found.passed_over += 1;
                found.first.get_or_insert(path);
            }
            Err(why) if has_vanished(&path, &why) => {}
            Err(why) => return Err(wrong(&path, &unseen(&path, &why))),
        }
    }
    steps.folders.pop();
    Ok(())
}

/// True if there is nothing any more where there was something when the folder was read.
fn has_vanished(path: &Path, why: &io::Error) -> bool {
    let is_gone = |why: &io::Error| why.kind() == io::ErrorKind::NotFound;
    is_gone(why) && fs::symlink_metadata(path).is_err_and(|why| is_gone(&why))
}

/// Why something can't be looked at that is there.
fn unseen(path: &Path, why: &io::Error) -> String {
    let is_link = fs::symlink_metadata(path).is_ok_and(|met| met.is_symlink());
    match why.kind() {
        io::ErrorKind::NotFound if is_link => {
            "it is a link that leads nowhere; remove it, or name the files without it".to_owned()
        }
        _ => format!("it can't be looked at, so that it would be left out: {why}"),
    }
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
    let source = Source::from(url);
    // Spelled as it would be if it were named by itself: it is the same upload then.
    ObjectUrl::of(&source).map_or(Ok(source), |object| object.source())
}

//! `haul put`: what is sent where.

use std::ffi::OsStr;
use std::fs;
use std::path::{self, Component, Path, PathBuf};

use clap::{Args, ValueHint};

use super::args::{EachArgs, NetworkArgs, OutputArgs};
use super::specs::{Usage, headers};
use crate::model::{Limits, Rate, Source, Spec, Upload, harmless};

/// Folders are followed so deep: a link may lead to a folder above it.
const DEEPEST: usize = 64;
/// The stream that `-` stands for.
const STDIN: &str = "/dev/stdin";

pub(super) const AFTER_PUT_HELP: &str = "\
Examples:
  haul put disk.iso s3://bucket/images/disk.iso
  haul put photos oss://bucket/2026/photos/?endpoint=oss-cn-hangzhou.aliyuncs.com
  haul put -x 16 --limit 5M --storage-class STANDARD_IA backup.tar tos://bucket/backup.tar
  tar c . | haul put - s3://bucket/all.tar

One file goes to the very URL, or below it if it ends with /; several, and all files in a folder, go below it. The same \
command goes on where an earlier run stopped: only parts are sent that the store does not have. Ctrl-C keeps what was sent.

Credentials come from the environment and the vendors' own files; see the README.";

/// `haul put`.
#[derive(Args)]
pub struct PutArgs {
    /// Files, or folders with all files in them; - reads stdin, which can't be resumed
    #[arg(value_name = "FILE", required = true, num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// Where they go: s3:, oss: or tos:, or chunk+http(s): for the plain chunk protocol
    #[arg(value_name = "URL", required = true, value_hint = ValueHint::Url)]
    pub url: String,
    /// Bytes of a part, such as 16M; the store's own limits go before it
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub part_size: Option<u64>,
    /// From this size on a file goes in parts (16MiB)
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub threshold: Option<u64>,
    /// The objects' storage class, in the store's own words, such as STANDARD_IA
    #[arg(long, value_name = "CLASS")]
    pub storage_class: Option<String>,
    /// The objects' media type; else it is told by the name
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Leave objects alone that stand there already
    #[arg(long)]
    pub no_clobber: bool,
    /// Bytes a second that the store itself shall allow each connection (OSS, TOS)
    #[arg(long, value_name = "RATE")]
    pub traffic_limit: Option<Rate>,
    /// A header for the objects ('Name: value'), such as x-amz-acl; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// What each of them may use.
    #[command(flatten)]
    pub each: EachArgs,
    /// How the engine deals with servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// What is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A number of bytes, written as rates are.
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = |_| "write bytes, such as 500K, 16M or 1.5MiB".to_owned();
    if text == "0" { Ok(0) } else { text.parse().map(Rate::bytes).map_err(wrong) }
}

impl PutArgs {
    /// What to upload. Folders are read now.
    pub fn specs(&self) -> Result<Vec<Spec>, Usage> {
        let place = Source::parse(&self.url).map_err(Usage::new)?;
        let headers = headers(&self.headers)?;
        let limits = Limits { connections: self.each.connections, rate: self.each.limit };
        let below = match place.chunked() {
            // Such a server's address is one for all files; each goes by its name.
            Some(url) => !url.query_pairs().any(|(name, _)| name == "filename"),
            None => self.files.len() > 1 || place.url().path().ends_with('/') || place.url().path().is_empty(),
        };
        let mut specs = Vec::new();
        for (file, key) in self.found(below)? {
            let source = if key.is_empty() { place.clone() } else { joined(&place, &key)? };
            let spec = Spec::of_upload(source, self.upload(file));
            specs.push(Spec { headers: headers.clone(), limits, ..spec });
        }
        if specs.is_empty() {
            return Err(Usage::new("there is no file in what you named"));
        }
        Ok(specs)
    }

    fn upload(&self, file: PathBuf) -> Upload {
        Upload {
            file,
            part_size: self.part_size,
            threshold: self.threshold,
            content_type: self.content_type.clone(),
            storage_class: self.storage_class.clone(),
            keep: self.no_clobber,
            traffic_limit: self.traffic_limit,
        }
    }

    /// Each file with the names below the URL that it gets; none means the very URL.
    fn found(&self, below: bool) -> Result<Vec<(PathBuf, Vec<String>)>, Usage> {
        let mut found = Vec::new();
        for named in &self.files {
            if named.as_os_str() == "-" {
                let key = if below {
                    return Err(Usage::new("- has no name: name the object in the URL"));
                } else {
                    Vec::new()
                };
                found.push((PathBuf::from(STDIN), key));
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
}

fn wrong(path: &Path, why: &str) -> Usage {
    Usage::new(format!("{}: {why}", path.display()))
}

fn text(name: &OsStr, path: &Path) -> Result<String, Usage> {
    let text = name.to_str().ok_or_else(|| wrong(path, "its name is not UTF-8, which the names of objects are"))?;
    Ok(text.to_owned())
}

/// All files in a folder and those below it, in the order of their names. Links to files are followed; what is neither a
/// file nor a folder is passed over.
fn walk(folder: &Path, names: &mut Vec<String>, found: &mut Vec<(PathBuf, Vec<String>)>) -> Result<(), Usage> {
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
fn joined(place: &Source, names: &[String]) -> Result<Source, Usage> {
    let mut url = place.url().clone();
    if place.chunked().is_some() {
        if url.query_pairs().any(|(name, _)| name == "filename") {
            return Err(Usage::new("filename= in the URL is what one file is called, and there may be several"));
        }
        url.query_pairs_mut().append_pair("filename", &names.join("/"));
        return Ok(Source::from(url));
    }
    if let Some(name) = names
        .iter()
        .find(|name| matches!(Path::new(name).components().next(), Some(Component::ParentDir | Component::CurDir)))
    {
        return Err(Usage::new(format!("{}: an object can't be called so", harmless(name))));
    }
    let shown = url.to_string();
    url.path_segments_mut()
        .map_err(|()| Usage::new(format!("{}: nothing can lie below this", harmless(&shown))))?
        .pop_if_empty()
        .extend(names);
    Ok(Source::from(url))
}

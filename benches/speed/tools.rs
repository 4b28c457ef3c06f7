//! The tools, and what each is told for a job.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::floor;

/// haul, its peers, and the floor below them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Haul,
    /// haul, which finds the number of connections by itself.
    HaulChoosing,
    Aria2c,
    Axel,
    Curl,
    Wget2,
    /// The bench itself, as a program that only receives and writes.
    Floor,
}

/// One file to fetch.
pub struct Job<'a> {
    pub url: &'a str,
    pub target: PathBuf,
    pub connections: u16,
    /// The certificate to trust.
    pub authority: Option<&'a Path>,
    /// What is there already is gone on with.
    pub resumes: bool,
    /// Bytes a second.
    pub limit: Option<u64>,
}

/// Many files to fetch.
pub struct List<'a> {
    /// One URL a line,
    pub urls: &'a Path,
    /// and the same as curl reads it.
    pub curl: &'a Path,
    pub folder: &'a Path,
    pub authority: Option<&'a Path>,
}

impl Tool {
    pub const ALL: [Self; 5] = [Self::Haul, Self::Aria2c, Self::Axel, Self::Curl, Self::Wget2];

    pub fn name(self) -> &'static str {
        match self {
            Self::Haul => "haul",
            Self::HaulChoosing => "haul, choosing",
            Self::Aria2c => "aria2c",
            Self::Axel => "axel",
            Self::Curl => "curl",
            Self::Wget2 => "wget2",
            Self::Floor => "floor",
        }
    }

    /// True for haul in each of its manners.
    pub fn is_haul(self) -> bool {
        matches!(self, Self::Haul | Self::HaulChoosing)
    }

    /// True for what others fetch files with.
    pub fn is_peer(self) -> bool {
        !self.is_haul() && self != Self::Floor
    }

    pub fn program(self) -> String {
        match self {
            Self::Haul | Self::HaulChoosing => env!("CARGO_BIN_EXE_haul").to_owned(),
            // Of all programs there are, this one runs.
            Self::Floor => std::env::current_exe().expect("its own path").display().to_string(),
            peer => peer.name().to_owned(),
        }
    }

    pub fn is_there(self) -> bool {
        if self == Self::Floor {
            return true;
        }
        let mut command = Command::new(self.program());
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    }

    /// The command line that fetches one file.
    pub fn fetch(self, job: &Job) -> Vec<String> {
        let (folder, name) = (job.target.parent().unwrap_or(Path::new(".")), job.target.file_name());
        let (folder, name) = (folder.display(), name.unwrap_or_default().to_string_lossy());
        let (out, count) = (job.target.display(), job.connections);
        let authority =
            |option: &str| job.authority.map_or(String::new(), |file| format!("{option}{}", file.display()));
        let limit = |option: &str| job.limit.map_or(String::new(), |limit| format!("{option}{limit}"));
        let line = match self {
            Self::Haul | Self::HaulChoosing => {
                let number = if self == Self::Haul { format!("-x {count}") } else { String::new() };
                format!("get -q {number} {} {} -o {out}", authority("--ca-cert "), limit("--limit "))
            }
            Self::Aria2c => {
                let limit = limit("--max-overall-download-limit=");
                let many = format!("-x{} -s{count} -k1M {} {limit}", count.min(16), authority("--ca-certificate="));
                format!("{ARIA2C} {many} {} -d {folder} -o {name}", if job.resumes { "-c" } else { "" })
            }
            Self::Axel => {
                let trust = if job.authority.is_some() { "-k" } else { "" };
                format!("-q -n {count} {trust} {} -o {out}", limit("-s "))
            }
            Self::Curl => {
                let resumes = if job.resumes { "-C -" } else { "" };
                format!("-q -sS -f {resumes} {} {} -o {out}", authority("--cacert "), limit("--limit-rate "))
            }
            Self::Wget2 => {
                let chunks = if count > 1 { "--chunk-size=16M" } else { "" };
                let resumes = if job.resumes { "-c" } else { "" };
                format!("{WGET2} --max-threads={count} {chunks} {resumes} {} -O {out}", authority("--ca-certificate="))
            }
            Self::Floor => return self.words(&format!("{} {} {out} {count}", floor::WORD, job.url)),
        };
        self.words(&format!("{line} {}", job.url))
    }

    /// The command line that fetches a list, sixteen at once; `None` if it can't.
    pub fn fetch_all(self, list: &List) -> Option<Vec<String>> {
        let (urls, folder) = (list.urls.display(), list.folder.display());
        let authority =
            |option: &str| list.authority.map_or(String::new(), |file| format!("{option}{}", file.display()));
        let line = match self {
            Self::Haul => format!("get -q -j 16 -x 1 {} -i {urls} -d {folder}", authority("--ca-cert ")),
            Self::Aria2c => {
                let trust = authority("--ca-certificate=");
                format!("{ARIA2C} -j16 -x1 -s1 {trust} -d {folder} -i {urls}")
            }
            Self::Curl => {
                let trust = authority("--http1.1 --cacert ");
                format!("-q -sS --parallel --parallel-max 16 {trust} -K {}", list.curl.display())
            }
            Self::Wget2 => {
                format!("{WGET2} --max-threads=16 {} -P {folder} -i {urls}", authority("--ca-certificate="))
            }
            Self::HaulChoosing | Self::Axel | Self::Floor => return None,
        };
        Some(self.words(&line))
    }

    /// No path of the bench has a space in it.
    fn words(self, line: &str) -> Vec<String> {
        [self.program()].into_iter().chain(line.split_whitespace().map(str::to_owned)).collect()
    }
}

const ARIA2C: &str = "--no-conf -q --allow-overwrite=true --auto-file-renaming=false --file-allocation=none";
const WGET2: &str = "--no-config -q --no-hsts --no-http2";

//! What all rows share: the folder, the files that are served, and the comparison with what came.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::nginx::Nginx;

const MIB: u64 = 1 << 20;
/// Bytes of a small file.
pub const SMALL: usize = 16 * 1024;
/// How many small files there are at a scale of 1.
pub const SMALL_FILES: f64 = 10_000.0;

/// The folder of a run, which goes away with it.
pub struct Bench {
    folder: TempDir,
    scale: f64,
    /// None where it is not installed.
    pub nginx: Option<Nginx>,
}

impl Bench {
    /// Makes the files to serve, in sizes of so many times their usual ones.
    pub fn start(scale: f64) -> Self {
        let folder = tempfile::Builder::new().prefix("haul-speed-").tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("www/small")).expect("a folder for what is served");
        let nginx = Nginx::start(folder.path());
        let bench = Self { folder, scale, nginx };
        let mut random = fastrand::Rng::with_seed(1);
        for mib in [1024, 256, 128, 60] {
            bench.fill(&mut random, mib);
        }
        fs::write(bench.www().join("one"), b"1").expect("room for what is served");
        let mut content = vec![0; SMALL];
        for number in 0..bench.count(SMALL_FILES) {
            random.fill(&mut content);
            fs::write(bench.www().join("small").join(small(number)), &content).expect("room for what is served");
        }
        bench
    }

    /// Random bytes, so that nothing on the way can be clever about them.
    fn fill(&self, random: &mut fastrand::Rng, mib: u64) {
        let mut block = vec![0; MIB as usize];
        let mut file = File::create(self.file(mib)).expect("the file to serve");
        for _ in 0..self.size(mib) / MIB {
            random.fill(&mut block);
            file.write_all(&block).expect("room for the file to serve");
        }
    }

    /// What is served.
    pub fn www(&self) -> PathBuf {
        self.folder.path().join("www")
    }

    /// The served file that has so many MiB at a scale of 1.
    pub fn file(&self, mib: u64) -> PathBuf {
        self.www().join(format!("{mib}m.bin"))
    }

    /// Its bytes.
    pub fn size(&self, mib: u64) -> u64 {
        self.count(mib as f64) as u64 * MIB
    }

    /// So many, scaled.
    pub fn count(&self, usual: f64) -> usize {
        (usual * self.scale).ceil() as usize
    }

    /// Where the tools put what they fetch; empty before each run.
    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// The one file that most rows fetch.
    pub fn target(&self) -> PathBuf {
        self.out().join("out.bin")
    }

    /// Empties the folder for the next run, and lets the disk come to rest.
    pub fn prepare(&self) {
        // ext4 without a journal passes over the inodes of the last minute's deletions one by one: after ten thousand of them
        // a new file takes ten times as long.
        let many = self.out().join("files");
        if many.exists() {
            let kept = tempfile::Builder::new().prefix("kept-").disable_cleanup(true).tempdir_in(self.folder.path());
            fs::rename(many, kept.expect("a folder for what came").path()).expect("what came is put aside");
        }
        let _ = fs::remove_dir_all(self.out());
        fs::create_dir_all(self.out().join("home")).expect("a folder for what is fetched");
        rustix::fs::sync();
    }

    /// An error if the fetched file is not the served one.
    pub fn compare(&self, mib: u64) -> Result<(), String> {
        same(&self.file(mib), &self.target())
    }

    /// The same for the first so many of the small files.
    pub fn compare_small(&self, count: usize) -> Result<(), String> {
        (0..count).try_for_each(|number| {
            same(&self.www().join("small").join(small(number)), &self.out().join("files").join(small(number)))
        })
    }
}

/// The name of a small file.
pub fn small(number: usize) -> String {
    format!("f{number:06}")
}

fn same(served: &Path, fetched: &Path) -> Result<(), String> {
    let told = |error: io::Error| format!("{}: {error}", fetched.display());
    let is_same = hash(served).map_err(told)? == hash(fetched).map_err(told)?;
    if is_same { Ok(()) } else { Err(format!("{} is not what was served", fetched.display())) }
}

fn hash(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize())
}

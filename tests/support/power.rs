//! What a disk may hold after a power cut, rebuilt from a recorded run.
//!
//! The rules are the strictest that a file system may follow: what was written is there only if an fsync or fdatasync of
//! that file began after the write had ended, and gave no error; a name is there, gone or another one's only if an
//! fsync of its folder says so. Of all else each write, block by block, and each change of a name may be there or not,
//! in any mixture; a block that is missing within the file reads as zeros. A rename is one step, also from one folder to
//! another, and then the folder that it leads to says whether it is there. What a failed fsync covered is never made
//! durable by a later one: the system has dropped it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

pub use super::image::{BLOCK, Image, image_of, restore};
use super::strace::Call;

/// One change of a file or a folder.
#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
    /// At least so long.
    Reserve(u64),
    /// In a folder: this name is this node.
    Put(PathBuf, usize),
    /// In a folder: this name is gone.
    Take(PathBuf),
    /// In a folder: this name becomes that one.
    Rename(PathBuf, PathBuf),
}

#[derive(Debug)]
struct Step {
    node: usize,
    change: Change,
    began: usize,
    ended: usize,
    /// From when on it is durable.
    durable: usize,
    lost: bool,
}

/// The file operations of one or more runs, as far as they are about what lies below one folder.
#[derive(Debug, Default)]
pub struct Recording {
    steps: Vec<Step>,
    nodes: usize,
    folders: HashSet<usize>,
    /// Renames in the order in which they were asked for.
    renames: Vec<Renamed>,
    /// Which node a name is for the programs that run.
    names: HashMap<PathBuf, usize>,
    lengths: HashMap<usize, u64>,
    /// What lies below these folders is recorded.
    roots: Vec<PathBuf>,
    /// When an fsync or fdatasync ended well.
    syncs: Vec<usize>,
    end: usize,
}

/// A file that got another name.
#[derive(Clone, Debug)]
pub struct Renamed {
    /// When the call was entered.
    pub began: usize,
    /// When it returned.
    pub ended: usize,
    /// Its name before.
    pub from: PathBuf,
    /// Its name after.
    pub to: PathBuf,
    node: usize,
}

impl Recording {
    /// The operations below `root`, which is durable and empty but for folders.
    pub fn of(root: &Path, calls: &[Call]) -> Self {
        let mut recording = Self::default();
        recording.take(root, calls);
        recording
    }

    /// What is below a folder, durably, before anything is recorded.
    pub fn present(&mut self, root: &Path, image: &Image) {
        self.roots.push(root.to_path_buf());
        for (path, bytes) in image.iter().filter(|(path, _)| path.starts_with(root)) {
            let (parent, known) = (self.folder(path), self.names.get(path).copied());
            let node = known.unwrap_or_else(|| self.node(path));
            let mut changes = vec![(parent, Change::Put(path.clone(), node))];
            match bytes {
                Some(bytes) => {
                    self.lengths.insert(node, bytes.len() as u64);
                    changes.push((node, Change::Write(0, bytes.clone())));
                }
                None => drop(self.folders.insert(node)),
            }
            let step = |(node, change)| Step { node, change, began: 0, ended: 0, durable: 0, lost: false };
            self.steps.extend(changes.into_iter().map(step));
        }
        self.end = self.end.max(1);
    }

    /// Takes in another run, which came after all others.
    pub fn take(&mut self, root: &Path, calls: &[Call]) {
        let base = self.end;
        self.roots.push(root.to_path_buf());
        let mut open: HashMap<u64, (usize, bool)> = HashMap::new();
        // Effects in the order in which they were complete; one that never was comes last. A number that is closed may be
        // another thread's next file before the log has the call's end.
        let mut ordered: Vec<&Call> = calls.iter().collect();
        ordered.sort_by_key(|call| if call.name == "close" { call.began } else { call.ended });
        for call in ordered {
            let (began, ended) = (base + call.began, base.saturating_add(call.ended));
            self.call(call, &mut open, (began, ended));
            self.end = self.end.max(if call.ended == usize::MAX { began } else { ended } + 1);
        }
    }

    /// The moments after each sync, and the end.
    pub fn moments(&self) -> Vec<usize> {
        let mut moments = self.syncs.clone();
        moments.push(self.end);
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    /// The moments before and after each change and each sync.
    pub fn all_moments(&self) -> Vec<usize> {
        let around = self.steps.iter().flat_map(|step| [step.began.saturating_sub(1), step.ended.min(self.end)]);
        let mut moments: Vec<usize> = around.chain(self.moments()).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    /// Every rename, in order.
    pub fn renames(&self) -> &[Renamed] {
        &self.renames
    }

    /// The bytes of a renamed file that were durable at a moment.
    pub fn durable(&self, renamed: &Renamed, moment: usize) -> Vec<u8> {
        let mut held = Vec::new();
        for step in self.steps.iter().filter(|step| step.node == renamed.node && step.durable <= moment) {
            match &step.change {
                Change::Write(at, bytes) => {
                    let at = usize::try_from(*at).unwrap();
                    grow(&mut held, at + bytes.len());
                    held[at..at + bytes.len()].copy_from_slice(bytes);
                }
                Change::Length(length) => held.resize(usize::try_from(*length).unwrap(), 0),
                Change::Reserve(length) => grow(&mut held, usize::try_from(*length).unwrap()),
                _ => {}
            }
        }
        held
    }

    /// When a change of a name in a folder became durable; `usize::MAX` if it never did.
    pub fn named(&self, renamed: &Renamed) -> usize {
        let is_it = |step: &&Step| step.began == renamed.began && matches!(step.change, Change::Rename(..));
        self.steps.iter().find(is_it).map_or(usize::MAX, |step| step.durable)
    }

    /// When a name was taken away, if it was.
    pub fn taken(&self, name: &Path) -> Option<usize> {
        let is_it = |step: &&Step| matches!(&step.change, Change::Take(taken) if taken == name);
        self.steps.iter().rfind(is_it).map(|step| step.began)
    }

    /// The `count`-th path of a call, if it is one that is recorded.
    fn below(&self, call: &Call, count: usize) -> Option<PathBuf> {
        call.path(count).filter(|path| self.roots.iter().any(|root| path.starts_with(root)))
    }

    fn call(&mut self, call: &Call, open: &mut HashMap<u64, (usize, bool)>, (began, ended): (usize, usize)) {
        let file = call.number(0).and_then(|number| open.get(&number).copied());
        let done = call.result.is_some();
        let step = |recording: &mut Self, node, change| {
            let step = Step { node, change, began, ended, durable: usize::MAX, lost: false };
            recording.steps.push(step);
        };
        match call.name.as_str() {
            "open" | "openat" => {
                let Some((number, path)) = call.result.zip(self.below(call, 0)) else { return };
                let known = self.names.get(&path).copied();
                let node = known.unwrap_or_else(|| self.node(&path));
                if known.is_none() && call.has("O_CREAT") {
                    let parent = self.folder(&path);
                    step(self, parent, Change::Put(path, node));
                }
                if call.has("O_TRUNC") {
                    self.lengths.insert(node, 0);
                    step(self, node, Change::Length(0));
                }
                open.insert(number, (node, call.has("O_APPEND")));
            }
            "dup" | "dup2" | "dup3" | "fcntl" => {
                if let Some((number, held)) = call.result.zip(file) {
                    open.insert(number, held);
                }
            }
            "close" => {
                open.remove(&call.number(0).unwrap_or(u64::MAX));
            }
            "write" | "pwrite64" | "pwritev" => {
                let (Some((node, append)), (bytes, at)) = (file, call.written()) else { return };
                let length = self.lengths.get(&node).copied().unwrap_or(0);
                let at = if call.name == "write" { if append { length } else { 0 } } else { at.unwrap() };
                let count = call.result.map_or(bytes.len(), |count| count as usize);
                if done || ended == usize::MAX {
                    self.lengths.insert(node, length.max(at + count as u64));
                    step(self, node, Change::Write(at, bytes[..count].to_vec()));
                }
            }
            _ => self.change(call, file, (began, ended)),
        }
    }

    /// A call that changes lengths or names.
    fn change(&mut self, call: &Call, file: Option<(usize, bool)>, (began, ended): (usize, usize)) {
        let done = call.result.is_some();
        let step = |recording: &mut Self, node, change| {
            let step = Step { node, change, began, ended, durable: usize::MAX, lost: false };
            recording.steps.push(step);
        };
        match call.name.as_str() {
            "ftruncate" | "fallocate" if done => {
                let Some((node, _)) = file else { return };
                let truncated = call.name == "ftruncate";
                let length =
                    if truncated { call.number(1).unwrap() } else { call.number(2).unwrap() + call.number(3).unwrap() };
                let held = self.lengths.entry(node).or_default();
                *held = if truncated { length } else { length.max(*held) };
                step(self, node, if truncated { Change::Length(length) } else { Change::Reserve(length) });
            }
            "fsync" | "fdatasync" => {
                if let Some((node, _)) = file {
                    self.sync(node, began, ended, done);
                }
            }
            // All is on one disk. Names are not counted on: haul syncs their folders.
            "syncfs" if done => {
                let folders = &self.folders;
                let files: Vec<usize> = (1..=self.nodes).filter(|node| !folders.contains(node)).collect();
                for node in files {
                    self.sync(node, began, ended, true);
                }
            }
            "rename" | "renameat" | "renameat2" if done => {
                let (Some(from), Some(to)) = (self.below(call, 0), self.below(call, 1)) else { return };
                let node = self.names.remove(&from).expect("a name that was made");
                self.names.insert(to.clone(), node);
                self.renames.push(Renamed { began, ended, from: from.clone(), to: to.clone(), node });
                let parent = self.folder(&to);
                step(self, parent, Change::Rename(from, to));
            }
            "unlink" | "unlinkat" if done => {
                let Some(path) = self.below(call, 0) else { return };
                self.names.remove(&path);
                let parent = self.folder(&path);
                step(self, parent, Change::Take(path));
            }
            "mkdir" | "mkdirat" if done => {
                let Some(path) = self.below(call, 0) else { return };
                let (node, parent) = (self.folder(&path.join("within")), self.folder(&path));
                step(self, parent, Change::Put(path, node));
            }
            _ => {}
        }
    }

    fn node(&mut self, path: &Path) -> usize {
        self.nodes += 1;
        self.names.insert(path.to_path_buf(), self.nodes);
        self.nodes
    }

    /// The folder that a path lies in.
    fn folder(&mut self, path: &Path) -> usize {
        let folder = path.parent().unwrap();
        let node = self.names.get(folder).copied().unwrap_or_else(|| self.node(folder));
        self.folders.insert(node);
        node
    }

    fn sync(&mut self, node: usize, began: usize, ended: usize, good: bool) {
        if ended == usize::MAX {
            return;
        }
        let open = |step: &&mut Step| step.node == node && step.durable == usize::MAX && !step.lost;
        for step in self.steps.iter_mut().filter(open) {
            if good && step.ended < began {
                step.durable = ended;
            } else if !good && step.began < ended {
                step.lost = true;
            }
        }
        if good {
            self.syncs.push(ended);
        }
    }

    /// What the disk holds after a power cut at a moment: what was made durable, and of the rest each piece with this
    /// probability.
    pub fn image(&self, moment: usize, share: f64, random: &mut fastrand::Rng) -> Image {
        let mut contents: HashMap<usize, Vec<u8>> = HashMap::new();
        let mut names: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for step in self.steps.iter().filter(|step| step.began <= moment) {
            let sure = step.durable <= moment;
            let mut chance = || sure || random.f64() < share;
            match &step.change {
                Change::Write(at, bytes) => {
                    let held = contents.entry(step.node).or_default();
                    let at = usize::try_from(*at).unwrap();
                    for (offset, block) in blocks(at, bytes) {
                        let (written, reserved) = (chance(), chance());
                        if written || reserved {
                            grow(held, offset + block.len());
                        }
                        // Otherwise the length may be there, and the bytes are not.
                        if written {
                            held[offset..offset + block.len()].copy_from_slice(block);
                        }
                    }
                }
                Change::Length(length) if chance() => {
                    contents.entry(step.node).or_default().resize(usize::try_from(*length).unwrap(), 0);
                }
                Change::Reserve(length) if chance() => {
                    grow(contents.entry(step.node).or_default(), usize::try_from(*length).unwrap());
                }
                Change::Put(name, node) if chance() => {
                    names.insert(name.clone(), *node);
                }
                Change::Take(name) if chance() => {
                    names.remove(name);
                }
                Change::Rename(from, to) if chance() => {
                    if let Some(node) = names.remove(from) {
                        names.insert(to.clone(), node);
                    }
                }
                _ => {}
            }
        }
        self.assemble(&names, &contents)
    }

    /// Files and folders whose folders are there too.
    fn assemble(&self, names: &BTreeMap<PathBuf, usize>, contents: &HashMap<usize, Vec<u8>>) -> Image {
        let made =
            |path: &Path| self.steps.iter().any(|step| matches!(&step.change, Change::Put(name, _) if name == path));
        let mut image = Image::new();
        for (path, node) in names {
            // A folder that was there before the recording has no record of its own.
            let stands = |folder: &Path| !made(folder) || names.contains_key(folder);
            if path.ancestors().skip(1).all(stands) {
                let bytes = contents.get(node).cloned();
                image.insert(
                    path.clone(),
                    if self.folders.contains(node) { None } else { Some(bytes.unwrap_or_default()) },
                );
            }
        }
        image
    }
}

fn grow(held: &mut Vec<u8>, length: usize) {
    if held.len() < length {
        held.resize(length, 0);
    }
}

/// Bytes cut where the disk's blocks begin.
fn blocks(at: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (BLOCK - at % BLOCK).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let rest = rest.chunks(BLOCK).enumerate().map(move |(index, block)| (at + first + index * BLOCK, block));
    std::iter::once((at, head)).filter(|(_, head)| !head.is_empty()).chain(rest)
}

//! What happens between two runs: to the part file, to the checkpoint, to the download folder.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use super::data::{Act, Damage};
use crate::support::server::content;
use crate::support::{Sandbox, names};

/// Lets it happen. What concerns a server is done where the servers are.
pub fn act(act: &Act, sandbox: &Sandbox) {
    let here = |name: &str| sandbox.downloads().join(name);
    match act {
        Act::Now(_) => {}
        Act::Part(damage) => apply(*damage, &part(sandbox)),
        Act::Checkpoint(damage) => checkpoints(sandbox).iter().for_each(|path| apply(*damage, path)),
        Act::Newest(damage) => {
            let is_newest = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "ron");
            checkpoints(sandbox).iter().filter(is_newest).for_each(|path| apply(*damage, path));
        }
        Act::Write(name, text) => fs::write(here(name), text).unwrap(),
        Act::Folder(name) => fs::create_dir(here(name)).unwrap(),
        Act::Link(name) => symlink(sandbox.path("outside"), here(name)).unwrap(),
        Act::PartLink => {
            let part = part(sandbox);
            fs::rename(&part, sandbox.path("run/outside")).unwrap();
            symlink(sandbox.path("run/outside"), part).unwrap();
        }
        Act::Settings(text) => sandbox.settings(text),
    }
}

/// The one part file.
fn part(sandbox: &Sandbox) -> PathBuf {
    let parts: Vec<String> = sandbox.names().into_iter().filter(|name| is_part(name)).collect();
    assert_eq!(parts.len(), 1, "one part file is expected: {parts:?}");
    sandbox.downloads().join(&parts[0])
}

/// True for the name of any part file.
pub fn is_part(name: &str) -> bool {
    name.strip_suffix(".part").and_then(|rest| rest.rsplit_once('.')).is_some_and(|(_, digits)| digits.len() == 16)
}

/// All generations of all checkpoints; what was set aside as damaged is none.
pub fn checkpoints(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.path("state/checkpoints");
    if !folder.exists() {
        return Vec::new();
    }
    names(&folder).iter().filter(|name| !name.contains("damaged")).map(|name| folder.join(name)).collect()
}

fn apply(damage: Damage, path: &Path) {
    if let Damage::Delete = damage {
        return fs::remove_file(path).unwrap();
    }
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    match damage {
        Damage::Delete => {}
        Damage::Resize(to) => file.set_len(to).unwrap(),
        Damage::Shorten(by) => file.set_len(length.saturating_sub(by)).unwrap(),
        Damage::Zero(from, count) => file.write_all_at(&vec![0; count as usize], from).unwrap(),
        Damage::ZeroAll => file.write_all_at(&vec![0; length as usize], 0).unwrap(),
        Damage::Flip => {
            let mut byte = [0];
            file.read_exact_at(&mut byte, length / 2).unwrap();
            file.write_all_at(&[byte[0] ^ 1], length / 2).unwrap();
        }
        Damage::Noise(count) => fs::write(path, content(99, 0, count as u64)).unwrap(),
        Damage::Later => {
            let text = fs::read_to_string(path).unwrap();
            let body = text.split_once('\n').unwrap().1;
            fs::write(path, format!("// haul checkpoint, version 99, sealed in another way\n{body}")).unwrap();
        }
    }
}

//! A disk that holds as many files as it can, and has room for bytes.

use std::process::{Command, Stdio};

use super::{MIB, PATH};
use crate::support::Sandbox;
use crate::support::server::{File, Server};

#[test]
fn a_disk_without_inodes_is_no_disk_without_room() {
    let (sandbox, server) = (Sandbox::new(), Server::new().file(PATH, File::new(41, MIB)).start());
    // The folder itself, and one file.
    let mount = format!("mount -t tmpfs -o size=8M,nr_inodes=2 none {}", sandbox.downloads().display());
    let run = |script: String| {
        let mut command = Command::new("timeout");
        command.args(["60", "unshare", "-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_haul"), &server.url(PATH)]);
        command.env_clear().envs(sandbox.variables().iter().cloned()).stdin(Stdio::null()).output().unwrap()
    };
    if !run(mount.clone()).status.success() {
        eprintln!("skipped: this user may not mount");
        return;
    }
    let folder = sandbox.downloads().display().to_string();
    let get = "\"$0\" get -q -d . \"$1\"";
    let output = run(format!("{mount} && cd {folder} && : > a && ! {get} && rm a && exec {get}"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("can't hold more files") && !told.contains("the disk is full"), "{told}");
    assert!(output.status.success(), "when there is one less it goes on: {told}");
}

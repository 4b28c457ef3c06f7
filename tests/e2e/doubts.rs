//! Disks that say once that bytes were lost, and that all is well from then on.

use std::fs;

use haul::store::part_name;

use super::{MIB, PATH, holds_only};
use crate::support::server::{Answer, File, Gate, Server};
use crate::support::{Sandbox, Strace, eventually, strace_works};

#[test]
fn bytes_that_a_save_could_not_make_durable_are_no_success_although_the_last_one_came_meanwhile() {
    if !strace_works() {
        return;
    }
    for (error, words) in [("EIO", "syncing failed: the disk reports an error"), ("ENOSPC", "disk is full")] {
        let (sandbox, gate, file) = (Sandbox::new(), Gate::new(), File::new(43, 3 * MIB));
        let sha = file.sha256();
        let server = Server::new().file(PATH, file.answer(Answer::new().gate(2 * MIB, &gate))).start();
        let target = sandbox.downloads().join("file.bin");
        let (part, log) = (target.with_file_name(part_name(&target)), sandbox.path("calls"));
        let strace = Strace::refuse_late("fdatasync", error, 3).on(&[&part]).log(&log);
        let url = server.url(PATH);
        let haul = strace.start(&sandbox, &["get", "-q", "-x", "1", "--retries=0", &url]);
        eventually("a save", || fs::read_to_string(&log).is_ok_and(|calls| calls.contains("fdatasync")));
        gate.open();
        haul.finish().refused(&[words]);
        sandbox.get(&["-q", &url]).ok();
        holds_only(&sandbox, "file.bin", &sha);
    }
}

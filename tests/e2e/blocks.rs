//! Disks with a block that can't be read.

use haul::store::part_name;

use super::{MIB, PATH, holds_only};
use crate::support::server::{File, Running, Server};
use crate::support::{Output, Sandbox, Strace, strace_works};

fn get_under(strace: &Strace, sandbox: &Sandbox, server: &Running) -> Output {
    strace.start(sandbox, &["get", "-q", "-x", "1", "--retry-wait=0.1", &server.url(PATH)]).finish()
}

#[test]
fn a_block_that_cannot_be_read_is_fetched_again_wherever_it_is() {
    if !strace_works() {
        return;
    }
    for number in ["1", "2", "3", "4"] {
        let file = File::new(41, 3 * MIB + 99);
        let (sandbox, server) = (Sandbox::new(), Server::new().file(PATH, file.clone()).start());
        let target = sandbox.downloads().join("file.bin");
        let part = target.with_file_name(part_name(&target));
        // All of it is on disk then.
        get_under(&Strace::refuse("renameat2", "EIO", "1+").on(&[&part]), &sandbox, &server);
        server.forget();
        let log = sandbox.path("calls");
        get_under(&Strace::refuse("pread64", "EIO", number).on(&[&part]).log(&log), &sandbox, &server).ok();
        holds_only(&sandbox, "file.bin", &file.sha256());
        // Each thread has its own count, so there may be several refusals: a block for each, and the one that is begun.
        let refused = std::fs::read_to_string(&log).unwrap().matches("(INJECTED)").count() as u64;
        assert!(server.seen().sent(PATH).total <= (1 + refused) * MIB, "{number}: {refused}");
    }
}

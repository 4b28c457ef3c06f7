//! What `haul put -` sends: stdin as it stands.

use haul::model::Vendor;

use super::MIB;
use super::waiting::{DISK, Disk};
use crate::support::{Sandbox, Store};

fn room() -> (Store, Sandbox) {
    let (store, mut sandbox) = (Store::start(Vendor::S3), Sandbox::new());
    for (name, value) in store.variables() {
        sandbox.set(&name, value);
    }
    (store, sandbox)
}

#[test]
fn a_file_that_was_read_half_is_sent_from_there_on() {
    let (store, sandbox) = room();
    let file = sandbox.downloads().join("lines");
    std::fs::write(&file, "HEADER\nBODY\n").unwrap();
    for (first, sent) in [("exec <lines; read x", "BODY\n"), ("exec <lines", "HEADER\nBODY\n")] {
        sandbox.run_within(first, &["put", "-q", "-", &store.url("key")]).ok();
        assert_eq!(store.object("key").unwrap(), sent.as_bytes(), "{first}");
    }
}

#[test]
fn a_file_that_the_system_makes_up_is_read_to_its_end() {
    let (store, sandbox) = room();
    sandbox.run(&["put", "-q", "/proc/version", &store.url("key")]).ok();
    assert_eq!(store.object("key").unwrap(), std::fs::read("/proc/version").unwrap());
}

#[test]
fn a_stdin_that_is_closed_is_told() {
    let (store, sandbox) = room();
    let output = sandbox.run_within("exec <&-", &["put", "-q", "-", &store.url("key")]).code(5);
    assert!(output.stderr.contains("stdin is closed"), "{output:#?}");
    assert_eq!(store.object("key"), None);
    sandbox.run_within("exec </dev/null", &["put", "-q", "-", &store.url("key")]).ok();
    assert_eq!(store.object("key"), Some(Vec::new()));
}

/// It would be the rest of it.
#[test]
fn a_stream_that_met_with_a_full_disk_does_not_go_on_when_there_is_room() {
    let (store, sandbox) = room();
    let state = sandbox.downloads().join("state");
    std::fs::create_dir(&state).unwrap();
    let Some(_disk) = Disk::mount(&state, 3 * MIB) else { return };
    std::fs::write(sandbox.downloads().join("long"), vec![7; 8 * MIB as usize]).unwrap();
    let words = ["put", "--json", "--state", "state", "pipe", &store.url("key")];
    let output = sandbox.run_within("mkfifo pipe && (cat long >pipe 2>&1 &)", &words).code(DISK);
    assert!(output.stdout.contains("begin the stream anew"), "{output:#?}");
    assert!(!output.stdout.contains("disk_full"), "nobody waits for room: {output:#?}");
    assert_eq!((store.object("key"), store.uploads()), (None, Vec::new()));
}

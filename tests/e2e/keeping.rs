//! What lasts from one start of the real program to the next: categories and their folders, what was typed, what is paused.

use std::os::unix::fs::PermissionsExt;

use super::MIB;
use crate::support::server::{File, Server};
use crate::support::{Exit, Sandbox, Terminal, eventually, names};

#[test]
fn what_is_queued_goes_to_the_folders_of_its_categories() {
    let paths = ["/a.mp4", "/b.txt", "/c.mp4", "/d.mp4"];
    let server =
        paths.iter().zip(1..).fold(Server::new(), |server, (path, seed)| server.file(path, File::new(seed, MIB)));
    let (server, sandbox) = (server.start(), Sandbox::new());
    let downloads = sandbox.downloads();
    sandbox.settings(&format!(
        r#"(
            folder: {downloads:?},
            categories: {{ "video": (folder: "films") }},
            hooks: (completed: [Shell("echo \"$HAUL_CATEGORY $HAUL_PATH\" >> ../told")]),
        )"#
    ));
    sandbox.run(&["add", &server.url("/a.mp4"), &server.url("/b.txt")]).ok();
    sandbox.run(&["add", "-d", downloads.to_str().unwrap(), &server.url("/c.mp4")]).ok();
    sandbox.run(&["add", "--paused", &server.url("/d.mp4")]).ok();
    // Lines that are there at once find the queue.
    let plain = sandbox.start_with_input(&["--plain"], "4\nquit\n").finish().ok().stdout;
    assert!(plain.contains("d.mp4, paused"), "{plain}");
    sandbox.run(&["run"]).ok();
    assert_eq!(sandbox.names(), ["b.txt", "c.mp4", "films"]);
    assert_eq!(names(&downloads.join("films")), ["a.mp4"]);
    assert!(server.seen().of("/d.mp4").is_empty(), "it is paused");
    let told = std::fs::read_to_string(sandbox.path("told")).unwrap();
    let film = format!("video {}\n", downloads.join("films/a.mp4").display());
    assert!(told.contains(&film) && told.contains("documents "), "{told}");
    let listed = sandbox.run(&["list", "--json"]).ok().stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let categories: Vec<&str> =
        listed.as_array().unwrap().iter().map(|item| item["category"].as_str().unwrap()).collect();
    assert_eq!(categories, ["video", "documents", "video", "video"]);
    assert!(listed[3]["added"].as_u64().unwrap() > 1_700_000_000 && listed[3]["status"] == "paused");
    // At hand, files come where one is.
    sandbox.get(&[&server.url("/d.mp4")]).ok();
    assert_eq!(sandbox.names(), ["b.txt", "c.mp4", "d.mp4", "films"]);
}

#[test]
fn the_first_start_greets_and_what_was_typed_comes_back_without_secrets() {
    let sandbox = Sandbox::new();
    let kept = sandbox.path("state/orders");
    let mut terminal = Terminal::start(&sandbox, &[], (100, 30));
    terminal.wait_for_text("first time here?");
    terminal.keys(":");
    terminal.wait_for("the greeting to go", |screen| !screen.contents().contains("first time here?"));
    terminal.keys("add http://me:pw-1@127.0.0.1:1/x at=paused\r");
    terminal.wait_for_line(&["x", "paused"]);
    terminal.keys(":limit 50M\r");
    terminal.wait_for_text("limit 52.4 MB/s");
    eventually("the line to be kept", || std::fs::read_to_string(&kept).is_ok_and(|text| text == "limit 50M\n"));
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    terminal.keys(":quit\r");
    assert_eq!(terminal.finish(), Exit::Code(0));

    let mut terminal = Terminal::start(&sandbox, &[], (100, 30));
    terminal.wait_for_line(&["x", "paused"]);
    assert!(!terminal.text().contains("first time here?"), "{}", terminal.text());
    terminal.keys(":\u{1b}[A");
    terminal.wait_for_text(":limit 50M");
    terminal.keys("\r");
    terminal.wait_for_text("limit 52.4 MB/s");
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

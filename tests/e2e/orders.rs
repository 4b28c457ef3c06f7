//! Orders behind `:`, keys of one's own and the question before leaving, in a real terminal.

use std::time::Duration;

use super::MIB;
use crate::support::server::{Answer, File, Gate, Running, Server};
use crate::support::{Exit, Sandbox, Terminal, eventually};

/// A file whose body stops after 200 KB until the gate is opened.
fn held(gate: &Gate) -> Running {
    Server::new().file("/a.iso", File::new(1, 4 * MIB).answer(Answer::new().gate(200_000, gate))).start()
}

#[test]
fn a_download_is_added_limited_renamed_and_written_down_by_orders() {
    let server = Server::new().file("/a.iso", File::new(1, MIB)).start();
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (120, 34));
    terminal.wait_for_text("press a");
    terminal.keys(&format!(":add {} name=b.iso\r", server.url("/a.iso")));
    eventually("the file", || sandbox.names() == ["b.iso"]);
    terminal.wait_for_line(&["b.iso", "100 %"]);
    terminal.keys(":lim\t50M\r");
    terminal.wait_for_text("limit 52.4 MB/s");
    terminal.keys(":rename c.iso\r");
    eventually("the new name", || sandbox.names() == ["c.iso"]);
    terminal.wait_for_line(&["c.iso", "100 %"]);
    terminal.keys(":w list.txt\r");
    eventually("the list", || sandbox.names() == ["c.iso", "list.txt"]);
    terminal.keys(":!cp \"$HAUL_PATH\" d.iso; echo copied $HAUL_NAME\r");
    terminal.wait_for_text("copied c.iso");
    assert_eq!(sandbox.sha256("d.iso"), File::new(1, MIB).sha256());
    terminal.keys(":!echo oh no >&2; exit 3\r");
    terminal.wait_for_line(&["ended with code 3", "oh no"]);
    terminal.keys(":quit\r");
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
fn a_key_of_ones_own_runs_its_order_and_leaving_asks_while_something_runs() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    sandbox.settings("(commands: { \"x\": \"limit 1M\", \"e\": \"!exit 7\" })");
    let mut terminal = Terminal::start(&sandbox, &[&server.url("/a.iso")], (100, 30));
    server.wait("the first bytes", |seen| seen.sent("/a.iso").total >= 200_000);
    terminal.wait_for_text("1 active");
    terminal.keys("x");
    terminal.wait_for_text("limit 1.0 MB/s");
    terminal.keys("e");
    terminal.wait_for_text("ended with code 7");
    terminal.keys("q");
    terminal.wait_for_text("A transfer runs. Leave?");
    terminal.keys("n");
    terminal.wait_for("the question to go", |screen| !screen.contents().contains("Leave?"));
    terminal.keys("qq");
    assert_eq!(terminal.finish_within(Duration::from_secs(10)), Exit::Code(0));
    terminal.is_restored();
}

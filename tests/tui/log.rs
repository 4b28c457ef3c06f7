//! The log of a transfer on the screen: the key, and which lines are seen.

use std::time::Duration;

use haul::api::Happening;
use haul::model::{Fault, FaultKind};
use haul::tui::{Pane, Tab};

use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, row, snapshot};

/// A transfer with so many lines in its log.
fn logged(count: u64) -> RowBuilder {
    let retried = |number| Happening::Retried {
        fault: Fault::new(FaultKind::Cut, "https://files.example.org/pub/a", "was cut off"),
        after: Duration::from_secs(number),
    };
    row(1, "a").parts(&[50; 4]).log((0..count).map(|number| (number, retried(number))))
}

#[test]
fn l_turns_between_connections_and_log() {
    let mut stage = stage::with([logged(3), row(2, "b")]);
    assert_eq!(stage.press("L").state.tab, Tab::Log);
    assert_eq!(stage.state.pane, Pane::List, "the keys stay with the list");
    let text = stage.text();
    assert!(text.contains("log, UTC") && text.contains(" 00:00:02  again  was cut off; next attempt in 2 s"), "{text}");
    assert!(stage.press("j").text().contains("Nothing has happened"), "it stays the log from row to row");
    assert_eq!(stage.press("k L").state.tab, Tab::Connections);
    assert!(stage.text().contains("receiving"));
    assert_eq!(stage::empty().press("L").state.tab, Tab::Connections, "there is nothing to show");
    // Without room for the details they get the whole screen, and so they do again after they are closed.
    stage.sized(80, 12).press("L");
    assert_eq!((stage.state.zoomed, stage.state.tab), (true, Tab::Log));
    assert_eq!((stage.press("esc L").state.zoomed, stage.state.tab), (true, Tab::Log));
    assert_eq!((stage.press("L").state.zoomed, stage.state.tab), (true, Tab::Connections));
}

#[test]
fn the_newest_line_of_a_log_is_seen_unless_the_user_reads_older_ones() {
    let shows = |stage: &Stage, line: u64| stage.text().contains(&format!(" 00:00:{line:02}  again"));
    let mut stage = stage::with([logged(40)]);
    stage.press("L");
    assert!(shows(&stage, 39) && !shows(&stage, 0), "{}", stage.text());
    stage.shows(snapshot([logged(45)]));
    assert!(shows(&stage, 44));
    assert!(stage.text().contains("older lines"), "{}", stage.text());
    let top = stage.press("tab k k").state.details_top;
    stage.shows(snapshot([logged(50)]));
    assert!(stage.state.details_top == top && !shows(&stage, 49));
    assert!(stage.text().contains("7 newer lines"), "{}", stage.text());
    assert!(shows(stage.press("g"), 0));
    stage.press("G").shows(snapshot([logged(55)]));
    assert!(shows(&stage, 54), "back at the end it follows again");
}

//! The log of a transfer on the screen: the key, and which lines are seen.

use std::sync::Arc;
use std::time::Duration;

use haul::api::{Event, Happening};
use haul::config::SystemClock;
use haul::model::{Fault, FaultKind, Source, TransferId};
use haul::tui::{Message, Pane, Tab};

use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, row, snapshot};

fn source(number: u64) -> Source {
    Source::parse(&format!("https://example.org/{number}")).unwrap()
}

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
    assert!(text.contains(" 00:00:02  again  was cut off; next attempt in 2 s"), "{text}");
    assert!(stage.press("j").text().contains("Nothing is noted"), "it stays the log from row to row");
    assert_eq!(stage.press("k L").state.tab, Tab::Connections);
    assert!(stage.text().contains("receiving"));
    assert_eq!(stage::empty().press("L").state.tab, Tab::Connections, "there is nothing to show");
    // Without room for the details they get the whole screen, and so they do again after they are closed.
    stage.sized(80, 12).press("L");
    assert_eq!((stage.state.zoomed, stage.state.tab), (true, Tab::Log));
    assert_eq!((stage.press("esc L").state.zoomed, stage.state.tab), (true, Tab::Log));
    assert_eq!((stage.press("L").state.zoomed, stage.state.tab), (false, Tab::Connections), "back where it was");
    assert_eq!((stage.press("enter L L").state.zoomed, stage.state.tab), (true, Tab::Connections));
}

#[test]
fn esc_closes_the_whole_screen_then_the_log_then_the_filter() {
    let mut stage = stage::with([logged(3)]);
    stage.press("/ a enter L enter");
    assert!(stage.state.zoomed && stage.text().contains(" 00:00:02  again"));
    stage.press("esc");
    assert!(!stage.state.zoomed && stage.text().contains(" 00:00:02  again"));
    stage.press("esc");
    assert_eq!((stage.state.tab, stage.state.list.filter()), (Tab::Connections, "a"));
    assert_eq!(stage.press("esc").state.list.filter(), "");
}

#[test]
fn a_log_that_there_is_no_room_for_takes_no_key() {
    let mut stage = stage::with([logged(3)]);
    stage.press("/ a enter L").sized(40, 10);
    assert!(!stage.text().contains("L back"), "{}", stage.text());
    assert_eq!(stage.press("esc").state.list.filter(), "", "what is not seen is not closed");
    // What was closed does not come back with the details.
    assert_eq!(stage.press("L esc enter").state.tab, Tab::Connections);
}

#[test]
fn where_another_day_begins_its_date_stands() {
    let moments = [86_399, 86_400, 86_401, u64::MAX];
    let mut stage = stage::with([row(1, "a").log(moments.map(|at| (at, Happening::Relinked(source(at)))))]);
    let text = stage.sized(80, 40).press("L").text();
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.contains(" Log ")).skip(1).collect();
    let beginnings: Vec<&str> = lines.iter().map(|line| line.split("  ").next().unwrap().trim()).collect();
    let told = ["23:59:59", "Fri 1970-01-02", "00:00:00", "00:00:01", "Thu 9999-12-30"];
    assert_eq!(beginnings[..5], told, "{text}");
}

#[test]
fn its_times_are_those_of_the_users_clock() {
    let mut stage = stage::with([row(1, "a").log([53_999, 54_000].map(|at| (at, Happening::Relinked(source(at)))))]);
    stage.state.clock = Arc::new(SystemClock::of("JST-9").unwrap());
    let text = stage.press("L").text();
    for told in [" 23:59:59  link", " Fri 1970-01-02", " 00:00:00  link"] {
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn an_event_wants_no_frame_since_the_log_comes_with_the_list() {
    let mut stage = stage::with([logged(3)]);
    stage.press("L").state.stale = false;
    let happening = Happening::Relinked(source(1));
    stage.send(Message::Happened(Event { number: 0, id: TransferId::from_bits(1), happening: Happening::Started }));
    assert!(!stage.state.stale, "what is not seen yet draws nothing");
    stage.shows(snapshot([logged(3).log([(9, happening)])]));
    assert!(stage.state.stale && stage.text().contains(" 00:00:09  link"), "{}", stage.text());
}

#[test]
fn a_full_log_is_read_from_end_to_end_on_the_smallest_screen() {
    let mut stage = stage::with([logged(250)]);
    stage.sized(40, 10).press("L");
    assert!(stage.text().contains(" 00:04:09"), "{}", stage.text());
    assert!(
        stage.press("g").text().contains(" 00:02:30  again\n was cut off; next attempt in 2:30"),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("193 below"), "{}", stage.text());
    for keys in ["pgdn", "j"] {
        stage.press("g");
        for _ in 0..200 {
            stage.press(keys);
        }
        assert!(stage.text().contains(" 00:04:09") && stage.text().contains("193 above"), "{}", stage.text());
    }
}

#[test]
fn the_newest_line_of_a_log_is_seen_unless_the_user_reads_older_ones() {
    let shows = |stage: &Stage, line: u64| stage.text().contains(&format!(" 00:00:{line:02}  again"));
    let mut stage = stage::with([logged(40)]);
    stage.press("L");
    assert!(shows(&stage, 39) && !shows(&stage, 0), "{}", stage.text());
    stage.shows(snapshot([logged(45)]));
    assert!(shows(&stage, 44));
    assert!(stage.text().contains("above: enter"), "{}", stage.text());
    let top = stage.press("tab k k").state.details_top;
    stage.shows(snapshot([logged(50)]));
    assert!(stage.state.details_top == top && !shows(&stage, 49));
    assert!(stage.text().contains("7 below"), "{}", stage.text());
    assert!(shows(stage.press("g"), 0));
    stage.press("G").shows(snapshot([logged(55)]));
    assert!(shows(&stage, 54), "back at the end it follows again");
}

#[test]
fn at_80_columns_its_name_is_shown_whatever_became_of_the_transfer() {
    use haul::model::Status::{DiskFull, Done, Expired, Failed, Paused, Queued, Running};
    for status in [Queued, Running, Paused, DiskFull, Expired, Failed, Done] {
        let mut stage = stage::with([row(1, "a").status(status)]);
        assert!(stage.text().contains("  Log  "), "{}", stage.text());
        assert!(stage.press("L").text().contains("Nothing is noted"), "{}", stage.text());
    }
}

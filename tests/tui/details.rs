//! The pages of the details: map, graph and info.

use std::time::Duration;

use haul::api::{Activity, Connection, ConnectionState, Live, Snapshot};
use haul::model::{ByteRange, Header, Limits, Moment, Rate, Source, Status, TransferId, Upload, Validator};
use haul::tui::{Gesture, Message, Mode, Mouse, Pane, Tab, Trace};

use super::looks::looks;
use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, receiving, row, snapshot};

fn begun() -> RowBuilder {
    row(1, "debian-13.1.0-amd64-DVD-1.iso").length(Some(3_700_000_000)).parts(&[57, 77, 26, 99])
}

#[test]
fn arrows_turn_the_pages_round_and_round_and_the_page_stays_when_the_selection_moves() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    for tab in [Tab::Map, Tab::Graph, Tab::Log, Tab::Info, Tab::Connections] {
        assert_eq!(stage.press("right").state.tab, tab);
    }
    assert_eq!(stage.press("left").state.tab, Tab::Info);
    assert_eq!(stage.press("left left left j").state.tab, Tab::Map);
    assert!(stage.press("enter").state.zoomed);
    assert_eq!((stage.press("esc").state.zoomed, stage.state.tab), (false, Tab::Map));
    assert!(stage.sized(80, 12).press("right").state.zoomed, "where there is no room beside the list");
}

#[test]
fn the_map() {
    looks("map", stage::with([begun(), row(2, "b")]).press("right"));
}

#[test]
fn the_map_tells_apart_what_is_there_what_comes_and_what_is_missing() {
    let mut stage = stage::with([begun().with(|live| {
        live.connections.truncate(1);
    })]);
    stage.press("right enter");
    let text = stage.text();
    for word in ["█ on disk", "▒ in part", "░ under way", "· missing", "a cell is"] {
        assert!(text.contains(word), "{word}\n{text}");
    }
    let cells: String = text.lines().skip(2).take(18).flat_map(|line| line.chars().skip(10)).collect();
    let count = |glyph: char| cells.chars().filter(|cell| *cell == glyph).count() as f64 / cells.chars().count() as f64;
    // Of four quarters 57, 77, 26 and 99 percent are there, and one connection is at work in the first.
    assert!((count('█') - 0.6475).abs() < 0.02 && (count('░') - 0.1075).abs() < 0.02, "{text}");
    stage.shows(snapshot([begun().status(Status::Done)]));
    assert!(stage.text().contains("■ complete") && !stage.text().contains('·'), "{}", stage.text());
    stage.shows(snapshot([row(1, "x").length(None).done(&[(0, 77_000)])]));
    assert!(stage.text().contains("77.0 kB so far"), "{}", stage.text());
}

#[test]
fn the_map_tells_apart_what_was_read_back() {
    let mut stage = stage::with([begun().with(|live| {
        live.checked = std::sync::Arc::new([ByteRange::new(0, 370_000_000)].into_iter().collect());
    })]);
    stage.press("right enter");
    let text = stage.text();
    let cells: String = text.lines().skip(2).take(18).flat_map(|line| line.chars().skip(10)).collect();
    let share = cells.chars().filter(|cell| *cell == '▓').count() as f64 / cells.chars().count() as f64;
    assert!(text.contains("▓ checked") && (share - 0.1).abs() < 0.02, "{text}");
    assert!(text.contains("missing") && text.contains("a cell is"), "the words fit: {text}");
}

#[test]
fn a_map_of_a_file_with_fewer_bytes_than_cells_has_a_cell_for_each() {
    let mut stage = stage::with([row(1, "x").length(Some(7)).done(&[(0, 3), (5, 6)])]);
    assert!(stage.press("right").text().contains("███··█·\n"), "{}", stage.text());
}

/// Shows a transfer at these speeds, one a second.
fn run(stage: &mut Stage, seconds: impl IntoIterator<Item = u64>) {
    for speed in seconds {
        stage.state.now = stage.state.now + Duration::from_secs(1);
        stage.shows(snapshot([begun().with(|live| live.speed = Rate::per_second(speed)), row(2, "b")]));
    }
}

#[test]
fn the_graph() {
    let mut stage = stage::empty();
    run(&mut stage, (0..100).map(|second| 20_000_000 + 400_000 * (second * 7 % 60) + 100_000 * second));
    looks("graph", stage.press("right right"));
}

#[test]
fn the_graph_of_what_never_ran_says_so() {
    let mut stage = stage::with([row(1, "a")]);
    assert!(stage.press("right right").text().contains("has not run since haul was started"), "{}", stage.text());
}

fn asked() -> RowBuilder {
    begun().source("https://me:hunter2@e.org/x.iso?token=hunter2").asked(|spec| {
        spec.mirrors = [Source::parse("https://m.example.org/x.iso?sig=hunter2").unwrap()].into();
        spec.checksum = Some(format!("sha256:{}", "ab".repeat(32)).parse().map(Box::new).unwrap());
        spec.headers = ["Cookie: hunter2", "Authorization: Bearer hunter2", "User-Agent: me/1"]
            .map(|text| Header::parse(text).unwrap())
            .into();
        spec.limits = Limits { connections: Some(3), rate: Some(Rate::per_second(2_000_000)) };
        spec.overwrite = true;
    })
}

#[test]
fn the_info() {
    looks("info", stage::with([asked()]).press("left enter"));
}

#[test]
fn the_info_tells_what_was_asked_for_and_no_secret() {
    let mut stage = stage::with([asked()]);
    let text = stage.sized(100, 40).press("left").text();
    for said in ["m.example.org", "sha256:abab", "Cookie: ***", "Authorization: ***", "User-Agent: me/1", "2.0 MB/s"] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_trace_has_the_mean_of_each_second_and_pauses_do_not_count() {
    let rate = |bytes| Some(Rate::per_second(bytes));
    let mut trace = Trace::default();
    trace.note(Moment::ZERO, rate(100));
    trace.note(Moment::from_millis(500), rate(300));
    trace.note(Moment::from_millis(2000), None);
    trace.note(Moment::from_millis(900_000), rate(50));
    trace.note(Moment::from_millis(903_000), rate(0));
    assert_eq!(trace.minute().collect::<Vec<_>>(), [200, 300, 50, 50, 50]);
    assert_eq!((trace.whole(), trace.seconds()), (vec![200, 300, 50, 50, 50], 5));
}

#[test]
fn a_trace_of_days_stays_small_and_keeps_its_sum() {
    let mut trace = Trace::default();
    for second in 0..200_000_u64 {
        trace.note(Moment::from_millis(second * 1000), Some(Rate::per_second(second)));
    }
    assert_eq!((trace.minute().len(), trace.minute().last()), (60, Some(199_998)));
    assert!(trace.whole().len() <= 240, "{}", trace.whole().len());
    assert_eq!(trace.seconds(), 199_999);
    let mean = trace.whole().iter().sum::<u64>() / trace.whole().len() as u64;
    assert!(mean.abs_diff(99_999) < 2_000, "{mean}");
}

#[test]
fn the_speed_of_everything_is_drawn_where_there_is_room_for_it() {
    let mut stage = stage::empty();
    run(&mut stage, [1_000_000, 40_000_000, 20_000_000, 40_000_000]);
    let first = |stage: &Stage| stage.text().lines().next().unwrap().to_owned();
    assert!(first(stage.sized(120, 40)).contains('█'), "{}", stage.text());
    assert!(!first(stage.sized(60, 24)).contains('█'), "{}", stage.text());
    // Nothing moves it on any more, so it would stand still.
    stage.sized(120, 40).shows(snapshot([row(1, "a.iso").status(Status::Paused)]));
    assert!(!first(&stage).contains('█'), "{}", stage.text());
}

#[test]
fn only_those_that_run_have_a_history_and_not_more_than_are_needed() {
    let mut stage = stage::empty();
    for id in 0..400_u64 {
        stage.state.now = Moment::from_millis(id * 100);
        stage.shows(snapshot([row(id, "x").live(receiving(5)), row(1000, "never")]));
    }
    let kept = (0..400).filter(|id| stage.state.history.of(TransferId::from_bits(*id)).is_some()).count();
    assert_eq!(kept, 256);
    assert!(stage.state.history.of(TransferId::from_bits(1000)).is_none());
}

#[test]
fn an_empty_snapshot_closes_the_pages_and_a_click_there_does_nothing() {
    let mut stage = stage::with([begun()]);
    stage.press("right enter").shows(std::sync::Arc::new(Snapshot::default()));
    assert_eq!((stage.state.zoomed, stage.state.pane), (false, Pane::List));
    stage.send(Message::Mouse(Mouse { x: 70, y: 12, gesture: Gesture::Click }));
    stage.buffer();
}

#[test]
fn of_a_server_that_has_not_answered_yet_nothing_is_said() {
    let asking = |activity| {
        let live = Live { activity, validator: Validator::default(), ..receiving(0) };
        stage::with([row(1, "a").length(None).live(live)]).sized(120, 40).press("left enter").text()
    };
    for activity in [Activity::Connecting, Activity::Waiting(Duration::from_secs(9)), Activity::Queued] {
        let text = asking(activity);
        assert!(text.contains("nothing yet") && text.contains("not known yet"), "{text}");
        assert!(!text.contains("tell the length") && !text.contains("can't be compared"), "{text}");
    }
    assert!(asking(Activity::Queued).contains("waits for its turn again"), "{}", asking(Activity::Queued));
    let text = asking(Activity::Receiving);
    assert!(text.contains("tell the length") && text.contains("can't be compared"), "{text}");
}

#[test]
fn of_an_upload_it_is_not_said_that_a_server_tells_no_length() {
    let sending = || row(1, "a").length(None).upload().status(Status::Running);
    let text = |row: RowBuilder| stage::with([row]).sized(120, 40).press("enter").text();
    assert!(
        text(sending()).contains("0 B so far") && !text(sending()).contains("tell the length"),
        "{}",
        text(sending())
    );
    assert!(!text(sending()).contains("Version"), "{}", text(sending()));
    let fetched = row(1, "a").length(None).status(Status::Running);
    assert!(text(fetched).contains("0 B so far; the server does not tell the length"));
}

#[test]
fn the_parts_of_an_upload_that_are_on_their_way_count_as_far_as_they_have_gone() {
    let upload = row(1, "a.mkv").length(Some(80_000_000)).upload().parts(&[50, 50, 0, 0]).with(|live| {
        for connection in &mut live.connections {
            connection.state = ConnectionState::Sending;
        }
    });
    // The store has none of them as a whole.
    let mut stage = stage::with([upload.done(&[])]);
    let list = stage.sized(120, 40).text();
    assert!(list.contains(" 25 % "), "{list}");
    let details = stage.press("enter").text();
    assert!(details.contains("20.0 MB of 80.0 MB (25 %)"), "{details}");
}

#[test]
fn keys_in_the_details_act_on_what_they_show_and_not_on_marked_rows() {
    for keys in ["v v G enter space", "v v G tab space"] {
        let mut stage = stage::with([1, 2, 3].map(|id| row(id, "a").status(Status::Running)));
        stage.sized(120, 40).press(keys);
        assert_eq!(stage.commands(), [format!("Pause([{:?}])", TransferId::from_bits(3))], "{keys}");
        stage.press("d");
        let Mode::Confirm(question) = &stage.state.mode else { panic!() };
        assert_eq!(question.ids, [TransferId::from_bits(3)], "{keys}");
        stage.press("n esc space");
        assert!(stage.commands()[1].contains(&format!("{:?}", TransferId::from_bits(1))), "the marks are still there");
    }
}

#[test]
fn the_time_to_go_is_told_whole() {
    let going = begun().with(|live| live.eta = Some(Duration::from_secs(35 * 3_600)));
    assert!(stage::with([going]).sized(120, 40).text().contains(" %), 1 d 11 h to go"));
}

#[test]
fn the_info_of_an_upload_speaks_of_its_store() {
    let upload = row(1, "a.iso").upload().asked(|spec| {
        let class = Some("STANDARD_IA".to_owned());
        spec.upload = Some(Upload { storage_class: class, keep: true, ..Upload::of("/home/me/a.iso".into()) }.into());
    });
    let text = stage::with([upload]).sized(120, 40).press("left enter").text();
    assert!(text.contains("STANDARD_IA") && text.contains("leaves an object alone"), "{text}");
    assert!(!text.contains("Digests") && !text.contains("Checksum"), "{text}");
}

#[test]
fn the_next_transfer_is_shown_without_leaving_the_details() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    assert_eq!(stage.press("enter ctrl-n").selected(), Some(2));
    assert!(stage.state.zoomed && stage.state.pane == Pane::Details);
    assert_eq!(stage.press("ctrl-p").selected(), Some(1));
}

#[test]
fn bytes_that_are_compared_as_they_come_are_seen_to_move() {
    let stream = Connection::new(1, ByteRange::new(0, 1000), 340, Rate::per_second(5), ConnectionState::Receiving);
    let live = Live { activity: Activity::Checking, connections: vec![stream], ..receiving(5) };
    let text = stage::with([row(1, "a.iso").live(live)]).sized(120, 40).text();
    assert_eq!(text.matches("checking what is here: 34 %").count(), 2, "in the row and in the details: {text}");
    let read_back = Live { activity: Activity::Checking, ..receiving(0) };
    let text = stage::with([row(1, "a.iso").live(read_back)]).sized(120, 40).text();
    assert!(text.contains("State      checking\n"), "{text}");
}

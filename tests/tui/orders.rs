//! Keys for orders, the line behind `:`, and the question before leaving.

use std::path::PathBuf;

use haul::api::View;
use haul::config::{Bindings, Column};
use haul::model::{Priority, Rate, Status};
use haul::tui::{Effect, Message, Mode};

use super::stage::{self, Stage};
use crate::support::builders::{row, snapshot};

const ONE: &str = "0000000000000001";
const TWO: &str = "0000000000000002";

fn two() -> Stage {
    stage::with([row(1, "a.iso").status(Status::Paused), row(2, "b.iso").status(Status::Done)])
}

/// Types a line behind `:` and orders it.
fn order(stage: &mut Stage, line: &str) {
    stage.press(":").types(line).press("enter");
}

fn quits(stage: &Stage) -> bool {
    stage.effects.iter().any(|effect| matches!(effect, Effect::Quit))
}

#[test]
fn every_order_does_what_it_says() {
    for (line, sent) in [
        ("pause", format!("Pause([{ONE}])")),
        ("resume", format!("Resume([{ONE}])")),
        ("pause all", "PauseAll".to_owned()),
        ("resume all", "ResumeAll".to_owned()),
        ("retry", format!("Retry([{ONE}])")),
        ("start", format!("StartNow([{ONE}])")),
        ("at never", format!("Schedule {{ ids: [{ONE}], at: None }}")),
        ("limit 5M", "Limit(Some(Rate(5242880)))".to_owned()),
        ("limit none", "Limit(None)".to_owned()),
        ("set limit 1M", "Limit(Some(Rate(1048576)))".to_owned()),
        ("limit this 500K", format!("LimitEach {{ ids: [{ONE}], rate: Some(Rate(512000)) }}")),
        ("priority high", format!("Prioritize {{ ids: [{ONE}], priority: High }}")),
        ("up", format!("Move {{ ids: [{ONE}], to: Up }}")),
        ("down", format!("Move {{ ids: [{ONE}], to: Down }}")),
        ("top", format!("Move {{ ids: [{ONE}], to: Top }}")),
        ("bottom", format!("Move {{ ids: [{ONE}], to: Bottom }}")),
        ("rm", format!("Remove {{ ids: [{ONE}], data: false }}")),
        ("remove!", format!("Remove {{ ids: [{ONE}], data: true }}")),
        ("rename c d.iso", format!("Rename {{ id: {ONE}, name: \"c d.iso\" }}")),
        ("move /tmp/x", format!("MoveTo {{ ids: [{ONE}], folder: \"/tmp/x\" }}")),
        ("check", format!("Verify([{ONE}])")),
        ("url https://e.org/z", format!("Relink {{ id: {ONE}, source: Source(https://e.org/z), headers: [] }}")),
    ] {
        let mut stage = two();
        order(&mut stage, line);
        assert_eq!(stage.commands(), [sent], "{line}");
        assert!(matches!(stage.state.mode, Mode::Browse), "{line}");
    }
}

#[test]
fn every_key_for_an_order_does_what_it_says() {
    for (keys, sent) in [
        ("t", format!("Move {{ ids: [{ONE}], to: Top }}")),
        ("b", format!("Move {{ ids: [{ONE}], to: Bottom }}")),
        ("S", format!("StartNow([{ONE}])")),
        (">", format!("Prioritize {{ ids: [{ONE}], priority: High }}")),
        ("<", format!("Prioritize {{ ids: [{ONE}], priority: Low }}")),
        ("c", format!("Verify([{ONE}])")),
        ("l 5 M enter", "Limit(Some(Rate(5242880)))".to_owned()),
        ("= 5 M enter", format!("LimitEach {{ ids: [{ONE}], rate: Some(Rate(5242880)) }}")),
        ("@ n e v e r enter", format!("Schedule {{ ids: [{ONE}], at: None }}")),
        ("n 2 enter", format!("Rename {{ id: {ONE}, name: \"a.iso2\" }}")),
        ("m x enter", format!("MoveTo {{ ids: [{ONE}], folder: \"/home/me/Downloads/x\" }}")),
    ] {
        assert_eq!(two().press(keys).commands(), [sent], "{keys}");
    }
}

#[test]
fn orders_are_about_the_marked_ones() {
    let mut stage = two();
    order(&mut stage, "mark all");
    order(&mut stage, "priority low");
    assert_eq!(stage.commands(), [format!("Prioritize {{ ids: [{ONE}, {TWO}], priority: Low }}")]);
    for (word, count) in [("paused", 1), ("done", 1), ("failed", 0), ("b.iso", 1), ("none", 0)] {
        let mut stage = two();
        order(&mut stage, &format!("mark {word}"));
        assert_eq!(stage.state.list.marked().0, count, "{word}");
    }
}

#[test]
fn the_limit_goes_by_steps_also_faster_than_the_engine_answers() {
    let mut stage = two();
    assert!(stage.press("+").toasts()[0].contains("no limit"));
    stage.press("- - -");
    let limits = [10_000_000, 7_500_000, 5_000_000].map(|rate| format!("Limit(Some(Rate({rate})))"));
    assert_eq!(stage.commands(), limits);
    stage.effects.clear();
    assert_eq!(stage.press("+").commands(), ["Limit(Some(Rate(7500000)))"]);
    assert_eq!(stage.toasts().len(), 2, "one line, and not one for each step: {:?}", stage.toasts());
    stage.state.totals.limit = Some(Rate::per_second(7_500_000_000));
    stage.effects.clear();
    assert_eq!(stage.press("+").commands(), ["Limit(None)"], "beyond the last step");
    stage.state.totals.limit = Some(Rate::per_second(10_000));
    stage.effects.clear();
    assert_eq!(stage.press("-").commands(), ["Limit(Some(Rate(10000)))"], "not to a standstill");
}

#[test]
fn what_the_list_shows_is_ordered_too() {
    let mut stage = two();
    order(&mut stage, "sort name");
    assert_eq!(stage.state.list.sorting().column, Column::Name);
    order(&mut stage, "sort queue");
    assert!(stage.state.list.sorting().is_queue());
    order(&mut stage, "view done");
    assert_eq!((stage.state.list.view(), stage.selected()), (View::Done, Some(2)));
    order(&mut stage, "view all");
    order(&mut stage, "filter b.iso");
    assert_eq!(stage.selected(), Some(2));
    order(&mut stage, "filter");
    assert_eq!(stage.state.list.len(), 2);
    order(&mut stage, "set columns name,speed");
    assert_eq!(stage.state.columns, [Column::Name, Column::Speed]);
    order(&mut stage, "set folder /srv");
    assert_eq!(stage.state.folder, PathBuf::from("/srv"));
    for (line, said) in [
        ("sort colour", "there is no column"),
        ("view some", "there is no view"),
        ("set columns size", "must hold Name"),
        ("set proxy x", "can't be changed here"),
        ("mark failed", "nothing that is shown"),
    ] {
        order(&mut stage, line);
        assert!(stage.toasts().iter().any(|toast| toast.contains(said)), "{line}: {:?}", stage.toasts());
        stage.send(Message::Expired);
    }
    order(&mut stage, "help");
    assert!(matches!(stage.state.mode, Mode::Help { .. }));
}

#[test]
fn adding_with_what_is_said_of_it() {
    let mut stage = two();
    order(&mut stage, "add https://e.org/1 https://e.org/2 dir=/srv/in limit=1M priority=high");
    let Some(Effect::Send(haul::api::Command::Add(batch))) = stage.effects.first() else { panic!("nothing was added") };
    assert_eq!(batch.len(), 2);
    for (_, spec) in batch {
        assert_eq!(*spec.target.folder, *PathBuf::from("/srv/in"));
        assert_eq!((spec.limits.rate, spec.priority), (Some(Rate::per_second(1 << 20)), Priority::High));
    }
    stage.effects.clear();
    // What is no whole path is below the folder for downloads, as in the box.
    order(&mut stage, "add https://e.org/2 dir=isos name=new/b.iso");
    let Some(Effect::Send(haul::api::Command::Add(batch))) = stage.effects.first() else { panic!("nothing was added") };
    let target = &batch[0].1.target;
    assert_eq!(*target.folder, *PathBuf::from("/home/me/Downloads/isos/new"));
    assert_eq!((target.name.as_deref(), batch[0].1.sorts), (Some("b.iso"), false));
    stage.effects.clear();
    order(&mut stage, "add https://e.org/3 \"at=in 2h\"");
    let Some(Effect::Send(haul::api::Command::Add(batch))) = stage.effects.first() else { panic!("nothing was added") };
    assert!(batch.len() == 1 && batch[0].1.start_at.is_some());
    stage.effects.clear();
    order(&mut stage, "add https://e.org/4 \"at=2001-01-01 08:00\"");
    assert!(stage.commands().is_empty() && stage.text().contains("past"), "{}", stage.text());
}

#[test]
fn adding_what_is_there_asks_as_the_box_does() {
    let mut stage = two();
    let known = stage.state.list.all().next().unwrap().source.url().to_string();
    order(&mut stage, &format!("add {known}"));
    assert!(matches!(stage.state.mode, Mode::Twins(_)) && stage.commands().is_empty());
}

#[test]
fn a_mistake_stays_in_the_line_and_says_why() {
    let mut stage = two();
    stage.sized(80, 24).press(":").types("limt 5M").press("enter");
    assert!(stage.text().contains("did you mean limit?"), "{}", stage.text());
    stage.press("left left left backspace").types("it").press("enter");
    assert_eq!(stage.commands(), ["Limit(Some(Rate(5242880)))"]);
    for keys in [": esc", ": x backspace backspace", ": enter"] {
        let mut stage = two();
        stage.press(keys);
        assert!(matches!(stage.state.mode, Mode::Browse) && stage.commands().is_empty(), "{keys}");
    }
}

fn line(stage: &Stage) -> String {
    match &stage.state.mode {
        Mode::Command(line) => line.input.value().to_owned(),
        other => panic!("no line is open: {other:?}"),
    }
}

#[test]
fn tab_completes_and_goes_round() {
    let mut stage = two();
    stage.press(":").types("pri").press("tab");
    assert_eq!(line(&stage), "priority ");
    stage.press("tab");
    assert_eq!(line(&stage), "priority low");
    stage.press("tab tab");
    assert_eq!(line(&stage), "priority high");
    assert!(stage.sized(80, 24).text().contains("high, low, normal"), "{}", stage.text());
    stage.press("tab backtab backtab");
    assert_eq!(line(&stage), "priority normal");
    stage.press("ctrl-u").types("zzz").press("tab");
    assert_eq!(line(&stage), "zzz");
}

#[test]
fn what_a_key_has_begun_stays_an_order_when_the_rest_is_deleted() {
    for (key, order) in [("n", "rename "), ("m", "move "), ("l", "limit "), ("=", "limit this "), ("@", "at ")] {
        let mut stage = two();
        stage.press(key).types("x").press("ctrl-u");
        assert_eq!(line(&stage), order);
        stage.types("remove.bin");
        assert_eq!(line(&stage), format!("{order}remove.bin"));
        stage.press("ctrl-u ctrl-u");
        assert_eq!(line(&stage), "", "and the second time it goes too");
    }
}

#[test]
fn earlier_lines_come_back() {
    let mut stage = two();
    for typed in ["limit 1M", "pause", "limit 2M", "pause"] {
        order(&mut stage, typed);
    }
    stage.press(": up");
    assert_eq!(line(&stage), "pause");
    stage.press("up up up");
    assert_eq!(line(&stage), "limit 1M", "one that came twice stands once");
    stage.press("down");
    assert_eq!(line(&stage), "limit 2M");
    stage.press("down down");
    assert_eq!(line(&stage), "");
    stage.types("lim").press("up up");
    assert_eq!(line(&stage), "limit 1M", "those that begin so");
}

#[test]
fn a_paste_goes_into_the_line() {
    let mut stage = two();
    stage.press(":").types("add ").paste("https://e.org/1\n").press("enter");
    assert_eq!(stage.added().len(), 1);
}

#[test]
fn a_removal_can_be_taken_back_for_ten_seconds() {
    let mut stage = two();
    assert!(stage.press("z").toasts()[0].contains("nothing to take back"));
    stage.press("d y");
    assert!(stage.toasts().contains(&"removed a.iso; z takes that back"), "{:?}", stage.toasts());
    let last = stage.state.toasts.iter().map(|toast| toast.until).max();
    assert_eq!(last, Some(stage.state.now + std::time::Duration::from_secs(10)));
    stage.effects.clear();
    assert_eq!(stage.press("z").commands(), ["Undo"]);
    stage.effects.clear();
    stage.state.now = haul::model::Moment::after(std::time::Duration::from_secs(60));
    assert!(stage.press("z").commands().is_empty());
    stage.state.totals.undoable = 2;
    assert_eq!(stage.press("z").commands(), ["Undo"]);
}

#[test]
fn files_and_folders_are_opened_and_told() {
    let opened = |stage: &Stage| {
        stage.effects.iter().find_map(|effect| match effect {
            Effect::Open(path) => Some(path.to_string_lossy().into_owned()),
            _ => None,
        })
    };
    assert_eq!(opened(two().press("j o")).as_deref(), Some("/home/me/Downloads/b.iso"));
    assert_eq!(opened(two().press("O")).as_deref(), Some("/home/me/Downloads"));
    let mut unfinished = two();
    assert!(opened(unfinished.press("o")).is_none() && unfinished.toasts()[0].contains("not complete"));
    let mut stage = two();
    stage.press("* Y");
    assert!(matches!(&stage.effects[0], Effect::Copy(text)
        if text == "/home/me/Downloads/a.iso\n/home/me/Downloads/b.iso"));
    for keys in ["o", "O", "Y", "n", "m", "c", "S", ">", "z"] {
        let mut empty = stage::empty();
        assert!(empty.press(keys).commands().is_empty() && empty.toasts().len() == 1, "{keys}");
    }
}

#[test]
fn the_list_is_written_as_it_can_be_read_again() {
    let secret = "https://me:pw@e.org/a.iso?sig=s3cret";
    let asked = row(1, "a.iso").source(secret).asked(|spec| spec.target.name = Some("x.iso".to_owned()));
    let mut stage = stage::with([asked, row(2, "b"), row(3, "c").upload()]);
    order(&mut stage, "w /tmp/list.txt");
    let Some(Effect::Write { path, text }) = stage.effects.iter().find(|effect| matches!(effect, Effect::Write { .. }))
    else {
        panic!("nothing is written")
    };
    assert_eq!(path, &PathBuf::from("/tmp/list.txt"));
    let wanted = format!(
        "{secret}\n  dir=/home/me/Downloads\n  out=x.iso\nhttps://files.example.org/pub/b\n  dir=/home/me/Downloads\n"
    );
    assert_eq!(*text, wanted, "and no upload");
}

#[test]
fn a_command_of_the_shell_gets_the_transfers_data() {
    let asked = row(1, "a.iso").category("archives").source("https://me:pw@e.org/a.iso?sig=s3cret");
    let mut stage = stage::with([asked.status(Status::Done)]);
    order(&mut stage, "!touch \"$HAUL_PATH\"");
    let Some(Effect::Shell { command, environment }) = stage.effects.first() else { panic!("nothing is run") };
    assert_eq!(command, "touch \"$HAUL_PATH\"");
    let value = |name: &str| environment.iter().find(|entry| entry.0 == name).unwrap().1.to_str().unwrap();
    assert_eq!((value("HAUL_NAME"), value("HAUL_FOLDER")), ("a.iso", "/home/me/Downloads"));
    assert_eq!(value("HAUL_CATEGORY"), "archives");
    assert_eq!(value("HAUL_PATH"), "/home/me/Downloads/a.iso");
    assert!(environment.iter().all(|(_, value)| !value.to_string_lossy().contains("s3cret")), "{environment:?}");
    assert!(environment.iter().all(|(_, value)| !value.to_string_lossy().contains("pw@")), "{environment:?}");
}

#[test]
fn the_users_own_keys_run_orders_and_are_read_with_them() {
    let bindings: Bindings = ron::from_str("{\"f5\": \"limit 1M\", \"p\": \"pause\"}").unwrap();
    let mut stage = two();
    stage.state.habits.bindings = bindings;
    assert_eq!(stage.press("f5 p").commands(), ["Limit(Some(Rate(1048576)))".to_owned(), format!("Pause([{ONE}])")]);
    assert!(stage.sized(100, 120).press("?").text().contains("limit 1M"), "{}", stage.text());
    let wrong = ron::from_str::<Bindings>("{\"f5\": \"limt 1M\"}").unwrap_err().to_string();
    assert!(wrong.contains("f5") && wrong.contains("did you mean limit?"), "{wrong}");
}

#[test]
fn leaving_asks_once_while_transfers_run() {
    let running = || stage::with([row(1, "a").status(Status::Running)]);
    for keys in ["q q", "q y", "q enter", "ctrl-c"] {
        assert!(quits(running().press(keys)), "{keys}");
    }
    for keys in ["q", "q n", "q esc"] {
        assert!(!quits(running().press(keys)), "{keys}");
    }
    let mut asked = running();
    assert!(asked.sized(80, 24).press("q").text().contains("A transfer runs. Leave?"));
    assert!(quits(two().press("q")), "nothing runs");
    let mut never = running();
    order(&mut never, "set confirm_quit false");
    assert!(quits(never.press("q")));
}

#[test]
fn the_end_of_all_is_told_once_and_only_if_something_ended() {
    use haul::api::{Event, Happening};
    use haul::model::{Fault, FaultKind, TransferId};

    let notices = |stage: &Stage| {
        let told = stage.effects.iter().filter_map(|effect| match effect {
            Effect::Notify(text) => Some(text.clone()),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let running = || snapshot([row(1, "a").status(Status::Running)]);
    let over = || snapshot([row(1, "a").status(Status::Failed)]);
    let mut stage = stage::empty();
    stage.shows(running()).shows(snapshot([row(1, "a").status(Status::Paused)]));
    assert!(notices(&stage).is_empty(), "it was only paused");
    let failed = Happening::Failed(Fault::new(FaultKind::Cut, "x", "y"));
    stage.shows(running()).send(Message::Happened(Event {
        number: 0,
        id: TransferId::from_bits(1),
        happening: failed,
    }));
    assert!(notices(&stage).is_empty());
    stage.shows(over()).shows(over());
    assert_eq!(notices(&stage), ["0 complete, 1 failed"]);
}

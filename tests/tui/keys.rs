//! Every key: what it sends, what it changes, what it says.

use std::time::Duration;

use haul::api::{Activity, Live};
use haul::config::{Action, Chord, Key, Keymap};
use haul::model::Status;
use haul::tui::{Effect, Message, Mode, Palette, Pane, Setup, Slot, State, update};

use super::stage::{self, Stage};
use crate::support::builders::{receiving, row, snapshot};

const ONE: &str = "0000000000000001";

fn one(status: Status) -> Stage {
    stage::with([row(1, "a.iso").status(status)])
}

#[test]
fn space_pauses_what_runs_or_waits_and_resumes_what_is_paused() {
    for (status, sent) in [
        (Status::Queued, format!("Pause([{ONE}])")),
        (Status::Running, format!("Pause([{ONE}])")),
        (Status::Paused, format!("Resume([{ONE}])")),
    ] {
        assert_eq!(one(status).press("space").commands(), [sent]);
    }
}

#[test]
fn space_on_a_finished_one_says_what_can_be_done() {
    for (status, told) in [(Status::Failed, "r tries again"), (Status::Done, "d takes it out")] {
        let mut stage = one(status);
        assert!(stage.press("space").commands().is_empty());
        assert!(stage.toasts()[0].contains(told), "{:?}", stage.toasts());
    }
}

#[test]
fn pausing_what_can_not_be_resumed_says_what_it_costs() {
    let mut stage = stage::with([row(1, "a.iso").unresumable().done(&[(0, 9)]).status(Status::Running)]);
    assert_eq!(stage.press("space").commands().len(), 1);
    assert!(stage.toasts()[0].contains("begins again"));
}

#[test]
fn p_pauses_all_and_then_resumes_all() {
    assert_eq!(stage::with([row(1, "a"), row(2, "b").status(Status::Paused)]).press("p").commands(), ["PauseAll"]);
    assert_eq!(one(Status::Paused).press("p").commands(), ["ResumeAll"]);
    let mut done = one(Status::Done);
    assert!(done.press("p").commands().is_empty());
    assert_eq!(done.toasts().len(), 1);
}

#[test]
fn r_retries_what_failed_or_waits() {
    let retried = [format!("Retry([{ONE}])")];
    assert_eq!(one(Status::Failed).press("r").commands(), retried);
    for activity in [Activity::Waiting(Duration::from_secs(9)), Activity::Queued] {
        let waiting = Live { activity, ..receiving(0) };
        assert_eq!(stage::with([row(1, "a").live(waiting)]).press("r").commands(), retried);
    }
    let mut queued = one(Status::Queued);
    assert!(queued.press("r").commands().is_empty());
    assert_eq!(queued.toasts(), ["nothing to try again: it is queued"]);
}

#[test]
fn u_takes_a_new_url() {
    let mut stage = one(Status::Expired);
    stage.press("u").types("no url").press("enter");
    assert!(matches!(&stage.state.mode, Mode::NewUrl { complaint: Some(why), .. } if why.contains("not a URL")));
    stage.press("ctrl-u").paste(" <https://example.org/b?sig=s> ").press("enter");
    let sent = format!("Relink {{ id: {ONE}, source: Source(https://example.org/b?sig=***), headers: [] }}");
    assert_eq!(stage.commands(), [sent]);
    assert!(matches!(stage.state.mode, Mode::Browse));
    // What is copied from a page, or from the browser's tools.
    for text in ["[a file](https://example.org/b)", "<a href=\"https://example.org/b\">a file</a>"] {
        let mut stage = one(Status::Expired);
        stage.press("u").paste(text).press("enter");
        let sent = format!("Relink {{ id: {ONE}, source: Source(https://example.org/b), headers: [] }}");
        assert_eq!(stage.commands(), [sent], "{text}");
    }
    let mut stage = one(Status::Expired);
    stage.press("u").paste("curl 'https://example.org/b' \\\n -H 'Cookie: secret'");
    assert!(stage.text().contains("of the pasted command: Cookie") && !stage.text().contains("secret"));
    stage.press("enter");
    assert!(stage.commands()[0].contains("Cookie"), "{:?}", stage.commands());
    stage.press("u").paste("curl https://example.org/b -H 'Cookie: secret'").press("ctrl-u");
    stage.paste("https://example.org/c").press("enter");
    assert!(stage.commands()[1].contains("headers: []"), "they were for the other URL: {:?}", stage.commands());
    stage.press("u").paste("curl https://example.org/b https://example.org/c");
    assert!(stage.text().contains("several URLs"), "{}", stage.text());
    for keys in ["u esc", "u enter"] {
        let mut stage = one(Status::Failed);
        stage.press(keys);
        assert!(stage.commands().is_empty() && matches!(stage.state.mode, Mode::Browse), "{keys}");
    }
    let mut done = one(Status::Done);
    assert!(done.press("u").toasts()[0].contains("needs no other URL"));
}

#[test]
fn what_waits_for_a_url_or_for_room_can_be_tried_again_and_what_waits_for_room_can_be_paused() {
    let retried = [format!("Retry([{ONE}])")];
    assert_eq!(one(Status::Expired).press("r").commands(), retried);
    assert_eq!(one(Status::DiskFull).press("r").commands(), retried);
    assert_eq!(one(Status::DiskFull).press("space").commands(), [format!("Pause([{ONE}])")]);
    assert_eq!(one(Status::DiskFull).press("p").commands(), ["PauseAll"]);
    let mut stage = one(Status::Expired);
    assert!(stage.press("space").toasts()[0].contains("u gives it a new URL"));
}

#[test]
fn removal_asks_first() {
    for (keys, sent) in [
        ("d y", Some(format!("Remove {{ ids: [{ONE}], data: false }}"))),
        ("d enter", Some(format!("Remove {{ ids: [{ONE}], data: false }}"))),
        ("D y", Some(format!("Remove {{ ids: [{ONE}], data: true }}"))),
        ("d n", None),
        ("d esc", None),
        ("D x space q", None),
    ] {
        let mut stage = one(Status::Paused);
        assert_eq!(stage.press(keys).commands(), sent.into_iter().collect::<Vec<_>>(), "{keys}");
    }
}

#[test]
fn the_question_is_about_what_was_selected_when_it_was_asked() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    stage.press("d").shows(snapshot([row(2, "b")]));
    assert_eq!(stage.press("y").commands(), [format!("Remove {{ ids: [{ONE}], data: false }}")]);
}

#[test]
fn moving_about() {
    let rows = || (1..=100).map(|number| row(number, "x"));
    let cases = [
        ("j", 2),
        ("down down", 3),
        ("j j k", 2),
        ("k", 1),
        ("G", 100),
        ("end up", 99),
        ("G g", 1),
        ("end home", 1),
        ("pgdn", 10),
        ("ctrl-d pgdn", 19),
        ("G ctrl-u", 91),
        ("pgdn pgup", 1),
    ];
    for (keys, selected) in cases {
        assert_eq!(stage::with(rows()).press(keys).selected(), Some(selected), "{keys}");
    }
}

#[test]
fn what_is_pasted_twice_is_added_once() {
    let mut stage = stage::with([]);
    stage.paste("https://e.org/1.iso https://e.org/1.iso https://e.org/2.iso");
    assert_eq!(stage.added().len(), 2);
    assert_eq!(stage.toasts(), ["2 URLs added, 1 repeated"]);
}

#[test]
fn urls_are_found_in_what_links_are_written_in() {
    let mut stage = stage::with([]);
    let text = "https://e.org/1.iso! [two](https://e.org/2_(x).iso), href=\"https://e.org/3.iso\">three</a> href='https://e.org/4.iso'";
    stage.paste(text);
    let urls: Vec<String> = stage.added().into_iter().map(|entry| entry.1).collect();
    let wanted = ["https://e.org/1.iso", "https://e.org/2_(x).iso", "https://e.org/3.iso", "https://e.org/4.iso"];
    assert_eq!(urls, wanted);
    // What Markdown makes bold or slanted; a mark at the end alone is the URL's own.
    let mut stage = stage::with([]);
    stage
        .paste("**https://e.org/1**, _[two](https://e.org/2)_ __https://e.org/3__. *https://e.org/4* https://e.org/5_");
    let urls: Vec<String> = stage.added().into_iter().map(|entry| entry.1).collect();
    assert_eq!(urls, ["1", "2", "3", "4", "5_"].map(|name| format!("https://e.org/{name}")));
    let mut stage = stage::with([]);
    stage.paste("https://e.org/?a=[b](c)");
    assert_eq!(stage.added().last().unwrap().1, "https://e.org/?a=[b](c)");
}

#[test]
fn moving_in_the_queue() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    let sent = stage.press("J K").commands();
    assert_eq!(sent, [format!("Move {{ ids: [{ONE}], to: Down }}"), format!("Move {{ ids: [{ONE}], to: Up }}")]);
}

#[test]
fn pasted_urls_are_added_in_one_command_and_the_first_is_selected() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    stage.paste("https://e.org/1.iso\nhttp://e.org/2.iso\r\n  <https://e.org/3.iso>\t");
    let added = stage.added();
    let urls: Vec<&str> = added.iter().map(|entry| entry.1.as_str()).collect();
    assert_eq!(urls, ["https://e.org/1.iso", "http://e.org/2.iso", "https://e.org/3.iso"]);
    assert_eq!(stage.toasts(), ["3 URLs added"]);
    assert_eq!(stage.selected(), Some(1), "not there yet");
    let new = added.iter().map(|(id, _)| row(id.bits(), "new"));
    stage.shows(snapshot([row(1, "a"), row(2, "b")].into_iter().chain(new)));
    assert_eq!(stage.selected(), Some(added[0].0.bits()));
}

#[test]
fn a_user_who_moves_on_is_not_pulled_back_to_what_was_added() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    stage.paste("https://e.org/1.iso").press("j");
    let id = stage.added()[0].0.bits();
    stage.shows(snapshot([row(1, "a"), row(2, "b"), row(id, "new")]));
    assert_eq!(stage.selected(), Some(2));
}

#[test]
fn what_is_no_url_is_never_lost_silently() {
    let mut stage = stage::empty();
    stage.paste("hello world");
    assert!(stage.commands().is_empty());
    assert!(stage.toasts()[0].starts_with("nothing to add: "), "{:?}", stage.toasts());
    let mut mixed = stage::empty();
    mixed.paste("see https://e.org/1.iso please");
    assert_eq!(mixed.added().len(), 1);
    assert!(mixed.toasts()[0].starts_with("1 added, 2 not understood: "), "{:?}", mixed.toasts());
    let mut blank = stage::empty();
    blank.paste(" \n");
    assert_eq!(blank.toasts(), ["nothing to add: there is no text"]);
}

#[test]
fn a_paste_is_heard_everywhere() {
    for keys in ["", "?", "d", "enter", "tab", "/"] {
        let mut stage = one(Status::Queued);
        stage.press(keys).paste("https://e.org/1.iso");
        assert_eq!(stage.added().len(), 1, "{keys:?}");
    }
}

#[test]
fn the_box_for_urls_takes_keys_and_pastes() {
    let mut stage = one(Status::Queued);
    stage.press("a").types("https://e.org/q?d=").paste("1\n2").press("backspace").types("jk").press("enter");
    let urls: Vec<String> = stage.added().into_iter().map(|entry| entry.1).collect();
    assert_eq!(urls, ["https://e.org/q?d="], "what is typed is never an action");
    assert!(
        matches!(&stage.state.mode, Mode::Add(form) if form.complaint.is_some() && form.value(Slot::Urls) == "1 jk")
    );
    stage.press("esc");
    assert!(matches!(stage.state.mode, Mode::Browse));
    assert_eq!(one(Status::Queued).press("a enter").commands().len(), 0);
}

#[test]
fn tab_and_enter_move_between_list_and_details() {
    let mut stage = one(Status::Queued);
    assert_eq!(stage.press("tab").state.pane, Pane::Details);
    assert_eq!(stage.press("tab").state.pane, Pane::List);
    assert!(stage.press("enter").state.zoomed);
    assert!(!stage.press("enter").state.zoomed);
    assert!(stage.press("enter").state.zoomed);
    assert!(!stage.press("esc").state.zoomed);
    assert_eq!(stage.state.pane, Pane::List);
    assert!(!stage::empty().press("enter").state.zoomed, "nothing to show");
}

#[test]
fn the_details_scroll_while_they_have_the_keys() {
    let mut stage = stage::with([row(1, "a").parts(&[50; 16]), row(2, "b")]);
    stage.press("tab j j");
    assert_eq!((stage.selected(), stage.state.details_top), (Some(1), 2));
    stage.press("G");
    let bottom = stage.state.details_top;
    assert!(stage.press("j").state.details_top == bottom, "not beyond the last line");
    assert_eq!(stage.press("g").state.details_top, 0);
}

#[test]
fn keys_never_go_to_a_pane_that_is_not_there() {
    let mut stage = stage::with([row(1, "a"), row(2, "b")]);
    assert!(stage.sized(80, 12).press("tab").state.zoomed, "no room for both");
    stage.press("tab j");
    assert_eq!((stage.state.pane, stage.selected()), (Pane::List, Some(2)));
    stage.sized(80, 24).press("tab").sized(80, 12);
    assert_eq!(stage.state.pane, Pane::List);
    stage.press("enter").shows(snapshot([]));
    assert!(!stage.state.zoomed, "nothing is left to show");
}

#[test]
fn y_copies_the_real_url_and_shows_no_secret() {
    let mut stage = stage::with([row(1, "a.iso").source("https://me:pw@e.org/a.iso?sig=s3cret")]);
    stage.press("y");
    let copied = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(copied, Some("https://me:pw@e.org/a.iso?sig=s3cret"));
    assert!(!stage.text().contains("s3cret") && !stage.text().contains("pw@"));
    assert_eq!(stage.toasts(), ["copied the URL of a.iso"]);
}

#[test]
fn help_opens_scrolls_and_closes() {
    for close in ["?", "esc", "q"] {
        let mut stage = one(Status::Queued);
        stage.press("? j j");
        assert!(matches!(stage.state.mode, Mode::Help { top: 2 }));
        stage.press(close);
        assert!(matches!(stage.state.mode, Mode::Browse), "{close}");
        assert!(stage.effects.is_empty(), "{close} closes the help and does no more");
    }
}

#[test]
fn leaving_and_suspending() {
    let quits = |stage: &Stage| stage.effects.iter().any(|effect| matches!(effect, Effect::Quit));
    for keys in ["q", "ctrl-c", "a ctrl-c", "/ ctrl-c", "d ctrl-c", "? ctrl-c", "enter q"] {
        let mut stage = one(Status::Queued);
        assert!(quits(stage.press(keys)), "{keys}");
    }
    for keys in ["a q", "/ q", "d q"] {
        assert!(!quits(one(Status::Queued).press(keys)), "{keys}");
    }
    for keys in ["ctrl-z", "a ctrl-z"] {
        let mut stage = one(Status::Queued);
        assert!(matches!(stage.press(keys).effects[..], [Effect::Suspend]), "{keys}");
    }
    for keys in ["ctrl-l", "a ctrl-l", "tab ctrl-l"] {
        let mut stage = one(Status::Queued);
        assert!(matches!(stage.press(keys).effects[..], [Effect::Redraw]), "{keys}");
    }
}

#[test]
fn without_a_selection_nothing_is_sent() {
    for keys in ["space", "r", "d y", "D y", "J", "K", "y", "enter", "G", "pgdn"] {
        assert!(stage::empty().press(keys).commands().is_empty(), "{keys}");
    }
}

#[test]
fn the_users_own_keys_are_the_ones_that_work_and_that_are_shown() {
    let own: Keymap = ron::from_str("{\"x\": Quit, \"q\": Nothing, \"s\": Add, \"a\": Nothing}").unwrap();
    let setup = Setup { keys: Keymap::default().with(own), ..stage::setup() };
    let mut stage = Stage { state: State::new(setup, Palette::Plain), effects: Vec::new() };
    assert!(stage.press("q").effects.is_empty());
    assert!(stage.text().contains("press s.") && stage.text().contains("x quit"));
    assert!(matches!(stage.press("x").effects[..], [Effect::Quit]));
}

#[test]
fn every_action_has_a_place_in_the_help() {
    let mut stage = one(Status::Queued);
    let text = stage.sized(220, 80).press("?").text();
    let all = (' '..='~').map(|c| Chord::from(Key::Char(c))).filter_map(|chord| Keymap::default().action(chord));
    for action in all.chain([Action::PageDown, Action::NextPane, Action::Details, Action::Back, Action::Suspend]) {
        assert!(text.contains(action.describe()), "{action:?} is missing in the help");
    }
    let first = text.lines().nth(2).unwrap();
    assert!(first.contains("closes this help"), "{first}");
}

#[test]
fn a_key_without_a_meaning_changes_nothing() {
    let mut state = one(Status::Queued).state;
    let before = format!("{state:?}");
    for chord in ["x", "ctrl-x", "f5", "alt-left"] {
        assert!(update(&mut state, Message::Key(chord.parse().unwrap())).is_empty());
    }
    assert_eq!(before, format!("{state:?}"));
}

#[test]
fn the_help_begins_with_the_keys_of_where_the_user_is() {
    let heads = |keys: &str| {
        let mut stage = one(Status::Queued);
        let text = stage.sized(80, 60).press(keys).text();
        (text.find("The selected transfer").unwrap(), text.find("Moving about").unwrap())
    };
    assert!(heads("?").0 < heads("?").1);
    assert!(heads("tab ?").1 < heads("tab ?").0);
}

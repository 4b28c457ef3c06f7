//! What is copied on the desktop: watched on a thread of its own, offered once, and never added by itself.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::tui::{Clipboard, ClipboardWatch, Effect, Message, Mode, Slot, clipboard_is_shut};
use tokio::sync::mpsc;

use super::stage::{self, Stage};
use crate::support::builders::row;

/// A look is an instant, and a test waits for what is told.
const PACE: Duration = Duration::from_millis(1);
const DEADLINE: Duration = Duration::from_secs(60);

type Look = Result<Option<&'static str>, &'static str>;

/// Gives one text after the other, and then the last one again and again.
struct Fake(Arc<Mutex<VecDeque<Look>>>);

impl Clipboard for Fake {
    fn text(&mut self) -> Result<Option<String>, String> {
        let mut looks = self.0.lock().unwrap();
        let look = if looks.len() > 1 { looks.pop_front() } else { looks.front().copied() };
        look.unwrap().map(|text| text.map(str::to_owned)).map_err(str::to_owned)
    }
}

fn watched(looks: &[Look]) -> (ClipboardWatch, mpsc::Receiver<Message>) {
    let (told, heard) = mpsc::channel(16);
    let looks = Arc::new(Mutex::new(looks.iter().copied().collect()));
    (ClipboardWatch::start(move || Ok(Fake(looks)), PACE, told).unwrap(), heard)
}

async fn next(heard: &mut mpsc::Receiver<Message>) -> Option<String> {
    let message = tokio::time::timeout(DEADLINE, heard.recv()).await.expect("nothing was told");
    message.map(|message| match message {
        Message::Copied(text) => text,
        Message::Watched => "(watched)".to_owned(),
        Message::Unwatched(why) => format!("(ended: {why})"),
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn what_is_copied_from_now_on_is_told_and_what_was_there_is_not() {
    let looks =
        [Ok(Some("old")), Ok(Some("old")), Ok(Some("one")), Ok(None), Ok(Some("one")), Err("busy"), Ok(Some("two"))];
    let (watch, mut heard) = watched(&looks);
    for expected in ["(watched)", "one", "two"] {
        assert_eq!(next(&mut heard).await.as_deref(), Some(expected));
    }
    drop(watch);
    assert_eq!(next(&mut heard).await, None, "the thread has ended");
}

#[tokio::test]
async fn a_clipboard_that_fails_is_told_of_and_left() {
    let (_watch, mut heard) = watched(&[Ok(None), Err("it is gone")]);
    assert_eq!(next(&mut heard).await.as_deref(), Some("(watched)"));
    assert_eq!(next(&mut heard).await.as_deref(), Some("(ended: it is gone)"));
    assert_eq!(next(&mut heard).await, None);

    let (told, mut heard) = mpsc::channel(16);
    let _watch = ClipboardWatch::start(|| Err::<Fake, _>("no desktop".to_owned()), PACE, told).unwrap();
    assert_eq!(next(&mut heard).await.as_deref(), Some("(ended: no desktop)"));
}

#[test]
fn desktops_that_forbid_it_are_known() {
    let shut = |set: &[(&str, &str)]| {
        let value = |name: &str| set.iter().find(|entry| entry.0 == name).map(|entry| OsString::from(entry.1));
        clipboard_is_shut(value).map(str::to_owned)
    };
    if cfg!(target_os = "linux") {
        assert!(shut(&[]).unwrap().contains("no desktop here"));
        assert!(shut(&[("DISPLAY", "")]).unwrap().contains("no desktop here"));
        let gnome = [("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0"), ("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")];
        assert!(shut(&gnome).unwrap().contains("GNOME on Wayland"));
        assert_eq!(shut(&gnome[1..]), None, "GNOME on X11");
        assert_eq!(shut(&[("WAYLAND_DISPLAY", "wayland-0"), ("XDG_CURRENT_DESKTOP", "sway")]), None);
    }
}

fn offered(stage: &Stage) -> Option<String> {
    match &stage.state.mode {
        Mode::Add(form) => Some(form.value(Slot::Urls).to_owned()),
        _ => None,
    }
}

fn copied(stage: &mut Stage, text: &str) {
    stage.send(Message::Copied(text.to_owned()));
}

#[test]
fn urls_are_offered_once_and_nothing_else_is() {
    let mut stage = stage::empty();
    for text in ["", "hello", "see https://e.org/a there", "ftp://e.org/a", "curl -d x https://e.org/"] {
        copied(&mut stage, text);
        assert_eq!(offered(&stage), None, "{text}");
    }
    copied(&mut stage, "https://e.org/a");
    assert_eq!(offered(&stage).as_deref(), Some("https://e.org/a"));
    assert!(stage.commands().is_empty() && stage.toasts().concat().contains("enter adds it"));
    stage.press("esc");
    copied(&mut stage, " https://e.org/a\n");
    assert_eq!(offered(&stage), None, "once is enough");
    copied(&mut stage, "curl 'https://e.org/b' -H 'Cookie: a=b'");
    assert_eq!(offered(&stage).as_deref(), Some("https://e.org/b"));
    stage.press("enter");
    assert_eq!(stage.added()[0].1, "https://e.org/b");
}

#[test]
fn an_offer_waits_until_no_box_is_open_and_haul_offers_nothing_of_its_own() {
    let mut stage = stage::with([row(1, "x")]);
    stage.press(":").types("lim");
    copied(&mut stage, "https://e.org/a");
    assert_eq!(offered(&stage), None);
    stage.press("esc");
    assert_eq!(offered(&stage).as_deref(), Some("https://e.org/a"));
    stage.press("esc y");
    let own = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    copied(&mut stage, &own.unwrap());
    assert_eq!(offered(&stage), None);
}

#[test]
fn an_order_switches_it_and_why_it_can_not_be_is_said() {
    let mut stage = stage::empty();
    stage.press(":").types("set clipboard on").press("enter");
    assert!(matches!(stage.effects.first(), Some(Effect::Watch(true))), "{:?}", stage.effects);
    stage.send(Message::Unwatched("there is no desktop here".to_owned()));
    assert!(stage.toasts().concat().contains("can't be watched: there is no desktop here; pasting works"));
    stage.send(Message::Watched);
    assert!(stage.toasts().concat().contains("is watched"));
    stage.press(":").types("set clipboard off").press("enter");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Watch(false))));
}

#[test]
fn the_first_start_says_more_until_the_first_key() {
    let mut stage = stage::empty();
    stage.state.welcomes = true;
    for (columns, rows) in [(80, 24), (120, 40), (40, 24)] {
        let text = stage.sized(columns, rows).text();
        assert!(text.contains("first time here?") || text.contains("First time?"), "{text}");
        assert!(text.contains("Paste a URL, or press a."), "{text}");
    }
    insta::with_settings!({ snapshot_path => "snapshots" }, {
        insta::assert_snapshot!("first_80x24", stage.sized(80, 24).text());
        insta::assert_snapshot!("first_40x12", stage.sized(40, 12).text());
    });
    let gone = |stage: &mut Stage| !stage.sized(80, 24).text().contains("first time");
    let mut by_paste = stage::empty();
    by_paste.state.welcomes = true;
    assert!(!gone(&mut by_paste));
    by_paste.paste("https://e.org/a");
    assert!(gone(&mut by_paste));
    let mut by_row = stage::empty();
    by_row.state.welcomes = true;
    by_row.shows(crate::support::builders::snapshot([row(1, "x")]));
    by_row.shows(crate::support::builders::snapshot([]));
    assert!(gone(&mut by_row));
    stage.press("j");
    assert!(gone(&mut stage));
}

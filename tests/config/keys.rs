//! Keys: written and read alike, and the user's laid over the default ones.

use std::collections::BTreeSet;

use haul::config::{Action, Chord, Key, Keymap, Settings};
use proptest::prelude::*;

fn chord(text: &str) -> Chord {
    text.parse().expect(text)
}

fn keys(text: &str) -> Keymap {
    Settings::parse(&format!("(keys: {text})")).expect(text).keys
}

fn any_key() -> impl Strategy<Value = Key> {
    let shown = any::<char>().prop_filter("a key types something visible", |c| !c.is_control());
    let named = proptest::sample::select(vec![
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::BackTab,
        Key::Backspace,
        Key::Delete,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::Home,
        Key::End,
        Key::PageUp,
        Key::PageDown,
        Key::Char(' '),
        Key::Char('-'),
    ]);
    prop_oneof![shown.prop_map(Key::Char), named, (1_u8..=12).prop_map(Key::F)]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(key in any_key(), ctrl: bool, alt: bool) {
        let chord = Chord { ctrl, alt, key };
        prop_assert_eq!(chord.to_string().parse(), Ok(chord), "{}", chord);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,12}") {
        if let Ok(chord) = text.parse::<Chord>() {
            prop_assert_eq!(chord.to_string().parse(), Ok(chord));
        }
    }
}

#[test]
fn keys_are_written_as_people_write_them() {
    assert_eq!(chord("space").key, Key::Char(' '));
    assert_eq!(chord("-").key, Key::Char('-'));
    assert_eq!(chord("ctrl-minus"), Chord { ctrl: true, alt: false, key: Key::Char('-') });
    assert_eq!(chord("alt-ctrl-x"), chord("ctrl-alt-x"));
    assert_eq!(chord("f12").key, Key::F(12));
    assert_eq!(chord("f").key, Key::Char('f'));
    for text in ["", "qq", "ctrl", "f0", "f13", "hyper-q", " ", "\u{1b}"] {
        let why = text.parse::<Chord>().unwrap_err();
        assert!(why.contains("is no key") && why.contains("ctrl-c"), "{text:?}: {why}");
    }
}

#[test]
fn the_users_keys_lie_over_the_default_ones() {
    let own = keys("{\"x\": Quit, \"j\": Up}");
    assert_eq!(own.action(chord("x")), Some(Action::Quit));
    assert_eq!(own.action(chord("j")), Some(Action::Up));
    assert_eq!(own.action(chord("q")), Some(Action::Quit), "what is not named stays");
    assert_eq!(own.action(chord("k")), Some(Action::Up));
}

#[test]
fn nothing_takes_a_key_away() {
    let own = keys("{\"q\": Nothing}");
    assert_eq!(own.action(chord("q")), None);
    assert_eq!(own.keys(Action::Quit), [chord("ctrl-c")]);
}

#[test]
fn everything_that_a_key_can_do_has_a_key_and_words_for_the_help() {
    let keymap = Keymap::default();
    let all = [
        Action::Add,
        Action::Upload,
        Action::TogglePause,
        Action::PauseAll,
        Action::Retry,
        Action::Remove,
        Action::RemoveData,
        Action::Down,
        Action::Up,
        Action::Top,
        Action::Bottom,
        Action::PageDown,
        Action::PageUp,
        Action::MoveDown,
        Action::MoveUp,
        Action::Filter,
        Action::NextPane,
        Action::Details,
        Action::Log,
        Action::Back,
        Action::CopyUrl,
        Action::MoveTop,
        Action::MoveBottom,
        Action::StartNow,
        Action::StartAt,
        Action::PriorityUp,
        Action::PriorityDown,
        Action::LimitUp,
        Action::LimitDown,
        Action::Limit,
        Action::LimitThis,
        Action::Rename,
        Action::MoveFile,
        Action::Check,
        Action::Open,
        Action::OpenFolder,
        Action::CopyPath,
        Action::Undo,
        Action::Command,
        Action::Help,
        Action::Suspend,
        Action::Redraw,
        Action::NextTransfer,
        Action::PreviousTransfer,
        Action::Quit,
    ];
    let mut words = BTreeSet::new();
    for action in all {
        let keys = keymap.keys(action);
        assert!(!keys.is_empty(), "no key does {action:?}");
        assert!(keys.iter().all(|key| keymap.action(*key) == Some(action)));
        assert!(keys.windows(2).all(|pair| pair[0].to_string().len() <= pair[1].to_string().len()));
        assert!(!action.describe().is_empty() && words.insert(action.label()), "{action:?}");
    }
}

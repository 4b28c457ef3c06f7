//! Random keys, pastes, clicks, snapshots and sizes, from a fixed seed: nothing of it ends the screen.

use haul::config::{Chord, Key};
use haul::model::Status;
use haul::tui::{Answer, Effect, Gesture, Inquiry, Message, Mode, Mouse, Palette};

use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, row, snapshot};

const NAMED: [Key; 15] = [
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
    Key::F(5),
];
const PASTES: [&str; 8] = [
    "https://e.org/1.iso https://e.org/2.iso",
    "https://e.org/[1-9]{a,b}.iso",
    "curl 'https://e.org/x' -H 'a: b' -b 'c=d'",
    "curl https://e.org/ -d x",
    "nonsense\u{1b}[2J\u{202e}",
    "",
    "\u{301}電影🎬\n\n\t",
    "https://files.example.org/pub/x",
];
const GESTURES: [Gesture; 5] =
    [Gesture::Click, Gesture::DoubleClick, Gesture::OtherClick, Gesture::WheelUp, Gesture::WheelDown];

fn rows(random: &mut fastrand::Rng) -> Vec<RowBuilder> {
    let count = random.u64(0..40);
    let one = |id| {
        let made = row(id, ["x", "電影🎬.mkv", "a-rather-long-name-for-a-file.tar.gz"][random.usize(0..3)]);
        let made = if random.bool() { made.upload() } else { made };
        match random.u8(0..5) {
            0 => made.parts(&[random.u64(0..101), 3]),
            1 => made.length(None).done(&[(0, 7)]),
            2 => made.length(Some(0)),
            _ => made.status(Status::ALL[random.usize(0..Status::ALL.len())]),
        }
    };
    (1..=count).map(one).collect()
}

fn key(random: &mut fastrand::Rng) -> Chord {
    let key = match random.u8(0..10) {
        0..=3 => NAMED[random.usize(0..NAMED.len())],
        4 => Key::Char(random.char(..)),
        _ => Key::Char(char::from(random.u8(b' '..=b'~'))),
    };
    Chord { ctrl: random.u8(0..10) == 0, alt: random.u8(0..20) == 0, key }
}

/// What the disk would say.
fn answer(inquiry: &Inquiry) -> Answer {
    match inquiry {
        Inquiry::Complete { text, .. } => {
            let offers = haul::ask::Offers { text: format!("{text}x"), names: vec!["xa/".into(), "xb".into()] };
            Answer::Completed(text.clone(), offers)
        }
        Inquiry::Read(list) => Answer::Listed(list.clone(), Err("no".into())),
        Inquiry::Gather(file, place) => {
            let files = vec![haul::ask::Sending { file: file.clone(), place: place.clone() }];
            let gathered = haul::ask::Gathered { files, is_batch: false, passed_over: None };
            Answer::Gathered(file.clone(), place.clone(), Ok(gathered))
        }
    }
}

fn step(stage: &mut Stage, random: &mut fastrand::Rng) {
    let (columns, lines) = (stage.state.size.width, stage.state.size.height);
    let message = match random.u8(0..20) {
        0 => Message::Pasted(PASTES[random.usize(0..PASTES.len())].to_owned()),
        1..=3 => Message::Mouse(Mouse {
            x: random.u16(0..columns + 3),
            y: random.u16(0..lines + 3),
            gesture: GESTURES[random.usize(0..GESTURES.len())],
        }),
        4 => Message::Snapshot(snapshot(rows(random))),
        5 => Message::Resized { columns: random.u16(1..=300), rows: random.u16(1..=100) },
        6 => Message::Expired,
        _ => Message::Key(key(random)),
    };
    stage.effects.clear();
    stage.send(message);
    let asked: Vec<Answer> = stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Ask(inquiry) = effect { Some(answer(inquiry)) } else { None })
        .collect();
    for answer in asked {
        stage.send(Message::Answered(answer));
    }
}

#[test]
fn ten_thousand_random_messages_end_nothing() {
    let mut random = fastrand::Rng::with_seed(6);
    let mut stage = stage::with(rows(&mut random));
    let mut modes = std::collections::BTreeSet::new();
    for number in 0..10_000 {
        step(&mut stage, &mut random);
        let list = &stage.state.list;
        assert!(list.is_empty() || list.position() < list.len(), "after message {number}");
        modes.insert(format!("{:?}", std::mem::discriminant(&stage.state.mode)));
        // Frames of large terminals cost a build without optimisation much.
        if number % 10 == 0 {
            stage.state.ascii = number % 20 == 0;
            stage.buffer();
        }
    }
    assert!(modes.len() >= 8, "only {} modes were reached", modes.len());
}

#[test]
fn every_box_stands_every_size() {
    let mut random = fastrand::Rng::with_seed(7);
    let places = ["", "a", "U", "s", "?", "d", "/", "u", "enter", "right", "right right", "L", "v"];
    let mut stages: Vec<Stage> = places
        .iter()
        .map(|keys| {
            let mut stage = stage::with(rows(&mut random));
            stage.press(keys);
            stage
        })
        .collect();
    let mut twins = stage::with([row(1, "x").status(Status::Paused)]);
    twins.paste("https://files.example.org/pub/x");
    assert!(matches!(twins.state.mode, Mode::Twins(_)));
    stages.push(twins);
    // Every width and every height from 10x3 to 300x100 is met, not every pair of them.
    for number in 0..600_u16 {
        let (columns, lines) = (10 + number % 291, 3 + number * 37 % 98);
        let stage = &mut stages[usize::from(number) % places.len().max(14)];
        stage.state.palette = if number % 2 == 0 { Palette::Plain } else { Palette::Colours };
        stage.sized(columns, lines).buffer();
    }
}

//! Headers of pasted curl commands: each goes to the host that it was given for, and to no other.

use haul::api::Command;
use haul::model::{Header, Spec, Status};
use haul::tui::{Effect, Message, Mode};

use super::stage::{self, Stage};
use crate::support::builders::row;

const ONE: &str = "curl 'https://one.org/a' -H 'Cookie: s3cret=1'";
const TWO: &str = "curl 'https://two.org/b' -H 'Cookie: s3cret=2' -H 'Authorization: s3cret'";

fn told(headers: &[Header]) -> String {
    headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect::<Vec<_>>().join(", ")
}

/// The URLs that were to be added, each with its headers.
fn added(stage: &mut Stage) -> Vec<(String, String)> {
    let of = |spec: &Spec| (spec.source.url().to_string(), told(&spec.headers));
    let batches = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Send(Command::Add(batch)) => Some(batch),
        _ => None,
    });
    batches.flatten().map(|entry| of(&entry.1)).collect()
}

fn pair(url: &str, headers: &str) -> (String, String) {
    (url.to_owned(), headers.to_owned())
}

fn both() -> [(String, String); 2] {
    [
        pair("https://one.org/a", "Cookie: s3cret=1"),
        pair("https://two.org/b", "Cookie: s3cret=2, Authorization: s3cret"),
    ]
}

#[test]
fn of_two_commands_each_host_gets_its_own_headers() {
    let lines = format!("{ONE}\n{TWO}");
    for texts in [&[ONE, TWO][..], &[&lines], &[&lines.replace('\n', "\r")], &[&format!("{ONE} ;\n {TWO}\n")]] {
        let mut stage = stage::empty();
        stage.sized(100, 30).press("a");
        for text in texts {
            stage.paste(text);
        }
        let shown = stage.text();
        assert!(shown.contains("https://one.org/a https://two.org/b") && !shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("2 of the pasted command: Cookie, Authorization"), "{shown}");
        assert_eq!(added(stage.press("enter")), both(), "{texts:?}");
    }
}

/// As browsers copy it; many terminals send the key Enter for each line's end.
#[test]
fn a_command_of_several_lines_is_one_however_they_end() {
    for end in ["\n", "\r", "\r\n"] {
        let text = ["curl 'https://one.org/a' \\", "  -H 'Cookie: s3cret=1' \\", "  --compressed"].join(end);
        let mut stage = stage::empty();
        assert_eq!(added(stage.paste(&text)), [pair("https://one.org/a", "Cookie: s3cret=1")], "{end:?}");
        let mut stage = stage::empty();
        stage.press("a").paste(&text).press("enter");
        assert_eq!(added(&mut stage), [pair("https://one.org/a", "Cookie: s3cret=1")], "{end:?}");
    }
}

#[test]
fn commands_of_one_host_keep_their_headers_apart() {
    let mut stage = stage::empty();
    stage.press("a").paste("curl https://e.org/1 -H 'Referer: one'").paste("curl https://e.org/2 -H 'Referer: two'");
    stage.paste("https://e.org/3 https://f.org/4").press("enter");
    let wanted = [("https://e.org/1", "one"), ("https://e.org/2", "two"), ("https://e.org/3", "two")];
    let mut wanted = wanted.map(|(url, referer)| pair(url, &format!("Referer: {referer}"))).to_vec();
    wanted.push(pair("https://f.org/4", ""));
    assert_eq!(added(&mut stage), wanted);
}

#[test]
fn another_url_gets_nothing_of_a_command_whose_url_is_gone() {
    let mut stage = stage::empty();
    stage.sized(100, 30).press("a").paste(ONE).press("ctrl-u").types("https://two.org/b");
    assert!(!stage.text().contains("of the pasted command"));
    // It went with its URL, and typing that again does not bring it back.
    stage.press("ctrl-u").types("https://one.org/a").press("enter");
    assert_eq!(added(&mut stage), [pair("https://one.org/a", "")]);

    let mut stage = stage::empty();
    stage.press("a").paste(ONE).types(" https://two.org/b").press("enter");
    assert_eq!(added(&mut stage), [both()[0].clone(), pair("https://two.org/b", "")]);
}

#[test]
fn a_new_url_of_another_host_gets_nothing_of_the_command() {
    for (edits, headers) in [("", "Cookie: s3cret=1"), ("delete delete delete x", "")] {
        let mut stage = stage::with([row(1, "a").status(Status::Expired)]);
        stage.press("u").paste(ONE).press("home").press(&"right ".repeat("https://".len())).press(edits).press("enter");
        let sent = stage.effects.iter().find_map(|effect| match effect {
            Effect::Send(Command::Relink { headers, .. }) => Some(told(headers)),
            _ => None,
        });
        assert_eq!(sent.as_deref(), Some(headers), "{edits}");
    }
}

#[test]
fn a_command_is_never_put_into_the_line_as_it_is() {
    for text in [format!("https://e.org/a\n{ONE}"), format!("{ONE}\nwget https://e.org/"), format!("$ {ONE}")] {
        let mut stage = stage::empty();
        stage.sized(100, 30).press("a").paste(&text);
        let Mode::Add(form) = &stage.state.mode else { panic!("{:?}", stage.state.mode) };
        assert!(form.complaint.is_some(), "{text}");
        assert!(!stage.text().contains("s3cret"), "{}", stage.text());
    }
}

#[test]
fn a_command_that_comes_as_keys_is_taken_apart_too() {
    let keys = |text: &str| {
        let key = |c| if c == '\n' { haul::config::Key::Enter } else { haul::config::Key::Char(c) };
        text.chars().map(|c| key(c).into()).collect()
    };
    let mut stage = stage::empty();
    stage.sized(100, 30).press("a").send(Message::Burst(keys("curl 'https://one.org/a' \\\n -H 'Cookie: s3cret=1'")));
    assert!(!stage.text().contains("s3cret"), "{}", stage.text());
    assert_eq!(added(stage.press("enter")), both()[..1]);

    let mut stage = stage::empty();
    stage.press("a").send(Message::Burst(keys(&format!("{ONE}\n"))));
    assert_eq!(added(&mut stage), both()[..1], "the line was sent by its end");
}

#[test]
fn a_long_line_that_comes_as_keys_is_looked_through_once() {
    let urls: Vec<String> = (0..5000).map(|number| format!("https://e.org/{number}")).collect();
    let line = format!("{}\nhttps://e.org/next", urls.join(" "));
    let key = |c| if c == '\n' { haul::config::Key::Enter } else { haul::config::Key::Char(c) };
    let mut stage = stage::empty();
    stage.press("a").send(Message::Burst(line.chars().map(|c| key(c).into()).collect()));
    assert_eq!(added(&mut stage).len(), 5001);
}

//! The command line: every word is read, mistakes are told, and what is completed can be read.

use std::path::Path;

use haul::config::{CategoryTable, Extent, ORDERS, Order, complete};
use haul::model::{Priority, Rate};
use proptest::prelude::*;

fn complete_usual(line: &str) -> Vec<String> {
    complete(line, &CategoryTable::default().categories(Path::new("/downloads"), false))
}

fn order(line: &str) -> Order {
    line.parse().expect(line)
}

fn wrong(line: &str) -> String {
    line.parse::<Order>().expect_err(line)
}

#[test]
fn a_quote_within_a_url_is_a_part_of_it() {
    let urls = |line: &str| match order(line) {
        Order::Add(addition) => addition.urls,
        other => panic!("{other:?}"),
    };
    let two = ["https://x/Rock'n'Roll.mp3", "https://x/L'amour"];
    assert_eq!(urls(&format!("add {} {}", two[0], two[1])), two);
    assert_eq!(urls("add \"https://x/a\" 'https://x/b' dir=\"/a b\""), ["https://x/a", "https://x/b"]);
    assert_eq!(urls("add https://x/?q=\"a\""), ["https://x/?q=\"a\""]);
}

#[test]
fn lines_are_read_as_people_write_them() {
    let rate = Some(Rate::per_second(5 << 20));
    assert_eq!(order(":limit 5M"), Order::Limit(Extent::All, rate));
    assert_eq!(order("limit this 5M"), Order::Limit(Extent::These, rate));
    for none in ["none", "off", "0"] {
        assert_eq!(order(&format!("limit this {none}")), Order::Limit(Extent::These, None));
    }
    assert_eq!(order("  pause  "), Order::Pause(Extent::These));
    assert_eq!(order("resume all"), Order::Resume(Extent::All));
    assert_eq!(order("priority high"), Order::Priority(Priority::High));
    assert_eq!(order("at never"), Order::At(None));
    assert_eq!(order("at mon 07:30"), Order::At(Some("mon 07:30".parse().unwrap())));
    assert_eq!(order("rename my file (1).iso"), Order::Rename("my file (1).iso".to_owned()));
    assert_eq!(order("mv '~/a folder'"), Order::Move("~/a folder".into()));
    assert_eq!(order("w list.txt"), Order::Write("list.txt".into()));
    assert_eq!(order("rm"), Order::Remove(false));
    assert_eq!(order("remove!"), Order::Remove(true));
    assert_eq!(order("set limit 5M"), Order::Set("limit".to_owned(), "5M".to_owned()));
    assert_eq!(order("set limit= 5M"), Order::Set("limit".to_owned(), "5M".to_owned()));
    assert_eq!(order("filter"), Order::Filter(String::new()));
    assert_eq!(order("!ls -l \"$HAUL_TARGET\""), Order::Shell("ls -l \"$HAUL_TARGET\"".to_owned()));
    assert_eq!(order(":q"), Order::Quit);
}

#[test]
fn an_addition_has_all_that_is_said() {
    let line = "add https://a.example/x?a=b dir='/srv/my files' name=y.iso limit=500K priority=high at='in 2h' \
                connections=4 mirror=https://b.example/x";
    let Order::Add(addition) = order(line) else { panic!() };
    assert_eq!(addition.urls[0], "https://a.example/x?a=b");
    assert_eq!(addition.folder, Some("/srv/my files".into()));
    assert_eq!(addition.name.as_deref(), Some("y.iso"));
    assert_eq!((addition.limits.rate, addition.limits.connections), (Some(Rate::per_second(512_000)), Some(4)));
    assert_eq!((addition.priority, addition.at), (Priority::High, Some("in 2h".parse().unwrap())));
    assert_eq!(addition.mirrors.len(), 1);
    let Order::Add(two) = order("add https://a.example/x https://a.example/y dir=/srv") else { panic!() };
    assert_eq!(two.urls.len(), 2);
    for (line, said) in [
        ("add dir=/srv", "add needs a URL"),
        ("add https://a/x https://a/y name=z", "one file's"),
        ("add https://a/x foo=1", "add knows no foo="),
        ("add https://a/x connections=0", "from 1 to 64"),
        ("add https://a/x name='z", "a closing ' is missing"),
        ("add nonsense", "nonsense"),
        ("add https://a/x dir=", "dir= names no folder"),
        ("add https://a/x name=", "names no file"),
        ("add https://a/x name=..", "is a folder"),
        ("add https://a/x name=sub/", "names no file"),
        ("add https://a/x 'name=a\tb'", "control characters"),
    ] {
        assert!(wrong(line).contains(said), "{line}: {}", wrong(line));
    }
}

#[test]
fn mistakes_say_what_to_write() {
    for (line, said) in [
        ("", "there is no word"),
        ("limt 5M", "did you mean limit?"),
        ("frobnicate", "there is no \"frobnicate\""),
        ("limit", "write :limit [this] RATE|none"),
        ("limit this", "is not a rate"),
        ("limit fast", "is not a rate"),
        ("pause some", "write :pause [all]"),
        ("undo it", "undo takes nothing behind it"),
        ("rename", "write :rename NAME"),
        ("w", "write :w FILE"),
        ("copy this", "write :copy url|path"),
        ("set limit", "write :set folder|columns|limit|clipboard|confirm_quit VALUE"),
        ("at soon", "is no time to start at"),
        ("!", "write :! COMMAND"),
    ] {
        assert!(wrong(line).contains(said), "{line}: {}", wrong(line));
    }
    // A word of one letter is not near to any.
    assert_eq!(wrong("3"), "there is no \"3\"");
}

#[test]
fn every_word_can_be_read_and_says_what_it_does() {
    for word in ORDERS {
        let behind = match word.name {
            "add" | "url" => "https://example.org/x",
            "at" => "22:00",
            "limit" => "5M",
            "priority" => "low",
            "category" => "video",
            "copy" => "url",
            "set" => "limit 5M",
            "pause" | "resume" => "all",
            _ if word.takes.is_empty() => "",
            _ => "x",
        };
        for name in [Some(word.name), word.alias].into_iter().flatten() {
            assert!(format!("{name} {behind}").parse::<Order>().is_ok(), "{name} {behind}");
        }
        assert!(!word.does.is_empty());
    }
}

#[test]
fn a_tab_completes_words_and_what_follows_them() {
    assert_eq!(complete_usual("li"), ["limit "]);
    assert_eq!(complete_usual("re"), ["resume ", "retry", "remove", "remove!", "rename "]);
    assert_eq!(complete_usual("undo"), [""; 0]);
    assert_eq!(complete_usual("limit "), ["limit this", "limit none"]);
    assert_eq!(complete_usual("limit this 5"), [""; 0]);
    assert_eq!(complete_usual("mark f"), ["mark failed"]);
    assert_eq!(complete_usual("add https://a/x d"), ["add https://a/x dir="]);
    assert_eq!(complete_usual("w "), [""; 0]);
    assert_eq!(complete_usual("nonsense x"), [""; 0]);
    assert_eq!(complete_usual("").len(), ORDERS.len() - 1);
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in ".{0,40}", word in 0..ORDERS.len(), rest in "[a-z0-9:/.='\" -]{0,30}") {
        for line in [line, format!("{} {rest}", ORDERS[word].name)] {
            let _ = line.parse::<Order>();
            for longer in complete_usual(&line) {
                prop_assert!(longer.len() > line.trim().len(), "{longer:?} from {line:?}");
            }
        }
    }
}

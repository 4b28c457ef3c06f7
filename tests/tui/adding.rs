//! The boxes that add: what they send, what they say, and what they ask first.

use haul::api::Command;
use haul::ask::{Entry, Offers, read_curl, read_entries};
use haul::model::{Source, Spec, Status, Target, TransferId, UnixTime};
use haul::tui::{Answer, Effect, Inquiry, Message, Mode, Slot};

use super::stage::{self, Stage};
use crate::support::builders::row;

/// What was to be added, all commands together.
pub fn specs(stage: &Stage) -> Vec<(TransferId, Spec)> {
    let batches = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Send(Command::Add(batch)) => Some(batch.clone()),
        _ => None,
    });
    batches.flatten().collect()
}

pub fn inquiries(stage: &Stage) -> Vec<Inquiry> {
    let asked = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Ask(inquiry) => Some(inquiry.clone()),
        _ => None,
    });
    asked.collect()
}

pub fn complaint(stage: &Stage) -> (Slot, String) {
    match &stage.state.mode {
        Mode::Add(form) | Mode::Send(form) => (form.slot(), form.complaint.clone().unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

pub fn source(url: &str) -> Source {
    Source::parse(url).unwrap()
}

/// Types into a line of the box that is open, so many below the first.
fn fill(stage: &mut Stage, below: usize, text: &str) {
    for _ in 0..below {
        stage.press("down");
    }
    stage.press("ctrl-u").types(text);
    for _ in 0..below {
        stage.press("up");
    }
}

#[test]
fn every_line_of_the_box_counts() {
    let mut stage = stage::empty();
    stage.press("a").types("https://e.org/a");
    let lines = ["/srv", "a.iso", "in 2h", "3", "2M", "md5:d41d8cd98f00b204e9800998ecf8427e", "X-One: a | Two: b"];
    for (number, text) in lines.iter().enumerate() {
        fill(&mut stage, number + 1, text);
    }
    fill(&mut stage, 8, "https://m.org/a https://n.org/a");
    stage.press("enter");
    let added = specs(&stage);
    let spec = &added[0].1;
    assert_eq!((spec.target.folder.to_str(), spec.target.name.as_deref()), (Some("/srv"), Some("a.iso")));
    assert_eq!((spec.limits.connections, spec.limits.rate.map(haul::model::Rate::bytes)), (Some(3), Some(2 << 20)));
    assert!(spec.start_at.is_some_and(|at| at > UnixTime::from_seconds(1_700_000_000)));
    assert_eq!(spec.checksum.as_ref().unwrap().to_string(), "md5:d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(spec.headers.iter().map(|header| header.name.as_str()).collect::<Vec<_>>(), ["X-One", "Two"]);
    assert_eq!(*spec.mirrors, [source("https://m.org/a"), source("https://n.org/a")]);
    assert!(matches!(stage.state.mode, Mode::Browse));
}

#[test]
fn a_mistake_is_told_at_its_line_and_nothing_is_lost() {
    for (below, text, slot) in [
        (3, "yesterday", Slot::Start),
        (3, "2001-01-01 08:00", Slot::Start),
        (4, "65", Slot::Connections),
        (5, "fast", Slot::Limit),
        (6, "md5:1", Slot::Checksum),
        (7, "no header", Slot::Headers),
        (7, "Range: bytes=0-1", Slot::Headers),
        (8, "ftp://e.org/", Slot::Mirrors),
        (2, "..", Slot::Name),
    ] {
        let mut stage = stage::empty();
        stage.press("a").types("https://e.org/a");
        fill(&mut stage, below, text);
        stage.press("enter");
        let (at, why) = complaint(&stage);
        assert_eq!(at, slot, "{text}: {why}");
        assert!(!why.is_empty() && specs(&stage).is_empty(), "{text}");
        fill(&mut stage, 0, "");
        assert_eq!(specs(stage.press("enter")).len(), 1, "mended: {text}");
    }
    let mut stage = stage::empty();
    stage.press("a").types("https://e.org/[1-3]");
    fill(&mut stage, 2, "a.iso");
    assert_eq!(
        complaint(stage.press("enter")),
        (Slot::Name, "a name belongs to one file, but there are 3 URLs".into())
    );
}

#[test]
fn patterns_show_what_they_make_and_can_be_taken_as_they_are() {
    let mut stage = stage::empty();
    stage.sized(100, 30).press("a").types("https://[::1]/img[08-11].jpg");
    assert!(stage.text().contains("4 URLs, img08.jpg to img11.jpg"), "{}", stage.text());
    assert_eq!(specs(stage.press("enter")).len(), 4);
    let mut literal = stage::empty();
    literal.sized(100, 30).press("a").types("https://e.org/img[08-11].jpg").press("ctrl-g");
    assert!(literal.text().contains("brackets are taken as they stand there"));
    assert_eq!(specs(literal.press("enter")).len(), 1);
    let mut pasted = stage::empty();
    pasted.paste("https://e.org/{a,b}");
    assert!(matches!(pasted.state.mode, Mode::Add(_)), "what a pattern makes is seen before it is added");
    assert_eq!(specs(pasted.press("enter")).len(), 2);
    let mut huge = stage::empty();
    huge.press("a").types("https://e.org/[0-99999]");
    assert!(huge.text().contains("more than 10000"), "{}", huge.text());
}

#[test]
fn a_pasted_curl_command_brings_its_headers_and_shows_none_of_their_values() {
    let text = "curl 'https://e.org/a[1].iso' \\\n -H 'Authorization: Bearer s3cret' \\\n  -b 'id=s3cret' --compressed";
    let mut direct = stage::empty();
    let added = specs(direct.paste(text));
    let names: Vec<&str> = added[0].1.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["Authorization", "Cookie"]);
    let mut stage = stage::empty();
    stage.sized(100, 30).press("a").paste(text);
    let shown = stage.text();
    assert!(shown.contains("2 of the pasted command: Authorization, Cookie") && !shown.contains("s3cret"), "{shown}");
    fill(&mut stage, 7, "cookie: id=other");
    let added = specs(stage.press("enter"));
    let headers = &added[0].1.headers;
    assert_eq!((headers.len(), headers[1].value.as_str()), (2, "id=other"), "what is typed goes before it");
    let mut refused = stage::empty();
    refused.paste("curl https://e.org/ --data 'a=s3cret'");
    assert!(refused.toasts()[0].contains("sends a body") && specs(&refused).is_empty(), "{:?}", refused.toasts());
    assert!(complaint(refused.press("a").paste("curl https://e.org/ -d x")).1.contains("sends a body"));
}

#[test]
fn a_list_is_read_and_its_mistakes_are_told() {
    let mut stage = stage::empty();
    stage.press("a");
    fill(&mut stage, 9, "~/urls.txt");
    stage.press("enter enter");
    assert_eq!(inquiries(&stage), [Inquiry::Read("~/urls.txt".into())], "once");
    stage.send(Message::Answered(Answer::Listed("~/urls.txt".into(), Err("urls.txt, line 3: no".into()))));
    assert_eq!(complaint(&stage), (Slot::List, "urls.txt, line 3: no".into()));
    let mut entry = Entry::new(source("https://e.org/1"));
    entry.output = Some("sub/one.iso".into());
    let left = || Some("one is left out".to_owned());
    let other = Answer::Listed("other.txt".into(), Ok((vec![Entry::new(source("https://e.org/other"))], left())));
    stage.press("enter").send(Message::Answered(other));
    assert!(specs(&stage).is_empty() && !stage.text().contains("left out"), "the answer to a box that was left");
    stage.send(Message::Answered(Answer::Listed("~/urls.txt".into(), Ok((vec![entry], left())))));
    let added = specs(&stage);
    let target = &added[0].1.target;
    assert_eq!((target.folder.to_str(), target.name.as_deref()), (Some("/home/me/Downloads/sub"), Some("one.iso")));
    assert!(stage.text().contains("one is left out"), "{}", stage.text());
    let curl = read_curl("curl e.org/x").unwrap().unwrap();
    stage.send(Message::Answered(Answer::Listed("~/urls.txt".into(), Ok((curl, left())))));
    assert_eq!(specs(&stage).len(), 1, "an answer that nobody waits for");
}

#[test]
fn tab_completes_paths_and_goes_on_where_there_is_nothing_to_complete() {
    let mut stage = stage::empty();
    stage.press("a tab tab");
    assert_eq!(
        (complaint(&stage).0, inquiries(&stage)),
        (Slot::Name, vec![]),
        "what nobody has changed stays as it is"
    );
    stage.press("up backspace").types("s").press("tab");
    let from = "/home/me/Downloads";
    assert_eq!(inquiries(&stage), [Inquiry::Complete { text: from.into(), from: from.into(), only_folders: true }]);
    let offers = Offers { text: format!("{from}/i"), names: vec!["images/".into(), "isos/".into()] };
    stage.send(Message::Answered(Answer::Completed(from.into(), offers.clone())));
    assert!(stage.text().contains("images/, isos/"), "{}", stage.text());
    stage.send(Message::Answered(Answer::Completed("else".into(), offers)));
    let same = format!("{from}/i");
    stage.send(Message::Answered(Answer::Completed(same.clone(), Offers { text: same, names: vec![] })));
    assert_eq!(complaint(&stage).0, Slot::Name);
}

#[test]
fn what_tab_completes_is_what_enter_reads() {
    // The file and the list are read as a shell would: seen from the current folder, and not from the one for downloads.
    for (keys, only_folders) in [("U", false), ("a up", false), ("a tab ctrl-u", true)] {
        let mut stage = stage::empty();
        stage.press(keys).types("su").press("tab");
        let from = if only_folders { "/home/me/Downloads" } else { "." };
        let asked = Inquiry::Complete { text: "su".into(), from: from.into(), only_folders };
        assert_eq!(inquiries(&stage), [asked], "{keys}");
    }
}

#[test]
fn what_is_to_start_now_does_so_in_its_order_and_what_is_paused_never_starts() {
    for (word, commands) in [("now", 2), ("paused", 1), ("later", 1)] {
        let mut stage = stage::empty();
        stage.press("a").types("https://e.org/[1-70]");
        fill(&mut stage, 3, word);
        stage.press("enter");
        let added = specs(&stage);
        assert_eq!((stage.commands().len(), added[0].1.held), (commands, commands == 1));
        let started = stage.effects.iter().find_map(|effect| match effect {
            Effect::Send(Command::StartNow(ids)) => Some(ids.clone()),
            _ => None,
        });
        let ids: Vec<TransferId> = added.iter().map(|entry| entry.0).collect();
        assert_eq!(started, (word == "now").then_some(ids), "the engine holds it until they are in the list");
    }
}

#[test]
fn urls_in_prose_are_found_without_what_ends_a_sentence() {
    let mut stage = stage::empty();
    stage.paste(
        "(https://e.org/1.iso), https://e.org/2.iso; https://e.org/a_(b) <https://e.org/3.iso>. (\"https://e.org/4\").",
    );
    let urls: Vec<String> = specs(&stage).iter().map(|entry| entry.1.source.url().to_string()).collect();
    let wanted = ["1.iso", "2.iso", "a_(b)", "3.iso", "4"].map(|name| format!("https://e.org/{name}"));
    assert_eq!(urls, wanted, "{:?}", stage.toasts());
}

#[test]
fn what_is_in_the_list_already_can_be_joined_renamed_or_left_out() {
    let rows =
        || [row(1, "a.tar.gz").status(Status::Failed), row(2, "b.iso").status(Status::Done), row(3, "a.tar (2).gz")];
    let pasted = || {
        let mut stage = stage::with(rows());
        stage.paste("https://files.example.org/pub/a.tar.gz https://files.example.org/pub/b.iso https://e.org/new");
        assert!(stage.text().contains("1 of 3 are in the list already"), "{}", stage.text());
        assert!(stage.commands().is_empty());
        stage
    };
    let mut joined = pasted();
    joined.press("x j");
    assert_eq!(joined.commands()[1], "Retry([0000000000000001])");
    assert_eq!((specs(&joined).len(), joined.selected()), (2, Some(1)));
    let mut renamed = pasted();
    let added = specs(renamed.press("r"));
    assert_eq!(added.len(), 3);
    assert_eq!(added[0].1.target.name.as_deref(), Some("a.tar (3).gz"));
    let mut skipped = pasted();
    skipped.press("s");
    assert_eq!((specs(&skipped).len(), skipped.commands().len()), (2, 1));
    let mut given_up = pasted();
    assert!(given_up.press("esc").commands().is_empty());
    let mut single = stage::with([row(1, "a").status(Status::Paused)]);
    single.paste("https://files.example.org/pub/a").press("enter");
    assert_eq!(single.commands(), ["Resume([0000000000000001])"]);
}

#[test]
fn a_click_gives_a_line_the_keys() {
    let mut stage = stage::empty();
    stage.sized(100, 30).press("a");
    let text = stage.text();
    let (y, line) = text.lines().enumerate().find(|(_, line)| line.contains("Checksum")).unwrap();
    let x = line.find("Checksum").unwrap() - 4;
    stage.send(Message::Mouse(haul::tui::Mouse { x: x as u16, y: y as u16, gesture: haul::tui::Gesture::Click }));
    assert_eq!(complaint(&stage).0, Slot::Checksum);
}

#[test]
fn what_is_understood_is_asked_about_though_something_else_is_not() {
    let mut stage = stage::with([row(1, "a.iso").status(Status::Paused)]);
    stage.press("a").types("https://files.example.org/pub/a.iso https://e.org/b nonsense").press("enter");
    assert!(matches!(stage.state.mode, Mode::Twins(_)), "{:?}", stage.state.mode);
    assert!(stage.commands().is_empty());
    stage.press("s");
    assert_eq!(stage.added()[0].1, "https://e.org/b");
    let Mode::Add(form) = &stage.state.mode else { panic!("{:?}", stage.state.mode) };
    assert_eq!(form.value(Slot::Urls), "nonsense", "it can be mended");
    assert!(form.complaint.as_deref().is_some_and(|why| why.contains("1 not understood")), "{:?}", form.complaint);
}

#[test]
fn a_folder_that_is_no_text_is_the_one_that_is_meant() {
    use std::os::unix::ffi::OsStringExt as _;
    let folder = std::path::PathBuf::from(std::ffi::OsString::from_vec(b"/srv/\xff".to_vec()));
    let mut stage = stage::empty();
    stage.state.folder.clone_from(&folder);
    stage.press("a").types("https://e.org/a").press("enter");
    assert_eq!(*specs(&stage)[0].1.target.folder, *folder);
}

#[test]
fn a_command_that_is_pasted_names_a_file_and_no_folder() {
    let text = "curl https://e.org/a -o /tmp/elsewhere/.rc --output-dir '~/.ssh'";
    let target =
        |name: Option<&str>| Target { folder: stage::empty().state.folder.into(), name: name.map(str::to_owned) };
    let at_once = specs(stage::empty().paste(text)).remove(0).1;
    assert_eq!((at_once.target, at_once.described.name.as_deref()), (target(None), Some("rc")), "nobody has seen it");
    let seen = specs(stage::empty().press("a").paste(text).press("enter")).remove(0).1;
    assert_eq!(seen.target, target(Some("rc")));
}

#[test]
fn the_home_folder_in_a_list_is_the_users() {
    let home = haul::config::Paths::home().unwrap();
    let mut stage = stage::empty();
    stage.press("a");
    fill(&mut stage, 9, "l");
    let entries = read_entries("l", &b"https://e.org/1\n dir=~/x\nhttps://e.org/2\n dir=sub\n"[..]);
    stage.press("enter").send(Message::Answered(Answer::Listed("l".into(), entries.map(|entries| (entries, None)))));
    let folders: Vec<_> = specs(&stage).iter().map(|(_, spec)| spec.target.folder.to_path_buf()).collect();
    assert_eq!(folders, [home.join("x"), stage.state.folder.join("sub")]);
}

#[test]
fn a_folder_before_a_name_goes_before_that_of_the_category() {
    let mut stage = stage::empty();
    stage.press("a").types("https://e.org/a.zip");
    fill(&mut stage, 2, "sub/b.zip");
    let added = specs(stage.press("enter"));
    assert!(!added[0].1.sorts, "{:?}", added[0].1.target);
}

#[test]
fn a_folder_of_a_store_has_no_name() {
    let mut stage = stage::empty();
    stage.press("a").types("s3://bucket/dir/?endpoint=e.org");
    fill(&mut stage, 2, "name.bin");
    assert!(complaint(stage.press("enter")).1.contains("is a folder"));
}

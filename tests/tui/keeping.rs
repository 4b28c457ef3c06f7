//! How transfers are kept in the list: categories, the time of adding, patterns behind `:add`, and the words for what waits.

use std::path::Path;
use std::sync::Arc;

use haul::api::Command;
use haul::config::{Column, Settings};
use haul::model::{Categories, Priority, Rate, Spec, Status};
use haul::tui::{Effect, Mode, Slot};

use super::stage::{self, Stage};
use crate::support::builders::row;

fn categories(written: &str) -> Arc<Categories> {
    Arc::new(Settings::parse(written).unwrap().categories.categories(Path::new("/down"), false))
}

fn order(stage: &mut Stage, line: &str) {
    stage.press(":").types(line).press("enter");
}

fn added(stage: &Stage) -> Vec<Spec> {
    let batches = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Send(Command::Add(batch)) => Some(batch),
        _ => None,
    });
    batches.flatten().map(|entry| entry.1.clone()).collect()
}

fn shown(stage: &Stage) -> Vec<u64> {
    let list = &stage.state.list;
    (0..list.len()).map(|at| list.get(at).unwrap().id.bits()).collect()
}

fn three() -> Stage {
    let rows = [row(1, "a.mp4").category("video"), row(2, "video-notes.txt").category("documents"), row(3, "x")];
    let mut stage = stage::with(rows);
    stage.state.categories = categories("()");
    stage
}

#[test]
fn a_category_filters_by_its_name() {
    for (filter, expected) in [
        ("video", vec![1, 2]),
        ("category:video", vec![1]),
        ("category:v", vec![1]),
        ("!category:video", vec![2, 3]),
        ("category: video", vec![1, 2]),
        ("category:none", vec![]),
        ("documents", vec![2]),
    ] {
        let mut stage = three();
        // Key by key, as it narrows and widens.
        stage.press("/").types(filter);
        assert_eq!(shown(&stage), expected, "{filter}");
    }
}

#[test]
fn an_order_gives_a_category() {
    let mut stage = three();
    stage.press("*");
    order(&mut stage, "category Music");
    assert!(stage.commands()[0].contains("category: Some(\"music\")"), "{:?}", stage.commands());
    assert!(stage.commands()[0].contains("0003]"), "{:?}", stage.commands());
    stage.effects.clear();
    order(&mut stage, "category auto");
    assert!(stage.commands()[0].contains("category: None"), "{:?}", stage.commands());
    stage.effects.clear();
    order(&mut stage, "category movies");
    assert!(
        stage.commands().is_empty() && stage.toasts().concat().contains("there is no category \"movies\": archives")
    );
    stage.press(":").types("category v").press("tab");
    let Mode::Command(line) = &stage.state.mode else { panic!("{:?}", stage.state.mode) };
    assert_eq!(line.input.value(), "category video");
}

#[test]
fn columns_for_it_show_and_leave() {
    let rows = [row(1, "a.mp4").category("video").added(1_763_210_700), row(2, "b").category("music").upload()];
    let mut stage = stage::with(rows);
    stage.state.columns = vec![Column::Name, Column::Direction, Column::Category, Column::Added];
    let text = stage.sized(90, 8).text();
    assert!(text.contains("Way") && text.contains("Category") && text.contains("Added"), "{text}");
    assert!(text.contains("down video      2025-11-15") && text.contains("up   music"), "{text}");
    let narrow = stage.sized(40, 8).text();
    assert!(narrow.contains("a.mp4") && !narrow.contains("Added") && !narrow.contains("Way"), "{narrow}");
}

#[test]
fn the_box_asks_for_a_folder_only_where_categories_have_none() {
    let mut stage = three();
    stage.press("a").types("https://e.org/a.mp4").press("enter");
    assert!(added(&stage)[0].sorts && *added(&stage)[0].target.folder == *Path::new("/home/me/Downloads"));
    let mut stage = three();
    stage.press("a").types("https://e.org/a.mp4").press("down ctrl-u").types("/srv").press("enter");
    assert!(!added(&stage)[0].sorts && *added(&stage)[0].target.folder == *Path::new("/srv"));

    let mut stage = three();
    stage.state.categories = categories(r#"(categories: { "video": (folder: "films") })"#);
    stage.press("a");
    assert!(stage.text().contains("that of its category"), "{}", stage.text());
    stage.types("https://e.org/a.mp4").press("enter").paste("https://e.org/b.mp4");
    order(&mut stage, "add https://e.org/c.mp4 category=video");
    // Written out, it is the user's own choice.
    stage.press("a").types("https://e.org/d.mp4").press("down").types("/home/me/Downloads").press("enter");
    order(&mut stage, "add https://e.org/e.mp4 dir=/srv");
    let specs = added(&stage);
    assert_eq!(specs[0].target.folder.as_os_str(), "/home/me/Downloads", "letter by letter");
    assert_eq!(specs.iter().map(|spec| spec.sorts).collect::<Vec<_>>(), [true, true, true, false, false]);
    assert_eq!(specs[2].category.as_deref(), Some("video"));
}

#[test]
fn a_pattern_behind_add_is_shown_in_the_box_with_all_that_was_said() {
    let mut stage = three();
    order(
        &mut stage,
        "add https://e.org/[08-10].bin https://e.org/{x,y} dir=/srv limit=1M priority=high at=paused category=music",
    );
    assert!(stage.commands().is_empty());
    assert!(stage.text().contains("5 URLs, 08.bin to y"), "{}", stage.text());
    stage.press("enter");
    let specs = added(&stage);
    let names: Vec<String> = specs.iter().filter_map(|spec| spec.source.last_segment()).collect();
    assert_eq!(names, ["08.bin", "09.bin", "10.bin", "x", "y"]);
    for spec in specs {
        assert_eq!((&*spec.target.folder, spec.held, spec.priority), (Path::new("/srv"), true, Priority::High));
        assert_eq!((spec.limits.rate, spec.category.as_deref()), (Some(Rate::per_second(1 << 20)), Some("music")));
    }
    // What can't be said of several stays in the box, with the reason.
    let mut stage = three();
    order(&mut stage, "add https://e.org/[1-3] name=x");
    stage.press("enter");
    let Mode::Add(form) = &stage.state.mode else { panic!("{:?}", stage.state.mode) };
    assert_eq!(form.slot(), Slot::Name);
    assert!(stage.text().contains("belongs to one file"), "{}", stage.text());
}

#[test]
fn what_is_named_twice_behind_add_is_added_once() {
    let mut stage = three();
    order(&mut stage, "add https://e.org/new https://e.org/other https://e.org/new");
    assert_eq!((added(&stage).len(), stage.toasts()), (2, vec!["2 URLs added, 1 repeated"]));
}

#[test]
fn what_is_to_be_paused_is_added_so() {
    let mut stage = three();
    stage.press("a").types("https://e.org/a").press("down down down").types("paused").press("enter");
    order(&mut stage, "add https://e.org/b at=paused");
    assert!(added(&stage).iter().all(|spec| spec.held) && added(&stage).len() == 2);
    assert!(!stage.commands().iter().any(|command| command.starts_with("Pause")));
}

#[test]
fn the_totals_and_the_views_speak_of_the_same() {
    let rows = [
        row(1, "a").status(Status::Paused),
        row(2, "b"),
        row(3, "c").status(Status::DiskFull),
        row(4, "d").status(Status::Done),
    ];
    let mut stage = stage::with(rows);
    let text = stage.sized(120, 24).text();
    assert!(text.contains("3 queued (1 paused, 1 disk full)") && text.contains("3 Queued 3"), "{text}");
    stage.press("/").types("queued").press("enter");
    assert_eq!(shown(&stage), [1, 2, 3]);
    stage.press("/").types(" !paused").press("enter");
    assert_eq!(shown(&stage), [2, 3]);
}

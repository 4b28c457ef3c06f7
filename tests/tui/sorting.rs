//! The order of the list, its views and its marks.

use std::time::Duration;

use haul::api::{Rows, View};
use haul::config::Column;
use haul::model::{Rate, Status, TransferId};
use haul::tui::{List, Sorting};
use proptest::prelude::*;

use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, receiving, row, snapshot};

fn shown(stage: &Stage) -> Vec<u64> {
    let list = &stage.state.list;
    (0..list.len()).map(|at| list.get(at).unwrap().id.bits()).collect()
}

fn sorted(rows: impl IntoIterator<Item = RowBuilder>, column: Column, is_descending: bool) -> Vec<u64> {
    let mut stage = stage::with(rows);
    stage.state.list.sort(Sorting { column, is_descending });
    shown(&stage)
}

fn five() -> Vec<RowBuilder> {
    vec![
        row(1, "Part-10.bin").length(Some(300)).status(Status::Done),
        row(2, "part-9.bin").length(None).status(Status::Failed),
        row(3, "alpha").length(Some(700)).done(&[(0, 70)]).status(Status::Paused),
        row(4, "part-9.bin").length(Some(500)).done(&[(0, 400)]).live(receiving(9_000)),
        row(5, "part-100.bin").length(Some(500)).source("https://a.example.org/x").live(receiving(10)).with(|live| {
            live.eta = Some(Duration::from_secs(9));
        }),
    ]
}

#[test]
fn every_column_sorts_both_ways_and_what_is_unknown_comes_last() {
    let cases: [(Column, [u64; 5], [u64; 5]); 8] = [
        (Column::Number, [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]),
        // Without upper and lower case, and numbers by their value.
        (Column::Name, [3, 2, 4, 1, 5], [5, 1, 2, 4, 3]),
        (Column::Size, [1, 4, 5, 3, 2], [3, 4, 5, 1, 2]),
        (Column::Progress, [1, 2, 5, 3, 4], [4, 3, 1, 2, 5]),
        (Column::Done, [5, 3, 4, 1, 2], [1, 4, 3, 5, 2]),
        (Column::Speed, [1, 2, 3, 5, 4], [4, 5, 1, 2, 3]),
        (Column::Eta, [5, 1, 2, 3, 4], [5, 1, 2, 3, 4]),
        (Column::State, [4, 5, 3, 2, 1], [1, 2, 3, 4, 5]),
    ];
    for (column, up, down) in cases {
        assert_eq!(sorted(five(), column, false), up, "{column:?} ascending");
        assert_eq!(sorted(five(), column, true), down, "{column:?} descending");
    }
    assert_eq!(sorted(five(), Column::Host, false)[0], 5);
    let kept = || {
        vec![
            row(1, "a").category("video").added(20),
            row(2, "b"),
            row(3, "c").category("Archives").added(30).upload(),
            row(4, "d").category("music").added(10),
        ]
    };
    let cases = [
        (Column::Category, [3, 4, 1, 2], [1, 4, 3, 2]),
        (Column::Added, [4, 1, 3, 2], [3, 1, 4, 2]),
        (Column::Direction, [1, 2, 4, 3], [3, 1, 2, 4]),
    ];
    for (column, up, down) in cases {
        assert_eq!(sorted(kept(), column, false), up, "{column:?} ascending");
        assert_eq!(sorted(kept(), column, true), down, "{column:?} descending");
    }
}

#[test]
fn s_opens_a_choice_that_sorts_and_turns_round_and_the_selection_stays() {
    let mut stage = stage::with(five());
    stage.press("j j").press("s j enter");
    assert_eq!((shown(&stage), stage.selected()), (vec![3, 2, 4, 1, 5], Some(3)));
    assert!(stage.text().contains("Name▴"), "{}", stage.text());
    stage.press("s enter");
    assert_eq!((shown(&stage)[0], stage.selected()), (5, Some(3)));
    assert!(stage.text().contains("by name▾"), "{}", stage.text());
    stage.press("s esc");
    assert_eq!(shown(&stage)[0], 5, "esc changes nothing");
    stage.press("s up enter");
    assert_eq!(shown(&stage), [1, 2, 3, 4, 5], "the queue's own order again");
    assert!(stage.press("J").toasts().is_empty());
    stage.press("s j enter J");
    assert!(stage.toasts()[0].contains("sorted by name"), "a move that can't be seen is told");
}

#[test]
fn a_row_that_changes_goes_where_it_belongs_and_the_selection_with_it() {
    let mut stage = stage::with([row(1, "a").live(receiving(30)), row(2, "b").live(receiving(20)), row(3, "c")]);
    stage.state.list.sort(Sorting { column: Column::Speed, is_descending: true });
    stage.press("j");
    assert_eq!((shown(&stage), stage.selected()), (vec![1, 2, 3], Some(2)));
    stage.shows(snapshot([row(1, "a").live(receiving(30)), row(2, "b").live(receiving(40)), row(3, "c")]));
    assert_eq!((shown(&stage), stage.selected(), stage.state.list.position()), (vec![2, 1, 3], Some(2), 0));
}

#[test]
fn views_hold_what_their_names_say_and_every_transfer_is_in_one() {
    let rows = Status::ALL.iter().zip(1..).map(|(status, id)| row(id, "x").status(*status));
    let mut stage = stage::with(rows);
    for (key, expected) in [
        ("1", vec![1, 2, 3, 4, 5, 6, 7]),
        ("2", vec![2]),
        ("3", vec![1, 3, 5]),
        ("4", vec![6]),
        ("5", vec![4, 7]),
        ("6", vec![]),
    ] {
        assert_eq!(shown(stage.press(key)), expected, "{key}");
        let count = stage.state.list.count(View::ALL[key.parse::<usize>().unwrap() - 1]);
        assert_eq!(count, expected.len(), "{key}");
    }
    assert!(stage.text().contains("1 shows all transfers"), "{}", stage.text());
    assert_eq!(shown(stage.press("esc")).len(), 7, "esc shows all again");
}

#[test]
fn uploads_have_a_view_an_arrow_and_a_word_for_the_filter() {
    use haul::api::{Activity, Live};
    let sending = Live { activity: Activity::Sending, ..receiving(3_000_000) };
    let mut stage = stage::with([row(1, "a"), row(2, "b").upload().live(sending), row(3, "c").upload()]);
    assert_eq!(shown(stage.press("6")), [2, 3]);
    assert!(stage.text().contains("▸↑ b") && stage.text().contains("3.0 MB/s"), "{}", stage.text());
    assert!(stage.text().contains("Goes to"), "{}", stage.text());
    assert_eq!(shown(stage.press("1 /").types("!upload")), [1]);
}

#[test]
fn a_transfer_that_leaves_the_view_hands_the_selection_to_the_one_below() {
    let running = |id: u64| row(id, "x").live(receiving(1));
    let mut stage = stage::with([running(1), running(2), running(3)]);
    stage.press("2 j");
    stage.shows(snapshot([running(1), row(2, "x").status(Status::Done), running(3)]));
    assert_eq!((shown(&stage), stage.selected()), (vec![1, 3], Some(3)));
    assert_eq!(stage.state.list.count(View::Active), 2);
}

#[test]
fn words_with_an_exclamation_mark_must_not_be_there() {
    let rows = || [row(1, "debian.iso"), row(2, "debian.txt"), row(3, "arch.iso").status(Status::Paused)];
    for (text, expected) in [
        ("!iso", vec![2]),
        ("debian !txt", vec![1]),
        ("!paused", vec![1, 2]),
        ("!", vec![1, 2, 3]),
        ("!debian !arch", vec![]),
    ] {
        let mut stage = stage::with(rows());
        stage.press("/").types(text);
        assert_eq!(shown(&stage), expected, "{text:?}");
    }
}

#[test]
fn marks_are_set_for_one_for_a_range_and_for_all_and_keys_act_on_them() {
    let ids = |numbers: &[u64]| {
        let ids: Vec<String> = numbers.iter().map(|number| TransferId::from_bits(*number).to_string()).collect();
        ids.join(", ")
    };
    let rows = || (1..=6).map(|number| row(number, "x"));
    for (keys, marked) in [
        ("v v", vec![1, 2]),
        ("j v j j V", vec![2, 3, 4, 5]),
        ("G V k k V", vec![4, 5, 6]),
        ("*", vec![1, 2, 3, 4, 5, 6]),
        ("v k v", vec![]),
        ("* *", vec![]),
        ("* esc", vec![]),
    ] {
        let mut stage = stage::with(rows());
        stage.press(keys);
        assert_eq!(stage.state.list.marked(), (marked.len(), 0), "{keys}");
        let acted = if marked.is_empty() { vec![stage.selected().unwrap()] } else { marked };
        assert_eq!(stage.press("space").commands(), [format!("Pause([{}])", ids(&acted))], "{keys}");
    }
}

#[test]
fn every_action_works_on_the_marked_ones() {
    let rows = || {
        let failed = (1..=2).map(|number| row(number, "f").status(Status::Failed));
        failed.chain((3..=5).map(|number| row(number, "p").status(Status::Paused).done(&[(0, 1_000_000)])))
    };
    let mut stage = stage::with(rows());
    stage.press("*");
    assert!(stage.text().contains("5 marked"), "{}", stage.text());
    let sent = stage.press("space r D").commands();
    assert!(sent[0].starts_with("Resume([0000000000000003, "), "{sent:?}");
    assert_eq!(sent[1], "Retry([0000000000000001, 0000000000000002])");
    assert!(stage.text().contains("Remove 5 transfers") && stage.text().contains("3.0 MB"), "{}", stage.text());
    let sent = stage.press("y y").commands();
    assert!(sent[2].starts_with("Remove { ids: [0000000000000001, ") && sent[2].ends_with("data: true }"), "{sent:?}");
    assert!(stage.toasts().contains(&"copied 5 URLs"), "{:?}", stage.toasts());
}

#[test]
fn marked_ones_move_in_the_queue_together_and_keep_their_order() {
    let moved = |keys: &str| -> Vec<String> {
        let sent = stage::with((1..=5).map(|number| row(number, "x"))).press(keys).commands();
        sent.iter()
            .map(|sent| sent.replace("Move { ids: ", "").replace("000000000000000", "").replace(" }", ""))
            .collect()
    };
    // In one command: the engine moves all of them at once.
    assert_eq!(moved("j v v K"), ["[2, 3], to: Up"]);
    assert_eq!(moved("j v v J"), ["[2, 3], to: Down"]);
    assert_eq!(moved("v j v K"), ["[1, 3], to: Up"]);
    assert_eq!(moved("j v v t"), ["[2, 3], to: Top"]);
    assert_eq!(moved("G k v v b"), ["[4, 5], to: Bottom"]);
}

#[test]
fn in_a_filtered_view_a_step_goes_past_the_next_row_that_is_shown() {
    let moved = |keys: &str| -> Vec<String> {
        let name = |number: u64| if number % 2 == 1 { "odd.iso" } else { "even.txt" };
        let mut stage = stage::with((1..=9).map(|number| row(number, name(number))));
        stage.press("/").types("iso").press("enter").press(keys);
        let bare = |sent: &String| sent.replace("Move { ids: ", "").replace("000000000000000", "").replace(" }", "");
        stage.commands().iter().map(bare).collect()
    };
    assert_eq!(moved("j J"), ["[3], to: After(5)"]);
    assert_eq!(moved("j K"), ["[3], to: Before(1)"]);
    assert_eq!(moved("K"), [""; 0], "it is the first that is shown");
    assert_eq!(moved("G J"), [""; 0], "and this the last");
    assert_eq!(moved("j v v K"), ["[3, 5], to: Before(1)"]);
    assert_eq!(moved("j v v J"), ["[5, 3], to: After(7)"]);
    assert_eq!(moved("j t"), ["[3], to: Top"]);
}

#[test]
fn marks_that_are_hidden_are_counted_and_not_acted_on() {
    let mut stage = stage::with([row(1, "a.iso"), row(2, "b.txt"), row(3, "c.iso")]);
    stage.press("* /").types("iso").press("enter");
    assert_eq!(stage.state.list.marked(), (2, 1));
    assert!(stage.text().contains("2 marked, 1 not shown"), "{}", stage.text());
    assert_eq!(stage.press("space").commands(), ["Pause([0000000000000001, 0000000000000003])"]);
}

#[test]
fn marks_stay_on_their_transfers_when_rows_move_and_go_with_them() {
    let mut stage = stage::with((1..=4).map(|number| row(number, "x")));
    stage.press("j v").shows(snapshot([4, 3, 2, 1].map(|number| row(number, "x"))));
    assert!(stage.state.list.is_marked(2) && stage.state.list.marked() == (1, 0));
    stage.shows(snapshot([4, 3, 1].map(|number| row(number, "x"))));
    assert_eq!(stage.state.list.marked(), (0, 0));
}

/// A row whose every sortable value follows from a number.
fn odd(id: u64, number: u8) -> RowBuilder {
    let status = Status::ALL[usize::from(number) % Status::ALL.len()];
    let row = row(id, &format!("n{}", number % 5)).length((!number.is_multiple_of(3)).then_some(u64::from(number)));
    match status {
        Status::Running => row.live(receiving(u64::from(number))),
        status => row.status(status),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A list that followed all changes is the same as one that is told only the last state.
    #[test]
    fn a_list_that_follows_changes_is_one_that_is_built_anew(
        column in proptest::sample::select(Column::ALL.to_vec()),
        is_descending: bool,
        view in proptest::sample::select(View::ALL.to_vec()),
        filter in proptest::sample::select(vec!["", "n1", "!n2", "n queued", "paused"]),
        steps in proptest::collection::vec(proptest::collection::vec((0_usize..40, any::<u8>()), 0..6), 1..12),
    ) {
        let mut rows: Rows = (0..30_u8).map(|number| odd(u64::from(number), number).build()).collect();
        let mut list = List::default();
        list.replace(rows.clone());
        list.sort(Sorting { column, is_descending });
        list.set_view(view);
        list.set_filter(filter);
        for step in steps {
            for (place, number) in step {
                if place < rows.len() {
                    rows.set(place, odd(place as u64, number).build());
                } else {
                    rows.push(odd(rows.len() as u64, number).build());
                }
            }
            let before = list.selected().map(|row| row.id);
            list.replace(rows.clone());
            let mut fresh = List::default();
            fresh.set_filter(filter);
            fresh.set_view(view);
            fresh.sort(Sorting { column, is_descending });
            fresh.replace(rows.clone());
            let ids = |list: &List| (0..list.len()).map(|at| list.get(at).unwrap().id).collect::<Vec<_>>();
            prop_assert_eq!(ids(&list), ids(&fresh));
            prop_assert_eq!(View::ALL.map(|view| list.count(view)), View::ALL.map(|view| fresh.count(view)));
            let after = list.selected().map(|row| row.id);
            prop_assert!(before.is_none() || after == before || !ids(&list).contains(&before.unwrap()));
        }
    }

    /// Each key in the filter's box looks only at some rows; the result is that of looking at all.
    #[test]
    fn a_filter_typed_letter_by_letter_is_the_filter(texts in proptest::collection::vec("[!n ]{0,2}[0-4!d ]{0,3}", 1..8)) {
        let rows: Rows = (0..60_u8).map(|number| odd(u64::from(number), number).build()).collect();
        let mut list = List::default();
        list.replace(rows.clone());
        for text in texts {
            for end in 0..=text.len() {
                list.set_filter(&text[..end]);
                let mut fresh = List::default();
                fresh.replace(rows.clone());
                fresh.set_filter(&text[..end]);
                prop_assert_eq!(list.len(), fresh.len(), "{:?}", &text[..end]);
            }
        }
    }
}

#[test]
fn the_columns_are_those_of_the_settings_in_their_order() {
    let mut stage = stage::with(five());
    stage.state.columns = vec![Column::Number, Column::Speed, Column::Name, Column::Host, Column::State];
    let text = stage.sized(120, 24).text();
    let heading = text.lines().nth(2).unwrap();
    let places: Vec<usize> = ["No", "Speed", "Name", "Host", "State"].map(|word| heading.find(word).unwrap()).into();
    assert!(places.is_sorted(), "{text}");
    assert!(!heading.contains("Size") && text.contains("a.example.org"), "{text}");
    // The state stands in its own column, and the speed's is empty where there is none.
    assert!(text.lines().any(|line| line.contains("alpha") && line.contains("paused")), "{text}");
    let narrow = stage.sized(40, 24).text();
    assert!(!narrow.lines().nth(2).unwrap().contains("Host"), "{narrow}");
}

#[test]
fn no_column_is_wider_than_the_screen() {
    let all = [row(1, "x").live(receiving(Rate::per_second(1 << 40).bytes())), row(2, &"long".repeat(50))];
    let mut stage = stage::with(all);
    stage.state.columns = Column::ALL.to_vec();
    for columns in 1..=200 {
        stage.sized(columns, 24);
        let longest = stage.text().lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= usize::from(columns), "{columns}\n{}", stage.text());
    }
}

#[test]
fn a_list_so_long_that_all_cores_look_at_it_is_sorted_and_filtered_as_a_short_one() {
    let name = |id: u64| format!("{}-{}.bin", ["b", "A"][id as usize % 2], id * 7919 % 40_000);
    let mut stage = stage::with((0..40_000).map(|id| row(id, &name(id))));
    stage.state.list.sort(Sorting { column: Column::Name, is_descending: false });
    let key = |id: &u64| (name(*id).to_lowercase().remove(0), *id * 7919 % 40_000);
    let mut wanted: Vec<u64> = (0..40_000).collect();
    wanted.sort_by_key(key);
    assert_eq!(shown(&stage), wanted);
    stage.state.list.sort(Sorting { column: Column::Name, is_descending: true });
    wanted.reverse();
    assert_eq!(shown(&stage), wanted);
    stage.press("/ 7 7 .");
    wanted.retain(|id| name(*id).contains("77."));
    assert_eq!(shown(&stage), wanted);
    assert!(wanted.len() > 100, "{}", wanted.len());
}

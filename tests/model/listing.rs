//! Lists of stores: whether an end is to be expected.

use haul::model::{Listed, Listing, Pages};

fn page(names: &[&str], next: usize) -> Listing {
    let entry = |name: &&str| Listed {
        name: (*name).to_owned(),
        source: None,
        is_folder: false,
        length: None,
        modified: None,
        etag: None,
    };
    Listing { entries: names.iter().map(entry).collect(), next: Some(next.to_string()) }
}

#[test]
fn a_list_that_brings_nothing_new_under_ever_new_tokens_has_an_end() {
    for names in [&[][..], &["a"], &["a", "b"]] {
        let mut pages = Pages::default();
        let why = (0..2000).find_map(|number| pages.turn(&page(names, number)).err()).unwrap();
        assert!(why.contains("does not end"), "{why}");
    }
}

#[test]
fn a_long_list_with_empty_pages_in_between_is_read_to_its_end() {
    let mut pages = Pages::default();
    for number in 0..5000 {
        let name = number.to_string();
        let names = if number % 500 == 0 { &[name.as_str()][..] } else { &[] };
        assert_eq!(pages.turn(&page(names, number)), Ok(()), "{number}");
    }
    assert_eq!(pages.turn(&Listing { next: None, ..page(&[], 0) }), Ok(()));
    assert!(pages.turn(&page(&["z"], 17)).unwrap_err().contains("circle"));
}

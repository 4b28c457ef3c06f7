//! What a host bears: learnt from its refusals, tried again after a calm, remembered for some days.

use std::time::Duration;

use haul::model::{HostLimit, Moment, Source};
use haul::plan::{Host, recalled, remembered};

fn at(seconds: u64) -> Moment {
    Moment::after(Duration::from_secs(seconds))
}

/// Opens as many as are granted, a hundred at most.
fn fill(host: &mut Host, seconds: u64) -> u16 {
    while host.open_now() < 100 && host.open(at(seconds)) {}
    host.open_now()
}

#[test]
fn a_host_of_which_nothing_is_known_bears_all() {
    let mut host = Host::default();
    assert_eq!(host.allowed(), None);
    assert_eq!(fill(&mut host, 0), 100);
}

#[test]
fn a_refusal_is_learnt_and_the_first_connection_is_always_granted() {
    let mut host = Host::default();
    for served in [0, 1] {
        host.refuse(served, at(0));
        assert_eq!(host.allowed(), Some(1));
    }
    assert!(host.open(at(1)));
    assert!(!host.open(at(1)), "one is borne");
    host.close();
    assert!(host.open(at(1)));
    host.close();
    host.close();
    assert_eq!(host.open_now(), 0, "more closed than opened");
}

#[test]
fn after_each_calm_one_more_is_tried() {
    let mut host = Host::default();
    host.refuse(3, at(100));
    assert_eq!(fill(&mut host, 129), 3);
    assert_eq!(fill(&mut host, 130), 4);
    assert_eq!(fill(&mut host, 159), 4);
    assert_eq!(fill(&mut host, 160), 5);
    host.refuse(4, at(161));
    assert_eq!(host.allowed(), Some(4));
    (0..5).for_each(|_| host.close());
    assert_eq!(fill(&mut host, 190), 4);
    assert_eq!(fill(&mut host, 191), 5);
}

#[test]
fn a_limit_that_is_not_reached_does_not_grow() {
    let mut host = Host::default();
    host.refuse(3, at(0));
    for seconds in 1..1000 {
        // One at a time says nothing of how many are borne.
        assert!(host.open(at(seconds)));
        host.close();
    }
    assert_eq!(host.allowed(), Some(3));
    assert_eq!(fill(&mut host, 1000), 4);
}

#[test]
fn a_refusal_among_many_begins_the_calm_anew() {
    let mut host = Host::default();
    host.refuse(3, at(0));
    // More are still open from before, and one more than these is refused: no more than three are wanted all the same.
    host.refuse(6, at(29));
    assert_eq!(host.allowed(), Some(3));
    assert_eq!(fill(&mut host, 58), 3, "the host refused one 29 s ago");
    assert_eq!(fill(&mut host, 59), 4);
}

/// A host that serves so many connections at once.
fn serving(connections: u16, seconds: u64) -> Host {
    let mut host = Host::default();
    for _ in 0..connections {
        assert!(host.open(at(seconds)));
        host.serves(at(seconds));
    }
    host
}

#[test]
fn a_host_that_served_more_only_just_now_is_busy_and_not_full() {
    let mut host = serving(8, 0);
    (0..3).for_each(|_| host.serves_no_more());
    for _ in 0..2 {
        host.refuse(5, at(10));
        assert_eq!(host.allowed(), None, "it bore eight ten seconds ago");
    }
    // One that it serves in between says that it goes on serving.
    host.serves(at(11));
    host.refuse(5, at(12));
    host.refuse(5, at(12));
    assert_eq!(host.allowed(), None);
    host.refuse(5, at(12));
    assert_eq!(host.allowed(), Some(5), "three in a row are no accident");
}

#[test]
fn what_a_host_served_long_ago_says_nothing_of_now() {
    let mut host = serving(8, 0);
    (0..4).for_each(|_| host.serves_no_more());
    host.refuse(4, at(29));
    assert_eq!(host.allowed(), None);
    host.refuse(4, at(30));
    assert_eq!(host.allowed(), Some(4));
}

#[test]
fn one_more_than_it_ever_served_is_one_too_many() {
    let mut host = serving(4, 0);
    host.refuse(4, at(0));
    assert_eq!(host.allowed(), Some(4));
}

#[test]
fn time_that_stands_still_grows_nothing() {
    let mut host = Host::default();
    host.refuse(2, at(50));
    assert_eq!(fill(&mut host, 0), 2);
    host.refuse(u16::MAX, at(50));
    assert_eq!(host.allowed(), Some(2));
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Some day, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn limit(host: &str, allowed: u16, at: u64) -> HostLimit {
    HostLimit { host: host.to_owned(), allowed, at }
}

#[test]
fn a_remembered_limit_holds_from_the_start_and_grows_as_any_other() {
    let mut host = Host::remembered(2, at(5));
    assert_eq!((host.allowed(), host.grows_at()), (Some(2), Some(at(35))));
    assert_eq!(fill(&mut host, 34), 2);
    assert_eq!(fill(&mut host, 35), 3);
    assert_eq!(Host::remembered(0, at(5)).allowed(), Some(1));
}

#[test]
fn what_has_changed_is_news_once() {
    let mut host = Host::default();
    assert!(!host.has_news());
    assert_eq!(host.news(), None, "nothing was learnt");
    host.refuse(3, at(10));
    assert_eq!((host.has_news(), host.news()), (true, Some((3, at(10)))));
    assert_eq!((host.has_news(), host.news()), (false, None));
    host.refuse(5, at(20));
    assert!(!host.has_news(), "the limit is the same");
    fill(&mut host, 50);
    assert_eq!(host.allowed(), Some(4));
    host.refuse(3, at(51));
    assert!(!host.has_news(), "it grew and was lowered before anybody asked");
    host.refuse(3, at(10 + HOUR));
    assert_eq!(host.news(), Some((3, at(10 + HOUR))), "found again long after");
    let mut host = Host::remembered(3, at(0));
    assert!(!host.has_news());
    host.refuse(2, at(1));
    assert_eq!(host.news(), Some((2, at(1))));
}

#[test]
fn a_remembered_limit_grows_with_its_age_and_is_forgotten_after_a_week() {
    for (age, allowed) in [
        (0, Some(2)),
        (HOUR - 1, Some(2)),
        (HOUR, Some(3)),
        (5 * HOUR + 10, Some(7)),
        (7 * DAY, Some(170)),
        (7 * DAY + 1, None),
        (NOW, None),
    ] {
        assert_eq!(recalled(&limit("host", 2, NOW - age), NOW), allowed, "{age}");
    }
    assert_eq!(recalled(&limit("host", 2, NOW + DAY), NOW), Some(2), "the clock was set back");
    assert_eq!(recalled(&limit("host", u16::MAX, NOW - DAY), NOW), Some(u16::MAX));
    assert_eq!(recalled(&limit("host", 0, NOW), NOW), Some(1));
}

#[test]
fn what_is_remembered_is_the_latest_word_on_each_host() {
    let known = vec![limit("a", 1, NOW - 50), limit("b", 2, NOW + DAY), limit("c", 3, NOW - 8 * DAY)];
    let news = vec![limit("b", 4, NOW - 5), limit("d", 5, NOW - 1)];
    let kept = remembered(known.clone(), news, NOW);
    assert_eq!(kept, [limit("d", 5, NOW - 1), limit("b", 4, NOW - 5), limit("a", 1, NOW - 50)]);
    assert_eq!(remembered(known, Vec::new(), NOW)[0], limit("b", 2, NOW), "found in the future is found now");
}

#[test]
fn no_more_hosts_are_remembered_than_256_and_no_name_that_is_none() {
    let many: Vec<HostLimit> = (0..1000).map(|number| limit(&format!("host{number}"), 1, NOW - number)).collect();
    let kept = remembered(many.clone(), Vec::new(), NOW);
    assert_eq!(kept, many[..256], "the newest");
    let long = "a".repeat(260);
    for odd in ["", "https://host/path", "me:secret@host", "host/path", "host?token", "ho st", "host\n", long.as_str()]
    {
        assert_eq!(remembered(vec![limit(odd, 1, NOW)], vec![limit(odd, 1, NOW)], NOW), [], "{odd:?}");
    }
    for url in
        ["http://host/a", "http://me:pw@host:8080/a?token=1#x", "http://[::1]:80/", "https://[::1]:80/", "https://ü.de"]
    {
        let host = Source::parse(url).unwrap().host();
        assert_eq!(remembered(Vec::new(), vec![limit(&host, 1, NOW)], NOW).len(), 1, "{host}");
    }
}

#[test]
fn a_wait_lowers_the_limit_for_now_and_is_not_remembered() {
    let mut host = Host::default();
    assert_eq!(fill(&mut host, 0), 100);
    host.keep_waiting(3, at(1));
    assert_eq!((host.allowed(), host.news()), (Some(3), None));
    host.refuse(2, at(2));
    assert_eq!(host.news(), Some((2, at(2))), "that was said");
    host.keep_waiting(1, at(3));
    assert_eq!((host.allowed(), host.has_news()), (Some(1), false));
    host.refuse(1, at(4));
    assert_eq!(host.news(), Some((1, at(4))));
}

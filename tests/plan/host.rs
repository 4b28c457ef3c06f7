//! What a host bears: learnt from its refusals, tried again after a calm.

use std::time::Duration;

use haul::model::Moment;
use haul::plan::Host;

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
fn a_refusal_among_many_begins_the_calm_anew() {
    let mut host = Host::default();
    host.refuse(3, at(0));
    // More are still open from before, and one more than these is refused: no more than three are wanted all the same.
    host.refuse(6, at(29));
    assert_eq!(host.allowed(), Some(3));
    assert_eq!(fill(&mut host, 58), 3, "the host refused one 29 s ago");
    assert_eq!(fill(&mut host, 59), 4);
}

#[test]
fn time_that_stands_still_grows_nothing() {
    let mut host = Host::default();
    host.refuse(2, at(50));
    assert_eq!(fill(&mut host, 0), 2);
    host.refuse(u16::MAX, at(50));
    assert_eq!(host.allowed(), Some(2));
}

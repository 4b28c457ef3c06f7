//! Whether a part is announced before it is sent.

use haul::plan::Caution;

const PART: u64 = 5 << 20;

#[test]
fn a_healthy_store_gets_its_parts_unasked() {
    let mut caution = Caution::default();
    assert!(!caution.announces(PART));
    caution.taken();
    assert!(!caution.announces(PART));
}

#[test]
fn after_a_refusal_the_next_parts_are_announced_until_some_were_taken() {
    let mut caution = Caution::default();
    caution.refused();
    for _ in 0..7 {
        assert!(caution.announces(PART));
        caution.taken();
    }
    assert!(caution.announces(PART));
    caution.refused();
    for _ in 0..8 {
        assert!(caution.announces(PART));
        caution.taken();
    }
    assert!(!caution.announces(PART));
}

#[test]
fn a_part_that_is_sent_in_a_moment_is_not_announced() {
    let mut caution = Caution::default();
    caution.refused();
    assert!(!caution.announces(512 << 10));
}

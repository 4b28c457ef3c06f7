//! Whether a part is announced before it is sent.

use haul::plan::Caution;

#[test]
fn a_healthy_store_gets_its_parts_unasked() {
    let mut caution = Caution::default();
    assert!(!caution.announces());
    caution.taken();
    assert!(!caution.announces());
}

#[test]
fn after_a_refusal_the_next_parts_are_announced_until_some_were_taken() {
    let mut caution = Caution::default();
    caution.refused();
    for _ in 0..7 {
        assert!(caution.announces());
        caution.taken();
    }
    assert!(caution.announces());
    caution.refused();
    for _ in 0..8 {
        assert!(caution.announces());
        caution.taken();
    }
    assert!(!caution.announces());
}

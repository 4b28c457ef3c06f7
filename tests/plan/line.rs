//! Whether a transfer whose host does not answer lets another run in its place.

use haul::model::{Moment, TransferId};
use haul::plan::Line;

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1000)
}

fn id(number: u64) -> TransferId {
    format!("{number:016x}").parse().unwrap()
}

#[test]
fn where_nothing_is_heard_from_anybody_only_a_few_leave() {
    let mut line = Line::default();
    (0..6).for_each(|number| line.fail(id(number), at(number)));
    let left: Vec<bool> = (0..6).map(|number| line.try_leave(id(number), at(10))).collect();
    assert_eq!(left, [true, true, false, false, false, false]);
    assert_eq!(line.leaving(), []);
    // One whose wait is over makes room for another one.
    line.wake(id(0));
    assert!(line.try_leave(id(5), at(20)) && !line.try_leave(id(0), at(20)));
    line.forget(id(1));
    assert!(line.try_leave(id(0), at(30)));
}

#[test]
fn where_others_hear_something_meanwhile_all_leave() {
    let mut line = Line::default();
    // What was heard before they failed says nothing of the line as it is now.
    line.answer(id(9), at(1));
    (0..6).for_each(|number| line.fail(id(number), at(2)));
    let leaves = |line: &mut Line| (0..6).filter(|number| line.try_leave(id(*number), at(5))).count();
    assert_eq!(leaves(&mut line), 2);
    line.answer(id(9), at(6));
    let mut leaving = line.leaving();
    leaving.sort();
    assert_eq!(leaving, [id(2), id(3), id(4), id(5)]);
    assert_eq!(line.leaving(), [], "each is told once");
    (0..6).for_each(|number| line.wake(id(number)));
    assert_eq!(leaves(&mut line), 6);
    // One that is answered is as good as new.
    line.answer(id(3), at(7));
    line.fail(id(3), at(8));
    assert!(!line.try_leave(id(3), at(9)));
    (0..6).for_each(|number| line.forget(id(number)));
    assert!(line.is_clear());
}

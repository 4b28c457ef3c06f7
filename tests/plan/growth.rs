//! How many connections there are where nobody says: as many as bring something, and no more.

use std::time::Duration;

use haul::model::Moment;
use haul::plan::Growth;

const MIB: f64 = 1_048_576.0;

/// Lets a server answer whose speed depends on the number of connections, and looks each eighth of a second as the crew
/// does. Gives the number that it comes to, and the largest on the way.
fn grow(mut growth: Growth, length: f64, speed: impl Fn(u16) -> f64) -> (u16, u16) {
    let (mut now, mut bytes, mut most) = (Moment::ZERO, 0.0, growth.connections());
    while bytes < length {
        now = now + Duration::from_millis(125);
        bytes += speed(growth.connections()) / 8.0;
        growth.look(now, bytes as u64, growth.connections(), (length - bytes).max(0.0) as u64);
        most = most.max(growth.connections());
    }
    (growth.connections(), most)
}

fn after(millis: u64) -> Growth {
    let mut growth = Growth::chosen();
    growth.answered(Duration::from_millis(millis));
    growth
}

#[test]
fn what_is_far_away_begins_with_more() {
    assert_eq!(after(1).connections(), 8);
    assert_eq!(after(200).connections(), 16);
    assert_eq!(Growth::chosen().connections(), 8);
}

#[test]
fn what_was_killed_begins_with_few_and_gets_what_helps() {
    let cut_off = |mut growth: Growth, millis: u64| {
        growth.be_cautious();
        growth.answered(Duration::from_millis(millis));
        growth
    };
    assert_eq!(cut_off(Growth::chosen(), 1).connections(), 2);
    assert_eq!(cut_off(Growth::chosen(), 200).connections(), 4);
    assert_eq!(cut_off(Growth::fixed(8), 200).connections(), 8, "as the user says");
    assert!(cut_off(Growth::chosen(), 1).is_cautious() && !cut_off(Growth::fixed(8), 1).is_cautious());
    assert!(!after(1).is_cautious() && !after(200).is_cautious());
    let each = |count: u16| 10.0 * MIB * f64::from(count);
    assert_eq!(grow(cut_off(Growth::chosen(), 1), 1000.0 * MIB, each), (16, 16));
}

#[test]
fn a_line_that_is_full_gets_no_more() {
    assert_eq!(grow(after(1), 1000.0 * MIB, |_| 100.0 * MIB), (8, 16), "one step is tried, and taken back");
    assert_eq!(grow(after(200), 1000.0 * MIB, |_| 100.0 * MIB), (16, 16));
}

#[test]
fn a_server_that_gives_each_so_much_gets_all_that_help() {
    assert_eq!(grow(after(1), 1000.0 * MIB, |count| 10.0 * MIB * f64::from(count)), (16, 16));
    assert_eq!(grow(after(1), 1000.0 * MIB, |count| 0.3 * MIB * f64::from(count)), (32, 32));
    let eight = |count: u16| 10.0 * MIB * f64::from(count.min(8));
    assert_eq!(grow(after(1), 1000.0 * MIB, eight), (8, 16));
    let sixteen = |count: u16| 0.5 * MIB * f64::from(count.min(16));
    assert_eq!(grow(after(1), 1000.0 * MIB, sixteen), (16, 32));
}

#[test]
fn a_server_that_crawls_or_gives_nothing_is_not_asked_for_more() {
    for each in [0.0, 0.01 * MIB] {
        let mut growth = after(1);
        for tick in 1..1000 {
            let bytes = each * f64::from(tick) * f64::from(growth.connections()) / 8.0;
            growth.look(Moment::after(Duration::from_millis(125) * tick), bytes as u64, growth.connections(), 1 << 30);
        }
        assert_eq!(growth.connections(), 8);
    }
}

#[test]
fn while_connections_come_to_their_speed_no_more_are_opened() {
    // An answer on a new connection takes two round trips, and slow start doubles with each.
    let mut growth = after(400);
    let (mut bytes, mut rate) = (0.0, 0.5 * MIB);
    for tick in 1..40 {
        bytes += rate / 8.0;
        rate *= 1.54;
        growth.look(Moment::after(Duration::from_millis(125) * tick), bytes as u64, 16, 1 << 40);
        assert_eq!(growth.connections(), 16, "after {tick} looks");
    }
}

#[test]
fn what_is_over_soon_is_left_alone() {
    assert_eq!(grow(after(1), 60.0 * MIB, |count| 10.0 * MIB * f64::from(count)), (8, 8));
}

/// As nginx's `limit_rate` with `sendfile_max_chunk 2m`: each connection has 2 MB at once and then waits for 200 ms.
#[test]
fn where_no_time_is_left_to_find_out_what_lasts_a_gift_is_taken_for_a_limit_of_each() {
    for phase in 0..8_u32 {
        let mut growth = after(1);
        let (mut bytes, mut millis) = (0.0, phase * 25);
        while bytes < 128.0 * MIB {
            millis += 25;
            if millis % 200 == 0 {
                bytes += 2e6 * f64::from(growth.connections());
            }
            if (millis - phase * 25) % 125 == 0 {
                let (now, count) = (Moment::after(Duration::from_millis(millis.into())), growth.connections());
                growth.look(now, bytes as u64, count, (128.0 * MIB - bytes).max(0.0) as u64);
            }
        }
        assert_eq!(growth.connections(), 16, "begun {} ms after a lump", phase * 25);
    }
}

#[test]
fn what_may_be_opened_soon_gets_its_share_beforehand() {
    assert_eq!((after(1).expected(), after(200).expected()), (16, 32));
    assert_eq!(Growth::fixed(5).expected(), 5);
    let mut growth = after(1);
    growth.settle();
    assert_eq!(growth.expected(), 8);
}

#[test]
fn what_the_user_says_stays() {
    assert_eq!(grow(Growth::fixed(3), 1000.0 * MIB, |count| 10.0 * MIB * f64::from(count)), (3, 3));
    let mut growth = Growth::fixed(3);
    growth.answered(Duration::from_secs(1));
    assert_eq!(growth.connections(), 3);
    assert_eq!(Growth::fixed(0).connections(), 1);
}

#[test]
fn while_some_are_not_answered_nothing_is_measured() {
    let mut growth = after(1);
    for tick in 1..100 {
        let now = Moment::after(Duration::from_millis(125 * tick));
        assert!(!growth.look(now, tick << 20, 2, u64::MAX));
    }
    assert_eq!(growth.connections(), 8);
}

#[test]
fn a_host_that_gives_no_more_is_not_tried_again() {
    let mut growth = after(1);
    growth.settle();
    assert_eq!(grow(growth, 1000.0 * MIB, |count| 10.0 * MIB * f64::from(count)), (8, 8));
}

/// As nginx's `limit_rate`: the first second's worth comes at once, and then nothing for that second.
#[test]
fn what_each_connection_has_at_first_is_not_taken_for_what_lasts() {
    let mut growth = after(1);
    let (mut begun, mut bytes) = (vec![0_u32; 8], 0.0);
    for tick in 1..160 {
        begun.resize(usize::from(growth.connections()).max(begun.len()), tick);
        let due = |from: &u32| match tick - from {
            0 | 1 => 2.0 * MIB,
            2..8 => 0.0,
            _ => MIB / 2.0,
        };
        bytes += begun.iter().map(due).sum::<f64>();
        growth.look(Moment::after(Duration::from_millis(125) * tick), bytes as u64, begun.len() as u16, 1 << 40);
    }
    assert_eq!(growth.connections(), 16);
}

#[test]
fn an_upload_begins_with_few_and_gets_what_helps() {
    assert_eq!(Growth::sending().connections(), 2);
    assert_eq!(Growth::resending().connections(), 1);
    assert_eq!(grow(Growth::resending(), 1000.0 * MIB, |count| 10.0 * MIB * f64::from(count)), (16, 16));
    assert_eq!(grow(Growth::sending(), 1000.0 * MIB, |_| 50.0 * MIB), (2, 4), "a full line");
    assert_eq!(grow(Growth::sending(), 1000.0 * MIB, |count| 10.0 * MIB * f64::from(count)), (16, 16));
    assert_eq!(grow(Growth::sending(), 1000.0 * MIB, |count| 10.0 * MIB * f64::from(count.min(8))), (8, 16));
}

/// As nginx's `limit_rate` with a file that is longer than a moment: each second begins with all that the second may have.
#[test]
fn what_comes_in_lumps_is_measured_over_several_of_them() {
    let lumps = |most_in_all: f64| {
        let mut growth = after(1);
        let (mut bytes, mut highest) = (0.0, 0);
        for tick in 1..400 {
            let count = growth.connections();
            if tick % 8 == 3 {
                bytes += (10.0 * MIB * f64::from(count)).min(most_in_all);
            }
            growth.look(Moment::after(Duration::from_millis(125) * tick), bytes as u64, count, 1 << 40);
            highest = highest.max(growth.connections());
        }
        (growth.connections(), highest)
    };
    assert_eq!(lumps(f64::MAX), (16, 16));
    assert_eq!(lumps(80.0 * MIB), (8, 16), "more of them bring nothing");
}

//! A clock on the wall that goes with tokio's time, and can be set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use haul::config::SystemClock;
use haul::model::{LocalDate, LocalTime, TimeOfDay, UnixTime, WallClock};
use tokio::time::Instant;

/// Begins on Monday, 2026-11-23, at 07:00 in Berlin.
#[derive(Clone, Debug)]
pub struct FakeClock {
    began: Instant,
    base: Arc<AtomicU64>,
    place: SystemClock,
}

impl FakeClock {
    pub fn start() -> Self {
        let base = Arc::new(AtomicU64::new(1_795_413_600));
        Self { began: Instant::now(), base, place: berlin() }
    }

    /// Sets it forward, as after a sleep of the machine.
    pub fn jump(&self, seconds: u64) {
        self.base.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// The clock of Berlin, which is set forward and back.
pub fn berlin() -> SystemClock {
    SystemClock::of("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

impl WallClock for FakeClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.base.load(Ordering::Relaxed)).after(self.began.elapsed())
    }

    fn local(&self, at: UnixTime) -> LocalTime {
        self.place.local(at)
    }

    fn unix(&self, date: LocalDate, time: TimeOfDay) -> Option<UnixTime> {
        self.place.unix(date, time)
    }
}

//! How long a request of several steps may take.

use std::time::Duration;

use haul::protocol::{heard, while_heard};
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn each_answer_on_the_way_counts_and_silence_ends_it() {
    let began = Instant::now();
    let steps = async |count: u32| {
        for _ in 0..count {
            sleep(Duration::from_secs(4)).await;
            heard();
        }
        count
    };
    assert_eq!(while_heard(PATIENCE, steps(3)).await, Some(3));
    let silence = async {
        steps(2).await;
        sleep(Duration::from_secs(3600)).await;
    };
    assert_eq!(while_heard(PATIENCE, silence).await, None);
    assert_eq!(began.elapsed(), Duration::from_secs(12 + 8 + 5));
    assert_eq!(while_heard(PATIENCE, sleep(Duration::from_secs(6))).await, None);
}

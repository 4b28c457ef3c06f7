//! Uploads that were begun before, by this haul or by others, and whether they are taken up.

use haul::model::{FaultKind, Upload};
use haul::store::UploadCheckpoint;

use super::stage::{MIB, Wishes};
use super::uploads::{URL, begin, bytes, checkpoint, in_parts, is_part, spec};
use crate::support::depot::{Call, Trouble};

/// What an object is to be like that is no more as it was when its upload began.
fn cold(upload: Upload) -> Upload {
    Upload { storage_class: Some("COLD".to_owned()), ..upload }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_begun_with_other_wishes_is_not_taken_up_by_the_list() {
    for is_lost in [true, false] {
        let (stage, id) = begin(Wishes { connections: 1, durable: false, ..Wishes::default() }, 4 * MIB).await;
        stage.has(id, 2 * MIB).await;
        let stopped = stage.stop().await;
        if is_lost {
            UploadCheckpoint::remove(&checkpoint(&stopped.state(), &stopped.downloads()));
        }
        stopped.depot.script(|call, _| (call == Call::Abort).then_some(Trouble::Refused(FaultKind::Status(403))));
        stopped.depot.forget_calls();
        let mut stage = stopped.start();
        let path = stage.downloads().join("key.bin");
        let id = stage.add_spec(spec(cold(in_parts(&path)))).await;
        stage.outcome(id).await.unwrap();
        assert!(stage.depot.object(URL).unwrap() == bytes(4 * MIB));
        assert_eq!((stage.depot.count(|call| call == Call::Create), stage.depot.count(is_part)), (1, 4), "{is_lost}");
        stage.end().await;
    }
}

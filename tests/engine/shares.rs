//! How the files that may be open are shared out.

use std::time::Duration;

use haul::engine::Shares;
use haul::model::Status;

use super::stage::{Stage, Wishes};
use crate::support::fetch::{Act, FakeFile};

#[test]
fn few_files_mean_fewer_transfers_and_never_none() {
    for (files, wanted, transfers, connections) in
        [(1024, 4, 4, 864), (64, 4, 4, 24), (64, 64, 8, 8), (30, 64, 2, 3), (8, 64, 1, 1), (1 << 20, 64, 64, 917_232)]
    {
        let shares = Shares::of(files, Some(wanted));
        assert_eq!((shares.transfers, shares.connections), (transfers, connections), "{files} files, -j {wanted}");
        assert_eq!((shares.most, shares.most_sharing), (shares.transfers, shares.transfers), "as was asked for");
        assert!(shares.rests * 2 <= shares.endings && shares.rests <= 64, "their files are those of the endings");
        let used = 16 + shares.transfers * 4 + shares.connections + shares.endings;
        assert!(used <= files || shares.transfers == 1, "{used} of {files}");
    }
}

#[test]
fn where_nobody_says_how_many_there_are_more_while_they_are_brief() {
    for (files, transfers, most, sharing) in
        [(4096, 4, 16, 64), (1024, 4, 16, 55), (256, 4, 16, 16), (64, 4, 8, 8), (30, 2, 2, 2), (8, 1, 1, 1)]
    {
        let shares = Shares::of(files, None);
        assert_eq!((shares.transfers, shares.most), (transfers, most), "{files} files");
        assert_eq!(shares.most_sharing, sharing, "{files} files");
        let unshared = Shares::of(files, Some(u16::try_from(most).unwrap()));
        assert!(shares.connections >= unshared.connections * 3 / 4, "{files} files are left to connections");
        assert!(16 + sharing * 4 + shares.connections + shares.endings <= files || sharing == 1, "{files} files");
    }
}

/// The most connections that were open at once over forty files of so many bytes, from a server that is so far away.
async fn most_open(transfers: Option<u16>, length: u64, away: Duration) -> usize {
    let mut stage = Stage::with(Wishes { transfers, connections: 1, ..Wishes::default() });
    let mut ids = Vec::new();
    for number in 0..40 {
        let file = FakeFile::new(number, length).script(move |_| Act::serve().delay(away));
        let path = format!("/{number}");
        stage.fake.put(&path, file);
        ids.push(stage.add(&path).await);
    }
    for id in ids {
        stage.is(id, Status::Done).await;
    }
    let most = stage.fake.most_open();
    stage.end().await;
    most
}

#[tokio::test(start_paused = true)]
async fn small_files_wait_for_their_answers_side_by_side() {
    let far = Duration::from_millis(50);
    assert_eq!(most_open(None, 16 << 10, far).await, 16, "each does little but wait");
    assert_eq!(most_open(None, 2 << 20, far).await, 4, "these would share one line");
    assert_eq!(most_open(None, 16 << 10, Duration::from_secs(2)).await, 4, "and so would these");
    assert_eq!(most_open(Some(3), 16 << 10, far).await, 3, "as was asked for");
}

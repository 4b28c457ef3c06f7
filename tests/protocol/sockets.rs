//! How much a connection may hold unread.

use haul::protocol::{Asked, Ends, Fetch, Sockets};

use super::driver::{driver, question, serve};
use crate::support::pair::{Pair, sockets_are_found};
use crate::support::server::Answer;

const KIB: u64 = 1024;

#[test]
fn a_connection_holds_what_it_is_told_and_no_other_does() {
    if !sockets_are_found() {
        return;
    }
    let sockets = Sockets::default();
    let pairs = [Pair::new(), Pair::new()];
    let before = pairs[1].buffer();
    let [limited, free] = pairs.each_ref().map(Pair::ends);
    assert!(sockets.hold(free, None), "one that may hold what it likes is left as it is");
    for size in [64 * KIB, 32 * KIB, 100 * KIB] {
        assert!(sockets.hold(limited, Some(size)));
        // The system takes twice as much for itself (socket(7)).
        assert_eq!(pairs.each_ref().map(Pair::buffer), [2 * size, before]);
    }
    assert!(!sockets.hold(limited, None), "it can't be made to grow by itself again");
    assert!(sockets.hold(limited, None), "and it is forgotten, as it goes");
}

#[test]
fn no_connection_is_made_smaller_than_it_has_to_be() {
    let sockets = Sockets::default();
    let pair = Pair::new();
    let before = pair.buffer();
    assert!(sockets.hold(pair.ends(), Some(1 << 40)), "more than can be asked for: it grows as it needs");
    assert_eq!(pair.buffer(), before);
    assert!(sockets.hold(pair.ends(), None));
    if sockets_are_found() {
        assert!(sockets.hold(pair.ends(), Some(64 * KIB)));
        assert!(!sockets.hold(pair.ends(), Some(1 << 40)), "one that was made small can't");
    }
    let shared = Ends { shared: true, ..Pair::new().ends() };
    assert!(sockets.hold(shared, Some(64 * KIB)) && sockets.hold(shared, None), "others read from it too");
    // A connection that is gone, or somebody else's, is nobody's.
    let gone = Pair::new().ends();
    assert!(sockets.hold(gone, Some(64 * KIB)) && sockets.hold(gone, None));
}

#[tokio::test]
async fn an_answer_tells_which_connection_it_comes_on() {
    let server = serve(Answer::new());
    let request = question(&server.url(super::driver::PATH), Asked::From(0));
    let request_port = request.source.url().port();
    let answer = driver().open(request).await.unwrap();
    let ends = answer.ends.unwrap();
    assert_eq!(Some(ends.peer.port()), request_port);
    if sockets_are_found() {
        let sockets = Sockets::default();
        assert!(sockets.hold(ends, Some(64 * KIB)) && !sockets.hold(ends, None), "it is a socket of this process");
    }
}

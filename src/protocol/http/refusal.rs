//! What a server says in the body of a refusal: object stores tell there, and nowhere else, that a signed URL has expired.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use http_body::Body as _;
use reqwest::Response;
use tokio::time::timeout;

use crate::model::{Fault, FaultKind, Source};

/// So much of a body is read at most.
const MOST: usize = 8192;
/// So long its reading may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The fault of a refused request or of a page in place of the file; one whose body speaks of an end of the URL's
/// validity is of the kind `Expired`.
pub(super) async fn read(fault: Fault, source: &Source, response: Response) -> Fault {
    let telling = matches!(fault.kind, FaultKind::Status(400 | 401 | 403 | 404 | 410) | FaultKind::WebPage);
    if !telling || !source.is_passing() {
        return fault;
    }
    let text = timeout(PATIENCE, beginning(response, MOST)).await.unwrap_or_default();
    if String::from_utf8_lossy(&text).to_ascii_lowercase().contains("expired") {
        let detail = "the server says that this URL has expired".to_owned();
        return Fault { kind: FaultKind::Expired, detail, ..fault };
    }
    fault
}

/// At most so many bytes of a body, up to where it ends or breaks.
pub(in crate::protocol) async fn beginning(response: Response, most: usize) -> Vec<u8> {
    begun(response, most).await.0
}

/// The same, and whether it broke off before it was all or so many bytes were there.
pub(in crate::protocol) async fn begun(response: Response, most: usize) -> (Vec<u8>, bool) {
    let mut body = reqwest::Body::from(response);
    let (mut text, mut is_broken) = (Vec::new(), false);
    while text.len() < most && !is_broken {
        match poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            Some(Ok(frame)) => text.extend(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => is_broken = true,
            None => break,
        }
    }
    text.truncate(most);
    (text, is_broken)
}

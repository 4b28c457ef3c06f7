//! What waits for a new URL, and goes on from what it has.

use haul::api::{Activity, Command, Happening};
use haul::model::{FaultKind, Header, Source, Spec, Status, TransferId};

use super::stage::{MIB, Stage, Wishes, impatient, seconds};
use super::uploads;
use crate::support::fetch::{Act, Ask, FakeFile};

fn url(path: &str) -> Source {
    Source::parse(&format!("http://fake{path}")).unwrap()
}

/// A file that is given to its second MiB and is refused from then on.
fn expiring(seed: u64, length: u64) -> FakeFile {
    FakeFile::new(seed, length).rate(MIB).script(|ask| match ask.number {
        1 => Act::serve().cut(MIB),
        _ => Act::status(403),
    })
}

/// A transfer over one connection whose link has expired after a MiB.
async fn expired(length: u64) -> (Stage, TransferId) {
    let wishes = Wishes { connections: 1, ..Wishes::default() };
    let (mut stage, id) = Stage::of(wishes, expiring(1, length)).await;
    let fault = stage.fail(id).await;
    assert_eq!(fault.kind, FaultKind::Expired);
    (stage, id)
}

#[tokio::test(start_paused = true)]
async fn an_expired_link_is_a_state_of_its_own_that_lasts() {
    let (stage, id) = expired(4 * MIB).await;
    stage.is(id, Status::Expired).await;
    let row = stage.row(id).unwrap();
    let told = row.fault.as_ref().unwrap().to_string();
    assert!(told.starts_with("http://fake/a.bin: the link has expired (HTTP 403); 1.0 MB are kept"), "{told}");
    assert!(told.contains("with :url NEWURL, or run haul get NEWURL -o /"), "{told}");
    assert_eq!((row.bytes_done(), stage.parts().len(), stage.fake.opened("/a.bin").len()), (MIB, 1, 2));
    let stage = stage.again().await;
    stage.is(id, Status::Expired).await;
    assert_eq!(stage.row(id).unwrap().fault.as_ref().unwrap().kind, FaultKind::Expired);
    assert_eq!(stage.fake.opened("/a.bin").len(), 2, "nothing is asked before there is a new URL");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_url_that_is_of_no_use_is_denied_and_the_old_one_stays() {
    let (mut stage, id) = expired(4 * MIB).await;
    let chunks = Source::parse("chunk+http://fake/upload").unwrap();
    stage.send(Command::Relink { id, source: chunks, headers: Vec::new() }).await;
    let denied = stage.until(id, |happening| matches!(happening, Happening::Denied(_))).await;
    assert!(denied.sentence().contains("can't fetch chunk+http: URLs"), "{}", denied.sentence());
    assert_eq!(stage.item(id).unwrap().spec.source, url("/a.bin"));
    stage.is(id, Status::Expired).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_to_its_own_place_if_the_new_one_takes_no_uploads() {
    let (mut stage, id) = uploads::begin(Wishes { connections: 2, ..Wishes::default() }, 8 * MIB).await;
    stage.has(id, 3 * MIB).await;
    for (place, said) in
        [("https://e.org/x", "can't send to https: URLs"), ("s3://bucket/folder/?endpoint=e.org", "names no object")]
    {
        let source = Source::parse(place).unwrap();
        stage.send(Command::Relink { id, source, headers: Vec::new() }).await;
        let denied = stage.until(id, |happening| matches!(happening, Happening::Denied(_))).await;
        assert!(denied.sentence().contains(said), "{}", denied.sentence());
    }
    uploads::complete(&mut stage, id, 8 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_url_goes_on_from_what_is_on_disk_whatever_its_validators_are() {
    for etag in [Some("\"v1\""), Some("\"of another site\""), Some("W/\"weak\""), None] {
        let (mut stage, id) = expired(4 * MIB).await;
        let file = FakeFile::new(1, 4 * MIB).etag(etag);
        stage.fake.put("/new", file.clone());
        stage.send(Command::Relink { id, source: url("/new?sig=2"), headers: Vec::new() }).await;
        stage.complete(id, "a.bin", &file).await;
        let given = stage.fake.given("/new");
        assert!((3 * MIB..3 * MIB + 64 * 1024).contains(&given), "{given} bytes were given again");
        assert_eq!(stage.item(id).unwrap().spec.source, url("/new?sig=2"));
        assert!(stage.told.iter().any(|event| matches!(event.happening, Happening::Relinked(_))));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_url_may_bring_headers_of_its_own_that_last() {
    for runs in [true, false] {
        let wishes = Wishes { connections: 1, ..Wishes::default() };
        let (mut stage, id) = if runs {
            Stage::of(wishes, FakeFile::new(1, 4 * MIB).rate(MIB / 4)).await
        } else {
            expired(4 * MIB).await
        };
        stage.has(id, MIB).await;
        stage.fake.put("/new", FakeFile::new(1, 4 * MIB));
        let headers = vec![Header::parse("Cookie: a=b").unwrap()];
        stage.send(Command::Relink { id, source: url("/new"), headers: headers.clone() }).await;
        stage.complete(id, "a.bin", &FakeFile::new(1, 4 * MIB)).await;
        let stage = stage.again().await;
        let spec = stage.item(id).unwrap().spec;
        assert_eq!((&spec.headers[..], &spec.source), (&headers[..], &url("/new")));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_url_of_another_file_is_said_so_and_nothing_is_lost() {
    for other in [FakeFile::new(2, 4 * MIB), FakeFile::new(1, 3 * MIB), FakeFile::new(1, 4 * MIB).no_ranges()] {
        let (mut stage, id) = expired(4 * MIB).await;
        stage.fake.put("/other", other);
        stage.fake.put("/new", FakeFile::new(1, 4 * MIB));
        // Again with r, and after a restart: it must not be taken for the transfer's own file meanwhile.
        for round in 0..3 {
            match round {
                0 => stage.send(Command::Relink { id, source: url("/other"), headers: Vec::new() }).await,
                1 => stage.send(Command::Retry(vec![id])).await,
                _ => {
                    stage = stage.again().await;
                    stage.send(Command::Retry(vec![id])).await;
                }
            }
            let fault = stage.fail(id).await;
            assert_eq!(fault.kind, FaultKind::Different, "{fault}");
            // The list may be a tenth of a second older than the event.
            stage.is(id, Status::Failed).await;
            assert_eq!((stage.row(id).unwrap().bytes_done(), stage.parts().len()), (MIB, 1));
        }
        stage.send(Command::Relink { id, source: url("/new"), headers: Vec::new() }).await;
        stage.complete(id, "a.bin", &FakeFile::new(1, 4 * MIB)).await;
        assert!(stage.fake.given("/new") < 3 * MIB + 64 * 1024);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_url_that_has_expired_too_waits_for_another_one() {
    let (mut stage, id) = expired(4 * MIB).await;
    stage.send(Command::Relink { id, source: url("/nowhere"), headers: Vec::new() }).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Expired);
    stage.is(id, Status::Expired).await;
    assert_eq!((stage.row(id).unwrap().bytes_done(), stage.parts().len()), (MIB, 1));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_running_transfer_takes_a_new_url_at_once_and_a_paused_one_stays_paused() {
    let (mut stage, id) = Stage::of(Wishes::default(), FakeFile::new(1, 4 * MIB).rate(MIB / 8)).await;
    stage.fake.put("/new", FakeFile::new(1, 4 * MIB));
    stage.fake.put("/newer", FakeFile::new(1, 4 * MIB));
    stage.has(id, MIB).await;
    stage.pause(id).await;
    stage.send(Command::Relink { id, source: url("/new"), headers: Vec::new() }).await;
    stage.until(id, |happening| matches!(happening, Happening::Relinked(_))).await;
    stage.is(id, Status::Paused).await;
    stage.resume(id).await;
    stage.until(id, |happening| matches!(happening, Happening::Answered { .. })).await;
    stage.send(Command::Relink { id, source: url("/newer"), headers: Vec::new() }).await;
    stage.complete(id, "a.bin", &FakeFile::new(1, 4 * MIB)).await;
    assert!(stage.fake.given("/newer") > 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_before_any_byte_came_is_an_expired_link_only_where_the_url_says_that_it_ends() {
    for (query, status, kind) in [
        ("", 403, FaultKind::Status(403)),
        ("?page=2&key=a", 404, FaultKind::Status(404)),
        ("?X-Amz-Expires=3600&X-Amz-Signature=00", 403, FaultKind::Expired),
        ("?Expires=1&OSSAccessKeyId=a&Signature=b", 403, FaultKind::Expired),
        ("?sv=2020&se=2021-01-01&sig=x", 404, FaultKind::Expired),
        ("?token=t", 410, FaultKind::Expired),
        ("?hdnts=exp=1~acl=/*~hmac=0", 401, FaultKind::Expired),
        ("?token=t", 451, FaultKind::Status(451)),
    ] {
        let mut stage = Stage::new();
        stage.fake.put("/a.bin", FakeFile::new(1, MIB).script(move |_| Act::status(status)));
        let id = stage.add(&format!("/a.bin{query}")).await;
        let fault = stage.fail(id).await;
        assert_eq!((fault.kind, stage.names()), (kind, vec![]), "{query}");
        assert_eq!(stage.fake.opened("/a.bin").len(), 1, "{query}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_name_from_another_url_goes_on_where_an_expired_link_stopped() {
    let mut stage = Stage::with(Wishes { connections: 1, durable: false, ..Wishes::default() });
    stage.fake.put("/1/a.bin", expiring(1, 4 * MIB));
    stage.fake.put("/2/a.bin", FakeFile::new(1, 4 * MIB).etag(Some("\"other\"")));
    stage.fake.put("/3/a.bin", FakeFile::new(3, 4 * MIB));
    let first = stage.add("/1/a.bin?Signature=1").await;
    assert_eq!(stage.fail(first).await.kind, FaultKind::Expired);
    // Another file of the same name and length takes a name of its own, and leaves those bytes alone.
    let other = stage.add("/3/a.bin?Signature=2").await;
    stage.complete(other, "a (1).bin", &FakeFile::new(3, 4 * MIB)).await;
    assert_eq!(stage.parts().len(), 1);
    let second = stage.add("/2/a.bin?Signature=3").await;
    stage.complete(second, "a.bin", &FakeFile::new(1, 4 * MIB)).await;
    assert!(stage.fake.given("/2/a.bin") < 3 * MIB + 64 * 1024, "{}", stage.fake.given("/2/a.bin"));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn headers_stay_with_the_origin_that_they_were_given_for() {
    let (mut stage, _) = expired(2 * MIB).await;
    let header = Header::parse("Authorization: Bearer x").unwrap();
    let spec = Spec { headers: [header].into(), ..stage.spec("/nothing") };
    let id = stage.add_spec(spec).await;
    stage.fail(id).await;
    stage.send(Command::Relink { id, source: url("/else"), headers: Vec::new() }).await;
    stage.fail(id).await;
    assert_eq!(stage.item(id).unwrap().spec.headers.len(), 1);
    stage
        .send(Command::Relink { id, source: Source::parse("http://fake:81/else").unwrap(), headers: Vec::new() })
        .await;
    stage.fail(id).await;
    assert_eq!(stage.item(id).unwrap().spec.headers.len(), 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_a_redirect_led_is_left_once_it_is_sick() {
    for sick in [Act::fault(FaultKind::Cut), Act::silence(), Act::status(503), Act::status(429), Act::status(400)] {
        let cut = |ask: &Ask| if ask.number == 1 { Act::serve().cut(3 * MIB) } else { Act::serve() };
        let file = FakeFile::new(1, 8 * MIB);
        let wishes = Wishes { connections: 1, patience: impatient(), ..Wishes::default() };
        let (mut stage, id) = Stage::of(wishes, file.clone().leads_to("/sick").script(cut)).await;
        stage.fake.put("/sick", file.clone().script(move |_| sick.clone()));
        stage.complete(id, "a.bin", &file).await;
        assert_eq!(stage.fake.opened("/a.bin").len(), 2);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hurry_for_one_that_does_not_wait_cuts_no_later_wait_short() {
    let file = FakeFile::new(1, 4 * MIB).rate(MIB).script(|ask| match ask.number {
        1 => Act::serve().at_most(2 * MIB),
        2 => Act::status(429).retry_after(seconds(60)),
        _ => Act::serve(),
    });
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, file.clone()).await;
    stage.has(id, MIB).await;
    stage.send(Command::Retry(vec![id])).await;
    stage.complete(id, "a.bin", &file).await;
    let opened = stage.fake.opened("/a.bin");
    let waited = opened[2].at - opened[1].at;
    assert!(waited >= seconds(60), "asked again after {waited:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_wrong_with_the_old_url_is_not_told_of_the_new_one() {
    let file = FakeFile::new(1, MIB);
    let busy = file.clone().script(|_| Act::status(503).retry_after(seconds(60)));
    let (mut stage, id) = Stage::of(Wishes { transfers: Some(1), ..Wishes::default() }, busy).await;
    stage.does(id, |activity| matches!(activity, Activity::Waiting(_))).await;
    // Another one has the only slot.
    stage.fake.put("/slow", file.clone().rate(MIB / 60));
    let slow = stage.add("/slow").await;
    stage.is(slow, Status::Running).await;
    let source = Source::parse("http://fake/slow").unwrap();
    stage.send(Command::Relink { id, source, headers: Vec::new() }).await;
    stage.is(id, Status::Queued).await;
    assert_eq!(stage.row(id).unwrap().fault, None);
    stage.end().await;
}

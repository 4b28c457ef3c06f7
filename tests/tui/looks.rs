//! What frames look like. The snapshots are read by people: look at one before accepting it.

use std::sync::Arc;
use std::time::Duration;

use haul::api::{Activity, Connection, ConnectionState, Happening, Live, Totals};
use haul::model::{ByteRange, Fault, FaultKind, Rate, Status, Validator};

use super::stage::{self, Stage};
use crate::support::builders::{RowBuilder, receiving, row};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

/// Compares a screen with its snapshot at each of the three sizes.
pub fn looks(name: &str, stage: &mut Stage) {
    for (columns, rows) in SIZES {
        stage.sized(columns, rows);
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), stage.text());
    }
}

fn eight() -> RowBuilder {
    row(1, "debian-13.1.0-amd64-DVD-1.iso").length(Some(3_700_000_000)).parts(&[57, 77, 26, 99, 3, 62, 48, 81]).with(
        |live| {
            live.connections[2].state = ConnectionState::Slow;
            live.connections[2].speed = Rate::per_second(190_000);
            live.connections[4].state = ConnectionState::Waiting(Duration::from_millis(3200));
            live.connections[4].speed = Rate::ZERO;
            live.connections[4].fault = Some(Arc::new(Fault::new(FaultKind::Status(503), "x", "busy")));
            for (number, connection) in live.connections.iter_mut().enumerate() {
                connection.address = Some(["151.101.2.132", "2001:db8::6866"][number / 7].parse().unwrap());
            }
            live.retries = 2;
        },
    )
}

/// One connection of unknown length.
fn one_stream() -> Live {
    let range = ByteRange::new(0, u64::MAX);
    let speed = Rate::per_second(3_100_000);
    let state = ConnectionState::Receiving;
    let connections = vec![Connection::new(1, range, 48_300_000, speed, state)];
    let validator = Validator::default();
    Live { connections, allowed: 1, validator, ..receiving(3_100_000) }
}

fn failed() -> RowBuilder {
    row(7, "driver.run")
        .length(Some(410_000_000))
        .done(&[(0, 38_000_000)])
        .status(Status::Failed)
        .source("https://user:pass@dl.example.com/drivers/driver.run?token=hunter2&build=77")
        .fault(FaultKind::Status(404), "the server has no such file (HTTP 404)")
}

fn mixed() -> Vec<RowBuilder> {
    vec![
        eight(),
        row(2, "ubuntu-26.04-desktop-amd64.iso").length(Some(5_900_000_000)).parts(&[9, 4, 2, 1]).with(|live| {
            live.allowed = 4;
            live.remark = Some("server allows 4 connections".into());
            live.eta = Some(Duration::from_secs(181));
        }),
        row(3, "nightly-build.tar.zst").length(None).done(&[(0, 48_300_000)]).unresumable().live(one_stream()),
        row(4, "linux-6.18.tar.xz").length(Some(147_000_000)).done(&[(0, 85_000_000)]).status(Status::Paused),
        row(5, "電影-2026-資料檔案🎬🎬-very-long-name-with-wide-characters.mkv").length(Some(2_200_000_000)),
        row(6, "ripgrep-15.0.0.tar.gz").length(Some(1_800_000)).done(&[(0, 1_800_000)]).status(Status::Done),
        failed(),
        row(8, "big.bin")
            .fault(FaultKind::Status(503), "the server says 503 Service Unavailable")
            .live(Live { activity: Activity::Waiting(Duration::from_secs(12)), ..receiving(0) }),
        row(9, "checked.img").done(&[(0, 1_000_000_000)]).live(Live { activity: Activity::Checking, ..receiving(0) }),
        row(10, "model-00001-of-00030.safetensors").length(Some(4_900_000_000)),
        row(11, "model-00002-of-00030.safetensors").length(Some(4_900_000_000)),
        row(12, "model-00003-of-00030.safetensors").length(Some(4_900_000_000)),
    ]
}

#[test]
fn an_empty_list_says_what_to_do() {
    looks("empty", &mut stage::empty());
}

#[test]
fn eight_connections() {
    looks("eight", &mut stage::with([eight()]));
}

#[test]
fn several_places_are_named() {
    let mirrored = eight().with(|live| {
        for (number, connection) in live.connections.iter_mut().enumerate() {
            let host = ["ftp.fau.de", "mirror.init7.net", "a-mirror-with-a-long-name.example.org"][number % 3];
            connection.host = Some(host.into());
        }
    });
    looks("mirrors", &mut stage::with([mirrored]));
}

#[test]
fn a_mixed_list_with_a_limit() {
    let mut stage = stage::with(mixed());
    stage.state.totals = Totals { limit: Some(Rate::per_second(100_000_000)), ..stage.state.totals };
    looks("mixed", &mut stage);
}

#[test]
fn a_failed_transfer() {
    looks("failed", stage::with(mixed()).press("j j j j j j"));
}

fn waiting() -> Vec<RowBuilder> {
    vec![
        row(1, "dataset-2026.tar.zst")
            .length(Some(7_400_000_000))
            .done(&[(0, 4_200_000_000)])
            .status(Status::DiskFull)
            .short(3_200_000_000)
            .fault(
                FaultKind::DiskFull,
                "the disk is full: 3.2 GB more are needed and 12 kB are free; make room, and it goes on by itself, or run \
                 haul again",
            ),
        row(2, "nightly.img").length(None).done(&[(0, 48_300_000)]).status(Status::DiskFull),
        row(3, "model.safetensors")
            .length(Some(4_900_000_000))
            .done(&[(0, 2_100_000_000)])
            .status(Status::Expired)
            .source("https://bucket.s3.amazonaws.com/model.safetensors?X-Amz-Expires=3600&X-Amz-Signature=hunter2")
            .fault(
                FaultKind::Expired,
                "the link has expired (HTTP 403); 2.1 GB are kept; give it a new one with :url NEWURL, or run haul get NEWURL -o \
                 /home/me/Downloads/model.safetensors",
            ),
    ]
}

#[test]
fn full_disks_and_expired_links() {
    looks("waiting", stage::with(waiting()).press("j j"));
    looks("disk_full", stage::with(waiting()).press("g"));
}

#[test]
fn the_box_for_a_new_url() {
    let mut stage = stage::with(waiting());
    stage.press("j j u").types("htp://example.org/a.iso").press("enter");
    looks("new_url", &mut stage);
}

#[test]
fn an_unresumable_transfer_of_unknown_length() {
    looks("unknown", stage::with(mixed()).press("j j"));
}

#[test]
fn the_help() {
    looks("help", stage::with(mixed()).press("?"));
}

#[test]
fn the_question_before_a_removal() {
    looks("remove", stage::with(mixed()).press("D"));
}

#[test]
fn the_box_for_urls() {
    let mut stage = stage::with(mixed());
    stage.press("a").types("https://example.org/a.iso nonsense").press("enter");
    looks("add", &mut stage);
}

#[test]
fn a_filter_with_toasts() {
    let mut stage = stage::with(mixed());
    stage.press("/").types("model").paste("no url here").press("enter").paste("rubbish");
    stage.press("/").press("backspace");
    looks("filter", stage.press("ctrl-u").types("model"));
}

#[test]
fn details_on_the_whole_screen() {
    looks("zoomed", stage::with(mixed()).press("enter"));
}

/// One that was retried, came anew and failed, in the hours after midnight of a day.
fn logged() -> RowBuilder {
    let url = "https://user:pass@dl.example.com/drivers/driver.run?token=hunter2&build=77";
    let about = "https://dl.example.com/drivers/driver.run?token=***&build=77";
    let fault = |kind, detail: &str| Fault::new(kind, about, detail);
    let retried = |after| Happening::Retried {
        fault: fault(FaultKind::Status(503), "the server says 503 Service Unavailable"),
        after: Duration::from_millis(after),
    };
    let answered = Happening::Answered {
        target: "/home/me/Downloads/driver.run".into(),
        length: Some(410_000_000),
        resumed: 0,
        resumable: true,
        stream: false,
    };
    let changed = "the file on the server is another one than the one begun: ETag \"2\" in place of \"1\"";
    let day = 1_796_083_200;
    failed().source(url).log([
        (day, Happening::Started),
        (day + 1, retried(900)),
        (day + 2, retried(1800)),
        (day + 4, answered.clone()),
        (day + 3599, retried(1000)),
        (day + 3601, retried(1000)),
        (day + 45_296, retried(1000)),
        (day + 45_300, Happening::Restarted(fault(FaultKind::Changed, changed))),
        (day + 45_301, answered),
        (day + 46_000, Happening::Paused),
        (day + 46_123, Happening::Started),
        (day + 86_399, Happening::Failed(fault(FaultKind::Status(404), "the server has no such file (HTTP 404)"))),
    ])
}

#[test]
fn a_log() {
    looks("log", stage::with([logged(), row(2, "other.iso")]).press("L"));
    let mut small = stage::with([logged(), row(2, "other.iso")]);
    small.sized(40, 14).press("L");
    insta::assert_snapshot!("log_40x14", small.text());
}

#[test]
fn a_log_that_is_empty() {
    let rows = || [row(2, "other.iso"), failed(), waiting().remove(0)];
    let mut stage = stage::with(rows());
    stage.press("L");
    assert!(stage.text().contains("Nothing is noted of it since haul was started."), "{}", stage.text());
    // Why it stands so was kept from an earlier run.
    for word in ["fail", "wait"] {
        let text = stage.press("j").text();
        assert!(text.contains(&format!(" earlier   {word} ")), "{text}");
    }
}

#[test]
fn narrow_and_low() {
    let mut stage = stage::with(mixed());
    for (columns, rows) in [(40, 10), (60, 16), (30, 5), (12, 3)] {
        stage.sized(columns, rows);
        insta::assert_snapshot!(format!("small_{columns}x{rows}"), stage.text());
    }
}

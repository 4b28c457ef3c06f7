//! `haul put`: what is sent where.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueHint};

use super::args::OutputArgs;
use super::connections::ConnectionArgs;
use super::network::{NetworkArgs, SlotArgs};
use super::specs::{Usage, headers, start_at};
use crate::ask::{Gathered, placed};
use crate::config::SystemClock;
use crate::model::{Limits, ObjectUrl, Rate, RateLimit, Source, Spec, StartTime, Upload, Vendor};

pub(super) const AFTER_PUT_HELP: &str = "\
Examples:
  haul put disk.iso s3://bucket/images/disk.iso
  haul put photos oss://bucket/2026/photos/?endpoint=oss-cn-hangzhou.aliyuncs.com
  haul put -x 16 --limit 5M --storage-class STANDARD_IA backup.tar tos://bucket/backup.tar
  tar c . | haul put - s3://bucket/all.tar

One file goes to the very URL, or below it if it ends with /; several, and all files in a folder, go below it. The same \
command goes on where an earlier run stopped: only parts are sent that the store does not have, and of several files those \
alone that do not stand there already. Ctrl-C keeps what was sent.

  haul put big.bin chunk+https://host/upload

A store that is not where its vendor's own are is named behind the URL: ?endpoint=https://host:9000&region=eu-1. Credentials \
come from the environment (AWS_ACCESS_KEY_ID, OSS_ACCESS_KEY_ID, TOS_ACCESS_KEY, ...), the vendors' own files or a command; the \
README lists them. What the store has is compared with the file at the end; the exit code is 0 only if it is the same.";

/// `haul put`.
#[derive(Args)]
pub struct PutArgs {
    /// Files, or folders with all files in them; - reads stdin, which can't be resumed unless it is a file
    #[arg(value_name = "FILE", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// Where they go: s3:, oss: or tos:, or chunk+http(s): for the plain chunk protocol
    #[arg(value_name = "URL", required = true, value_hint = ValueHint::Url)]
    pub url: String,
    /// Bytes of a part, such as 16M; one that the store does not take becomes its least or its largest
    #[arg(long, value_name = "SIZE", value_parser = some_bytes)]
    pub part_size: Option<u64>,
    /// From this size on a file goes in parts (16MiB)
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub threshold: Option<u64>,
    /// The objects' storage class, in the store's own words, such as STANDARD_IA
    #[arg(long, value_name = "CLASS")]
    pub storage_class: Option<String>,
    /// The objects' media type; else it is told by the name
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Leave objects alone that stand there already
    #[arg(long)]
    pub no_clobber: bool,
    /// Bytes a second that the store itself shall allow each connection (OSS, TOS), 100K to 100M
    #[arg(long, value_name = "RATE")]
    pub traffic_limit: Option<Rate>,
    /// A header for the objects ('Name: value'), such as x-amz-acl; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// How many connections each of them may use.
    #[command(flatten)]
    pub connections: ConnectionArgs,
    /// Bytes a second over all of these together, such as 500K, 5M or 1.5MiB; none lifts the limit of the settings
    #[arg(long, value_name = "RATE|none")]
    pub limit: Option<RateLimit>,
    /// Start at this time and not before: 22:00, "mon 07:30", "2026-12-01 08:00" or "in 2h"
    #[arg(long, value_name = "TIME")]
    pub at: Option<StartTime>,
    /// How many of them go at once.
    #[command(flatten)]
    pub slots: SlotArgs,
    /// How the engine deals with servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// What is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A number of bytes, written as rates are.
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = |_| "write bytes, such as 500K, 16M or 1.5MiB".to_owned();
    if text == "0" { Ok(0) } else { text.parse().map(Rate::bytes).map_err(wrong) }
}

fn some_bytes(text: &str) -> Result<u64, String> {
    match bytes(text)? {
        0 => Err("a part has at least one byte".to_owned()),
        bytes => Ok(bytes),
    }
}

impl PutArgs {
    /// What to upload, and what is to be said of what lies in folders and is no file. Folders are read now.
    pub fn specs(&self) -> Result<(Vec<Spec>, Option<String>), Usage> {
        let place = Source::parse(&self.url).map_err(|why| self.misplaced(why))?;
        if self.files.is_empty() {
            return Err(Usage::new("there is no file: write haul put FILE... URL"));
        }
        self.check_traffic_limit(&place)?;
        let headers: Arc<[_]> = headers(&self.headers)?.into();
        let limits = Limits { connections: self.connections.count(), rate: None };
        let start_at = start_at(self.at, &SystemClock::here())?;
        let Gathered { files, is_batch, passed_over } = placed(&self.files, &place).map_err(Usage::new)?;
        if place.chunked().is_some() && files.iter().any(|sending| sending.file == Path::new(Upload::STDIN)) {
            return Err(Usage::new("a chunk upload needs to know the length beforehand: send a file, not stdin"));
        }
        let spec = |file, place| Spec {
            headers: headers.clone(),
            limits,
            start_at,
            ..Spec::of_upload(place, self.upload(file, is_batch))
        };
        Ok((files.into_iter().map(|sending| spec(sending.file, sending.place)).collect(), passed_over))
    }

    /// The last word is no URL to send to.
    fn misplaced(&self, why: String) -> Usage {
        let is_place = |text: &str| Source::parse(text).is_ok_and(|source| !source.is_web());
        let first = self.files.first().and_then(|file| file.to_str());
        match self.url.split_once(':').map(|(scheme, _)| scheme) {
            _ if first.is_some_and(is_place) => Usage::new(format!(
                "the place that files go to comes last, and {} is none; to fetch, write haul get URL -o FILE",
                self.url
            )),
            None if self.files.is_empty() => Usage::new("there is no URL: write haul put FILE... URL"),
            Some(scheme) if why.starts_with("haul knows no ") => Usage::new(format!(
                "haul can't send to {scheme}: URLs, only to s3:, oss:, tos:, chunk+http: and chunk+https:"
            )),
            None => Usage::new(format!("{why}; files go to s3://bucket/key and the like")),
            _ => Usage::new(why),
        }
    }

    fn check_traffic_limit(&self, place: &Source) -> Result<(), Usage> {
        let Some(limit) = self.traffic_limit else { return Ok(()) };
        if ObjectUrl::of(place).is_none_or(|url| url.vendor == Vendor::S3) {
            return Err(Usage::new(
                "--traffic-limit: OSS and TOS alone keep limits by themselves; --limit is haul's own",
            ));
        }
        if !Upload::TRAFFIC.contains(&limit.bytes()) {
            return Err(Usage::new("--traffic-limit: OSS and TOS take 100K to 100M; --limit is haul's own"));
        }
        Ok(())
    }

    fn upload(&self, file: PathBuf, unless_equal: bool) -> Upload {
        Upload {
            file,
            part_size: self.part_size,
            threshold: self.threshold,
            content_type: self.content_type.clone(),
            storage_class: self.storage_class.clone(),
            keep: self.no_clobber,
            unless_equal,
            traffic_limit: self.traffic_limit,
        }
    }
}

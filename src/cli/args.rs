//! The command line, as clap reads it. None of these types has `Debug`, since URLs and headers may hold secrets.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use super::choices::priority;
use super::connections::ConnectionArgs;
use super::exit::{Exit, after_help};
use super::ls::{LsArgs, PresignArgs};
use super::network::{DownloadArgs, NetworkArgs};
use super::put::{AFTER_PUT_HELP, PutArgs};
use super::report::Style;
use crate::config::Paths;
use crate::model::{Checksum, Priority, RateLimit, StartTime, Sums, harmless};

const AFTER_GET_HELP: &str = "\
Examples:
  haul get https://example.org/disk.iso
  haul get -x 16 --limit 5M -d /srv/files https://example.org/disk.iso
  haul get -o disk.iso --checksum sha256:HEX https://example.org/disk.iso
  haul get --checksums-from auto https://example.org/disk.iso
  haul get https://a.example/disk.iso --mirror https://b.example/disk.iso
  haul get -M disk.meta4
  haul get -i urls.txt --json | jq -r 'select(.event == \"completed\").target'
  grep -o 'https://[^\"]*' page.html | haul get -i -

A list holds one URL a line; blank lines and lines that begin with # are skipped. Indented lines after a URL belong \
to it: out=NAME, dir=DIR, checksum=ALGO:SUM, mirror=URL, header=Name: value. Tabs divide a URL from its mirrors.

The same command goes on where an earlier run stopped. The exit code is 0 only if every file is complete and checked; \
haul --help lists the others. Progress and messages go to stderr; stdout holds the lines of --json and nothing \
else.";

const USAGE: &str = "haul [OPTIONS] [URL]...\n       haul [--config FILE] [--state DIR] [--log FILE] COMMAND ...";

/// Downloads in parts over many connections, and goes on after any failure.
#[derive(Parser)]
#[command(name = "haul", version, long_about = None, override_usage = USAGE, after_help = after_help())]
pub struct Arguments {
    /// Where haul's own files are.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// What the screen is to begin with.
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// What to do instead of opening the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do instead of opening the screen.
#[derive(Subcommand)]
pub enum Command {
    /// Download now, without a screen, and end when every file is complete
    #[command(override_usage = "haul get [OPTIONS] URL...", after_help = AFTER_GET_HELP)]
    Get(GetArgs),
    /// Upload files to an object store, in parts, and go on where an earlier run stopped
    #[command(override_usage = "haul put [OPTIONS] FILE... URL", allow_missing_positional = true, after_help = AFTER_PUT_HELP)]
    Put(PutArgs),
    /// List what is in a bucket or a folder of it
    #[command(override_usage = "haul ls [OPTIONS] URL")]
    Ls(LsArgs),
    /// Print a URL with which anyone can fetch an object for a while, without a login
    #[command(override_usage = "haul presign [OPTIONS] URL")]
    Presign(PresignArgs),
    /// Put URLs into the queue; they are on disk when this returns
    #[command(override_usage = "haul add [OPTIONS] URL...")]
    Add(AddArgs),
    /// Show the queue
    List(ListArgs),
    /// Work off the queue without a screen, and end when all is done
    Run(RunArgs),
    /// Try haul on a small server of its own: no network needed
    Demo,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where haul's own files are.
#[derive(Args)]
pub struct PlaceArgs {
    /// The settings file
    #[arg(long, global = true, value_name = "FILE", env = "HAUL_CONFIG", hide_env_values = true)]
    #[arg(value_parser = perhaps_path(), value_hint = ValueHint::FilePath, help_heading = OWN_FILES)]
    pub config: Option<PathBuf>,
    /// The folder of the queue and of what is needed to go on
    #[arg(long, global = true, value_name = "DIR", env = "HAUL_STATE", hide_env_values = true)]
    #[arg(value_parser = perhaps_path(), value_hint = ValueHint::DirPath, help_heading = OWN_FILES)]
    pub state: Option<PathBuf>,
    /// Write a log to this file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OWN_FILES)]
    pub log: Option<PathBuf>,
}

const OWN_FILES: &str = "haul's own files";

/// A path that may be empty, since an empty variable of the environment means one that is not set.
fn perhaps_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

fn said(path: Option<&PathBuf>) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty()).cloned()
}

impl PlaceArgs {
    /// Where haul's files live, with what was not said filled in.
    pub fn paths(&self) -> Paths {
        Paths::find(said(self.config.as_ref()), said(self.state.as_ref()))
    }

    /// True if the command line names the settings file.
    pub fn names_settings(&self) -> bool {
        let by_environment = std::env::var_os("HAUL_CONFIG").map(PathBuf::from);
        said(self.config.as_ref()).is_some_and(|named| by_environment != Some(named))
    }
}

/// `haul [URL...]`.
#[derive(Args)]
pub struct ScreenArgs {
    /// What to queue.
    #[command(flatten)]
    pub transfers: TransferArgs,
    /// What each of them may use.
    #[command(flatten)]
    pub each: EachArgs,
    /// Lines in place of the screen, for screen readers: what changes is told, orders are typed
    #[arg(long)]
    pub plain: bool,
    /// How its downloads go.
    #[command(flatten)]
    pub downloads: DownloadArgs,
    /// How the engine deals with servers.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// `haul get`.
#[derive(Args)]
pub struct GetArgs {
    /// What to download.
    #[command(flatten)]
    pub transfers: TransferArgs,
    /// What this run may use.
    #[command(flatten)]
    pub whole: WholeArgs,
    /// How its downloads go.
    #[command(flatten)]
    pub downloads: DownloadArgs,
    /// How the engine deals with servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// What is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `haul add`.
#[derive(Args)]
pub struct AddArgs {
    /// What to queue.
    #[command(flatten)]
    pub transfers: TransferArgs,
    /// What each of them may use.
    #[command(flatten)]
    pub each: EachArgs,
}

/// `haul list`.
#[derive(Args)]
pub struct ListArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `haul run`.
#[derive(Args)]
pub struct RunArgs {
    /// What this run may use.
    #[command(flatten)]
    pub whole: WholeArgs,
    /// How its downloads go.
    #[command(flatten)]
    pub downloads: DownloadArgs,
    /// How the engine deals with servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// What is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What to download, and to where.
#[derive(Args)]
pub struct TransferArgs {
    /// What to download (http:, https:, s3:, oss: or tos:); s3://bucket/dir/ means all that lies below it; [01-20], [a-z] and
    /// {x,y} stand for several; a whole "copy as cURL" command will do
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub urls: Vec<String>,
    /// The finished file, for one URL; seen from the current folder
    #[arg(short, long, value_name = "FILE", conflicts_with = "dir", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The folder for the files
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
    /// Read URLs from a file, one a line, which are no patterns; - reads stdin
    #[arg(short, long, value_name = "LIST", value_hint = ValueHint::FilePath)]
    pub input: Option<PathBuf>,
    /// Another place that the same file can be had from, for one URL; may be repeated. All are used at once, by their speed
    #[arg(long = "mirror", value_name = "URL", value_hint = ValueHint::Url)]
    pub mirrors: Vec<String>,
    /// Download what a metalink file (.meta4, .metalink) describes; may be repeated
    #[arg(short = 'M', long = "metalink", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub metalinks: Vec<PathBuf>,
    /// Send this header to the URL's own origin ('Name: value'); may be repeated
    // Kept as text: clap repeats a value that it refuses, and this one may be a secret.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// What the finished file must hash to, for one URL: md5, sha1, sha224, sha256, sha384, sha512, sha512-256, blake3,
    /// crc32, crc32c, crc64 (OSS, TOS, xz) or crc64nvme (S3), in hex or base64
    #[arg(long, value_name = "ALGO:SUM")]
    pub checksum: Option<Checksum>,
    /// Find the checksum in a list such as SHA256SUMS, fetched first: at this URL, or with auto beside the file
    #[arg(long, value_name = "URL|auto", conflicts_with = "checksum")]
    pub checksums_from: Option<Sums>,
    /// Take the file even if it is not what its server announces of it (Repr-Digest, Content-MD5, x-goog-hash, ...)
    #[arg(long)]
    pub no_digests: bool,
    /// Replace a file that exists, at the end and in one step
    #[arg(long)]
    pub overwrite: bool,
    /// Take [], {} and what is in them as it is written: no patterns
    #[arg(short, long)]
    pub globoff: bool,
}

/// What a whole run may use.
#[derive(Args)]
pub struct WholeArgs {
    /// How many connections.
    #[command(flatten)]
    pub connections: ConnectionArgs,
    /// Bytes a second over everything that comes, and over all that goes, such as 500K, 5M or 1.5MiB; none lifts the settings'
    #[arg(long, value_name = "RATE|none")]
    pub limit: Option<RateLimit>,
}

/// What each of the given URLs may use, now and after a restart.
#[derive(Args)]
pub struct EachArgs {
    /// How many connections.
    #[command(flatten)]
    pub connections: ConnectionArgs,
    /// Bytes a second for each of these URLs, such as 500K, 5M or 1.5MiB
    #[arg(long, value_name = "RATE")]
    pub limit: Option<RateLimit>,
    /// Whose turn it is before others of the queue
    #[arg(long, value_name = "WORD", value_parser = priority())]
    pub priority: Option<Priority>,
    /// Start at this time and not before: 22:00, "mon 07:30", "2026-12-01 08:00" or "in 2h"
    #[arg(long, value_name = "TIME")]
    pub at: Option<StartTime>,
    /// Do not start these: they are paused until you let them go on
    #[arg(long, conflicts_with = "at")]
    pub paused: bool,
}

/// What is printed.
#[derive(Args)]
pub struct OutputArgs {
    /// Print one JSON object a line to stdout for all that happens
    #[arg(long)]
    pub json: bool,
    /// Print nothing but what went wrong
    #[arg(short, long)]
    pub quiet: bool,
}

impl OutputArgs {
    /// How to print, given whether stderr is a terminal that can move its cursor. `--json` goes before `--quiet`, as
    /// it already prints nothing for people but what went wrong.
    pub fn style(&self, terminal: bool) -> Style {
        match (self.json, self.quiet, terminal) {
            (true, _, _) => Style::Json,
            (_, true, _) => Style::Quiet,
            (_, _, true) => Style::Live,
            (_, _, false) => Style::Plain,
        }
    }
}

/// Why the arguments do not lead to a run: a mistake, or that only help or the version was asked for.
pub struct Mistake(clap::Error);

/// Reads a whole command line, the program's name included.
pub fn parse<I, T>(words: I) -> Result<Arguments, Mistake>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(words).map_err(Mistake)?;
    check_order(&mut command, &matches).map_err(Mistake)?;
    Arguments::from_arg_matches(&matches).map_err(Mistake)
}

/// What stands before a command's name would be the screen's, and so be lost. clap's own setting for this takes the
/// name for a URL as soon as `--config` stands before it.
fn check_order(command: &mut clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some((name, _)) = matches.subcommand() else { return Ok(()) };
    let given = |argument: &&clap::Arg| {
        matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine) && !argument.is_global_set()
    };
    let Some(argument) = command.get_arguments().find(given) else { return Ok(()) };
    let sentence = format!("{argument} stands before {name}; write what belongs to {name} after it");
    Err(command.error(ErrorKind::ArgumentConflict, sentence))
}

impl Mistake {
    /// What to end with: 0 for help and version, 2 for a mistake.
    pub fn exit(&self) -> Exit {
        if self.0.use_stderr() { Exit::Usage } else { Exit::Complete }
    }

    /// The text without colours, harmless even where it repeats what was typed.
    pub fn text(&self) -> String {
        let rendered = self.0.render().to_string();
        rendered.split_inclusive('\n').map(|line| harmless(line.trim_end()).into_owned() + "\n").collect()
    }

    /// Prints the text where it belongs.
    pub fn print(&self) -> io::Result<()> {
        match self.0.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => self.0.print().and_then(|()| io::stdout().flush()),
            _ => io::stderr().write_all(self.text().as_bytes()),
        }
    }
}

/// The completion script for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "haul", &mut script);
    script
}

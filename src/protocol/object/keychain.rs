//! Where the login for a store comes from: a command, the environment, the vendors' own files. What was found is kept
//! until it ends or the store refuses it, and is then looked for again.

use std::collections::HashMap;
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use super::profile::{COMMAND, Passing, Profile};
use super::sign::Login;
use super::surroundings::Surroundings;
use super::time;
use crate::model::{Fault, FaultKind, Lock, Secret, Vendor, harmless};

/// A login that ends within so many seconds is not begun with.
const MARGIN: u64 = 60;
/// One that was found so lately is used all the same, as long as the store takes it: who says when it ends may have another
/// clock, and would else be asked for each request.
const LATELY: Duration = Duration::from_secs(30);
/// So long a command may take, since one may ask the user for a second factor;
const PATIENCE: Duration = Duration::from_secs(120);
/// and after so long a request that waits for it says so. That is less than a transfer waits for an answer by itself.
const WORD: Duration = Duration::from_secs(20);

/// How long after its end what a command has said is waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A login as JSON is short.
const MOST_HEARD: usize = 64 << 10;

/// Who is to log in, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) vendor: Vendor,
    pub(super) profile: Option<String>,
    /// A command of the settings that prints the login.
    pub(super) command: Option<String>,
    pub(super) anonymous: bool,
}

/// A login, and when it was found.
#[derive(Debug)]
struct Found {
    passing: Passing,
    at: Instant,
    /// True if the search before it had brought the same.
    is_same: bool,
}

/// A login that was found, or the place for one. Whoever looks for it holds it.
type Slot = Arc<Mutex<Option<Found>>>;

/// The logins of a run. `Debug` shows none.
#[derive(Debug)]
pub(super) struct Keychain {
    around: Surroundings,
    found: Lock<HashMap<Identity, Slot>>,
}

impl Keychain {
    pub(super) fn new(around: Surroundings) -> Self {
        Self { around, found: Lock::default() }
    }

    /// The login; `None` where none is wanted. `subject` is what a fault speaks of.
    pub(super) async fn login(&self, who: &Identity, subject: &str) -> Result<Option<Login>, Fault> {
        if who.anonymous {
            return Ok(None);
        }
        let slot = self.slot(who, subject).await?;
        let now = time::seconds(SystemTime::now()).unwrap_or(0);
        let lasts =
            |found: &&Found| found.passing.expires.is_none_or(|end| end > now + MARGIN) || found.at.elapsed() < LATELY;
        if let Some(found) = slot.as_ref().filter(lasts) {
            return Ok(Some(found.passing.login.clone()));
        }
        Ok(Some(self.look(slot, who, subject).await?.login))
    }

    /// Looks for the login anew, since the store refused this one; true if there is another one now.
    pub(super) async fn renew(&self, who: &Identity, refused: &Login, subject: &str) -> Result<bool, Fault> {
        let slot = self.slot(who, subject).await?;
        // Another connection may have renewed it meanwhile.
        if slot.as_ref().is_some_and(|found| found.passing.login != *refused) {
            return Ok(true);
        }
        // A command may cost a second factor each time, and would bring the same for each request that is refused.
        let is_vain = |found: &Found| found.is_same && found.at.elapsed() < LATELY;
        if who.command.is_some() && slot.as_ref().is_some_and(is_vain) {
            return Ok(false);
        }
        Ok(self.look(slot, who, subject).await?.login != *refused)
    }

    /// When the login that was found last ends, in seconds since 1970; `None` if nobody says so.
    pub(super) fn ends(&self, who: &Identity) -> Option<u64> {
        let slot = self.found.lock().get(who)?.clone();
        slot.try_lock().ok()?.as_ref()?.passing.expires
    }

    /// Waits until nobody looks for this login.
    async fn slot(&self, who: &Identity, subject: &str) -> Result<OwnedMutexGuard<Option<Found>>, Fault> {
        let slot = self.found.lock().entry(who.clone()).or_default().clone();
        timeout(WORD, slot.lock_owned()).await.map_err(|_| slow(who, subject))
    }

    /// Looks in a task of its own, which ends what it has begun although a transfer loses its patience: a command that asks the
    /// user for something is not asked anew each time, and what it brings is there for the next attempt.
    async fn look(
        &self,
        mut slot: OwnedMutexGuard<Option<Found>>,
        who: &Identity,
        subject: &str,
    ) -> Result<Passing, Fault> {
        let (around, asked, about) = (self.around.clone(), who.clone(), subject.to_owned());
        let looking = tokio::spawn(async move {
            let passing = look(around, asked, &about).await;
            // What has brought one before may bring one again: a network that is away, a file that is just being written.
            let passing = passing.map_err(|fault| if slot.is_some() { again(fault) } else { fault })?;
            let is_same = slot.as_ref().is_some_and(|before| before.passing.login == passing.login);
            *slot = Some(Found { passing: passing.clone(), at: Instant::now(), is_same });
            Ok(passing)
        });
        let lost = |_| Fault::new(FaultKind::Credentials, subject, "the search for the login was lost");
        timeout(WORD, looking).await.map_err(|_| slow(who, subject))?.map_err(lost)?
    }
}

/// The fault of a login that may come yet.
fn again(fault: Fault) -> Fault {
    Fault { kind: FaultKind::Stalled, detail: format!("the login could not be renewed: {}", fault.detail), ..fault }
}

/// The fault of a login that takes a while.
fn slow(who: &Identity, subject: &str) -> Fault {
    let what = who.command.as_ref().map_or_else(String::new, |command| format!(", {command:?},"));
    let detail = format!("the command that has the login{what} has not answered yet; it has {} s", PATIENCE.as_secs());
    Fault::new(FaultKind::Stalled, subject, detail)
}

async fn look(around: Surroundings, who: Identity, subject: &str) -> Result<Passing, Fault> {
    if let Some(command) = &who.command {
        return ask(command, subject).await;
    }
    // A profile that is named goes before the environment's keys, as with the vendors' own tools.
    let variables = of_variables(who.vendor, &around).filter(|_| who.profile.is_none());
    if let Some(login) = variables {
        return Ok(Passing { login, expires: None });
    }
    let (vendor, name) = (who.vendor, Profile::chosen(who.vendor, who.profile.as_deref(), &around).map(str::to_owned));
    let reading = tokio::task::spawn_blocking(move || Profile::of(who.vendor, who.profile.as_deref(), &around));
    let profile = reading.await.unwrap_or_default();
    if let Some(passing) = profile.login() {
        return Ok(passing);
    }
    if let Some(command) = profile.get(&COMMAND) {
        return ask(command, subject).await;
    }
    Err(Fault::new(FaultKind::Credentials, subject, nothing(vendor, name.as_deref(), &profile)))
}

/// What is said where no login was found.
fn nothing(vendor: Vendor, profile: Option<&str>, found: &Profile) -> String {
    let by_other_ways = ["sso_session", "sso_start_url", "role_arn", "web_identity_token_file"];
    if vendor == Vendor::S3 && found.get(&by_other_ways).is_some() {
        let name = profile.unwrap_or("default");
        return format!(
            "the profile {name:?} logs in by a role or by single sign-on, which haul leaves to the AWS tool: set credentials: \
             \"aws configure export-credentials --profile {name}\" for it in the settings' stores"
        );
    }
    if let Some(way) = found.way() {
        let name = profile.or_else(|| found.get(&["name"])).unwrap_or("default");
        return format!(
            "the profile {name:?} logs in by {}, which haul leaves to the vendor's own tool: set credentials to a command that \
             prints a login, in the settings' stores",
            harmless(way)
        );
    }
    if let Some(name) = profile {
        return format!("there is no login in the profile {name:?}");
    }
    let (variables, files) = match vendor {
        Vendor::S3 => ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "~/.aws/credentials"),
        Vendor::Oss => ("OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET", "~/.ossutilconfig"),
        Vendor::Tos => ("TOS_ACCESS_KEY and TOS_SECRET_KEY", "~/.volcengine/config.json"),
    };
    format!("no login was found: set {variables}, or write {files}; ?anonymous=1 asks without one")
}

/// The names of the variables with the id, the key and the token, which belong together.
type Names = [&'static str; 3];

const S3_NAMES: [Names; 1] = [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]];
const OSS_NAMES: [Names; 2] = [
    ["OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"],
    ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"],
];
const TOS_NAMES: [Names; 3] = [
    ["TOS_ACCESS_KEY", "TOS_SECRET_KEY", "TOS_SECURITY_TOKEN"],
    ["VOLCENGINE_ACCESS_KEY_ID", "VOLCENGINE_SECRET_ACCESS_KEY", "VOLCENGINE_SESSION_TOKEN"],
    ["VOLCENGINE_ACCESS_KEY", "VOLCENGINE_SECRET_KEY", "VOLCENGINE_SESSION_TOKEN"],
];

fn of_variables(vendor: Vendor, around: &Surroundings) -> Option<Login> {
    let names: &[Names] = match vendor {
        Vendor::S3 => &S3_NAMES,
        Vendor::Oss => &OSS_NAMES,
        Vendor::Tos => &TOS_NAMES,
    };
    let secret = |name: &str| around.variable(&[name]).map(|text| Secret::from(text.to_owned()));
    names
        .iter()
        .find_map(|[id, key, token]| Some(Login { id: secret(id)?, secret: secret(key)?, token: secret(token) }))
}

/// Hears what a command prints, and a byte more than is heard of one that prints without end.
async fn hear(from: Option<impl AsyncRead + Unpin>, text: &mut Vec<u8>) {
    if let Some(from) = from {
        let mut from = from.take(MOST_HEARD as u64 + 1);
        // One that can't be heard is judged by what it said. What was read stays if this is dropped.
        while let Ok(1..) = from.read_buf(text).await {}
    }
}

/// How a command ended, and what it has printed on both its ways.
async fn ended(child: &mut Child) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (from_out, from_err) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        let mut hearing = pin!(async { tokio::join!(hear(from_out, &mut out), hear(from_err, &mut err)) });
        tokio::select! {
            biased;
            _ = &mut hearing => None,
            status = child.wait() => {
                // What it has left behind, such as an agent, may hold its pipes open for ever.
                let _ = timeout(LAST_WORDS, hearing).await;
                Some(status?)
            }
        }
    };
    let is_endless = out.len() > MOST_HEARD || err.len() > MOST_HEARD;
    let status = match status {
        Some(status) => status,
        // It may not end by itself.
        None if is_endless => ExitStatus::default(),
        None => child.wait().await?,
    };
    Ok((status, out, err))
}

/// Runs a command that prints a login as JSON, as the AWS tools' `credential_process` does.
async fn ask(command: &str, subject: &str) -> Result<Passing, Fault> {
    let wrong = |why: &str| {
        // What it prints may be a secret, the command itself is the user's own.
        Fault::new(FaultKind::Credentials, subject, format!("the command that has the login, {command:?}, {why}"))
    };
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| wrong(&format!("can't be run: {why}")))?;
    let late = |_| wrong(&format!("took more than {} s", PATIENCE.as_secs()));
    let ended = timeout(PATIENCE, ended(&mut child)).await.map_err(late)?;
    let (status, out, err) = ended.map_err(|why| wrong(&format!("can't be run: {why}")))?;
    if out.len() > MOST_HEARD || err.len() > MOST_HEARD {
        return Err(wrong(&format!("prints more than {MOST_HEARD} bytes")));
    }
    if !status.success() {
        let said = String::from_utf8_lossy(&err);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        let last: String = harmless(last).chars().take(200).collect();
        return Err(wrong(&format!("failed ({status}): {last}")));
    }
    let profile = Profile::of_json(&String::from_utf8_lossy(&out));
    let passing = profile.and_then(|profile| profile.login());
    passing.ok_or_else(|| wrong("prints no JSON with AccessKeyId and SecretAccessKey"))
}

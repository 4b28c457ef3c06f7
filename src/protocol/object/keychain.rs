//! Where the login for a store comes from: a command, the environment, the vendors' own files. What was found is kept
//! until it ends or the store refuses it, and is then looked for again.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::Mutex;

use super::profile::{Passing, Profile};
use super::sign::Login;
use super::surroundings::Surroundings;
use super::time;
use crate::model::{Fault, FaultKind, Secret, Vendor, harmless};

/// A login that ends within so many seconds is not begun with.
const MARGIN: u64 = 60;
/// So long a command may take; one may ask the user for a second factor.
const PATIENCE: Duration = Duration::from_secs(120);

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

/// The logins of a run. `Debug` shows none.
#[derive(Debug)]
pub(super) struct Keychain {
    around: Surroundings,
    found: Mutex<HashMap<Identity, Passing>>,
}

impl Keychain {
    pub(super) fn new(around: Surroundings) -> Self {
        Self { around, found: Mutex::default() }
    }

    /// The login; `None` where none is wanted. `subject` is what a fault speaks of.
    pub(super) async fn login(&self, who: &Identity, subject: &str) -> Result<Option<Login>, Fault> {
        if who.anonymous {
            return Ok(None);
        }
        let mut found = self.found.lock().await;
        let now = time::seconds(SystemTime::now()).unwrap_or(0);
        let lasts = |passing: &&Passing| passing.expires.is_none_or(|end| end > now + MARGIN);
        if let Some(passing) = found.get(who).filter(lasts) {
            return Ok(Some(passing.login.clone()));
        }
        let passing = self.look(who, subject).await?;
        found.insert(who.clone(), passing.clone());
        Ok(Some(passing.login))
    }

    /// Looks for the login anew, since the store refused this one; true if there is another one now.
    pub(super) async fn renew(&self, who: &Identity, refused: &Login, subject: &str) -> Result<bool, Fault> {
        let mut found = self.found.lock().await;
        // Another connection may have renewed it meanwhile.
        if found.get(who).is_some_and(|passing| passing.login != *refused) {
            return Ok(true);
        }
        let passing = self.look(who, subject).await?;
        let is_new = passing.login != *refused;
        found.insert(who.clone(), passing);
        Ok(is_new)
    }

    async fn look(&self, who: &Identity, subject: &str) -> Result<Passing, Fault> {
        if let Some(command) = &who.command {
            return ask(command, subject).await;
        }
        // A profile that is named goes before the environment's keys, as with the vendors' own tools.
        let variables = of_variables(who.vendor, &self.around).filter(|_| who.profile.is_none());
        if let Some(login) = variables {
            return Ok(Passing { login, expires: None });
        }
        let (who, around) = (who.clone(), self.around.clone());
        let (vendor, name) =
            (who.vendor, Profile::chosen(who.vendor, who.profile.as_deref(), &around).map(str::to_owned));
        let reading = tokio::task::spawn_blocking(move || Profile::of(who.vendor, who.profile.as_deref(), &around));
        let profile = reading.await.unwrap_or_default();
        if let Some(passing) = profile.login() {
            return Ok(passing);
        }
        if let Some(command) = profile.get(&["credential_process", "process_command"]) {
            return ask(command, subject).await;
        }
        Err(Fault::new(FaultKind::Credentials, subject, nothing(vendor, name.as_deref(), &profile)))
    }
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
const TOS_NAMES: [Names; 2] = [
    ["TOS_ACCESS_KEY", "TOS_SECRET_KEY", "TOS_SECURITY_TOKEN"],
    ["VOLCENGINE_ACCESS_KEY_ID", "VOLCENGINE_SECRET_ACCESS_KEY", "VOLCENGINE_SESSION_TOKEN"],
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

/// What a command prints, and a byte more than is heard of one that prints without end.
async fn heard(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(from) = from {
        // One that can't be heard is judged by what it said.
        let _ = from.take(MOST_HEARD as u64 + 1).read_to_end(&mut text).await;
    }
    text
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
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let both = async { tokio::join!(heard(out), heard(err)) };
    let late = |_| wrong(&format!("took more than {} s", PATIENCE.as_secs()));
    let ended = tokio::time::timeout(PATIENCE, async {
        let (out, err) = both.await;
        if out.len() > MOST_HEARD || err.len() > MOST_HEARD {
            return Err(wrong(&format!("prints more than {MOST_HEARD} bytes")));
        }
        let status = child.wait().await.map_err(|why| wrong(&format!("can't be run: {why}")))?;
        Ok((status, out, err))
    });
    let (status, out, err) = ended.await.map_err(late)??;
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

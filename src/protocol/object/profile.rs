//! The vendors' own files: what a profile in them says. A file that is missing says nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::sign::Login;
use super::surroundings::Surroundings;
use super::time;
use crate::model::{Secret, Vendor};

/// Longer files are none of these.
const LONGEST: u64 = 1 << 20;

/// What makes a login in the files of the AWS tools.
const AWS_LOGIN: [&str; 3] = ["awsaccesskeyid", "awssecretaccesskey", "awssessiontoken"];

/// What the parts of a login are called.
const ID: [&str; 4] = ["aws_access_key_id", "AccessKeyId", "access_key", "ak"];
const KEY: [&str; 5] = ["aws_secret_access_key", "SecretAccessKey", "AccessKeySecret", "secret_key", "sk"];
const TOKEN: [&str; 5] = ["aws_session_token", "SessionToken", "SecurityToken", "StsToken", "Token"];
/// A command that prints one.
pub(super) const COMMAND: [&str; 2] = ["credential_process", "process_command"];
/// What names a role to take.
const ROLES: [&str; 3] = ["role_arn", "ram_role_arn", "web_identity_token_file"];

/// A profile's entries: names in lower case without dashes and underscores, since the vendors' tools spell them freely.
#[derive(Clone, Default)]
pub(super) struct Profile(BTreeMap<String, String>);

/// A login and, where it is one for a while, when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passing {
    pub(super) login: Login,
    pub(super) expires: Option<u64>,
}

impl Profile {
    /// What the files of a vendor say of the profile of this name, or of the one that is used by itself.
    pub(super) fn of(vendor: Vendor, name: Option<&str>, around: &Surroundings) -> Self {
        let name = Self::chosen(vendor, name, around);
        match vendor {
            Vendor::S3 => Self::of_aws(name, around),
            Vendor::Oss => Self::of_oss(name, around),
            Vendor::Tos => Self::of_tos(name, around),
        }
    }

    /// The name of the profile that is used, if anybody gives one: this one, or else that of the environment.
    pub(super) fn chosen<'a>(vendor: Vendor, name: Option<&'a str>, around: &'a Surroundings) -> Option<&'a str> {
        let variables = match vendor {
            Vendor::S3 => ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"],
            Vendor::Oss => ["OSS_PROFILE", "ALIBABA_CLOUD_PROFILE"],
            Vendor::Tos => ["TOS_PROFILE", "VOLCENGINE_PROFILE"],
        };
        name.or_else(|| around.variable(&variables))
    }

    /// An entry, under whichever of these names it has.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .find_map(|name| self.0.get(&plain(name)))
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The login in it.
    pub(super) fn login(&self) -> Option<Passing> {
        let secret = |names: &[&str]| self.get(names).map(|text| Secret::from(text.to_owned()));
        let (id, key, token) = (secret(&ID)?, secret(&KEY)?, secret(&TOKEN));
        let expires = self.get(&["Expiration", "ExpiredTime"]).and_then(time::read);
        Some(Passing { login: Login { id, secret: key, token }, expires })
    }

    /// How it logs in, if not by keys that stand in it: by a role, or in a mode of the vendor's tool.
    pub(super) fn way(&self) -> Option<&str> {
        let Some(mode) = self.get(&["mode", "type"]) else { return self.get(&ROLES).map(|_| "a role") };
        let is_own = match &*plain(mode) {
            "ak" | "accesskey" | "sts" | "ststoken" => true,
            // The vendor's tool leaves there what single sign-on has given it for a while.
            other => !other.contains("role") && self.get(&TOKEN).is_some(),
        };
        (!is_own).then_some(mode)
    }

    /// The same without keys by which it does not log in: beside a role stand those of whoever may take it.
    fn without_others_keys(mut self) -> Self {
        let others = match self.way() {
            Some("a role") => [&ID[..], &KEY, &TOKEN, &COMMAND].concat(),
            Some(_) => [&ID[..], &KEY, &TOKEN].concat(),
            None => return self,
        };
        for name in others {
            self.0.remove(&plain(name));
        }
        self
    }

    /// What a command or a service prints: a JSON object, or one within another.
    pub(super) fn of_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text.trim()).ok()?;
        let own = Self::of_object(&value);
        let inner = || value.as_object()?.values().map(Self::of_object).find(|inner| inner.login().is_some());
        if own.login().is_some() { Some(own) } else { inner().or(Some(own)) }
    }

    /// `~/.aws/credentials` before `~/.aws/config`.
    fn of_aws(name: Option<&str>, around: &Surroundings) -> Self {
        let name = name.unwrap_or("default");
        let all = |variable, usual| {
            let text = around.file(variable, usual).and_then(|file| read(&file));
            text.map(|text| sections(&text)).unwrap_or_default()
        };
        let mut config = all("AWS_CONFIG_FILE", ".aws/config");
        let bare = (name == "default").then_some("default");
        let profile = config.remove(&format!("profile {name}")).or_else(|| config.remove(bare?));
        let mut profile = profile.unwrap_or_default();
        let own = all("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials").remove(name).unwrap_or_default();
        if own.login().is_some() {
            // A token beside another login's keys would be refused.
            profile.0.retain(|name, _| !AWS_LOGIN.contains(&name.as_str()));
        }
        profile.0.extend(own.0);
        let services = profile.get(&["services"]).and_then(|name| config.get(&format!("services {name}")));
        if let Some(endpoint) = services.and_then(|services| services.0.get("s3.endpointurl")).cloned() {
            profile.0.insert(plain("endpoint_url"), endpoint);
        }
        profile.without_others_keys()
    }

    /// ossutil's file of either version, then the Alibaba Cloud tools' own.
    fn of_oss(name: Option<&str>, around: &Surroundings) -> Self {
        let file = around.file("OSS_CONFIG_FILE", ".ossutilconfig");
        let mut all = file.and_then(|file| read(&file)).map(|text| sections(&text)).unwrap_or_default();
        let titles = match name {
            None => ["default", "profile default", "credentials"].map(str::to_owned).to_vec(),
            Some(name) => vec![format!("profile {name}"), name.to_owned()],
        };
        let found = titles.iter().find_map(|title| all.remove(title)).unwrap_or_default();
        let mut found = found.without_others_keys();
        for (variable, usual) in [
            ("OSS_CREDENTIALS_FILE", ".oss/credentials"),
            ("ALIBABA_CLOUD_CREDENTIALS_FILE", ".alibabacloud/credentials"),
        ] {
            let text = || read(&around.file(variable, usual)?);
            let other = || sections(&text()?).remove(name.unwrap_or("default"));
            found.fill(other().unwrap_or_default().without_others_keys());
        }
        let aliyun = || of_profiles(&read(&around.file("ALIBABA_CLOUD_CONFIG_FILE", ".aliyun/config.json")?)?, name);
        found.fill(aliyun().unwrap_or_default());
        found
    }

    /// Volcengine's command line tool's file.
    fn of_tos(name: Option<&str>, around: &Surroundings) -> Self {
        let text = || read(&around.file("VOLCENGINE_CONFIG_FILE", ".volcengine/config.json")?);
        text().and_then(|text| of_profiles(&text, name)).unwrap_or_default()
    }

    /// Takes over from another profile what this one does not say. A login is taken as a whole.
    fn fill(&mut self, other: Self) {
        if (self.login().is_some() || self.way().is_some()) && other.login().is_some() {
            return;
        }
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    fn of_object(value: &Value) -> Self {
        let members = value.as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self(members.filter_map(|(name, value)| Some((plain(name), text(value)?))).collect())
    }
}

/// The profile in `{"current": ..., "profiles": ...}`, where the profiles are a list with names or a map. These are files of tools
/// for all services of a vendor: an endpoint there is another service's.
fn of_profiles(text: &str, name: Option<&str>) -> Option<Profile> {
    let value: Value = serde_json::from_str(text).ok()?;
    let name = name.or_else(|| value.get("current")?.as_str()).unwrap_or("default");
    let found = match value.get("profiles")? {
        Value::Array(all) => all.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(name))?,
        all => all.get(name)?,
    };
    let mut profile = Profile::of_object(found);
    profile.0.remove("endpoint");
    profile.0.entry("name".to_owned()).or_insert_with(|| name.to_owned());
    Some(profile.without_others_keys())
}

/// The sections of an ini file by their titles in lower case.
fn sections(text: &str) -> BTreeMap<String, Profile> {
    let mut all: BTreeMap<String, Profile> = BTreeMap::new();
    let mut title = String::new();
    // How far the settings of a section are indented, if there was one,
    let mut level = None;
    // and what is further in belongs to the one above it, which is a service's name.
    let mut above = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            let words: Vec<&str> = name.split_ascii_whitespace().collect();
            title = match words[..] {
                [one] if one.eq_ignore_ascii_case("default") || one.eq_ignore_ascii_case("credentials") => {
                    one.to_ascii_lowercase()
                }
                // A name with blanks stands in quotes.
                ["profile", ..] => format!("profile {}", words[1..].join(" ").trim_matches(['"', '\''])),
                _ => words.join(" "),
            };
            all.entry(title.clone()).or_default();
            level = None;
        } else if !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            let section = all.entry(title.clone()).or_default();
            if level.is_some_and(|level| indent > level) {
                section.0.insert(format!("{above}.{}", plain(name)), value.trim().to_owned());
                continue;
            }
            (level, above) = (Some(indent), plain(name));
            section.0.insert(above.clone(), value.trim().to_owned());
        }
    }
    all
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn read(file: &Path) -> Option<String> {
    std::fs::metadata(file).ok().filter(|metadata| metadata.is_file() && metadata.len() <= LONGEST)?;
    // A remark in another encoding is no reason to find no login.
    Some(String::from_utf8_lossy(&std::fs::read(file).ok()?).into_owned())
}

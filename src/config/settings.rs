//! The settings file: RON, every key optional, a mistake told with its line, its column and the nearest key's name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ron::Options;
use ron::error::{Error as RonError, SpannedError};
use ron::extensions::Extensions;
use serde::{Deserialize, Serialize};

use super::place::place_of;
use super::{Bindings, CategoryTable, Column, Hooks, Keymap, Notify, ThemeName};
use crate::model::{
    Hours, LimitHours, Limits, ObjectUrl, OnChange, Patience, Rate, RateLimit, Secret, StoreOptions, harmless,
    proxy_url,
};

/// The commented default settings, as `haul` carries them; a test holds them equal to `Settings::default()`.
pub const DEFAULT_SETTINGS: &str = include_str!("../../assets/default.ron");

/// A file of more bytes than this holds no settings.
const LONGEST: u64 = 1 << 20;

/// What the user may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where downloads go; `None` is the desktop's download folder.
    pub folder: Option<PathBuf>,
    /// Kinds of files, laid over haul's own.
    pub categories: CategoryTable,
    /// A category without a folder has one of its name where downloads go.
    pub category_folders: bool,
    /// Connections for each transfer, 1 to 64; `None`: as many as turn out to help.
    pub connections: Option<u16>,
    /// Transfers at once, 1 to 64; `None`: a few, and more while they are brief.
    pub transfers: Option<u16>,
    /// Bytes a second over everything that comes,
    #[serde(deserialize_with = "RateLimit::setting")]
    pub limit: Option<Rate>,
    /// and over everything that goes.
    #[serde(deserialize_with = "RateLimit::setting")]
    pub upload_limit: Option<Rate>,
    /// Limits by the time of day, of which the first that fits goes before `limit`.
    pub timetable: Vec<LimitHours>,
    /// Hours in which the queue runs; none for always.
    pub queue_hours: Vec<Hours>,
    /// Further attempts after failures in a row without a new byte.
    pub retries: u32,
    /// Seconds before the first further attempt; doubles with each failure.
    pub retry_wait: f64,
    /// Seconds for a connection to be set up.
    pub connect_timeout: f64,
    /// Seconds that a connection may stay without a byte.
    pub timeout: f64,
    /// What to do when a file turns out to have changed on its server.
    pub on_change: OnChange,
    /// What haul calls itself.
    pub user_agent: String,
    /// A proxy's URL; `None` follows the proxy variables of the environment.
    pub proxy: Option<Secret>,
    /// The file with the logins of hosts; `None` is `Paths::netrc`.
    pub netrc: Option<PathBuf>,
    /// A cookies.txt.
    pub cookies: Option<PathBuf>,
    /// The columns of the list, from left to right.
    pub columns: Vec<Column>,
    /// The screen takes the mouse.
    pub mouse: bool,
    /// The screen's colours: a theme's name or file; `None` is the terminal's own 16.
    pub theme: Option<ThemeName>,
    /// Only ASCII characters on the screen; `None` leaves that to the locale.
    pub ascii: Option<bool>,
    /// How stores are reached: of one bucket (`oss://bucket`), or of all of a vendor's (`oss://`).
    pub stores: BTreeMap<String, StoreOptions>,
    /// URLs that are copied on the desktop are offered.
    pub clipboard: bool,
    /// Leaving while transfers run asks first.
    pub confirm_quit: bool,
    /// How the user hears that all is done.
    pub notify: Notify,
    /// The terminal's title and its progress show how far haul is.
    pub title: bool,
    /// What is run when something happens.
    pub hooks: Hooks,
    /// The user's own keys for orders.
    pub commands: Bindings,
    /// Keys on the screen, laid over the default ones.
    pub keys: Keymap,
}

impl Default for Settings {
    fn default() -> Self {
        let patience = Patience::default();
        Self {
            folder: None,
            categories: CategoryTable::default(),
            category_folders: false,
            connections: None,
            transfers: None,
            limit: None,
            upload_limit: None,
            timetable: Vec::new(),
            queue_hours: Vec::new(),
            retries: patience.retries,
            retry_wait: patience.wait.as_secs_f64(),
            connect_timeout: patience.connect.as_secs_f64(),
            timeout: patience.stall.as_secs_f64(),
            on_change: OnChange::default(),
            user_agent: concat!("haul/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: None,
            netrc: None,
            cookies: None,
            columns: Column::USUAL.to_vec(),
            mouse: true,
            theme: None,
            ascii: None,
            stores: BTreeMap::new(),
            clipboard: false,
            confirm_quit: true,
            notify: Notify::default(),
            title: true,
            hooks: Hooks::default(),
            commands: Bindings::default(),
            keys: Keymap::default(),
        }
    }
}

impl Settings {
    /// What these say of the screen alone; all else is as usual.
    pub fn of_the_screen(&self) -> Self {
        let Self { columns, mouse, theme, ascii, clipboard, confirm_quit, notify, title, commands, keys, .. } =
            self.clone();
        let usual = Self::default();
        Self { columns, mouse, theme, ascii, clipboard, confirm_quit, notify, title, commands, keys, ..usual }
    }

    /// Reads a settings file. One that does not exist, or is empty, means the defaults.
    pub fn load(path: &Path) -> Result<Self, String> {
        let mut text = String::new();
        match File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)) {
            Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(why) => return Err(format!("{}: the settings can't be read: {why}", path.display())),
            Ok(_) if text.len() as u64 > LONGEST => {
                return Err(format!("{}: is longer than {LONGEST} bytes, so it holds no settings", path.display()));
            }
            Ok(_) => {}
        }
        Self::parse(&text).map_err(|why| format!("{}:{why}", path.display()))
    }

    /// Reads the settings file at its usual place, which nobody has named. Where its folder may not be searched it is as good as
    /// none: the home of another user, say. Then the second is what to tell. One that is there and can't be read is an error.
    pub fn load_usual(path: &Path) -> Result<(Self, Option<String>), String> {
        match fs::symlink_metadata(path) {
            Err(why) if !matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                let path = harmless(&path.to_string_lossy()).into_owned();
                let remark = format!("{path}: whether there are settings can't be seen ({why}): the usual ones hold");
                Ok((Self::default(), Some(remark)))
            }
            _ => Ok((Self::load(path)?, None)),
        }
    }

    /// Reads settings. An error begins with line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Editors of another system begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        if holds_nothing(text) {
            return Ok(Self::default());
        }
        let options = Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
        let mut settings: Self = options.from_str(text).map_err(|why| explain(&why))?;
        settings.keys = Keymap::default().with(settings.keys);
        settings.check().map_err(|(name, why)| match place_of(text, name) {
            Some((line, column)) => format!("{line}:{column}: {why}"),
            None => format!(" {why}"),
        })?;
        Ok(settings)
    }

    /// How long haul waits, and how often it tries.
    pub fn patience(&self) -> Patience {
        Patience {
            retries: self.retries,
            wait: Duration::from_secs_f64(self.retry_wait),
            connect: Duration::from_secs_f64(self.connect_timeout),
            stall: Duration::from_secs_f64(self.timeout),
        }
    }

    /// What the parser can't know to be wrong: the setting, and a sentence.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let counts = [("connections", self.connections.unwrap_or(1)), ("transfers", self.transfers.unwrap_or(1))];
        if let Some((name, count)) = counts.into_iter().find(|entry| !Limits::allow(entry.1)) {
            return Err((name, format!("{name} is {count}, but must be from 1 to 64")));
        }
        let spans = [
            ("retry_wait", self.retry_wait, 0.0),
            ("connect_timeout", self.connect_timeout, 0.1),
            ("timeout", self.timeout, 0.1),
        ];
        let wrong = |entry: &(&str, f64, f64)| !(entry.2..=86_400.0).contains(&entry.1);
        if let Some((name, seconds, least)) = spans.into_iter().find(wrong) {
            return Err((name, format!("{name} is {seconds}, but must be from {least} to 86400 (seconds)")));
        }
        let others = [
            ("stores", self.stores.keys().try_for_each(|name| check_store(name))),
            ("user_agent", self.check_user_agent()),
            ("proxy", self.check_proxy()),
            ("hooks", self.hooks.check()),
            ("columns", self.check_columns()),
            ("theme", self.theme.as_ref().map_or(Ok(()), ThemeName::check)),
        ];
        others.into_iter().try_for_each(|(name, checked)| checked.map_err(|why| (name, why)))
    }

    fn check_user_agent(&self) -> Result<(), String> {
        let is_wrong = self.user_agent.chars().any(char::is_control);
        if is_wrong { Err("user_agent holds control characters, which no header can".to_owned()) } else { Ok(()) }
    }

    fn check_proxy(&self) -> Result<(), String> {
        match &self.proxy {
            // What it holds may be a password.
            Some(proxy) if proxy_url(proxy.text()).is_none() => {
                Err("proxy holds no proxy's URL; write http://host:port or \
                 socks5h://host:port (https, socks4, socks4a and socks5 are the others)"
                    .to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_columns(&self) -> Result<(), String> {
        if !self.columns.contains(&Column::Name) {
            return Err("columns must hold Name".to_owned());
        }
        let twice = |at: &usize| self.columns[..*at].contains(&self.columns[*at]);
        match (0..self.columns.len()).find(twice) {
            Some(at) => Err(format!("columns hold {:?} twice", self.columns[at])),
            None => Ok(()),
        }
    }
}

/// True if there are only comments.
fn holds_nothing(mut text: &str) -> bool {
    loop {
        text = text.trim_start();
        text = if let Some(line) = text.strip_prefix("//") {
            line.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some((_, rest)) = text.strip_prefix("/*").and_then(|comment| comment.split_once("*/")) {
            rest
        } else {
            return text.is_empty();
        }
    }
}

/// A store is named as in its URLs, by a bucket or by the scheme alone.
fn check_store(name: &str) -> Result<(), String> {
    let wrong = || format!("stores: {name:?} names no store; write \"oss://bucket\", or \"oss://\" for all of OSS");
    let all = if name.ends_with("://") { format!("{name}bucket") } else { name.to_owned() };
    let url = ObjectUrl::parse(&all).map_err(|_| wrong())?;
    let is_plain = url.key.is_empty() && !all.contains('?') && !all.ends_with('/') && all == all.to_lowercase();
    if is_plain { Ok(()) } else { Err(wrong()) }
}

/// An error of the parser with its place and, for a name that does not exist, the nearest one that does.
pub(super) fn explain(why: &SpannedError) -> String {
    let place = format!("{}:{}", why.span.start.line, why.span.start.col);
    match &why.code {
        RonError::NoSuchStructField { expected, found, .. } => {
            format!("{place}: there is no setting {found:?}{}", nearest(found, expected))
        }
        RonError::NoSuchEnumVariant { expected, found, .. } => {
            format!("{place}: there is no {found:?} here{}", nearest(found, expected))
        }
        RonError::ExpectedArray => format!("{place}: a list belongs here, in brackets: [\"...\"]"),
        // It quotes what it found: a control character as it is.
        other => format!("{place}: {}", harmless(&other.to_string())),
    }
}

/// `; did you mean "..."?` with the name that is most like what was found, if one is.
pub fn nearest(found: &str, expected: &[&str]) -> String {
    let nearest = expected.iter().min_by_key(|name| distance(found, name));
    // A word that is quite another one was not meant.
    let nearest = nearest.filter(|name| distance(found, name) * 2 <= found.len().max(name.len()));
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// How many letters must be changed, put in or left out to make one word of the other (Levenshtein).
pub(super) fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, b) in to.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

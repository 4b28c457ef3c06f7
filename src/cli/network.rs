//! Options that say how the engine goes about its work, for this run: how many transfers at once, and how servers are dealt with.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::choices::on_change;
use super::connections::whole_number;
use super::logins::LoginArgs;
use crate::config::Settings;
use crate::model::{Limits, OnChange};

/// How many transfers go at once.
#[derive(Args)]
pub struct SlotArgs {
    /// Transfers at once, 1 to 64 (else 4, and up to 16 or 64 while they are small files)
    #[arg(short = 'j', long, value_name = "N", value_parser = Limits::count)]
    transfers: Option<u16>,
}

/// How downloads go.
#[derive(Args)]
pub struct DownloadArgs {
    #[command(flatten)]
    slots: SlotArgs,
    /// When a file has changed on its server: restart from its first byte (once), ask (stop; :retry begins again), or fail
    #[arg(long, value_name = "WORD", value_parser = on_change())]
    on_change: Option<OnChange>,
    /// Follow redirects from https to http: anyone on the way can then read and change what comes
    #[arg(long)]
    pub allow_http: bool,
}

/// How servers are dealt with.
#[derive(Args)]
pub struct NetworkArgs {
    /// Further attempts after failures in a row without a new byte; then a transfer is given up
    #[arg(long, value_name = "N", value_parser = whole_number)]
    retries: Option<u32>,
    /// Seconds before the first further attempt; doubles with each failure
    #[arg(long, value_name = "S", value_parser = any_seconds)]
    retry_wait: Option<f64>,
    /// Seconds that a connection may take to be set up
    #[arg(long, value_name = "S", value_parser = some_seconds)]
    connect_timeout: Option<f64>,
    /// Seconds that a connection may stay without a byte
    #[arg(long, value_name = "S", value_parser = some_seconds)]
    timeout: Option<f64>,
    /// Accept any certificate: anyone on the way can then read and change what comes
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Trust the certificates in this PEM file too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_cert: Option<PathBuf>,
    /// Who the user is.
    #[command(flatten)]
    pub logins: LoginArgs,
}

fn any_seconds(text: &str) -> Result<f64, String> {
    seconds(text, 0.0)
}

fn some_seconds(text: &str) -> Result<f64, String> {
    seconds(text, 0.1)
}

/// The same bounds as in the settings file; beyond them a `Duration` would be nonsense, or a panic.
fn seconds(text: &str, least: f64) -> Result<f64, String> {
    let wrong = || format!("write seconds from {least} to 86400, such as 2.5");
    text.parse().ok().filter(|value| (least..=86_400.0).contains(value)).ok_or_else(wrong)
}

impl SlotArgs {
    /// Lays what was given over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        settings.transfers = self.transfers.or(settings.transfers);
    }
}

impl DownloadArgs {
    /// Lays what was given over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        self.slots.apply(settings);
        settings.on_change = self.on_change.unwrap_or(settings.on_change);
    }

    /// The options that were given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        only_given([
            ("-j", self.slots.transfers.is_some()),
            ("--on-change", self.on_change.is_some()),
            ("--allow-http", self.allow_http),
        ])
    }
}

impl NetworkArgs {
    /// Lays what was given over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        settings.retries = self.retries.unwrap_or(settings.retries);
        settings.retry_wait = self.retry_wait.unwrap_or(settings.retry_wait);
        settings.connect_timeout = self.connect_timeout.unwrap_or(settings.connect_timeout);
        settings.timeout = self.timeout.unwrap_or(settings.timeout);
        self.logins.apply(settings);
    }

    /// The options that were given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        only_given([
            ("--retries", self.retries.is_some()),
            ("--retry-wait", self.retry_wait.is_some()),
            ("--connect-timeout", self.connect_timeout.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("-k", self.insecure),
            ("--ca-cert", self.ca_cert.is_some()),
            ("--netrc", self.logins.netrc.is_some()),
            ("--no-netrc", self.logins.no_netrc),
            ("--load-cookies", self.logins.load_cookies.is_some()),
        ])
    }
}

fn only_given<const N: usize>(options: [(&'static str, bool); N]) -> impl Iterator<Item = &'static str> {
    options.into_iter().filter(|option| option.1).map(|option| option.0)
}

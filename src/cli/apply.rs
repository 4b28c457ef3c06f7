//! The command line laid over the settings.

use super::args::{Arguments, Command, NetworkArgs, WholeArgs};
use crate::config::Settings;
use crate::model::RateLimit;

impl Arguments {
    /// Lays what was given on the command line over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        match &self.command {
            Some(Command::Get(get)) => get.whole.apply(settings),
            Some(Command::Run(run)) => run.whole.apply(settings),
            Some(Command::Put(put)) => {
                settings.upload_limit = put.limit.map_or(settings.upload_limit, |RateLimit(limit)| limit);
            }
            _ => {}
        }
        if let Some(network) = self.network() {
            network.apply(settings);
        }
    }

    /// How the engine is to deal with servers, for those commands that start one.
    pub fn network(&self) -> Option<&NetworkArgs> {
        match &self.command {
            None => Some(&self.screen.network),
            Some(Command::Get(get)) => Some(&get.network),
            Some(Command::Put(put)) => Some(&put.network),
            Some(Command::Ls(ls)) => Some(&ls.network),
            Some(Command::Run(run)) => Some(&run.network),
            Some(
                Command::Add(_) | Command::List(_) | Command::Presign(_) | Command::Demo | Command::Completions { .. },
            ) => None,
        }
    }
}

impl WholeArgs {
    /// Lays what was given over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        settings.connections = self.connections.count().or(settings.connections);
        if let Some(RateLimit(limit)) = self.limit {
            (settings.limit, settings.upload_limit) = (limit, limit);
            // Whoever says a limit for a run means it for all of it.
            settings.timetable.clear();
        }
    }
}

impl NetworkArgs {
    /// Lays what was given over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        settings.transfers = self.transfers.or(settings.transfers);
        settings.retries = self.retries.unwrap_or(settings.retries);
        settings.retry_wait = self.retry_wait.unwrap_or(settings.retry_wait);
        settings.connect_timeout = self.connect_timeout.unwrap_or(settings.connect_timeout);
        settings.timeout = self.timeout.unwrap_or(settings.timeout);
        settings.on_change = self.on_change.unwrap_or(settings.on_change);
        self.logins.apply(settings);
    }
}

impl NetworkArgs {
    /// The options that were given.
    pub fn given(&self) -> Vec<&'static str> {
        let options = [
            ("-j", self.transfers.is_some()),
            ("--retries", self.retries.is_some()),
            ("--retry-wait", self.retry_wait.is_some()),
            ("--connect-timeout", self.connect_timeout.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("--on-change", self.on_change.is_some()),
            ("-k", self.insecure),
            ("--allow-http", self.allow_http),
            ("--ca-cert", self.ca_cert.is_some()),
            ("--netrc", self.logins.netrc.is_some()),
            ("--no-netrc", self.logins.no_netrc),
            ("--load-cookies", self.logins.load_cookies.is_some()),
        ];
        options.into_iter().filter(|option| option.1).map(|option| option.0).collect()
    }
}

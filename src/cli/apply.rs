//! The command line laid over the settings.

use super::args::{Arguments, Command, WholeArgs};
use crate::config::Settings;
use crate::model::RateLimit;

impl Arguments {
    /// Lays what was given on the command line over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        match &self.command {
            None => {
                self.screen.downloads.apply(settings);
                self.screen.network.apply(settings);
            }
            Some(Command::Get(get)) => {
                get.whole.apply(settings);
                get.downloads.apply(settings);
                get.network.apply(settings);
            }
            Some(Command::Run(run)) => {
                run.whole.apply(settings);
                run.downloads.apply(settings);
                run.network.apply(settings);
            }
            Some(Command::Put(put)) => {
                settings.upload_limit = put.limit.map_or(settings.upload_limit, |RateLimit(limit)| limit);
                put.slots.apply(settings);
                put.network.apply(settings);
            }
            Some(Command::Ls(ls)) => ls.network.apply(settings),
            Some(
                Command::Add(_) | Command::List(_) | Command::Presign(_) | Command::Demo | Command::Completions { .. },
            ) => {}
        }
    }

    /// True if redirects from https to http are followed in this run.
    pub fn allows_http(&self) -> bool {
        let downloads = match &self.command {
            None => Some(&self.screen.downloads),
            Some(Command::Get(get)) => Some(&get.downloads),
            Some(Command::Run(run)) => Some(&run.downloads),
            _ => None,
        };
        downloads.is_some_and(|downloads| downloads.allow_http)
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

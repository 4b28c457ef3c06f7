//! Options that say who the user is.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::config::Settings;

/// Where logins and cookies are taken from, for this run.
#[derive(Args)]
pub struct LoginArgs {
    /// Take the logins of hosts from this file, in place of the one that NETRC names or ~/.netrc
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub netrc: Option<PathBuf>,
    /// Take no logins from such a file
    #[arg(long, conflicts_with = "netrc")]
    pub no_netrc: bool,
    /// Send the cookies in this cookies.txt (Netscape's format) to the hosts that they are for
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub load_cookies: Option<PathBuf>,
}

impl LoginArgs {
    /// Lays what was given over the settings.
    pub fn apply(&self, settings: &mut Settings) {
        settings.netrc = self.netrc.clone().or(settings.netrc.take());
        settings.cookies = self.load_cookies.clone().or(settings.cookies.take());
    }
}

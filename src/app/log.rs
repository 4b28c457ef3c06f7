//! The log file.

use std::path::Path;
use std::sync::Mutex;

use color_eyre::eyre::{Report, eyre};

/// A log that only its owner can read.
pub(super) fn start_log(path: &Path) -> Result<(), Report> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("HAUL_LOG").unwrap_or_else(|_| "haul=debug".into());
    let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(file)).with_ansi(false).with_env_filter(filter);
    // A log that finds no room costs its lines, and must not write on the screen.
    let subscriber = subscriber.log_internal_errors(false);
    subscriber.try_init().map_err(|why| eyre!(why))
}

//! Watches what is copied on the desktop, if the user wants that and the build can: on a thread of its own, at a calm pace.

use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc;

use super::Message;

/// How often the clipboard is looked at.
pub const PACE: Duration = Duration::from_millis(800);
/// A longer text is no list of URLs.
const LONGEST: usize = 64 * 1024;
/// So many looks in a row may fail: others hold the clipboard for a moment.
const PATIENCE: u32 = 10;

/// The clipboard of a desktop.
pub trait Clipboard {
    /// The text that is in it; `None` if there is none.
    fn text(&mut self) -> Result<Option<String>, String>;
}

/// A watch; dropping it ends it.
#[derive(Debug)]
pub struct ClipboardWatch {
    _stop: SyncSender<()>,
}

impl ClipboardWatch {
    /// Watches what `open` opens, and tells what is copied from now on.
    pub fn start<C: Clipboard>(
        open: impl FnOnce() -> Result<C, String> + Send + 'static,
        pace: Duration,
        told: mpsc::Sender<Message>,
    ) -> io::Result<Self> {
        let (stop, stopped) = sync_channel::<()>(0);
        let wait = move || stopped.recv_timeout(pace) == Err(RecvTimeoutError::Timeout);
        // On the thread itself: some clipboards must be used where they were opened, and opening may block.
        std::thread::Builder::new().name("haul-clipboard".to_owned()).spawn(move || {
            if let Err(why) = open().and_then(|clipboard| watch(clipboard, &told, wait)) {
                // Fails only if the loop has ended.
                let _ = told.blocking_send(Message::Unwatched(why));
            }
        })?;
        Ok(Self { _stop: stop })
    }
}

/// What is there at the beginning is old news, and so is what was seen the time before.
fn watch(mut clipboard: impl Clipboard, told: &mpsc::Sender<Message>, go_on: impl Fn() -> bool) -> Result<(), String> {
    let (mut last, mut failures) = (clipboard.text().ok().flatten(), 0);
    let _ = told.blocking_send(Message::Watched);
    while go_on() {
        match clipboard.text() {
            Ok(text) => {
                failures = 0;
                let is_new = text.is_some() && text != last;
                if let Some(text) = text.as_ref().filter(|text| is_new && text.len() <= LONGEST)
                    && told.blocking_send(Message::Copied(text.clone())).is_err()
                {
                    return Ok(());
                }
                last = text.or(last);
            }
            Err(why) => {
                failures += 1;
                if failures >= PATIENCE {
                    return Err(why);
                }
            }
        }
    }
    Ok(())
}

/// Why a desktop with this environment lets nobody watch its clipboard; `None` if it may.
pub fn clipboard_is_shut(variable: impl Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return None;
    }
    let desktop = variable("XDG_CURRENT_DESKTOP").unwrap_or_default().to_string_lossy().to_uppercase();
    if !is_set("WAYLAND_DISPLAY") && !is_set("DISPLAY") {
        return Some("there is no desktop here (neither WAYLAND_DISPLAY nor DISPLAY is set), as over SSH");
    }
    if is_set("WAYLAND_DISPLAY") && desktop.split(':').any(|name| name == "GNOME") {
        return Some("GNOME on Wayland lets no program see what is copied elsewhere");
    }
    None
}

/// The desktop's clipboard, or why it can't be watched.
#[cfg(feature = "clipboard")]
pub fn desktop() -> Result<impl Clipboard, String> {
    match clipboard_is_shut(|name| std::env::var_os(name)) {
        Some(why) => Err(why.to_owned()),
        None => arboard::Clipboard::new().map_err(|why| why.to_string()),
    }
}

#[cfg(feature = "clipboard")]
impl Clipboard for arboard::Clipboard {
    fn text(&mut self) -> Result<Option<String>, String> {
        match self.get_text() {
            Ok(text) => Ok(Some(text)),
            // It is empty, or holds a picture or a file.
            Err(arboard::Error::ContentNotAvailable | arboard::Error::ConversionFailure) => Ok(None),
            Err(why) => Err(why.to_string()),
        }
    }
}

/// This build has no clipboard.
#[cfg(not(feature = "clipboard"))]
pub fn desktop() -> Result<impl Clipboard, String> {
    enum Nothing {}
    impl Clipboard for Nothing {
        fn text(&mut self) -> Result<Option<String>, String> {
            match *self {}
        }
    }
    Err::<Nothing, _>(
        "this haul was built without it; cargo install --features clipboard builds one with it".to_owned(),
    )
}

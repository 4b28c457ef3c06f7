//! The moving picture: what the real program draws while somebody uses it, frame by frame, with the time of each.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use vt100::Screen;

use super::svg;
use crate::support::Terminal;

/// Frames that follow sooner than this are one: the eye would not part them, and each costs space.
const APART: Duration = Duration::from_millis(240);
/// The last frame stays so long before the picture begins anew.
const LAST: Duration = Duration::from_secs(3);

/// What was drawn so far.
pub(super) struct Film {
    frames: Vec<(Screen, Instant)>,
}

impl Film {
    /// A film that begins with the screen as it is.
    pub(super) fn new(terminal: &Terminal) -> Self {
        Self { frames: vec![(terminal.screen(), Instant::now())] }
    }

    /// Takes up all frames until the screen is as asked.
    pub(super) fn until(&mut self, terminal: &Terminal, is_so: impl Fn(&Screen) -> bool) {
        loop {
            let screen = terminal.between_frames(1);
            let (is_last, now) = (is_so(&screen), Instant::now());
            match self.frames.last_mut() {
                Some((last, at)) if now - *at < APART => *last = screen,
                _ => self.frames.push((screen, now)),
            }
            if is_last {
                return;
            }
        }
    }

    /// Takes up all frames for as long as somebody needs to look at them.
    pub(super) fn watch(&mut self, terminal: &Terminal, span: Duration) {
        let until = Instant::now() + span;
        self.until(terminal, |_| Instant::now() >= until);
    }

    /// Makes an animated GIF of it, with librsvg's and ImageMagick's programs, and makes it small with gifsicle.
    pub(super) fn save(&self, folder: &Path, target: &Path, title: &str) {
        let mut join = Command::new("convert");
        let ends = self.frames.iter().skip(1).map(|(_, at)| *at);
        let spans = self.frames.iter().zip(ends).map(|((_, at), end)| end - *at).chain([LAST]);
        for (number, ((screen, _), span)) in self.frames.iter().zip(spans).enumerate() {
            let (drawn, dots): (PathBuf, PathBuf) =
                (folder.join(format!("{number}.svg")), folder.join(format!("{number}.png")));
            std::fs::write(&drawn, svg::render(screen, title)).unwrap();
            let mut paint = Command::new("rsvg-convert");
            run(paint.arg("-o").arg(&dots).arg(&drawn));
            join.arg("-delay").arg((span.as_millis() / 10).max(2).to_string()).arg(dots);
        }
        run(join.args(["-loop", "0"]).arg(target));
        run(Command::new("gifsicle").args(["-b", "-O3", "--colors", "32", "--no-dither"]).arg(target));
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|why| panic!("{command:?}: {why}; it makes the moving picture"));
    assert!(status.success(), "{command:?}: {status}");
}

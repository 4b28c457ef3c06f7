//! Puts the house together: settings, drivers, engine, the chosen face, shutdown.

mod damage;
mod engine;
mod list;
mod log;
mod queue;
mod registry;
mod shown;
mod stores;

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use color_eyre::eyre::{Report, WrapErr, eyre};
use rustix::process::Signal;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use self::damage::{complain, damage};
use self::engine::{Engine, after, heed_signals, of_its_own};
use self::list::list_item;
use self::log::start_log;
use self::queue::{advised, tell_unlocked};
use self::registry::registry;
use self::shown::shown;
use crate::api::Command as Order;
use crate::cli::{
    Arguments, Command, Exit, GetArgs, NetworkArgs, Plain, Style, Wanted, completions, parse, stderr_is_terminal,
    stdin_lines, write_list,
};
use crate::config::{Paths, Settings, SystemClock, ThemeName};
use crate::demo::Demo;
use crate::engine::{Queueing, Setup};
use crate::model::{Categories, Fault, Source, Spec, TransferId, harmless};
use crate::protocol::{Cookies, Http, HttpOptions, Netrc, Stores, Surroundings};
use crate::store::{Holder, Journal, room};
use crate::tui::{self, Exit as Left, Habits};

/// Runs haul with the process's own arguments.
pub fn run() -> ExitCode {
    let arguments = match parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(mistake) => {
            let written = mistake.print();
            return match mistake.exit() {
                Exit::Complete => ended(shown(written)),
                exit => exit.into(),
            };
        }
    };
    outlive_file_limits();
    ended(House::build(arguments).and_then(House::open))
}

/// Says why, where there is trouble.
fn ended(ending: Result<Exit, Trouble>) -> ExitCode {
    match ending {
        Ok(exit) => exit.into(),
        Err(Trouble { exit, why }) => {
            let _ = writeln!(io::stderr(), "haul: {}", harmless(&why));
            exit.into()
        }
    }
}

/// Writing beyond the user's limit on file sizes (`ulimit -f`) must come back as an error, not end the program, and it
/// does where the signal has a handler (setrlimit(2)). This one stays for as long as the process lives.
fn outlive_file_limits() {
    let Ok(runtime) = Builder::new_current_thread().enable_io().build() else { return };
    let _entered = runtime.enter();
    if signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).is_err() {
        tracing::warn!("a limit on file sizes would end haul");
    }
}

/// Why haul could not even begin.
struct Trouble {
    exit: Exit,
    why: String,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { exit: Exit::of(&fault), why: fault.to_string() }
    }
}

impl From<crate::cli::Usage> for Trouble {
    fn from(usage: crate::cli::Usage) -> Self {
        Self { exit: Exit::Usage, why: usage.to_string() }
    }
}

impl From<Report> for Trouble {
    fn from(report: Report) -> Self {
        Self { exit: Exit::Failed, why: format!("{report:#}") }
    }
}

/// What the screen begins with.
#[derive(Default)]
struct Opening {
    /// The file with the lines that were typed behind `:`.
    past: Option<PathBuf>,
    /// It is the demo, of which nothing stays.
    is_demo: bool,
    /// There was no queue before.
    is_first: bool,
    /// One line to show.
    notice: Option<String>,
}

/// Everything that a run needs.
struct House {
    arguments: Arguments,
    settings: Settings,
    paths: Paths,
    /// Nothing is asked for through a proxy, whatever the environment says.
    is_direct: bool,
    /// Redirects from https to http are followed.
    allows_http: bool,
}

impl House {
    fn build(arguments: Arguments) -> Result<Self, Trouble> {
        color_eyre::install().ok();
        let paths = arguments.places.paths();
        if arguments.places.names_settings() && !paths.config.exists() {
            // It may be named before it is written, so this is no reason not to start.
            let path = harmless(&paths.config.to_string_lossy()).into_owned();
            let _ = writeln!(io::stderr(), "haul: {path}: this settings file does not exist: the usual settings hold");
        }
        let loaded = if paths.config == Paths::find(None, None).config {
            Settings::load_usual(&paths.config)
        } else {
            Settings::load(&paths.config).map(|settings| (settings, None))
        };
        let (mut settings, remark) = loaded.map_err(|why| Trouble { exit: Exit::Usage, why })?;
        if let Some(remark) = remark {
            let _ = writeln!(io::stderr(), "haul: {remark}");
        }
        arguments.apply(&mut settings);
        if let Some(log) = &arguments.places.log {
            start_log(log).wrap_err_with(|| format!("{}: no log can be written", log.display()))?;
        }
        let allows_http = arguments.allows_http();
        Ok(Self { arguments, settings, paths, is_direct: false, allows_http })
    }

    fn open(mut self) -> Result<Exit, Trouble> {
        match self.arguments.command.take() {
            None => self.screen(),
            Some(Command::Get(get)) => self.get(&get),
            Some(Command::Put(put)) => {
                let style = put.output.style(stderr_is_terminal());
                let (specs, remark) = put.specs()?;
                if let Some(remark) = remark {
                    let _ = writeln!(io::stderr(), "haul: {remark}");
                }
                self.follow(specs, &put.network, style)
            }
            Some(Command::Ls(ls)) => self.ls(&ls),
            Some(Command::Presign(presign)) => self.presign(&presign),
            Some(Command::Run(run)) => self.run(&run),
            Some(Command::Add(add)) => {
                let (specs, left) = add.specs(&self.downloads(), io::stdin().lock())?;
                Ok(without(left.as_deref(), self.add(&specs)?))
            }
            Some(Command::List(list)) => {
                let (items, damage) = Journal::inspect(&self.paths.state)?;
                complain(damage.as_ref());
                let categories = self.categories();
                let (state, holder) = (&self.paths.state, Holder::of(&self.paths.state));
                let shown_as = |item| list_item(state, holder.as_ref(), &categories, item);
                let items: Vec<_> = items.iter().map(shown_as).collect();
                shown(write_list(&items, list.json, io::stdout().lock()))
            }
            Some(Command::Demo) => self.demo(),
            Some(Command::Completions { shell }) => {
                let mut out = io::stdout().lock();
                shown(out.write_all(&completions(shell)).and_then(|()| out.flush()))
            }
        }
    }

    /// Where queued files go.
    fn downloads(&self) -> PathBuf {
        Paths::downloads(self.settings.folder.as_deref())
    }

    /// Kinds of files, with their folders.
    fn categories(&self) -> Categories {
        self.settings.categories.categories(&self.downloads(), self.settings.category_folders)
    }

    fn setup(&self, network: &NetworkArgs, queueing: Queueing) -> Result<Setup, Trouble> {
        let (settings, is_queue) = (&self.settings, matches!(queueing, Queueing::Durable(..)));
        let http = self.http(Some(network))?;
        let stores = Arc::new(self.stores(&http));
        Ok(Setup {
            state: self.paths.state.clone(),
            queueing,
            registry: registry(&http, &stores),
            transfers: settings.transfers,
            connections: settings.connections,
            limit: settings.limit,
            upload_limit: settings.upload_limit,
            patience: settings.patience(),
            on_change: settings.on_change,
            clock: Arc::new(SystemClock::here()),
            timetable: settings.timetable.clone(),
            // What is asked for now is fetched now.
            queue_hours: if is_queue { settings.queue_hours.clone() } else { Vec::new() },
            categories: Arc::new(self.categories()),
            room: Arc::new(room),
        })
    }

    /// How haul speaks HTTP; by the settings alone where nothing was said of servers.
    fn http(&self, network: Option<&NetworkArgs>) -> Result<Arc<Http>, Trouble> {
        let settings = &self.settings;
        let cookies = settings.cookies.as_ref().map(|file| Cookies::read(&Paths::of_setting(file)));
        Ok(Arc::new(Http::new(HttpOptions {
            user_agent: settings.user_agent.clone(),
            connect_timeout: settings.patience().connect,
            proxy: settings.proxy.clone(),
            is_direct: self.is_direct,
            insecure: network.is_some_and(|network| network.insecure),
            allow_http: self.allows_http,
            ca_cert: network.and_then(|network| network.ca_cert.clone()),
            netrc: network.map(|network| self.netrc(network)).transpose()?.unwrap_or_default(),
            cookies: cookies.transpose()?.unwrap_or_default(),
        })))
    }

    /// The driver for stores.
    fn stores(&self, http: &Arc<Http>) -> Stores {
        Stores::new(http.clone(), self.settings.stores.clone(), Surroundings::of_process(Paths::home()))
    }

    /// The logins of hosts; a file that the user names must be one that can be used.
    fn netrc(&self, network: &NetworkArgs) -> Result<Netrc, Trouble> {
        match &self.settings.netrc {
            _ if network.logins.no_netrc => Ok(Netrc::default()),
            Some(file) => Ok(Netrc::read(&Paths::of_setting(file))?),
            None => Ok(Paths::netrc().map(|file| Netrc::usual(&file)).unwrap_or_default()),
        }
    }

    /// `haul get`: an engine without a queue, for these transfers alone.
    fn get(&self, get: &GetArgs) -> Result<Exit, Trouble> {
        // Looked up only where it is needed: it may be gone.
        let (specs, left) = get.specs(Path::new("."), io::stdin().lock())?;
        Ok(without(left.as_deref(), self.follow(specs, &get.network, get.output.style(stderr_is_terminal()))?))
    }

    /// An engine without a queue, for these transfers alone, until all have ended.
    fn follow(&self, specs: Vec<Spec>, network: &NetworkArgs, style: Style) -> Result<Exit, Trouble> {
        let engine = Engine::new(self.setup(network, Queueing::Passing)?)?.with_hooks(&self.settings.hooks);
        let batch = TransferId::minted(specs);
        let wanted: Vec<Wanted> = batch.iter().map(|(id, spec)| Wanted::of(*id, spec)).collect();
        // Ordered only once somebody listens: what is refused at once would be told to nobody, and waited for.
        engine.follow(style, |handle| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.send(Order::Add(batch)).await });
            wanted
        })
    }

    /// `haul`: the screen. While another haul has the queue, URLs are put into it, and that haul takes them up.
    fn screen(&self) -> Result<Exit, Trouble> {
        let (specs, left) = self.arguments.screen.specs(&self.downloads(), io::stdin().lock())?;
        let is_first = !Journal::is_there(&self.paths.state);
        let (lock, queueing) = match self.queue() {
            Err(trouble) if trouble.exit == Exit::Taken && !specs.is_empty() => {
                return Ok(without(left.as_deref(), self.hand_over(&trouble.why, &specs)?));
            }
            other => other.map_err(advised)?,
        };
        let damage = damage(&queueing).cloned();
        let unlocked = self.unlocked(&lock);
        let notice = damage.as_ref().map(ToString::to_string).or_else(|| left.clone()).or_else(|| unlocked.clone());
        if self.arguments.screen.plain {
            complain(damage.as_ref());
            tell_unlocked(unlocked.as_deref());
            without(left.as_deref(), Exit::Complete);
        }
        let engine =
            Engine::new(self.setup(&self.arguments.screen.network, queueing)?)?.with_hooks(&self.settings.hooks);
        let past = Some(self.paths.state.join("orders"));
        self.show(engine, specs, self.downloads(), Opening { past, is_demo: false, is_first, notice })
    }

    /// The screen on an engine, until the user leaves.
    fn show(
        &self,
        mut engine: Engine,
        specs: Vec<Spec>,
        folder: PathBuf,
        Opening { past, is_demo, is_first, notice }: Opening,
    ) -> Result<Exit, Trouble> {
        let Settings { keys, columns, mouse, theme, ascii, commands, clipboard, .. } = &self.settings;
        let Settings { confirm_quit, notify, title, .. } = self.settings;
        // Before anything begins that would have to be ended again.
        let theme =
            theme.as_ref().map(ThemeName::find).transpose().map_err(|why| Trouble { exit: Exit::Usage, why })?;
        let batch = TransferId::minted(specs);
        if self.arguments.screen.plain {
            let signalled = heed_signals(&engine.handle, || {})?;
            let places = (folder, Arc::new(self.categories()));
            let plain = Plain::new(engine.handle.clone(), places, confirm_quit, io::stdout());
            engine.start();
            let left = of_its_own()?.block_on(plain.run(batch, stdin_lines(), signalled.clone()));
            let ended = engine.end(false, signalled);
            return after(left, ended);
        }
        let habits = Habits { bindings: commands.clone(), confirm_quit, notify, title };
        // A terminal that takes no output holds up the screen's own thread, which ends by no signal then. From here on none of
        // them leaves the terminal in our modes.
        let signalled = heed_signals(&engine.handle, tui::abandon)?;
        engine.start();
        let has_urls = !batch.is_empty() && !is_demo;
        if !batch.is_empty() {
            let handle = engine.handle.clone();
            engine.runtime.spawn(async move { handle.send(Order::Add(batch)).await });
        }
        let setup = tui::Setup {
            keys: keys.clone(),
            folder,
            categories: Arc::new(self.categories()),
            clock: Arc::new(SystemClock::here()),
            past,
            is_demo,
            is_first,
            clipboard: *clipboard,
            notice,
            columns: columns.clone(),
            mouse: *mouse,
            habits,
            theme,
            ascii: ascii.unwrap_or_else(Paths::terminal_is_ascii),
        };
        let left = tui::run(engine.handle.clone(), setup, signalled.clone());
        let ended = engine.end(false, signalled);
        let queued = if has_urls { ", and haul run fetches what is queued now" } else { "" };
        let why = || format!("the screen can't be shown; haul get works without a terminal{queued}");
        let exit = match left.wrap_err_with(why)? {
            Left::Quit => Exit::Complete,
            Left::Signal(number) => Exit::by_signal(number),
            Left::TerminalLost => Exit::HungUp,
        };
        after(exit, ended)
    }

    /// `haul demo`: a server of its own and a queue that is thrown away at the end.
    fn demo(mut self) -> Result<Exit, Trouble> {
        let home = std::env::temp_dir().join(format!("haul-demo-{:016x}", fastrand::u64(..)));
        // A folder of somebody else's, who would see and change what lies in it, is none that could be made.
        DirBuilder::new().mode(0o700).create(&home).wrap_err("the demo's folder can't be made")?;
        self.paths.state = home.join("state");
        self.settings = self.settings.of_the_screen();
        self.is_direct = true;
        let folder = home.join("files");
        let result = self.run_demo(&folder);
        let _ = std::fs::remove_dir_all(home);
        result
    }

    fn run_demo(&self, folder: &Path) -> Result<Exit, Trouble> {
        let setup = self.setup(&self.arguments.screen.network, Queueing::Passing)?;
        let engine = Engine::new(setup)?.with_hooks(&self.settings.hooks);
        let demo = engine.runtime.block_on(Demo::start()).wrap_err("the demo's server can't be started")?;
        let sources: Result<Vec<Source>, String> = demo.urls().iter().map(|url| Source::parse(url)).collect();
        let sources = sources.map_err(|why| eyre!(why))?;
        let specs = sources.into_iter().map(|source| Spec::new(source, folder.to_path_buf())).collect();
        let notice = "a server on this machine gives eight connections each, one of them slow; q ends the demo and deletes its files";
        let opening = Opening { is_demo: true, notice: Some(notice.to_owned()), ..Opening::default() };
        let exit = self.show(engine, specs, folder.to_path_buf(), opening);
        drop(demo);
        exit
    }
}

/// How haul ends that would end so, where something of what was asked for is left out: that is said.
fn without(left: Option<&str>, exit: Exit) -> Exit {
    let Some(left) = left else { return exit };
    let _ = writeln!(io::stderr(), "haul: {}", harmless(left));
    if exit == Exit::Complete { Exit::Failed } else { exit }
}

//! An engine with the threads that it runs on, and how a face on the command line follows it.

use std::io::{self, Write};
use std::time::Duration;

use color_eyre::eyre::WrapErr;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Trouble;
use crate::api::{EngineSide, Handle, Signalled, pair};
use crate::cli::{Exit, Ordered, Outcome, Signals, Style, Wanted, Watcher};
use crate::config::Hooks;
use crate::engine::{Queueing, Setup, run as run_engine};
use crate::model::{Fault, FaultKind};
use crate::shell::HookRunner;

/// How long the engine may take to save everything once it was told to stop.
const STOP: Duration = Duration::from_secs(5);

/// How long hooks that still run are waited for after a signal. Else each is ended after a time of its own, or by a signal.
const HOOKS_LEAVE: Duration = Duration::from_secs(1);

/// What it means that the queue could not be written.
const UNSAVED: &str = "the queue does not tell all that this run has done, and the next one does that part again";

/// The threads that an engine receives on, by the machine's processors. One takes more than 10 Gbit/s; a second one
/// makes each GiB cost a third more, since threads that take turns wake each other and wait for the same file's lock.
fn threads(processors: usize) -> usize {
    (processors / 8).clamp(1, 4)
}

/// A runtime on the calling thread alone. A dead disk may hold up every thread of the engine's own, which then delivers no
/// signal and ends no wait.
pub(super) fn of_its_own() -> Result<Runtime, Trouble> {
    Ok(Builder::new_current_thread().enable_all().build().wrap_err("the system gives no timers")?)
}

/// Listens for the signals that ask haul to end from now on. The first one stops the engine, and haul ends soon whatever becomes
/// of that; `leave` is called before it ends so.
pub(super) fn heed_signals(handle: &Handle, leave: impl FnOnce() + Send + 'static) -> Result<Signalled, Trouble> {
    let (heard, signalled) = Signalled::pair();
    let runtime = of_its_own()?;
    let signals = runtime.block_on(async { Signals::listen() });
    let mut signals = signals.wrap_err("signals can't be listened for")?;
    let handle = handle.clone();
    let heed = async move {
        let number = signals.next().await;
        let first = Ordered { number, at: Instant::now() };
        heard.send_replace(Some(number));
        handle.stop();
        tokio::select! {
            // The user asks again, or the engine hangs on a dead disk: leave; what is saved is saved.
            () = signals.again(first) => {}
            () = sleep(STOP) => {}
        }
        leave();
        std::process::exit(i32::from(Exit::by_signal(number).code()));
    };
    std::thread::spawn(move || runtime.block_on(heed));
    Ok(signalled)
}

/// An engine with the threads that it runs on.
pub(super) struct Engine {
    pub(super) handle: Handle,
    waiting: Option<(EngineSide, Setup)>,
    task: Option<JoinHandle<()>>,
    hooks: Option<HookRunner>,
    /// True if it works off a queue, to which others may add.
    is_queue: bool,
    pub(super) runtime: Runtime,
}

impl Engine {
    /// An engine that does not run yet, so that a face can listen before anything happens.
    pub(super) fn new(setup: Setup) -> Result<Self, Trouble> {
        let threads = threads(std::thread::available_parallelism().map_or(1, usize::from));
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().thread_name("haul").build();
        let runtime = runtime.wrap_err("no threads can be started")?;
        let is_queue = matches!(setup.queueing, Queueing::Durable(..));
        let (handle, side) = pair();
        Ok(Self { handle, waiting: Some((side, setup)), task: None, hooks: None, is_queue, runtime })
    }

    /// The same with the user's hooks.
    pub(super) fn with_hooks(mut self, hooks: &Hooks) -> Self {
        if !hooks.is_empty() {
            let _entered = self.runtime.enter();
            self.hooks = Some(HookRunner::start(&self.handle, hooks));
        }
        self
    }

    /// Lets it run.
    pub(super) fn start(&mut self) {
        if let Some((side, setup)) = self.waiting.take() {
            self.task = Some(self.runtime.spawn(run_engine(side, setup)));
        }
    }

    /// Follows transfers on the command line until all have ended or a signal comes.
    pub(super) fn follow(mut self, style: Style, wanted: impl FnOnce(&Handle) -> Vec<Wanted>) -> Result<Exit, Trouble> {
        let signalled = heed_signals(&self.handle, || {})?;
        let watcher = Watcher::new(&self.handle, style, io::stdout(), io::stderr());
        let watcher = if self.is_queue { watcher.of_queue() } else { watcher };
        self.start();
        let outcome: Outcome = self.runtime.block_on(async { watcher.watch(&wanted(&self.handle)).await });
        let is_over = signalled.number().is_none();
        let ended = self.end(is_over, signalled.clone());
        let exit = signalled.number().map_or_else(|| outcome.exit(), Exit::by_signal);
        after(exit, ended)
    }

    /// Stops the engine: what runs is saved. Then the user's hooks are waited for, until a signal comes. `is_over` says that
    /// every transfer has ended.
    pub(super) fn end(self, is_over: bool, signalled: Signalled) -> Result<(), Trouble> {
        self.handle.stop();
        let (task, snapshots) = (self.task, self.handle.snapshots());
        let aside = of_its_own()?;
        let ended = aside.block_on(async {
            match task {
                Some(task) => timeout(STOP, task).await.map(|_| ()),
                None => Ok(()),
            }
        });
        if let Some(hooks) = self.hooks {
            let waits = || say("waiting for hooks that still run; Ctrl-C ends them");
            if aside.block_on(hooks.finish(is_over && ended.is_ok(), waits, left(signalled))) {
                say("hooks that still ran were ended");
            }
        }
        self.runtime.shutdown_timeout(Duration::from_millis(100));
        let late = |_| Fault::new(FaultKind::State, "haul", "the engine did not stop in time; what was saved is saved");
        ended.map_err(late)?;
        let unsaved = snapshots.borrow().unsaved.clone();
        match unsaved {
            Some(why) => Err(Trouble { exit: Exit::State, why: format!("{why}; {UNSAVED}") }),
            None => Ok(()),
        }
    }
}

/// Says something to the user. Nobody may be there to read it any more.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "haul: {text}");
}

/// Waits until nobody waits for hooks any more: until a signal comes, or a moment after it.
async fn left(mut signalled: Signalled) {
    let has_come = signalled.number().is_some();
    signalled.come().await;
    if has_come {
        sleep(HOOKS_LEAVE).await;
    }
}

/// How haul ends that would end so, after its engine did. What became of the transfers, or a signal, says more than what became
/// of the state.
pub(super) fn after(exit: Exit, ended: Result<(), Trouble>) -> Result<Exit, Trouble> {
    match ended {
        Ok(()) => Ok(exit),
        Err(trouble) if exit == Exit::Complete => Err(trouble),
        Err(trouble) => Err(Trouble { exit, ..trouble }),
    }
}

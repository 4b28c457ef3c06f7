//! What the user wants to be run when something happens.

use serde::{Deserialize, Serialize};

/// A program that is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hook {
    /// A program with its arguments, without a shell: nothing in a file's name can become a command.
    Run(Vec<String>),
    /// A line for the shell.
    Shell(String),
}

/// What is run, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// When a transfer has started,
    pub started: Vec<Hook>,
    /// is complete and checked,
    pub completed: Vec<Hook>,
    /// was given up or needs a new URL;
    pub failed: Vec<Hook>,
    /// at each step on the way: when a store has begun or given up an upload, a part has come, failed or was stopped, and when
    /// a part file was given its name;
    pub steps: Vec<Hook>,
    /// and when nothing is left that runs or waits for its turn.
    pub all_done: Vec<Hook>,
    /// Seconds after which a hook that still runs is ended.
    pub timeout: f64,
}

impl Default for Hooks {
    fn default() -> Self {
        let none = Vec::new;
        Self { started: none(), completed: none(), failed: none(), steps: none(), all_done: none(), timeout: 60.0 }
    }
}

impl Hooks {
    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.all().all(Vec::is_empty)
    }

    fn all(&self) -> impl Iterator<Item = &Vec<Hook>> {
        [&self.started, &self.completed, &self.failed, &self.steps, &self.all_done].into_iter()
    }

    /// What is wrong with them, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(0.1..=86_400.0).contains(&self.timeout) {
            return Err(format!("the hooks' timeout is {}, but must be from 0.1 to 86400 (seconds)", self.timeout));
        }
        let mut all = self.all().flatten();
        let is_void = |hook: &Hook| match hook {
            Hook::Run(words) => words.first().is_none_or(String::is_empty),
            Hook::Shell(line) => line.trim().is_empty(),
        };
        match all.find(|hook| is_void(hook)) {
            Some(_) => Err("a hook names no program".to_owned()),
            None => Ok(()),
        }
    }
}

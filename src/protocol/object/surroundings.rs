//! What this machine says of stores and logins: the environment's variables and the files in the user's home.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What the names of the variables begin with that are looked at.
const PREFIXES: [&str; 5] = ["AWS_", "OSS_", "ALIBABA_CLOUD_", "TOS_", "VOLCENGINE_"];

/// The variables that are about stores, and where the user's own files are. `Debug` shows no value.
#[derive(Clone, Default)]
pub struct Surroundings {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
}

impl Surroundings {
    /// These variables, and this home.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, home: Option<PathBuf>) -> Self {
        let about = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let variables = variables.into_iter().filter(|(name, value)| about(name) && !value.trim().is_empty());
        Self { variables: variables.map(|(name, value)| (name, value.trim().to_owned())).collect(), home }
    }

    /// Those of this process.
    pub fn of_process(home: Option<PathBuf>) -> Self {
        let text = |word: std::ffi::OsString| word.into_string().ok();
        Self::new(std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))), home)
    }

    /// The first of these variables that is set.
    pub(super) fn variable(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.variables.get(*name)).map(String::as_str)
    }

    /// The file that a variable names, or the usual one in the user's home.
    pub(super) fn file(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        let named = self.variable(&[variable]).map(|path| match (path.strip_prefix("~/"), &self.home) {
            (Some(below), Some(home)) => home.join(below),
            _ => PathBuf::from(path),
        });
        named.or_else(|| Some(self.home.as_ref()?.join(usual)))
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.variables.keys()).finish()
    }
}

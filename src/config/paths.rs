//! Where haul's files live, by the customs of the platform and by what the user says.

use std::path::{Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

use crate::ask::seen_from;

/// Where haul's files live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The settings file.
    pub config: PathBuf,
    /// The folder of the queue, the checkpoints and the history.
    pub state: PathBuf,
}

impl Paths {
    /// The user's own choice first, then the platform's folder. For accounts without a home the state is in a hidden folder
    /// here; but no settings are read there, which may be a stranger's folder, with commands in them.
    pub fn find(config: Option<PathBuf>, state: Option<PathBuf>) -> Self {
        let project = ProjectDirs::from("", "", "haul");
        let platform_config = || project.as_ref().map(|dirs| dirs.config_dir().join("config.ron"));
        let platform_state = || {
            let dirs = project.as_ref()?;
            Some(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf())
        };
        Self {
            config: config.or_else(platform_config).unwrap_or_default(),
            state: absolute(&state.or_else(platform_state).unwrap_or_else(|| PathBuf::from(".haul"))),
        }
    }

    /// Where downloads go: the setting (with `~` for the home folder), else the desktop's download folder, else here.
    pub fn downloads(setting: Option<&Path>) -> PathBuf {
        let user = UserDirs::new();
        match (setting, &user) {
            (Some(folder), _) => Self::of_setting(folder),
            (None, Some(dirs)) => {
                let fallback = || dirs.home_dir().join("Downloads");
                dirs.download_dir().map_or_else(fallback, Path::to_path_buf)
            }
            (None, None) => absolute(Path::new(".")),
        }
    }

    /// A path in the settings, with `~` for the home folder, seen from the current folder.
    pub fn of_setting(path: &Path) -> PathBuf {
        absolute(&Self::below(Path::new(""), path))
    }

    /// The same, seen from a folder.
    pub fn below(folder: &Path, path: &Path) -> PathBuf {
        seen_from(path, folder, Self::home().as_deref())
    }

    /// True if the locale says that the terminal knows no UTF-8, or if it is the console of Linux, whose fonts lack most of
    /// what is drawn. Nothing said means nothing known, and then it is UTF-8.
    pub fn terminal_is_ascii() -> bool {
        if std::env::var_os("TERM").is_some_and(|term| term == "linux") {
            return true;
        }
        let said = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        let first = said.map(|value| value.to_ascii_lowercase()).find(|value| !value.is_empty());
        first.is_some_and(|value| !value.contains("utf-8") && !value.contains("utf8"))
    }

    /// The user's home folder, where other programs have their files.
    pub fn home() -> Option<PathBuf> {
        Some(UserDirs::new()?.home_dir().to_path_buf())
    }

    /// The usual place of the logins of hosts: what the variable NETRC says, or a file in the home folder.
    pub fn netrc() -> Option<PathBuf> {
        let said = std::env::var_os("NETRC").filter(|path| !path.is_empty()).map(PathBuf::from);
        said.or_else(|| Some(UserDirs::new()?.home_dir().join(".netrc")))
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

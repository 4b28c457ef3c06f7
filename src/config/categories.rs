//! The categories as they stand in the settings: haul's own ones, with what the user wrote laid over them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};
use url::Host;

use super::Paths;
use crate::model::{Categories, Category};

/// Haul's own categories, with the endings that belong to them.
const USUAL: [(&str, &str); 6] = [
    ("archives", "7z ace arj bz2 cab gz img iso lz lz4 lzma rar sea sit sitx tar tgz xz z zip zst"),
    ("documents", "csv djvu doc docx epub md mobi odp ods odt pdf ppt pptx ps rtf tex txt xls xlsx"),
    ("images", "avif bmp gif heic heif ico jpeg jpg jxl png psd raw svg tif tiff webp xcf"),
    ("music", "aac aif aiff ape flac m4a m4b mid midi mp3 oga ogg opus wav wma wv"),
    ("programs", "apk appimage deb dmg exe flatpak jar msi msix pkg rpm run snap whl xpi"),
    ("video", "3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg ogv ts vob webm wmv"),
];

/// A category as the user writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CategoryTerms {
    /// Endings of names.
    pub extensions: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Where its files go.
    pub folder: Option<PathBuf>,
}

/// The same, where what is left out stays as it is.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    extensions: Option<Vec<String>>,
    hosts: Option<Vec<String>>,
    folder: Option<PathBuf>,
}

/// All categories, by their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CategoryTable(BTreeMap<String, CategoryTerms>);

impl Default for CategoryTable {
    fn default() -> Self {
        let terms = |endings: &str| CategoryTerms {
            extensions: endings.split(' ').map(str::to_owned).collect(),
            ..CategoryTerms::default()
        };
        Self(USUAL.iter().map(|(name, endings)| ((*name).to_owned(), terms(endings))).collect())
    }
}

impl<'de> Deserialize<'de> for CategoryTable {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, Written>::deserialize(from)?;
        let mut all = Self::default().0;
        for (name, Written { extensions, hosts, folder }) in written {
            check(&name, hosts.as_deref().unwrap_or_default()).map_err(serde::de::Error::custom)?;
            // Words find them however they are capitalised.
            let known = all.keys().find(|known| known.eq_ignore_ascii_case(&name)).cloned();
            let terms = all.entry(known.unwrap_or(name)).or_default();
            terms.extensions = extensions.unwrap_or_else(|| std::mem::take(&mut terms.extensions));
            terms.hosts = hosts.unwrap_or_else(|| std::mem::take(&mut terms.hosts));
            terms.folder = folder.or_else(|| terms.folder.take());
        }
        Ok(Self(all))
    }
}

/// A name is a word of a line, and a host is one and no URL.
fn check(name: &str, hosts: &[String]) -> Result<(), String> {
    let is_word = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == ':');
    if !is_word || ["auto", "none"].contains(&name) {
        return Err(format!("{name:?} can't be a category's name: write one word, other than auto and none"));
    }
    let wrong = |host: &&String| {
        let plain = host.strip_prefix("*.").unwrap_or(host);
        plain.is_empty() || plain.contains(['/', '*', ':', '@', ' '])
    };
    match hosts.iter().find(wrong) {
        Some(host) => Err(format!("{host:?} is no host: write example.org, or *.example.org with all below it")),
        None => Ok(()),
    }
}

/// A host as URLs write it: in small letters, and in ASCII where it has others.
fn as_in_urls(host: &str) -> String {
    let (below, plain) = host.strip_prefix("*.").map_or(("", host), |plain| ("*.", plain));
    let plain = Host::parse(plain).map_or_else(|_| plain.to_lowercase(), |host| host.to_string());
    format!("{below}{plain}")
}

impl CategoryTable {
    /// The categories, with folders seen from the one where downloads go; `each`: one without a folder has one of its name
    /// there.
    pub fn categories(&self, downloads: &Path, each: bool) -> Categories {
        let folder = |name: &str, terms: &CategoryTerms| match &terms.folder {
            Some(folder) => Some(Paths::below(downloads, folder)),
            None => each.then(|| downloads.join(name)),
        };
        let category = |(name, terms): (&String, &CategoryTerms)| Category {
            name: name.as_str().into(),
            extensions: terms.extensions.iter().map(|ending| ending.trim_start_matches('.').to_lowercase()).collect(),
            hosts: terms.hosts.iter().map(|host| as_in_urls(host)).collect(),
            folder: folder(name, terms).map(Into::into),
        };
        Categories::new(self.0.iter().map(category).collect())
    }
}

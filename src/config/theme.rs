//! Themes: which colour each role has on the screen.

use std::fs;
use std::path::Path;

use ron::Options;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::Paths;
use super::settings::{explain, nearest};

/// The themes that haul carries, in files of `assets/themes`.
pub const THEMES: [(&str, &str); 3] = [
    ("dark", include_str!("../../assets/themes/dark.ron")),
    ("light", include_str!("../../assets/themes/light.ron")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.ron")),
];

/// A colour: red, green and blue, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour(pub u8, pub u8, pub u8);

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] =
            number.ok_or_else(|| de::Error::custom("a colour is written #rrggbb"))?.to_be_bytes();
        Ok(Self(red, green, blue))
    }
}

/// Which colour each role has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Behind all text.
    pub background: Colour,
    /// Ordinary text.
    pub text: Colour,
    /// Rules, headings, what is missing.
    pub muted: Colour,
    /// Keys and titles.
    pub strong: Colour,
    /// Bytes on disk.
    pub stored: Colour,
    /// What happens just now.
    pub accent: Colour,
    /// It went well.
    pub good: Colour,
    /// It needs patience or attention.
    pub warning: Colour,
    /// It failed.
    pub bad: Colour,
    /// The selected row's text,
    pub selected: Colour,
    /// and what is behind it.
    pub selected_background: Colour,
}

impl Theme {
    /// Reads a theme. An error begins with line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        Options::default().from_str(text).map_err(|why| explain(&why))
    }
}

/// What the settings say of colours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThemeName(pub String);

impl ThemeName {
    /// What is wrong with the name, if anything is. Files are not looked at.
    pub(super) fn check(&self) -> Result<(), String> {
        let (Self(name), names) = (self, THEMES.map(|theme| theme.0));
        if names.contains(&name.as_str()) || name.contains(['/', '\\', '.', '~']) {
            return Ok(());
        }
        Err(format!("there is no theme {name:?}{} (a file is named with its ending)", nearest(name, &names)))
    }

    /// The theme of this name, or in this file.
    pub fn find(&self) -> Result<Theme, String> {
        let Self(name) = self;
        if let Some((_, text)) = THEMES.iter().find(|theme| theme.0 == name) {
            return Theme::parse(text);
        }
        self.check()?;
        let path = Paths::of_setting(Path::new(name));
        let text = fs::read_to_string(&path);
        let text = text.map_err(|why| format!("{}: the theme can't be read: {why}", path.display()))?;
        Theme::parse(&text).map_err(|why| format!("{}:{why}", path.display()))
    }
}

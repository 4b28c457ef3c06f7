//! Keys that the user binds to lines of orders.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Chord, Order};

/// Keys that the user binds to lines of orders; each line is one that can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Bindings(BTreeMap<Chord, String>);

impl Bindings {
    /// The line that a key stands for.
    pub fn line(&self, chord: Chord) -> Option<&str> {
        self.0.get(&chord).map(String::as_str)
    }

    /// All of them, by their keys.
    pub fn iter(&self) -> impl Iterator<Item = (Chord, &str)> {
        self.0.iter().map(|(chord, line)| (*chord, line.as_str()))
    }
}

impl<'de> Deserialize<'de> for Bindings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bound = BTreeMap::<Chord, String>::deserialize(from)?;
        for (chord, line) in &bound {
            line.parse::<Order>().map_err(|why| serde::de::Error::custom(format!("the order of {chord}: {why}")))?;
        }
        Ok(Self(bound))
    }
}

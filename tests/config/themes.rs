//! The themes that haul carries, and those that people write.

use std::collections::BTreeSet;
use std::fs;

use haul::config::{Colour, Settings, THEMES, Theme, ThemeName};

fn named(name: &str) -> Result<Theme, String> {
    ThemeName(name.to_owned()).find()
}

/// The contrast of two colours, as WCAG 2 measures it: from 1 to 21.
fn contrast(one: Colour, other: Colour) -> f64 {
    let channel = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let light = |Colour(red, green, blue): Colour| {
        0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue) + 0.05
    };
    let (a, b) = (light(one), light(other));
    a.max(b) / a.min(b)
}

#[test]
fn every_theme_file_is_carried_and_can_be_read_on_its_background() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/themes");
    let files: BTreeSet<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, THEMES.iter().map(|theme| format!("{}.ron", theme.0)).collect());
    for (name, text) in THEMES {
        let theme = named(name).unwrap();
        assert_eq!(Theme::parse(text), Ok(theme));
        let least = if name == "high-contrast" { 7.0 } else { 4.5 };
        let Theme { text, muted, strong, stored, accent, good, warning, bad, .. } = theme;
        for colour in [text, muted, strong, stored, accent, good, warning, bad] {
            let measured = contrast(colour, theme.background);
            assert!(measured >= least, "{name}: {colour:?} has {measured:.1}");
        }
        assert!(contrast(theme.selected, theme.selected_background) >= 7.0, "{name}");
    }
}

#[test]
fn a_theme_is_a_name_or_a_file_and_a_mistake_in_it_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.ron");
    fs::write(&path, THEMES[1].1).unwrap();
    assert_eq!(named(path.to_str().unwrap()), named("light"));
    fs::write(&path, THEMES[1].1.replace("#0969da", "blue")).unwrap();
    let why = named(path.to_str().unwrap()).unwrap_err();
    assert!(why.contains("mine.ron:10:") && why.contains("#rrggbb"), "{why}");
    fs::write(&path, THEMES[1].1.replace("stored", "stord")).unwrap();
    assert!(named(path.to_str().unwrap()).unwrap_err().contains("did you mean \"stored\"?"));
    assert!(named("drak").unwrap_err().contains("did you mean \"dark\"?"));
    assert!(named("missing.ron").unwrap_err().contains("can't be read"));
    let settings = Settings::parse("(theme: \"dark\", ascii: true)").unwrap();
    assert_eq!((settings.theme, settings.ascii), (Some(ThemeName("dark".into())), Some(true)));
}

//! The settings file: what is accepted is within its bounds, and a mistake is told in one harmless sentence.

use haul::config::Settings;

use super::name::is_harmless;

pub fn hold(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match Settings::parse(&text) {
        Ok(settings) => {
            assert!(
                [settings.connections, settings.transfers].iter().flatten().all(|count| (1..=64).contains(count)),
                "{text}"
            );
            let patience = settings.patience();
            let longest = std::time::Duration::from_secs(86_400);
            assert!([patience.wait, patience.connect, patience.stall].iter().all(|span| *span <= longest), "{text}");
            assert!(!patience.connect.is_zero() && !patience.stall.is_zero(), "{text}");
            true
        }
        Err(why) => {
            assert!(is_harmless(&why), "{text:?} is told as {why:?}");
            // Of what is quoted, a character may be told as its number.
            assert!(why.len() <= 600 + 6 * text.len(), "{} bytes are told of {}: {why}", why.len(), text.len());
            false
        }
    }
}

//! What is asked of a scripted store, and what goes wrong with it.

use haul::model::{Algorithm, Checksum, FaultKind};
use haul::protocol::{StoredObject, StoredPart};

/// Which call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Head,
    Put,
    Create,
    Part(u32),
    Parts,
    Uploads,
    Complete,
    Abort,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It is refused, and nothing is done.
    Refused(FaultKind),
    /// All is done, and the answer is lost.
    Unheard(FaultKind),
    /// The bytes are stored damaged; the answer is none the wiser.
    Damaged,
    /// None of them are stored,
    Emptied,
    /// or half of them,
    Halved,
    /// or as many zeros.
    Zeroed,
    /// It is taken, and called by a word that looks like an MD5 and is another one each time.
    Renamed,
    /// What it is called is told without quotes.
    Unquoted,
    /// All is done, and the answer takes a while.
    Late,
    /// The bytes are taken, and no answer comes.
    Silent,
    /// It says that it has done it, and has not.
    Feigned,
    /// The same, with an ETag.
    Posed,
    /// The object is taken, and the answer does not say what it is called.
    Unnamed,
}

/// The word that it is called by, if that is none of its own.
pub fn word(trouble: Option<Trouble>) -> Option<String> {
    matches!(trouble, Some(Trouble::Renamed)).then(|| format!("{:032x}", fastrand::u128(1..)))
}

/// An answer that takes a while.
pub async fn late<T>(answer: T) -> T {
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    answer
}

/// An object of which next to nothing is told.
pub fn unnamed(length: Option<u64>) -> StoredObject {
    StoredObject { length, etag: None, sum: None, md5: None, modified: None }
}

/// The answer to a whole object that was not taken, if it is one.
pub fn feigned(trouble: Option<Trouble>, length: usize) -> Option<StoredObject> {
    let etag = match trouble {
        Some(Trouble::Feigned) => None,
        Some(Trouble::Posed) => Some("W/\"5f3\"".to_owned()),
        _ => return None,
    };
    Some(StoredObject { etag, ..unnamed(Some(length as u64)) })
}

/// A part as it is called in an answer.
pub fn called(trouble: Option<Trouble>, stored: StoredPart) -> StoredPart {
    if matches!(trouble, Some(Trouble::Unquoted)) {
        return StoredPart { etag: stored.etag.trim_matches('"').to_owned(), ..stored };
    }
    let Some(word) = word(trouble) else { return stored };
    StoredPart { etag: format!("\"{word}\""), md5: Checksum::of_hex(Algorithm::Md5, &word), ..stored }
}

impl Trouble {
    /// What becomes of the bytes on the way.
    pub fn spoil(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Damaged => bytes[0] ^= 1,
            Self::Emptied => bytes.clear(),
            Self::Halved => bytes.truncate(bytes.len() / 2),
            Self::Zeroed => bytes.fill(0),
            _ => {}
        }
    }
}

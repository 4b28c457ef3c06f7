//! Object stores: S3, OSS and TOS, both ways, and the plain chunk upload.

mod answers;
mod assemble;
mod body;
mod chunk;
mod document;
mod draft;
mod exchange;
mod fetch;
mod keychain;
mod list;
mod offer;
mod part;
mod presign;
mod profile;
mod put;
mod refusal;
mod sign;
mod sign_old;
mod site;
mod surroundings;
mod time;
mod trailer;

pub use chunk::Chunks;
pub use exchange::Stores;
pub use sign::{Login, Pair, Signing};
pub use surroundings::Surroundings;

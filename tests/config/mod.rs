//! What the user wrote: the default file, mistakes told well, keys laid over keys.

mod keys;
mod orders;
mod settings;
mod themes;

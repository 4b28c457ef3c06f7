//! URLs of objects.

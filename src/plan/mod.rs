//! Decides. Pure: no socket, no file and no clock in here.

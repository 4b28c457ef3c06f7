//! The screen: what keys and messages do, and what frames look like.

mod adding;
mod bursts;
mod clipboard;
mod clusters;
mod colours;
mod details;
mod footer;
mod frames;
mod keeping;
mod keys;
mod laws;
mod leaving;
mod list;
mod log;
mod looks;
mod meanwhile;
mod mouse;
mod orders;
mod outside;
mod past;
mod sorting;
mod stage;
mod storm;
mod taking;
mod toasts;

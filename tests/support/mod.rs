//! The test house's tools: a scripted server, a counting proxy, nginx, the real program, and a terminal to read it by.

// The floors use these tools by and by; one that no floor uses today is still a tool.
#![allow(dead_code, unused_imports)]

pub mod server;

//! A face for people.

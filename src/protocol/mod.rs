//! Moves bytes. Knows no parts, no disk and no screen.

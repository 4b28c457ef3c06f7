//! A face for scripts: arguments, plain progress, JSON lines, exit codes.

//! The log: a file, never the screen.

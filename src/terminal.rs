//! The terminal: taken, and always given back.

//! The explorer without a terminal: what it shows, and what keys do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "support/bookinfo.rs"]
mod bookinfo;
#[path = "explorer/bytes.rs"]
mod bytes;
#[path = "explorer/drawn.rs"]
mod drawn;
#[path = "explorer/flows.rs"]
mod flows;
#[path = "explorer/harness.rs"]
mod harness;
#[path = "explorer/matrix.rs"]
mod matrix;
#[path = "explorer/panel.rs"]
mod panel;
#[path = "explorer/screens.rs"]
mod screens;
#[path = "explorer/screenshots.rs"]
mod screenshots;

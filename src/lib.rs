//! Vigla: a terminal explorer for service meshes.
//!
//! The folder tree is the architecture; ARCHITECTURE.md tells how data flows through it.

pub mod app;
pub mod cli;
pub mod command;
pub mod config;
pub mod demo;
pub mod layout;
pub mod logging;
pub mod mesh;
pub mod report;
pub mod source;
pub mod terminal;
pub mod ui;

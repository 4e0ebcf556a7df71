//! Vigla: a terminal explorer for service meshes.
//!
//! The folder tree is the architecture; ARCHITECTURE.md tells how data flows through it.

pub mod mesh;

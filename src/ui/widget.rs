//! Pieces that several screens are made of.

pub(super) mod flow;
pub(super) mod graph;
pub(super) mod notice;
pub(super) mod panel;
pub(super) mod prose;
pub(super) mod table;

//! Pieces that several screens are made of.

pub(super) mod graph;
pub(super) mod notice;
pub(super) mod table;

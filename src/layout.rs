//! From a graph to a scene in cells: pure, total, deterministic, bounded.

pub mod figure;
pub mod name;
pub mod tree;

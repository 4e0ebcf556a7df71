//! From a graph to a scene in cells: pure, total, deterministic, bounded.

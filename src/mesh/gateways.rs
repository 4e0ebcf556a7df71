//! Where a gateway is reached from outside, and which URLs it serves.

//! Configured weights beside observed shares, and whether they agree.

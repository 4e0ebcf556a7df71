//! Settings: the defaults, the file, the flags, folded in that order.

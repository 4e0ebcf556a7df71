//! Drawing: what the model says, in cells.

//! The loop of the explorer: message, update, effects; draw when dirty and due.

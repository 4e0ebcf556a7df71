//! Health of nodes and edges, from traffic and pod state.

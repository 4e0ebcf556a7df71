//! The same mesh without a screen: table, json, yaml, dot, mermaid, svg.

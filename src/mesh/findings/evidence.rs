//! What traffic says about a configuration, handed in by whoever has telemetry.

use std::collections::BTreeMap;

use crate::mesh::object::Key;

/// Facts from traffic. Empty means that nothing is known, never that nothing flows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Requests per second now, by full host name and subset.
    pub subset_rates: BTreeMap<(String, String), f64>,
    /// Splits that traffic contradicts.
    pub contradicted: Vec<ContradictedSplit>,
}

/// A split whose configured weights traffic does not follow, as the split test decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContradictedSplit {
    /// The VirtualService that configures it.
    pub virtual_service: Key,
    pub host: String,
    /// The split test's own sentence: what was configured, what was seen.
    pub explanation: String,
}

impl Evidence {
    /// Nothing is known.
    pub const NONE: &'static Self =
        &Self { subset_rates: BTreeMap::new(), contradicted: Vec::new() };
}

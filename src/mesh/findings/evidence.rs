//! What traffic says about a configuration, handed in by whoever has telemetry.

use std::collections::BTreeMap;

use crate::mesh::kind::Kind;
use crate::mesh::object::Key;
use crate::mesh::split::{SplitView, Verdict};

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

    /// What the splits of a snapshot say.
    pub fn of(splits: &[SplitView]) -> Self {
        let mut evidence = Self::default();
        for split in splits {
            let host =
                format!("{}.{}.svc.cluster.local", split.service.name, split.service.namespace);
            for version in &split.versions {
                if let (Some(subset), Some(rate)) = (&version.subset, version.rate) {
                    evidence.subset_rates.insert((host.clone(), subset.to_string()), rate);
                }
            }
            let contradicted =
                matches!(split.verdict, Verdict::Differs | Verdict::UnexpectedVersion);
            if let Some(rule) = &split.source_rule
                && contradicted
                && rule.kind == Kind::VirtualService
            {
                evidence.contradicted.push(ContradictedSplit {
                    virtual_service: rule.key.clone(),
                    host,
                    explanation: split.explanation.clone(),
                });
            }
        }
        evidence
    }
}

//! Findings counted by level: for a namespace, a service, a node of the graph.

use serde::Serialize;

use super::{Finding, Level};

/// How many findings of each level. Ordered by how bad it is: errors first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Default)]
pub struct Counts {
    pub errors: u32,
    pub warnings: u32,
    pub infos: u32,
}

impl Counts {
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            counts.add(finding.level);
        }
        counts
    }

    pub fn add(&mut self, level: Level) {
        match level {
            Level::Error => self.errors += 1,
            Level::Warning => self.warnings += 1,
            Level::Info => self.infos += 1,
        }
    }

    /// The worst level there is one of, with how many there are of it.
    pub fn worst(self) -> Option<(Level, u32)> {
        [(Level::Error, self.errors), (Level::Warning, self.warnings), (Level::Info, self.infos)]
            .into_iter()
            .find(|(_, count)| *count > 0)
    }

    /// `1 error, 2 warnings`, or `none`.
    pub fn words(self) -> String {
        let levels = [(self.errors, "error"), (self.warnings, "warning"), (self.infos, "info")];
        let told = levels.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, level)| format!("{count} {level}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        if told.is_empty() { "none".to_owned() } else { told.join(", ") }
    }
}

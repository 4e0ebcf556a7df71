//! The screens, and the places a user can be at.

use std::sync::Arc;

use crate::layout::scene::EdgeKey;
use crate::mesh::ObjectRef;
use crate::mesh::graph::{NodeId, Protocol};

/// A screen that has a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Screen {
    #[default]
    Overview,
    Graph,
    Services,
    Pods,
    Gateways,
    Splits,
    Route,
    Findings,
    Events,
}

impl Screen {
    /// Every screen, in the order of their digits, from 1.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Graph,
        Self::Services,
        Self::Pods,
        Self::Gateways,
        Self::Splits,
        Self::Route,
        Self::Findings,
        Self::Events,
    ];

    /// What the tab line shows.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Graph => "Graph",
            Self::Services => "Services",
            Self::Pods => "Pods",
            Self::Gateways => "Gateways",
            Self::Splits => "Splits",
            Self::Route => "Route",
            Self::Findings => "Findings",
            Self::Events => "Events",
        }
    }

    /// Other words that lead here after `:`, kubectl's short names among them.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Overview => &["ov", "namespaces-overview"],
            Self::Graph => &["gr", "map"],
            Self::Services => &["svc", "service"],
            Self::Pods => &["po", "pod"],
            Self::Gateways => &["gw", "gateway", "urls", "url"],
            Self::Splits => &["split", "sp", "canary"],
            Self::Route => &["rt", "route-debugger", "routes"],
            Self::Findings => &["analyze", "fi", "finding"],
            Self::Events => &["ev", "event"],
        }
    }

    /// The screen a word after `:` or in the configuration means.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|screen| {
            screen.title().eq_ignore_ascii_case(word)
                || screen.aliases().iter().any(|alias| alias.eq_ignore_ascii_case(word))
        })
    }

    /// The digit that leads here.
    pub fn digit(self) -> u8 {
        self as u8 + 1
    }
}

/// How an object is shown as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// As the cluster has it, as YAML.
    Yaml,
    /// In words, with what belongs to it.
    Detail,
}

/// A place a user can be at and come back to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    Screen(Screen),
    /// The text of an object.
    Object(ObjectRef, TextKind),
    /// What is known of a node of the graph, or of all versions in one box.
    Node(NodeId),
    /// What is known of the calls between two.
    Call(Call),
    /// The YAML of an object, opened at a path inside it, e.g. `spec.http[0].route`.
    Line(ObjectRef, Arc<str>),
    /// What a code of finding means.
    Rule(&'static str),
}

/// Calls from one node or box of the graph to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    pub from: NodeId,
    pub to: NodeId,
    /// Only over this protocol.
    pub protocol: Option<Protocol>,
}

impl From<&EdgeKey> for Call {
    fn from(edge: &EdgeKey) -> Self {
        let (from, to) = (edge.from.clone(), edge.to.clone());
        Self { from, to, protocol: Some(edge.protocol) }
    }
}

impl Place {
    /// The screen whose keys apply here, where it is one.
    pub fn screen(&self) -> Option<Screen> {
        match self {
            Self::Screen(screen) => Some(*screen),
            Self::Object(..) | Self::Node(_) | Self::Call(_) | Self::Line(..) | Self::Rule(_) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn digits_follow_the_order_and_no_two_screens_share_a_word() {
        let mut words = BTreeSet::new();
        for (at, screen) in Screen::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(screen.digit()), at + 1);
            assert!(words.insert(screen.title().to_lowercase()));
            for alias in screen.aliases() {
                assert!(words.insert((*alias).to_owned()), "{alias}");
                assert_eq!(Screen::named(alias), Some(screen));
            }
        }
    }
}

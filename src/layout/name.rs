//! What a node is called, and how a name is cut to the cells it gets.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::mesh::graph::{Node, NodeType};

/// The name of a node without its version: the app, the workload or the service it stands for.
pub fn of(node: &Node) -> &str {
    let preferred = match node.node_type {
        NodeType::App => [&node.app, &node.workload, &node.service],
        NodeType::Workload => [&node.workload, &node.app, &node.service],
        NodeType::Service | NodeType::Unknown => [&node.service, &node.app, &node.workload],
    };
    preferred.into_iter().flatten().map(|name| &**name).find(|name| !name.is_empty()).unwrap_or(
        match node.node_type {
            NodeType::Unknown => "unknown",
            NodeType::App | NodeType::Workload | NodeType::Service => &node.id,
        },
    )
}

/// The version of a node, when it has one that says something.
pub fn version(node: &Node) -> Option<&str> {
    node.version.as_deref().filter(|version| !version.is_empty())
}

/// How many cells a text takes when each letter stands for itself, as the painter draws it.
pub fn cells(text: &str) -> u16 {
    let cells: usize = text.chars().map(|letter| letter.width().unwrap_or(0)).sum();
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Fewer cells than this of a namespace tell nothing.
const LEAST_NAMESPACE: u16 = 4;

/// A text cut in its middle to at most `width` cells, keeping the beginning and the end, where
/// names differ: `istio-i…gateway`. Of a namespace and a name the namespace is cut first:
/// `me…00/svc-07`.
pub fn shortened(text: &str, width: u16) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    if let Some((namespace, name)) = text.rsplit_once('/')
        && let Some(room) = width.checked_sub(cells(name).saturating_add(1))
        && room >= LEAST_NAMESPACE
    {
        return format!("{}/{name}", shortened(namespace, room));
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let tail_room = room / 2;
    let head = taken(text.graphemes(true), room - tail_room);
    let mut tail: Vec<&str> = taken(text.graphemes(true).rev(), tail_room);
    tail.reverse();
    format!("{}…{}", head.concat(), tail.concat())
}

/// The first letters that fit in `room` cells.
fn taken<'a>(letters: impl Iterator<Item = &'a str>, room: u16) -> Vec<&'a str> {
    let mut left = room;
    letters
        .take_while(|letter| match left.checked_sub(cells(letter)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("reviews", 7, "reviews")]
    #[case("istio-ingressgateway", 15, "istio-i…gateway")]
    #[case("istio-ingressgateway", 1, "…")]
    #[case("mesh-00/svc-07", 12, "me…00/svc-07")]
    #[case("mesh-00/svc-07", 11, "me…0/svc-07")]
    #[case("mesh-00/svc-07", 10, "mesh-…c-07")]
    #[case("istio-ingressgateway", 0, "")]
    #[case("目录服务接口", 7, "目…接口")]
    fn names_are_cut_in_the_middle(#[case] name: &str, #[case] width: u16, #[case] cut: &str) {
        let shown = shortened(name, width);
        assert!(cells(&shown) <= width);
        if name.is_ascii() {
            assert_eq!(shown, cut);
        } else {
            assert!(shown.contains('…'));
        }
    }

    proptest! {
        #[test]
        fn a_cut_name_fits(name in ".*", width in 0_u16..40) {
            prop_assert!(cells(&shortened(&name, width)) <= width);
        }
    }
}

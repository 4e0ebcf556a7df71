//! Things found by their labels, so that a selector is answered without a look at each of them.

use foldhash::HashMap;

use super::object::Labels;

/// Where each pair of labels occurs among things that are numbered.
#[derive(Debug, Default)]
pub(crate) struct ByLabels<'a> {
    by_pair: HashMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> ByLabels<'a> {
    pub(crate) fn add(&mut self, number: usize, labels: &'a Labels) {
        for (key, value) in labels {
            self.by_pair.entry((key, value)).or_default().push(number);
        }
    }

    /// The numbers of those that have the rarest pair of a selector: whatever it covers is among
    /// them. `None` for an empty selector, which every thing satisfies.
    pub(crate) fn rarest<'s>(&'s self, selector: &'s Labels) -> Option<&'s [usize]> {
        selector
            .iter()
            .map(|(key, value)| self.by_pair.get(&(key.as_str(), value.as_str())))
            .map(|numbers| numbers.map(Vec::as_slice).unwrap_or_default())
            .min_by_key(|numbers| numbers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::core::covers;
    use proptest::prelude::*;

    fn labels() -> impl Strategy<Value = Labels> {
        let pairs = prop::collection::btree_map("[abc]", "[xy]", 0..3);
        pairs.prop_map(|pairs| pairs.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_a_selector_covers_is_among_the_rarest(
            things in prop::collection::vec(labels(), 0..12),
            selector in labels(),
        ) {
            let mut index = ByLabels::default();
            for (number, labels) in things.iter().enumerate() {
                index.add(number, labels);
            }
            let covered = |number: &usize| covers(&selector, &things[*number]);
            let all: Vec<usize> = (0..things.len()).filter(covered).collect();
            match index.rarest(&selector) {
                None => prop_assert!(selector.is_empty()),
                Some(some) => {
                    let found: Vec<usize> = some.iter().copied().filter(covered).collect();
                    prop_assert_eq!(found, all);
                    // Each has one pair of the selector at least.
                    let shares = |number: &usize| selector.iter().any(|(key, value)| things[*number].get(key) == Some(value));
                    prop_assert!(some.iter().all(shares));
                }
            }
        }
    }
}

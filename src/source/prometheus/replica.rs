//! Each series once where several replicas of one Prometheus scraped it.
//!
//! A store that holds what two replicas scraped (Thanos or Mimir without de-duplication, a
//! federation) has every series twice, told apart by a label; sums over both are twice the truth.
//! Rates keep that label apart, and of each proxy's reports those of one replica are taken: the
//! one that counted most, since whoever missed scrapes or lags behind has counted less. Taking
//! the highest of each row instead would mix two moments where traffic moves from one version to
//! another.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

/// The values of [`REPLICA`](crate::mesh::telemetry::counts::REPLICA) that a row carries, in that
/// order; empty where it has none.
pub(super) type Name = [Arc<str>; 3];

/// Which replicas scraped the rows of an answer. Costs nothing where none is named.
#[derive(Debug, Default)]
pub(super) struct Replicas {
    /// Numbers of the rows that name a replica, in order.
    told: Vec<(usize, Name)>,
}

impl Replicas {
    /// Notes what the next row says.
    pub(super) fn note(&mut self, row: usize, name: Name) {
        self.told.push((row, name));
    }

    /// The rows of one replica each. `weigh` tells whose reports a row belongs to, and how much
    /// it counted.
    pub(super) fn once<T, K: Eq + Hash>(
        self,
        rows: Vec<T>,
        weigh: impl Fn(&T) -> (K, f64),
    ) -> Vec<T> {
        if self.told.is_empty() {
            return rows;
        }
        let names = self.names(rows.len());
        let mut totals = HashMap::<(K, Shard), BTreeMap<&Name, f64>>::new();
        for (row, (name, shard)) in rows.iter().zip(&names) {
            let (whose, counted) = weigh(row);
            *totals.entry((whose, *shard)).or_default().entry(name).or_default() += counted;
        }
        // On a tie the first by name stays, so that the answer does not depend on the order.
        let most = |totals: &BTreeMap<&Name, f64>| {
            let by_total = totals.iter().rev().max_by(|a, b| a.1.total_cmp(b.1));
            by_total.map(|(name, _)| (*name).clone())
        };
        let best: HashMap<_, _> =
            totals.iter().filter_map(|(key, totals)| Some((key, most(totals)?))).collect();
        let kept = |row: &T, (name, shard): &(Name, Shard)| {
            best.get(&(weigh(row).0, *shard)).is_some_and(|best| best == name)
        };
        let keep: Vec<bool> = rows.iter().zip(&names).map(|(row, name)| kept(row, name)).collect();
        rows.into_iter().zip(keep).filter_map(|(row, keep)| keep.then_some(row)).collect()
    }

    /// Replica and shard of every row. `replica` is also what somebody may call a label of their
    /// pods: it names a Prometheus only where everything carries it, as external labels do.
    fn names(self, rows: usize) -> Vec<(Name, Shard)> {
        let everywhere =
            self.told.iter().filter(|(_, [.., last])| !last.is_empty()).count() == rows;
        let nobody: Arc<str> = Arc::from("");
        let unnamed = || [Arc::clone(&nobody), Arc::clone(&nobody), Arc::clone(&nobody)];
        let mut names = vec![(unnamed(), 0); rows];
        for (row, mut name) in self.told {
            if !everywhere {
                name[2] = Arc::clone(&nobody);
            }
            if let Some(slot) = names.get_mut(row) {
                *slot = (name.clone(), shard(&name[1]));
            }
        }
        names
    }
}

/// Shards of one Prometheus scrape different targets: their reports add up.
type Shard = u32;

/// The shard in a name as the Prometheus operator gives it: `prometheus-NAME-shard-1-0`; the
/// first shard is called without (Prometheus operator documentation, "Shards and Replicas").
fn shard(prometheus: &str) -> Shard {
    let after = prometheus.rsplit_once("-shard-").map_or("", |(_, after)| after);
    after.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Rows of `prometheus_replica`, `replica`, whose they are, what, and how much.
    type Row = (&'static str, &'static str, &'static str, &'static str, f64);

    #[rstest]
    #[case::nobody_is_named(
        &[("", "", "web", "200", 4.0), ("", "", "web", "500", 1.0)],
        &["web 200 4", "web 500 1"]
    )]
    #[case::the_one_that_counted_most(
        &[("a", "", "web", "200", 4.0), ("b", "", "web", "200", 3.0), ("a", "", "web", "500", 1.0)],
        &["web 200 4", "web 500 1"]
    )]
    #[case::two_moments_are_not_mixed(
        &[("a", "", "web", "v1", 4.0), ("b", "", "web", "v1", 2.5), ("b", "", "web", "v3", 2.5)],
        &["web v1 2.5", "web v3 2.5"]
    )]
    #[case::each_proxy_by_itself(
        &[("a", "", "web", "200", 4.0), ("b", "", "web", "200", 1.0), ("b", "", "till", "200", 2.0)],
        &["web 200 4", "till 200 2"]
    )]
    #[case::a_tie(
        &[("b", "", "web", "b", 4.0), ("a", "", "web", "a", 4.0)],
        &["web a 4"]
    )]
    #[case::shards_add_up(
        &[("prometheus-k8s-0", "", "web", "200", 4.0), ("prometheus-k8s-1", "", "web", "200", 4.1),
          ("prometheus-k8s-shard-1-0", "", "web", "200", 2.0),
          ("prometheus-k8s-shard-1-1", "", "web", "200", 1.0)],
        &["web 200 4.1", "web 200 2"]
    )]
    #[case::replica_as_thanos_names_it(
        &[("", "0", "web", "200", 4.0), ("", "1", "web", "200", 4.0)],
        &["web 200 4"]
    )]
    #[case::replica_as_a_label_of_some_pods(
        &[("", "0", "db", "200", 4.0), ("", "1", "db", "200", 4.0), ("", "", "web", "200", 1.0)],
        &["db 200 4", "db 200 4", "web 200 1"]
    )]
    #[case::one_store_of_several_names_none(
        &[("", "", "web", "200", 4.0), ("a", "", "till", "200", 2.0), ("b", "", "till", "200", 2.0)],
        &["web 200 4", "till 200 2"]
    )]
    fn each_once(#[case] rows: &[Row], #[case] expected: &[&str]) {
        let mut replicas = Replicas::default();
        for (at, (prometheus, replica, ..)) in rows.iter().enumerate() {
            if !prometheus.is_empty() || !replica.is_empty() {
                replicas.note(at, ["", prometheus, replica].map(Arc::from));
            }
        }
        let kept = replicas.once(rows.to_vec(), |row| (row.2, row.4));
        let kept: Vec<String> =
            kept.iter().map(|(_, _, whose, what, rate)| format!("{whose} {what} {rate}")).collect();
        assert_eq!(kept, expected);
    }
}

//! The ranks with the least total length of edges: network simplex.
//!
//! A tree of *tight* edges (those as short as can be) holds each component together. Cutting one
//! of them parts the tree; where more edges leave the lower part than enter it, that part moves
//! towards them until another edge gets tight and takes the place of the one cut. As a shift of
//! some nodes lengthens what enters them and shortens what leaves them, what it wins is the sum of
//! their outgoing edges less that of their incoming ones.

/// How many nodes and edges may be looked at. Beyond, the ranks found so far are kept.
const EFFORT: usize = 500_000;

/// Shortens the edges between given ranks, which are feasible, as far as the effort allows.
pub(crate) fn shorten(rank: &mut [usize], edges: &[(usize, usize)]) {
    let mut simplex = Simplex::new(rank, edges);
    simplex.span();
    let pivots = EFFORT / (rank.len() + edges.len()).max(1);
    for _ in 0..pivots {
        if !simplex.pivot() {
            break;
        }
    }
    let least = simplex.rank.iter().copied().min().unwrap_or(0);
    for (rank, found) in rank.iter_mut().zip(simplex.rank) {
        *rank = usize::try_from(found - least).unwrap_or(0);
    }
}

struct Simplex<'a> {
    rank: Vec<i64>,
    edges: &'a [(usize, usize)],
    /// Edges of each node, as indices.
    at: Vec<Vec<usize>>,
    /// Edges of the tree, as indices, by node.
    tree: Vec<Vec<usize>>,
    /// Outgoing edges less incoming ones.
    pull: Vec<i64>,
}

impl<'a> Simplex<'a> {
    fn new(rank: &[usize], edges: &'a [(usize, usize)]) -> Self {
        let mut at = vec![Vec::new(); rank.len()];
        let mut pull = vec![0; rank.len()];
        for (ix, &(from, to)) in edges.iter().enumerate() {
            at[from].push(ix);
            at[to].push(ix);
            pull[from] += 1;
            pull[to] -= 1;
        }
        let tree = vec![Vec::new(); rank.len()];
        let rank = rank.iter().map(|&rank| i64::try_from(rank).unwrap_or(i64::MAX)).collect();
        Self { rank, edges, at, tree, pull }
    }

    fn slack(&self, edge: usize) -> i64 {
        let (from, to) = self.edges[edge];
        self.rank[to] - self.rank[from] - 1
    }

    fn other_end(&self, edge: usize, node: usize) -> usize {
        let (from, to) = self.edges[edge];
        if from == node { to } else { from }
    }

    /// Grows a tree over each component; where no tight edge leads on, the tree moves until the
    /// nearest one is tight.
    fn span(&mut self) {
        let mut within = vec![false; self.rank.len()];
        for start in 0..self.rank.len() {
            if std::mem::replace(&mut within[start], true) {
                continue;
            }
            let mut members = vec![start];
            loop {
                self.grow(&mut members, &mut within);
                let edges = members.iter().flat_map(|&node| &self.at[node]).copied();
                let leading = edges
                    .filter(|&edge| within[self.edges[edge].0] != within[self.edges[edge].1])
                    .min_by_key(|&edge| (self.slack(edge), edge));
                let Some(edge) = leading else { break };
                let slack = self.slack(edge);
                self.shift(&members, if within[self.edges[edge].0] { slack } else { -slack });
            }
        }
    }

    /// Takes in what tight edges lead to.
    fn grow(&mut self, members: &mut Vec<usize>, within: &mut [bool]) {
        let mut next = 0;
        while let Some(&node) = members.get(next) {
            next += 1;
            for at in 0..self.at[node].len() {
                let edge = self.at[node][at];
                let other = self.other_end(edge, node);
                if self.slack(edge) == 0 && !std::mem::replace(&mut within[other], true) {
                    members.push(other);
                    self.join(edge);
                }
            }
        }
    }

    fn join(&mut self, edge: usize) {
        let (from, to) = self.edges[edge];
        self.tree[from].push(edge);
        self.tree[to].push(edge);
    }

    fn cut(&mut self, edge: usize) {
        let (from, to) = self.edges[edge];
        self.tree[from].retain(|&other| other != edge);
        self.tree[to].retain(|&other| other != edge);
    }

    /// The nodes of the tree, each with the edge to its parent, parents first.
    fn parents(&self) -> Vec<(usize, Option<usize>)> {
        let mut order: Vec<(usize, Option<usize>)> = Vec::with_capacity(self.rank.len());
        let mut met = vec![false; self.rank.len()];
        for root in 0..self.rank.len() {
            if std::mem::replace(&mut met[root], true) {
                continue;
            }
            let mut next = order.len();
            order.push((root, None));
            while let Some(&(node, _)) = order.get(next) {
                next += 1;
                for &edge in &self.tree[node] {
                    let child = self.other_end(edge, node);
                    if !std::mem::replace(&mut met[child], true) {
                        order.push((child, Some(edge)));
                    }
                }
            }
        }
        order
    }

    /// The edge of the tree whose cut wins most, and the first node of the part that then moves.
    fn leaving(&self) -> Option<(usize, usize)> {
        let mut pull = self.pull.clone();
        let mut best: Option<(i64, usize, usize)> = None;
        for (node, edge) in self.parents().into_iter().rev() {
            let Some(edge) = edge else { continue };
            pull[self.other_end(edge, node)] += pull[node];
            let gain = if self.edges[edge].1 == node { pull[node] } else { -pull[node] };
            if gain > best.map_or(0, |best| best.0) {
                best = Some((gain, edge, node));
            }
        }
        best.map(|(_, edge, node)| (edge, node))
    }

    /// What hangs together with a node when an edge of the tree is cut.
    fn part(&self, top: usize, cut: usize) -> (Vec<usize>, Vec<bool>) {
        let mut within = vec![false; self.rank.len()];
        within[top] = true;
        let mut members = vec![top];
        let mut next = 0;
        while let Some(&node) = members.get(next) {
            next += 1;
            for &edge in self.tree[node].iter().filter(|&&edge| edge != cut) {
                let other = self.other_end(edge, node);
                if !std::mem::replace(&mut within[other], true) {
                    members.push(other);
                }
            }
        }
        (members, within)
    }

    /// Exchanges one edge of the tree for a better one, if there is one.
    fn pivot(&mut self) -> bool {
        let Some((leaving, top)) = self.leaving() else { return false };
        let up = self.edges[leaving].1 == top;
        let (members, within) = self.part(top, leaving);
        let stops = |&edge: &usize| {
            let (from, to) = self.edges[edge];
            within[from] != within[to] && within[from] == up
        };
        let edges = members.iter().flat_map(|&node| &self.at[node]).copied();
        let Some(entering) = edges.filter(stops).min_by_key(|&edge| (self.slack(edge), edge))
        else {
            return false;
        };
        let slack = self.slack(entering);
        self.shift(&members, if up { slack } else { -slack });
        self.cut(leaving);
        self.join(entering);
        true
    }

    fn shift(&mut self, nodes: &[usize], by: i64) {
        for &node in nodes {
            self.rank[node] += by;
        }
    }
}

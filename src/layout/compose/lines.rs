//! The lines of a component: runs, joints, arrowheads, label slots.
//!
//! A stretch of line that several wires share is cut where one of them leaves, so that each piece
//! knows its wires. Wires are listed nearest first, so the pieces' sets are tails of one list.

use super::{
    BTreeMap, Channel, Composer, Head, Joint, LabelSlot, Orientation, Run, WireSet, blank_after,
    channel, heads_in_border, label_width,
};
use crate::layout::channel::Net;
use crate::layout::proper::Tree;
use crate::layout::span::Gap;

/// A line along or across the ranks, before it has cells.
struct Stretch {
    /// The place on the axis it does not run along.
    fixed: i32,
    from: i32,
    to: i32,
    wires: WireSet,
    back: bool,
    opens: (bool, bool),
}

/// The links of one port, and what they do in the channel.
#[derive(Default)]
struct Port {
    links: Vec<usize>,
    /// Nets that join the port's row, from left to right, with the port's links on each.
    nets: Vec<(usize, Vec<usize>)>,
    straight: Option<usize>,
}

impl Port {
    fn joins(&mut self, net: usize, link: usize) {
        match self.nets.iter_mut().find(|known| known.0 == net) {
            Some(known) => known.1.push(link),
            None => self.nets.push((net, vec![link])),
        }
    }
}

type Ports = BTreeMap<(usize, usize), Port>;

impl Composer<'_> {
    pub(super) fn lines(&mut self) {
        let mut by_layer = vec![Vec::new(); self.proper.layers];
        for (ix, link) in self.proper.links.iter().enumerate() {
            by_layer[self.proper.items[link.from].layer].push(ix);
        }
        for (layer, links) in by_layer.into_iter().enumerate() {
            let Some(&gap) = self.spans.gaps.get(layer) else { continue };
            let Some(channel) = self.channels.get(layer) else { continue };
            let (sources, targets) = self.ports(&links, channel);
            for (&(item, out), port) in &sources {
                self.source(item, out, port, (gap, channel), &targets);
            }
            for (&(item, inp), port) in &targets {
                self.target(item, inp, port, (gap, channel));
            }
            for net in &channel.nets {
                self.net(net, (gap, channel));
            }
            self.splits(&sources, gap);
            self.gatherings(&targets, gap);
        }
    }

    /// The ports at both sides of a channel.
    fn ports(&self, links: &[usize], channel: &Channel) -> (Ports, Ports) {
        let (mut sources, mut targets) = (Ports::new(), Ports::new());
        let mut net_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (net_ix, net) in channel.nets.iter().enumerate() {
            if net.first_half.is_none() {
                net_of.extend(net.links.iter().map(|&link| (link, net_ix)));
            }
        }
        for &ix in links {
            let link = &self.proper.links[ix];
            let source = sources.entry((link.from, link.out)).or_default();
            let target = targets.entry((link.to, link.inp)).or_default();
            source.links.push(ix);
            target.links.push(ix);
            if let Some(&net) = net_of.get(&ix) {
                source.joins(net, ix);
                target.joins(channel.nets[net].then.unwrap_or(net), ix);
            } else {
                source.straight = Some(ix);
                target.straight = Some(ix);
            }
        }
        for port in sources.values_mut().chain(targets.values_mut()) {
            port.nets.sort_unstable_by_key(|&(net, _)| (channel.nets[net].track, net));
        }
        (sources, targets)
    }

    /// A set of the wires of some links.
    fn pooled(&mut self, links: impl Iterator<Item = usize>) -> WireSet {
        let from = self.scene.pool.len() as u32;
        for link in links {
            self.scene.pool.extend(&self.proper.links[link].wires);
        }
        WireSet { from, until: self.scene.pool.len() as u32 }
    }

    /// Those of some links that end where they lead to: what goes back has its head elsewhere.
    fn arriving(&mut self, links: impl Iterator<Item = usize>) -> WireSet {
        let ends: Vec<usize> = links.filter(|&link| !self.proper.links[link].back).collect();
        self.pooled(ends.into_iter())
    }

    fn along(&mut self, stretch: &Stretch) {
        if stretch.to < stretch.from {
            return;
        }
        let (a, b) = (self.pos(stretch.from, stretch.fixed), self.pos(stretch.to, stretch.fixed));
        let vertical = self.options.orientation == Orientation::TopDown;
        self.push_run(Run {
            a,
            b,
            wires: stretch.wires,
            back: stretch.back,
            vertical,
            open_a: stretch.opens.0,
            open_b: stretch.opens.1,
        });
    }

    fn across(&mut self, stretch: &Stretch) {
        let (a, b) = (self.pos(stretch.fixed, stretch.from), self.pos(stretch.fixed, stretch.to));
        let vertical = self.options.orientation == Orientation::LeftRight;
        self.push_run(Run {
            a,
            b,
            wires: stretch.wires,
            back: stretch.back,
            vertical,
            open_a: stretch.opens.0,
            open_b: stretch.opens.1,
        });
    }

    fn push_run(&mut self, run: Run) {
        self.scene.runs.push(run);
    }

    /// The row of a port at the source side of a channel.
    fn out_row(&self, item: usize, out: usize) -> i32 {
        self.place[item] + self.proper.items[item].outs.get(out).copied().unwrap_or(0)
    }

    fn in_row(&self, item: usize, inp: usize) -> i32 {
        self.place[item] + self.proper.items[item].ins.get(inp).copied().unwrap_or(0)
    }

    /// Whether further ports of this item leave its one line in the channel.
    fn is_split(&self, item: usize) -> bool {
        let node = self.proper.items[item].node;
        let shape = node.and_then(|node| self.proper.shapes.get(&node));
        shape.is_some_and(|shape| shape.main.is_some() && !shape.extras.is_empty())
    }

    fn is_gathered(&self, item: usize) -> bool {
        let node = self.proper.items[item].node;
        let shape = node.and_then(|node| self.proper.shapes.get(&node));
        shape.is_some_and(|shape| shape.main.is_some() && shape.ins.len() > 1)
    }

    /// The first cell after a node's body, where its lines may begin.
    fn exit(&self, item: usize) -> i32 {
        let layer = self.proper.items[item].layer;
        let length = self.proper.items[item]
            .node
            .and_then(|node| self.proper.shapes.get(&node))
            .map_or(0, |shape| shape.length);
        self.spans.start[layer] + length + blank_after(self.options)
    }

    /// Where the row of an out-port begins, whether it goes on before that, and its arrowhead.
    fn departure(&mut self, item: usize, port: &Port, row: i32, gap: Gap) -> (i32, bool) {
        let layer = self.proper.items[item].layer;
        let Some(node) = self.proper.items[item].node else {
            return (self.spans.start[layer], true);
        };
        let back = port
            .links
            .first()
            .is_some_and(|&ix| matches!(self.proper.links[ix].tree, Tree::Returns { .. }));
        let boxed = self.options.zoom.boxed();
        let exit = self.exit(item);
        let wires = self.pooled(port.links.iter().copied());
        let at = self.box_index(node);
        let to = self.ahead().opposite();
        if back {
            let head = match (boxed, heads_in_border(self.options)) {
                (true, true) => exit - 1,
                (true, false) => exit,
                (false, _) => gap.back_head,
            };
            let pos = self.pos(head, row);
            self.scene.heads.push(Head { pos, to, wires, at });
            return (head + 1, true);
        }
        if boxed {
            let pos = self.pos(exit - 1, row);
            let side = self.ahead();
            self.scene.joints.push(Joint { pos, side, wires, back: false });
            (exit, true)
        } else if self.is_split(item) {
            (gap.split, false)
        } else {
            (exit, true)
        }
    }

    /// The index in the scene of a node of this component: boxes, like items, come in the order of
    /// nodes.
    fn box_index(&self, node: usize) -> usize {
        let before = self.scene.boxes.len() - self.proper.item_of.len();
        before + self.proper.item_of.get(&node).copied().unwrap_or(0)
    }

    /// The row from an out-port to the last net that leaves it, or on to what lies straight ahead.
    fn source(
        &mut self,
        item: usize,
        out: usize,
        port: &Port,
        (gap, channel): (Gap, &Channel),
        targets: &Ports,
    ) {
        let row = self.out_row(item, out);
        let (mut at, mut open) = self.departure(item, port, row, gap);
        let mut rest: Vec<(i32, Vec<usize>)> = port
            .nets
            .iter()
            .map(|(net, links)| (gap.tracks + channel.nets[*net].track, links.clone()))
            .collect();
        let mut end_open = false;
        if let Some(link) = port.straight {
            let end = &self.proper.links[link];
            let target = (end.to, end.inp);
            let first_net = targets.get(&target).and_then(|target| target.nets.first());
            let to = if let Some((net, _)) = first_net {
                gap.tracks + channel.nets[*net].track
            } else {
                let (to, open) = self.arrival(target.0, target.1, gap);
                end_open = open;
                to
            };
            rest.push((to, vec![link]));
        }
        let back = port.links.first().is_some_and(|&link| self.proper.links[link].back);
        let all = self.pooled(rest.iter().flat_map(|(_, links)| links.iter().copied()));
        let mut wires = all;
        let count = rest.len();
        for (ix, (to, links)) in rest.into_iter().enumerate() {
            let opens = (open, end_open && ix + 1 == count);
            self.along(&Stretch { fixed: row, from: at, to, wires, back, opens });
            wires.from += self.weight(&links);
            at = to;
            open = false;
        }
    }

    /// Where the row of an in-port ends, and whether it goes on into what follows.
    fn arrival(&self, item: usize, inp: usize, gap: Gap) -> (i32, bool) {
        let layer = self.proper.items[item].layer;
        if self.proper.items[item].node.is_none() {
            return (self.spans.start[layer] - 1, true);
        }
        if self.is_gathered(item) {
            return (gap.collect, false);
        }
        if heads_in_border(self.options) {
            return (gap.head - 1, true);
        }
        if self.arrives(item, Some(inp)) { (gap.head - 1, true) } else { (gap.head, true) }
    }

    /// Whether a call arrives at a port (or at any port): else only calls back leave there.
    fn arrives(&self, item: usize, inp: Option<usize>) -> bool {
        self.near.before[item].iter().any(|&link| {
            let link = &self.proper.links[link];
            !link.back && inp.is_none_or(|inp| link.inp == inp)
        })
    }

    /// The row from the first net that reaches an in-port to the port, its head and its label.
    fn target(&mut self, item: usize, inp: usize, port: &Port, (gap, channel): (Gap, &Channel)) {
        let row = self.in_row(item, inp);
        let (end, open) = self.arrival(item, inp, gap);
        let back = port.links.iter().all(|&link| self.proper.links[link].back);
        // Nets from the last to the first: what lies on a piece is then a tail of the list.
        let pieces = port.nets.iter().rev();
        let links = pieces.clone().flat_map(|(_, links)| links.iter().copied());
        let wires = self.pooled(links.chain(port.straight));
        let mut to = end;
        let mut opens = (false, open);
        let mut piece = wires;
        for (net, links) in pieces {
            let from = gap.tracks + channel.nets[*net].track;
            self.along(&Stretch { fixed: row, from, to, wires: piece, back, opens });
            piece.from += self.weight(links);
            to = from;
            opens = (false, false);
        }
        self.ending(item, inp, (row, wires, back), gap);
    }

    /// What stands at the end of an in-port's row: head or joint, and the label before it.
    fn ending(&mut self, item: usize, inp: usize, line: (i32, WireSet, bool), gap: Gap) {
        let (row, wires, back) = line;
        let Some(node) = self.proper.items[item].node else { return };
        let layer = self.proper.items[item].layer;
        let label = label_width(self.options, self.view.tcp);
        let sum = self.near.before[item]
            .iter()
            .filter(|&&link| self.proper.links[link].inp == inp)
            .any(|&link| matches!(self.proper.links[link].tree, Tree::Hub { .. }));
        if label > 0 {
            let (pos, width, right_aligned) = match self.options.orientation {
                Orientation::LeftRight => (self.pos(gap.label, row), label + 1, true),
                Orientation::TopDown => (self.pos(gap.label, row + 2), label, false),
            };
            self.scene.slots.push(LabelSlot { pos, width, wires, right_aligned, sum });
        }
        if self.is_gathered(item) {
            return;
        }
        if self.arrives(item, Some(inp)) {
            let pos = self.pos(gap.head, row);
            let (to, at) = (self.ahead(), self.box_index(node));
            self.scene.heads.push(Head { pos, to, wires, at });
        } else if self.options.zoom.boxed() {
            let pos = self.pos(self.spans.start[layer], row);
            let side = self.ahead().opposite();
            self.scene.joints.push(Joint { pos, side, wires, back });
        }
    }

    /// The part of a net that lies on its track.
    fn net(&mut self, net: &Net, (gap, channel): (Gap, &Channel)) {
        let main = gap.tracks + net.track;
        let back = net.links.first().is_some_and(|&link| self.proper.links[link].back);
        if let Some(second) = net.then {
            let wires = self.pooled(net.links.iter().copied());
            let row = net.rights.first().copied().unwrap_or(0);
            let to = gap.tracks + channel.nets[second].track;
            let opens = (false, false);
            self.along(&Stretch { fixed: row, from: main, to, wires, back, opens });
        }
        // Where the wires part: one row at one side, each link its own at the other.
        let (pivot, others) = if net.gathers {
            (net.rights.first(), &net.lefts)
        } else {
            (net.lefts.first(), &net.rights)
        };
        let pivot = pivot.copied().unwrap_or(0);
        let bent_side = if net.gathers { net.first_half.is_some() } else { net.then.is_some() };
        let mut ends: Vec<(i32, Vec<usize>)> = if bent_side {
            vec![(others.first().copied().unwrap_or(pivot), net.links.clone())]
        } else {
            let far = |link: usize| {
                let (source, target) = channel::ends(self.proper, self.place, link);
                if net.gathers { source } else { target }
            };
            net.links.iter().map(|&link| (far(link), vec![link])).collect()
        };
        ends.sort_by_key(|(row, _)| (row - pivot).abs());
        for up in [true, false] {
            let side: Vec<&(i32, Vec<usize>)> =
                ends.iter().filter(|(row, _)| (*row < pivot) == up && *row != pivot).collect();
            let mut wires = self.pooled(side.iter().flat_map(|(_, links)| links.iter().copied()));
            let mut at = pivot;
            for (row, links) in side {
                let (from, to) = (at.min(*row), at.max(*row));
                let opens = (false, false);
                self.across(&Stretch { fixed: main, from, to, wires, back, opens });
                wires.from += self.weight(links);
                at = *row;
            }
        }
    }

    /// The line beside a borderless node from which its further ports leave.
    fn splits(&mut self, sources: &Ports, gap: Gap) {
        let mut by_item: BTreeMap<usize, Vec<(i32, &Port)>> = BTreeMap::new();
        for (&(item, out), port) in sources {
            if self.is_split(item) {
                by_item.entry(item).or_default().push((self.out_row(item, out), port));
            }
        }
        for (item, mut ports) in by_item {
            ports.sort_by_key(|(row, _)| *row);
            let Some(node) = self.proper.items[item].node else { continue };
            let main = self.proper.shapes[&node].main.unwrap_or(0) + self.place[item];
            let links = |ports: &[(i32, &Port)]| -> Vec<usize> {
                ports.iter().flat_map(|(_, port)| port.links.iter().copied()).collect()
            };
            let mut wires = self.pooled(links(&ports).into_iter());
            let exit = self.exit(item);
            self.along(&Stretch {
                fixed: main,
                from: exit,
                to: gap.split,
                wires,
                back: false,
                opens: (true, false),
            });
            let mut at = main;
            for (row, port) in ports {
                let back = port.links.iter().all(|&link| self.proper.links[link].back);
                if row > at {
                    let opens = (false, false);
                    let (fixed, from, to) = (gap.split, at, row);
                    self.across(&Stretch { fixed, from, to, wires, back, opens });
                }
                if back {
                    self.along(&Stretch {
                        fixed: row,
                        from: gap.split,
                        to: gap.split,
                        wires: self.tail(wires, &port.links),
                        back,
                        opens: (false, true),
                    });
                }
                wires.from += self.weight(&port.links);
                at = row;
            }
        }
    }

    /// How many wires some links carry.
    fn weight(&self, links: &[usize]) -> u32 {
        links.iter().map(|&link| self.proper.links[link].wires.len() as u32).sum()
    }

    /// The first wires of a set: those of these links.
    fn tail(&self, wires: WireSet, links: &[usize]) -> WireSet {
        WireSet { from: wires.from, until: wires.from + self.weight(links) }
    }

    /// The line beside a borderless node into which its in-ports lead, and its one head.
    fn gatherings(&mut self, targets: &Ports, gap: Gap) {
        let mut by_item: BTreeMap<usize, Vec<(i32, Vec<usize>)>> = BTreeMap::new();
        for (&(item, inp), port) in targets {
            if self.is_gathered(item) {
                let row = self.in_row(item, inp);
                by_item.entry(item).or_default().push((row, port.links.clone()));
            }
        }
        for (item, mut ports) in by_item {
            let Some(node) = self.proper.items[item].node else { continue };
            let main = self.proper.shapes[&node].main.unwrap_or(0) + self.place[item];
            ports.sort_by_key(|(row, _)| (row - main).abs());
            for up in [true, false] {
                let side: Vec<&(i32, Vec<usize>)> =
                    ports.iter().filter(|(row, _)| (*row < main) == up && *row != main).collect();
                let mut wires =
                    self.pooled(side.iter().flat_map(|(_, links)| links.iter().copied()));
                let mut at = main;
                for (row, links) in side {
                    let back = false;
                    let (from, to) = (at.min(*row), at.max(*row));
                    let opens = (false, false);
                    self.across(&Stretch { fixed: gap.collect, from, to, wires, back, opens });
                    wires.from += self.weight(links);
                    at = *row;
                }
            }
            let arrives = self.arrives(item, None);
            let wires = self.pooled(ports.iter().flat_map(|(_, links)| links.iter().copied()));
            self.along(&Stretch {
                fixed: main,
                from: gap.collect,
                to: if arrives { gap.head - 1 } else { gap.head },
                wires,
                back: !arrives,
                opens: (false, true),
            });
            if arrives {
                let pos = self.pos(gap.head, main);
                let (to, at) = (self.ahead(), self.box_index(node));
                let links = ports.iter().flat_map(|(_, links)| links.iter().copied());
                let wires = self.arriving(links);
                self.scene.heads.push(Head { pos, to, wires, at });
            }
        }
    }
}

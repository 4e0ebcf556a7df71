//! Reads a painted graph back: from the letters alone, which box calls which.

use std::collections::{BTreeMap, BTreeSet};

use vigla::layout::glyph::{Glyphs, Stroke, Weight};
use vigla::layout::scene::{Area, Orientation, Pos, Scene, Side, Zoom};
use vigla::layout::selection::Selection;
use vigla::layout::style::StyleTable;
use vigla::report::drawing::Canvas;

/// Pairs of boxes, caller first, as the picture shows them.
pub(crate) fn edges(scene: &Scene, styles: &StyleTable) -> BTreeSet<(usize, usize)> {
    let canvas = Canvas::of(scene, styles, &Selection::default(), Glyphs::Square);
    let reader = Reader { scene, canvas, arms: letters() };
    (0..scene.boxes.len()).flat_map(|at| reader.leaving(at)).collect()
}

/// The arms of every letter that lines are made of, in the order of [`Side::ALL`].
fn letters() -> BTreeMap<char, [bool; 4]> {
    let weights = [Weight::None, Weight::Light, Weight::Heavy];
    let mut letters = BTreeMap::new();
    for mix in 0..81_usize {
        let arms = [mix / 27, mix / 9 % 3, mix / 3 % 3, mix % 3].map(|weight| weights[weight]);
        let set = arms.map(|arm| arm != Weight::None);
        for stroke in [Stroke::Solid, Stroke::Dashed, Stroke::Dotted] {
            letters.insert(Glyphs::Square.joint(arms, stroke), set);
        }
    }
    letters.remove(&' ');
    letters
}

struct Reader<'a> {
    scene: &'a Scene,
    canvas: Canvas,
    arms: BTreeMap<char, [bool; 4]>,
}

impl Reader<'_> {
    fn letter(&self, pos: Pos) -> char {
        self.canvas.cell(pos).map_or(' ', |(letter, _)| letter)
    }

    fn has(&self, pos: Pos, side: Side) -> bool {
        let mut arms = Side::ALL.iter().zip(self.arms.get(&self.letter(pos)).into_iter().flatten());
        arms.any(|(known, has)| *known == side && *has)
    }

    fn ahead(&self) -> Side {
        match self.scene.orientation {
            Orientation::LeftRight => Side::Right,
            Orientation::TopDown => Side::Down,
        }
    }

    fn box_at(&self, pos: Pos) -> Option<usize> {
        self.scene.boxes.iter().position(|item| item.area.contains(pos))
    }

    /// What the lines on the far side of a box lead to, or come from.
    fn leaving(&self, at: usize) -> Vec<(usize, usize)> {
        let starts =
            if self.scene.zoom.boxed() { self.beside_box(at) } else { self.beside_name(at) };
        let mut found = Vec::new();
        for (start, back) in starts {
            for (other, arrives) in self.follow(start, back) {
                found.push(if arrives { (at, other) } else { (other, at) });
            }
        }
        found
    }

    /// Where lines begin at the far border of a box, and whether a head stands there.
    fn beside_box(&self, at: usize) -> Vec<(Pos, bool)> {
        let area = self.scene.boxes[at].area;
        let ahead = self.ahead();
        let border: Vec<Pos> = match ahead {
            Side::Right => {
                (area.y..area.bottom()).map(|y| Pos { x: area.right() - 1, y }).collect()
            }
            _ => (area.x..area.right()).map(|x| Pos { x, y: area.bottom() - 1 }).collect(),
        };
        let back_head = Glyphs::Square.head(ahead.opposite());
        let start = |pos: Pos| {
            let beside = pos.step(ahead);
            let upward = ahead == Side::Down && self.letter(pos) == back_head;
            if self.has(pos, ahead) || upward {
                Some((beside, upward))
            } else if ahead == Side::Right && self.letter(beside) == back_head {
                Some((beside.step(ahead), true))
            } else {
                None
            }
        };
        border.into_iter().filter_map(start).collect()
    }

    /// Where the one line of a name without a border begins.
    fn beside_name(&self, at: usize) -> Vec<(Pos, bool)> {
        let area = self.scene.boxes[at].area;
        let ahead = self.ahead();
        let starts: Vec<Pos> = match ahead {
            Side::Right => {
                let blank = i32::from(self.scene.zoom == Zoom::Pill);
                vec![Pos { x: area.right() + blank, y: area.y }]
            }
            _ => (area.x..area.right()).map(|x| Pos { x, y: area.bottom() }).collect(),
        };
        let leaves = |pos: &Pos| self.box_at(*pos).is_none() && self.has(*pos, ahead.opposite());
        let back_head = Glyphs::Square.head(ahead.opposite());
        let leaves = |pos: &Pos| leaves(pos) || self.letter(*pos) == back_head;
        starts.into_iter().filter(leaves).map(|pos| (pos, false)).collect()
    }

    /// Whether a label may stand here on the line that it tells of.
    fn labelled(&self, pos: Pos) -> bool {
        let across = self.ahead() == Side::Right;
        let mut slots = self.scene.slots.iter();
        across
            && slots
                .any(|slot| Area::new(slot.pos.x, slot.pos.y, slot.width.into(), 1).contains(pos))
    }

    /// Follows a line, never against the ranks: the boxes it reaches, with whether they are called
    /// over it. Beyond a head at its beginning a line only tells who calls.
    fn follow(&self, start: Pos, back: bool) -> BTreeSet<(usize, bool)> {
        let ahead = self.ahead();
        let head = Glyphs::Square.head(ahead);
        let back_head = Glyphs::Square.head(ahead.opposite());
        let mut reached = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack = vec![(start, ahead, back)];
        while let Some((pos, going, back)) = stack.pop() {
            if !seen.insert((pos, going, back)) {
                continue;
            }
            if let Some(target) = self.box_at(pos) {
                if going == ahead {
                    reached.insert((target, !back && self.letter(pos) == head));
                }
                continue;
            }
            if self.letter(pos) == head {
                let target = self.box_at(pos.step(ahead));
                assert!(target.is_some(), "a head stands before a box");
                reached.extend(target.map(|target| (target, !back)));
                continue;
            }
            if self.letter(pos) == back_head {
                stack.push((pos.step(ahead), ahead, true));
                continue;
            }
            if self.labelled(pos) {
                stack.push((pos.step(going), going, back));
                continue;
            }
            let exits: Vec<Side> = Side::ALL
                .into_iter()
                .filter(|&side| self.has(pos, side) && side != going.opposite())
                .collect();
            let crossing = exits.len() == 3;
            for side in exits {
                let allowed = if crossing { side == going } else { side != ahead.opposite() };
                if allowed {
                    stack.push((pos.step(side), side, back));
                }
            }
        }
        reached
    }
}

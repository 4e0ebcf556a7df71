//! Reads a painted graph back: from the letters alone, which box calls which.

use std::collections::{BTreeMap, BTreeSet};

use vigla::layout::glyph::{Glyphs, Stroke, Weight};
use vigla::layout::scene::{Orientation, Pos, Scene, Side};
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
        let area = self.scene.boxes[at].area;
        let ahead = self.ahead();
        let border: Vec<Pos> = match ahead {
            Side::Right => {
                (area.y..area.bottom()).map(|y| Pos { x: area.right() - 1, y }).collect()
            }
            _ => (area.x..area.right()).map(|x| Pos { x, y: area.bottom() - 1 }).collect(),
        };
        let back_head = Glyphs::Square.head(ahead.opposite());
        let mut found = Vec::new();
        for pos in border {
            let beside = pos.step(ahead);
            let upward = ahead == Side::Down && self.letter(pos) == back_head;
            let start = if self.has(pos, ahead) || upward {
                Some(beside)
            } else if ahead == Side::Right && self.letter(beside) == back_head {
                Some(beside.step(ahead))
            } else {
                None
            };
            let Some(start) = start else { continue };
            for (other, arrives) in self.follow(start) {
                found.push(if arrives { (at, other) } else { (other, at) });
            }
        }
        found
    }

    /// Follows a line, never against the ranks: the boxes it reaches, with whether a head is there.
    fn follow(&self, start: Pos) -> BTreeSet<(usize, bool)> {
        let ahead = self.ahead();
        let head = Glyphs::Square.head(ahead);
        let mut reached = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack = vec![(start, ahead)];
        while let Some((pos, going)) = stack.pop() {
            if !seen.insert((pos, going)) {
                continue;
            }
            if let Some(target) = self.box_at(pos) {
                if going == ahead {
                    reached.insert((target, self.letter(pos) == head));
                }
                continue;
            }
            if self.letter(pos) == head {
                let target = self.box_at(pos.step(ahead));
                assert!(target.is_some(), "a head stands before a box");
                reached.extend(target.map(|target| (target, true)));
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
                    stack.push((pos.step(side), side));
                }
            }
        }
        reached
    }
}

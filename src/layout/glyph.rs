//! Which letters a drawing is made of: rounded or square corners, or ASCII alone.

use crate::mesh::graph::Health;

use super::scene::Side;

/// A set of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Glyphs {
    /// Box-drawing letters with round corners.
    #[default]
    Rounded,
    /// Box-drawing letters with square corners, as older fonts have them.
    Square,
    /// ASCII only.
    Ascii,
}

/// How strong an arm of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Weight {
    #[default]
    None,
    Light,
    Heavy,
    /// The selected path.
    Double,
}

/// How a line without joints is stroked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stroke {
    #[default]
    Solid,
    /// A call back to a caller.
    Dashed,
    /// No traffic.
    Dotted,
}

/// The arms of a cell, in the order of [`Side::ALL`].
pub type Arms = [Weight; 4];

/// All mixes of light and heavy arms: rows by (up, right), columns by (down, left), each counted
/// none, light, heavy.
const MIXED: [&str; 9] = [
    " ╴╸╷┐┑╻┒┓",
    "╶─╾┌┬┭┎┰┱",
    "╺╼━┍┮┯┏┲┳",
    "╵┘┙│┤┥╽┧┪",
    "└┴┵├┼┽┟╁╅",
    "┕┶┷┝┾┿┢╆╈",
    "╹┚┛╿┦┩┃┨┫",
    "┖┸┹┞╀╃┠╂╉",
    "┗┺┻┡╄╇┣╊╋",
];

/// Joints with double arms, by which arms there are (up 8, right 4, down 2, left 1): first with
/// only the horizontal ones double, then only the vertical ones, then both.
const DOUBLED: [&str; 3] = [" ═│╕══╒╤│╛│╡╘╧╞╪", " ─║╖──╓╥║╜║╢╙╨╟╫", " ═║╗══╔╦║╝║╣╚╩╠╬"];

impl Glyphs {
    /// The letter of a cell with these arms.
    pub fn joint(self, arms: Arms, stroke: Stroke) -> char {
        match self {
            Self::Ascii => ascii_joint(arms, stroke),
            Self::Rounded | Self::Square => {
                let letter = unicode_joint(arms, stroke);
                if self == Self::Rounded { rounded(letter) } else { letter }
            }
        }
    }

    /// The sign of a health.
    pub fn health(self, health: Health) -> char {
        match (self, health) {
            (Self::Ascii, Health::Healthy) => 'o',
            (Self::Ascii, Health::Degraded) => '!',
            (Self::Ascii, Health::NotReady) => '%',
            (Self::Ascii, Health::Failure) => 'x',
            (_, Health::Healthy) => '●',
            (_, Health::Degraded) => '▲',
            (_, Health::NotReady) => '◐',
            (_, Health::Failure) => '✕',
            (_, Health::Unknown) => '?',
        }
    }

    /// What stands for a node without traffic, or one that has gone.
    pub fn idle(self) -> char {
        if self == Self::Ascii { '.' } else { '○' }
    }

    /// An arrowhead that points at a side.
    pub fn head(self, to: Side) -> char {
        match (self, to) {
            (Self::Ascii, Side::Up) => '^',
            (Self::Ascii, Side::Right) => '>',
            (Self::Ascii, Side::Down) => 'v',
            (Self::Ascii, Side::Left) => '<',
            (_, Side::Up) => '▲',
            (_, Side::Right) => '►',
            (_, Side::Down) => '▼',
            (_, Side::Left) => '◄',
        }
    }

    /// A call of a node to itself.
    pub fn itself(self) -> char {
        if self == Self::Ascii { '@' } else { '↺' }
    }

    /// The sign of a sum of several callers.
    pub fn sum(self) -> char {
        if self == Self::Ascii { '+' } else { 'Σ' }
    }

    /// A step of a bar: full or empty.
    pub fn bar(self, full: bool) -> char {
        match (self, full) {
            (Self::Ascii, true) => '#',
            (Self::Ascii, false) => '.',
            (_, true) => '█',
            (_, false) => '·',
        }
    }

    /// The line that divides bands.
    pub fn band(self) -> char {
        if self == Self::Ascii { '.' } else { '┄' }
    }

    /// A letter of a name, or what stands for it in ASCII.
    pub fn letter(self, letter: char) -> char {
        match (self, letter) {
            (Self::Ascii, '…') => '~',
            (Self::Ascii, '–') => '-',
            (Self::Ascii, letter) if !letter.is_ascii() => '?',
            (_, letter) => letter,
        }
    }
}

fn unicode_joint(arms: Arms, stroke: Stroke) -> char {
    let [up, right, down, left] = arms;
    if arms.contains(&Weight::Double) {
        let across = right == Weight::Double || left == Weight::Double;
        let upright = up == Weight::Double || down == Weight::Double;
        let table = match (across, upright) {
            (true, false) => DOUBLED[0],
            (false, _) => DOUBLED[1],
            (true, true) => DOUBLED[2],
        };
        let mask = arms.iter().fold(0, |mask, arm| 2 * mask + usize::from(*arm != Weight::None));
        return table.chars().nth(mask).unwrap_or(' ');
    }
    match (arms, stroke) {
        ([Weight::None, r, Weight::None, l], Stroke::Dashed) if r == l && r != Weight::None => {
            return if r == Weight::Heavy { '╍' } else { '╌' };
        }
        ([u, Weight::None, d, Weight::None], Stroke::Dashed) if u == d && u != Weight::None => {
            return if u == Weight::Heavy { '╏' } else { '╎' };
        }
        ([Weight::None, r, Weight::None, l], Stroke::Dotted) if r == l && r != Weight::None => {
            return '┈';
        }
        ([u, Weight::None, d, Weight::None], Stroke::Dotted) if u == d && u != Weight::None => {
            return '┊';
        }
        _ => {}
    }
    let row = 3 * level(up) + level(right);
    let column = 3 * level(down) + level(left);
    MIXED.get(row).and_then(|row| row.chars().nth(column)).unwrap_or(' ')
}

fn level(weight: Weight) -> usize {
    match weight {
        Weight::None => 0,
        Weight::Light => 1,
        Weight::Heavy | Weight::Double => 2,
    }
}

fn rounded(letter: char) -> char {
    match letter {
        '┌' => '╭',
        '┐' => '╮',
        '└' => '╰',
        '┘' => '╯',
        other => other,
    }
}

fn ascii_joint(arms: Arms, stroke: Stroke) -> char {
    let [up, right, down, left] = arms;
    let (across, upright) = (right.max(left), up.max(down));
    match (across, upright) {
        (Weight::None, Weight::None) => ' ',
        (Weight::None, Weight::Heavy | Weight::Double) => 'I',
        (Weight::None, Weight::Light) => {
            if stroke == Stroke::Solid {
                '|'
            } else {
                ':'
            }
        }
        (Weight::Heavy | Weight::Double, Weight::None) => '=',
        (Weight::Light, Weight::None) => {
            if stroke == Stroke::Solid {
                '-'
            } else {
                '~'
            }
        }
        _ => '+',
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use unicode_width::UnicodeWidthChar;

    use super::*;

    fn arms(text: &str) -> Arms {
        let mut arms = [Weight::None; 4];
        for (arm, letter) in arms.iter_mut().zip(text.chars()) {
            *arm = match letter {
                '1' => Weight::Light,
                '2' => Weight::Heavy,
                '3' => Weight::Double,
                _ => Weight::None,
            };
        }
        arms
    }

    #[rstest]
    // Up, right, down, left.
    #[case("0101", '─')]
    #[case("2020", '┃')]
    #[case("0110", '╭')]
    #[case("1001", '╯')]
    #[case("1111", '┼')]
    #[case("1212", '┿')]
    #[case("2121", '╂')]
    #[case("2222", '╋')]
    #[case("2112", '╃')]
    #[case("1122", '╅')]
    #[case("0212", '┯')]
    #[case("2202", '┻')]
    #[case("2201", '┺')]
    #[case("1110", '├')]
    #[case("1210", '┝')]
    #[case("1011", '┤')]
    #[case("0111", '┬')]
    #[case("0303", '═')]
    #[case("3030", '║')]
    #[case("1313", '╪')]
    #[case("3131", '╫')]
    #[case("1310", '╞')]
    #[case("1013", '╡')]
    #[case("3003", '╝')]
    #[case("0330", '╔')]
    #[case("1303", '╧')]
    #[case("0313", '╤')]
    #[case("3323", '╬')]
    #[case("0310", '╒')]
    #[case("0130", '╓')]
    fn joints(#[case] sides: &str, #[case] letter: char) {
        assert_eq!(Glyphs::Rounded.joint(arms(sides), Stroke::Solid), letter);
    }

    #[test]
    fn every_joint_is_one_cell_and_none_is_missing() {
        let weights = [Weight::None, Weight::Light, Weight::Heavy, Weight::Double];
        for up in weights {
            for right in weights {
                for down in weights {
                    for left in weights {
                        let arms = [up, right, down, left];
                        for glyphs in [Glyphs::Rounded, Glyphs::Square, Glyphs::Ascii] {
                            let letter = glyphs.joint(arms, Stroke::Solid);
                            assert_eq!(letter.width(), Some(1), "{arms:?}");
                            let empty = arms == [Weight::None; 4];
                            assert_eq!(letter == ' ', empty, "{arms:?} {letter}");
                            assert!(glyphs != Glyphs::Ascii || letter.is_ascii());
                        }
                    }
                }
            }
        }
    }
}

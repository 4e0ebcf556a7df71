//! Colours in words, and brought down to what a terminal shows.

use ratatui::style::{Color, Modifier, Style};

use crate::terminal::ColorDepth;

/// Reads a style: `fg` or `fg/fg16`, `on bg`, and modifiers, in any order. `fg16` is used where
/// there are sixteen colours only. Fails with the word that cannot be understood.
pub(super) fn style(words: &str, depth: ColorDepth) -> Result<Style, String> {
    let mut style = Style::default();
    let mut background = false;
    for word in words.split_whitespace() {
        let modifier = match word {
            "on" => {
                background = true;
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reverse" => Modifier::REVERSED,
            // Only where there is no colour to tell the same.
            "mono-reverse" if depth == ColorDepth::Mono => Modifier::REVERSED,
            "mono-reverse" => Modifier::empty(),
            color => {
                let color = shown(color, depth).ok_or_else(|| color.to_owned())?;
                let color = (depth != ColorDepth::Mono).then_some(color);
                if std::mem::take(&mut background) {
                    style.bg = color;
                } else {
                    style.fg = color;
                }
                continue;
            }
        };
        style = style.add_modifier(modifier);
    }
    Ok(style)
}

/// The colour of a word at a depth.
fn shown(word: &str, depth: ColorDepth) -> Option<Color> {
    let (full, few) = word.split_once('/').unwrap_or((word, word));
    let (full, few) = (parse(full)?, parse(few)?);
    Some(match depth {
        ColorDepth::Mono | ColorDepth::True => full,
        ColorDepth::Sixteen => to_sixteen(few),
        ColorDepth::Palette256 => to_256(full),
    })
}

/// A colour's name as people write it.
fn parse(word: &str) -> Option<Color> {
    NAMES.iter().find(|(name, _)| *name == word).map(|(_, color)| *color).or_else(|| {
        if let Some(hex) = word.strip_prefix('#').filter(|hex| hex.len() == 6) {
            let number = u32::from_str_radix(hex, 16).ok()?;
            let [_, r, g, b] = number.to_be_bytes();
            return Some(Color::Rgb(r, g, b));
        }
        word.parse().ok().map(Color::Indexed)
    })
}

/// The sixteen, in the order of their numbers, with a typical look for finding the nearest.
const NAMES: [(&str, Color); 17] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
    ("default", Color::Reset),
];

/// xterm's own look of the sixteen.
const LOOKS: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

fn to_sixteen(color: Color) -> Color {
    let rgb = match color {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index) => look(index),
        named => return named,
    };
    let nearest = LOOKS.iter().zip(NAMES).min_by_key(|(look, _)| distance(**look, rgb));
    nearest.map_or(Color::Reset, |(_, (_, color))| color)
}

fn to_256(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    // The first sixteen are left out: users change how they look.
    let nearest = (16..=255).min_by_key(|index| distance(look(*index), (r, g, b)));
    nearest.map_or(color, Color::Indexed)
}

/// How a colour of the 256 looks: a cube of 6×6×6, then 24 greys.
fn look(index: u8) -> (u8, u8, u8) {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |at: u8| STEPS.get(usize::from(at)).copied().unwrap_or_default();
    match index {
        0..=15 => LOOKS.get(usize::from(index)).copied().unwrap_or_default(),
        16..=231 => {
            let at = index - 16;
            (step(at / 36), step(at / 6 % 6), step(at % 6))
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("#ff0000/yellow", ColorDepth::True, Some(Color::Rgb(255, 0, 0)))]
    #[case("#ff0000/yellow", ColorDepth::Palette256, Some(Color::Indexed(196)))]
    #[case("#ff0000/yellow", ColorDepth::Sixteen, Some(Color::Yellow))]
    #[case("#ff0000", ColorDepth::Sixteen, Some(Color::LightRed))]
    #[case("#ff0000", ColorDepth::Mono, None)]
    #[case("244", ColorDepth::Sixteen, Some(Color::DarkGray))]
    fn colours_come_down(#[case] word: &str, #[case] depth: ColorDepth, #[case] is: Option<Color>) {
        assert_eq!(style(word, depth).unwrap().fg, is);
    }

    #[test]
    fn words_in_any_order() {
        let read = style("bold red on #000000/black underline", ColorDepth::Sixteen).unwrap();
        assert_eq!((read.fg, read.bg), (Some(Color::Red), Some(Color::Black)));
        assert_eq!(read.add_modifier, Modifier::BOLD | Modifier::UNDERLINED);
        assert_eq!(style("pinkish", ColorDepth::True), Err("pinkish".to_owned()));
        assert_eq!(style("#12", ColorDepth::True), Err("#12".to_owned()));
    }
}

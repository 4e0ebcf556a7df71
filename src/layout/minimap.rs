//! The minimap: where the boxes of a large scene lie and which part of it the window shows.

use super::scene::{Area, Scene};

/// Dots of a braille letter, by row and column.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A small picture of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimap {
    /// Braille letters, row by row.
    pub rows: Vec<String>,
    /// Cells of the map that the window covers.
    pub window: Area,
}

/// A map of `width` by `height` cells, when the scene is more than twice as large as the window.
pub fn minimap(scene: &Scene, window: Area, (width, height): (u16, u16)) -> Option<Minimap> {
    let large = scene.width > 2 * window.width || scene.height > 2 * window.height;
    if !large || width == 0 || height == 0 || scene.width <= 0 || scene.height <= 0 {
        return None;
    }
    let (columns, lines) = (i32::from(width) * 2, i32::from(height) * 4);
    let scaled = |at: i32, whole: i32, steps: i32| {
        let at = i64::from(at.clamp(0, whole - 1)) * i64::from(steps) / i64::from(whole);
        i32::try_from(at).unwrap_or(0)
    };
    let mut letters = vec![vec![0_u32; usize::from(width)]; usize::from(height)];
    for item in &scene.boxes {
        let x = scaled(item.area.x, scene.width, columns) as usize;
        let y = scaled(item.area.y, scene.height, lines) as usize;
        if let Some(letter) = letters.get_mut(y / 4).and_then(|row| row.get_mut(x / 2)) {
            *letter |= DOTS[y % 4][x % 2];
        }
    }
    let braille = |dots: u32| char::from_u32(0x2800 + dots).unwrap_or(' ');
    let rows = letters.into_iter().map(|row| row.into_iter().map(braille).collect()).collect();
    let left = scaled(window.x, scene.width, i32::from(width));
    let top = scaled(window.y, scene.height, i32::from(height));
    let right = scaled(window.right() - 1, scene.width, i32::from(width));
    let bottom = scaled(window.bottom() - 1, scene.height, i32::from(height));
    Some(Minimap { rows, window: Area::new(left, top, right - left + 1, bottom - top + 1) })
}

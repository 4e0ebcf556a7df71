//! The drawn graph as a picture for a ticket or a chat: the same cells, as SVG text.

use std::fmt::Write;

use super::drawing::Canvas;
use super::xml::escape;
use crate::layout::scene::Pos;
use crate::layout::style::{CellStyle, Role};
use crate::mesh::graph::Health;

/// Size of a cell in user units: a monospaced letter is about 0.6 as wide as high.
const CELL: (usize, usize) = (9, 18);
/// Around the drawing.
const MARGIN: usize = 12;

/// The cells as one `<svg>` document. Letters stand on the grid whatever font the reader has.
pub fn svg(canvas: &Canvas, title: &str) -> String {
    let (columns, rows) = canvas.size();
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, \
         Consolas, monospace\" font-size=\"15\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        escape(title)
    );
    for y in 0..rows {
        for run in runs(canvas, columns, y) {
            let x = MARGIN + run.from * CELL.0;
            let base = MARGIN + y * CELL.1 + CELL.1 * 3 / 4;
            let length = run.cells * CELL.0;
            let weight = if run.style.bold { " font-weight=\"bold\"" } else { "" };
            let _ = writeln!(
                text,
                "<text x=\"{x}\" y=\"{base}\" textLength=\"{length}\" xml:space=\"preserve\" \
                 fill=\"{}\"{weight}>{}</text>",
                colour(run.style),
                escape(&run.letters)
            );
        }
    }
    text.push_str("</svg>\n");
    text
}

/// Letters side by side that look the same.
struct Run {
    from: usize,
    cells: usize,
    letters: String,
    style: CellStyle,
}

fn runs(canvas: &Canvas, columns: usize, y: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for x in 0..columns {
        let (Ok(column), Ok(row)) = (x.try_into(), y.try_into()) else { break };
        let pos = Pos { x: column, y: row };
        let Some((letter, style)) = canvas.cell(pos).filter(|(letter, _)| *letter != ' ') else {
            continue;
        };
        match runs.last_mut() {
            Some(run) if run.style == style && run.from + run.cells == x => {
                run.letters.push(letter);
                run.cells += 1;
            }
            _ => runs.push(Run { from: x, cells: 1, letters: letter.into(), style }),
        }
    }
    runs
}

/// On white, dark enough to read.
fn colour(style: CellStyle) -> &'static str {
    if style.dim {
        return "#9aa0a6";
    }
    match style.role {
        Role::Health(Health::Failure) => "#c5221f",
        Role::Health(Health::Degraded) => "#b06000",
        Role::Health(Health::NotReady) => "#8430ce",
        Role::Health(Health::Healthy) => "#188038",
        Role::Tcp => "#1a56b0",
        Role::Title | Role::Text | Role::Label | Role::Health(Health::Unknown) => "#202124",
        Role::Border | Role::Band | Role::Idle | Role::Ghost => "#80868b",
    }
}

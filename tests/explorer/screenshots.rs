//! The main screens as pictures in `screenshots/`: as text, and in colour as SVG. They are held
//! equal to what is drawn; `VIGLA_WRITE_SCREENSHOTS=1` writes them anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use rstest::rstest;
use unicode_width::UnicodeWidthStr;
use vigla::app::screen::Screen;

use crate::bookinfo;
use crate::harness::Explorer;

const SIZE: (u16, u16) = (120, 40);

/// Size of a cell in user units.
const CELL: (usize, usize) = (9, 18);

const GROUND: &str = "#16181d";
const LETTERS: &str = "#d8dee9";

#[rstest]
#[case("overview", Screen::Overview, "")]
#[case("graph", Screen::Graph, "n")]
#[case("graph-edge", Screen::Graph, "n tab space")]
#[case("matrix", Screen::Graph, "v v esc")]
#[case("splits", Screen::Splits, "")]
#[case("route", Screen::Graph, "n W")]
#[case("findings", Screen::Findings, "")]
fn screenshots(#[case] name: &str, #[case] screen: Screen, #[case] keys: &str) {
    let mut explorer = Explorer::at(screen, SIZE).with(bookinfo::everywhere());
    explorer.keys(keys).picture();
    let buffer = explorer.buffer();
    held(&format!("explorer-{name}.txt"), &text(buffer));
    held(&format!("explorer-{name}.svg"), &svg(buffer, name));
}

/// Compares a picture with the committed one, or writes it.
fn held(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(name);
    if std::env::var_os("VIGLA_WRITE_SCREENSHOTS").is_some_and(|on| on == "1") {
        fs::write(&path, now).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "screenshots/{name} is not what is drawn; VIGLA_WRITE_SCREENSHOTS=1 writes it:\n{now}"
    );
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width))
}

fn text(buffer: &Buffer) -> String {
    let line = |row: &[Cell]| row.iter().map(Cell::symbol).collect::<String>();
    rows(buffer).map(|row| line(row).trim_end().to_owned() + "\n").collect()
}

/// The cells as one `<svg>` document, letters on the grid whatever font the reader has.
fn svg(buffer: &Buffer, title: &str) -> String {
    let (width, height) =
        (usize::from(buffer.area.width) * CELL.0, usize::from(buffer.area.height) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"'DejaVu Sans Mono', ui-monospace, Menlo, \
         Consolas, monospace\" font-size=\"15\">\n<title>Vigla: {title}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{GROUND}\"/>\n"
    );
    for (y, row) in rows(buffer).enumerate() {
        let mut x = 0;
        while let Some(cell) = row.get(x) {
            let same = |other: &&Cell| other.style() == cell.style();
            let run: Vec<&Cell> = row[x..].iter().take_while(same).collect();
            piece(&mut out, (x, y), &run);
            x += run.len();
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells of the same style.
fn piece(out: &mut String, (x, y): (usize, usize), run: &[&Cell]) {
    let cell = run[0];
    let letters: String = run.iter().map(|cell| cell.symbol()).collect();
    let (mut front, mut back) = (colour(cell.fg), colour(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        (front, back) = (
            Some(back.unwrap_or_else(|| GROUND.to_owned())),
            Some(front.unwrap_or_else(|| LETTERS.to_owned())),
        );
    }
    let (left, top) = (x * CELL.0, y * CELL.1);
    if let Some(back) = back {
        let width = run.len() * CELL.0;
        let height = CELL.1;
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{back}\"/>"
        );
    }
    let start = letters.len() - letters.trim_start().len();
    let shown = letters.trim();
    if shown.is_empty() {
        return;
    }
    let (left, base) = ((x + letters[..start].width()) * CELL.0, top + CELL.1 * 3 / 4);
    let mut more = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\"0.55\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if cell.modifier.contains(modifier) {
            more.push_str(attribute);
        }
    }
    let shown_escaped = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{base}\" textLength=\"{}\" xml:space=\"preserve\" fill=\"{}\"{more}>{shown_escaped}</text>",
        shown.width() * CELL.0,
        front.unwrap_or_else(|| LETTERS.to_owned()),
    );
}

fn colour(color: Color) -> Option<String> {
    match color {
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Reset => None,
        // The theme at full depth has no other.
        other => Some(other.to_string()),
    }
}

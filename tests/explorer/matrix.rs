//! The matrix: who calls whom, moved through by keys.

use ratatui::style::Modifier;
use vigla::app::drawing::{Form, Subject};
use vigla::app::message::Target;
use vigla::app::screen::{Place, Screen};
use vigla::app::{Effect, Msg};

use crate::bookinfo;
use crate::harness::Explorer;

fn matrix(size: (u16, u16)) -> Explorer {
    let mut explorer = Explorer::at(Screen::Graph, size).with(bookinfo::snapshot());
    explorer.keys("v v").model.message = None;
    assert_eq!(explorer.model.drawing.form, Form::Matrix);
    explorer
}

fn at(explorer: &Explorer) -> (usize, usize) {
    explorer.model.matrix().unwrap().at(explorer.model.drawing.cell())
}

#[test]
fn it_is_drawn_with_its_legend_and_the_selected_call_in_words() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut explorer = matrix((columns, rows));
        insta::assert_snapshot!(format!("matrix_{columns}x{rows}"), explorer.picture());
    }
}

#[test]
fn keys_move_by_rows_and_columns_and_stop_at_the_ends() {
    let mut explorer = matrix((120, 40));
    explorer.keys("g");
    assert_eq!(at(&explorer), (0, 0));
    explorer.keys("j l l h");
    assert_eq!(at(&explorer), (1, 1));
    explorer.keys("h h h k k k");
    assert_eq!(at(&explorer), (0, 0));
    explorer.keys("G l j");
    let count = explorer.model.matrix().unwrap().boxes.len();
    assert_eq!(at(&explorer), (count - 1, count - 1));
}

#[test]
fn problems_come_worst_first_and_a_call_opens() {
    let mut explorer = matrix((120, 40));
    explorer.keys("n");
    let (from, to) = explorer.model.drawing.cell().unwrap().clone();
    assert!(from.contains("productpage") && to.contains("reviews"), "{from} {to}");
    assert!(matches!(explorer.model.subject(), Some(Subject::Call(_))));
    explorer.keys("enter");
    assert!(matches!(explorer.model.way.place(), Place::Call(_)));
    assert!(explorer.picture().contains("503"));
    explorer.keys("esc y");
    assert!(explorer.picture().contains("kind: VirtualService"), "{}", explorer.picture());
}

#[test]
fn focus_goes_to_the_drawn_neighbourhood_and_search_to_the_row() {
    let mut explorer = matrix((120, 40));
    explorer.keys("/").types("ratings").keys("enter");
    assert!(explorer.model.drawing.cell().unwrap().0.contains("ratings"));
    explorer.keys("f");
    let drawn = explorer.model.drawn().unwrap();
    assert_eq!(drawn.scene.boxes.len(), 2, "ratings and its caller");
}

#[test]
fn the_selection_is_seen_without_colour_and_clicked() {
    let mut explorer = matrix((120, 40));
    explorer.keys("g").picture();
    let reversed = explorer.buffer().content.iter();
    assert!(reversed.filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count() >= 2);
    let matrix = explorer.model.matrix().unwrap();
    let (row, column) = matrix.problems()[0];
    let (from, to) = matrix.keys((row, column)).unwrap();
    let mut cells = (0..120).flat_map(|x| (0..40).map(move |y| (x, y)));
    let wanted = Target::Cell(from, to);
    let (x, y) = cells.find(|(x, y)| explorer.view.hit(*x, *y) == Some(wanted.clone())).unwrap();
    let target = explorer.view.hit(x, y).unwrap();
    explorer.send(Msg::Click(target.clone()));
    assert_eq!(at(&explorer), (row, column));
    explorer.send(Msg::Click(target));
    assert!(matches!(explorer.model.way.place(), Place::Call(_)));
}

#[test]
fn new_rates_move_nothing() {
    let mut explorer = matrix((120, 40));
    let order = |explorer: &Explorer| {
        let boxes = &explorer.model.matrix().unwrap().boxes;
        boxes.iter().map(|item| item.key.clone()).collect::<Vec<_>>()
    };
    let before = order(&explorer);
    let mut next = bookinfo::snapshot();
    next.generation += 1;
    let mut telemetry = (**next.telemetry.as_ref().unwrap()).clone();
    let mut rows = telemetry.requests.rows().to_vec();
    for (at, row) in rows.iter_mut().enumerate() {
        row.rate *= 1.0 + 10.0 * at as f64;
    }
    telemetry.requests = vigla::mesh::telemetry::Part::Rows(rows.into());
    next.telemetry = Some(telemetry.into());
    explorer.send(Msg::Snapshot(next.into()));
    assert_eq!(order(&explorer), before);
}

#[test]
fn copy_names_the_called() {
    let mut explorer = matrix((120, 40));
    explorer.keys("n c");
    assert!(matches!(explorer.asked.last(), Some(Effect::Copy(text, _)) if text == "reviews"));
}

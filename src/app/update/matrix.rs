//! Moving through the matrix of calls.

use std::sync::Arc;

use super::drawn;
use crate::app::action::Action;
use crate::app::drawing::Form;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::picture::Matrix;
use crate::mesh::graph::NodeId;

/// Does what an action means in the matrix; `None` where it means what it does elsewhere.
pub(super) fn perform(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let picture = model.matrix().and(model.picture.as_ref()).map(Arc::clone)?;
    let matrix = &picture.matrix;
    let page = isize::try_from(model.page()).unwrap_or(1);
    let at = matrix.at(model.drawing.cell.as_ref());
    let last = matrix.boxes.len().saturating_sub(1);
    let moved = |at: usize, by: isize| at.saturating_add_signed(by).min(last);
    let to = match action {
        Action::Up => (moved(at.0, -1), at.1),
        Action::Down => (moved(at.0, 1), at.1),
        Action::Left => (at.0, moved(at.1, -1)),
        Action::Right => (at.0, moved(at.1, 1)),
        Action::PageUp => (moved(at.0, -page), at.1),
        Action::PageDown => (moved(at.0, page), at.1),
        Action::Top => (0, 0),
        Action::Bottom => (last, last),
        Action::Edges => next_call(matrix, at),
        Action::NextProblem | Action::PreviousProblem => {
            let found = problem(matrix, at, action == Action::NextProblem);
            if found.is_none() {
                model.say(Ok("nothing here is in trouble".to_owned()));
            }
            found.unwrap_or(at)
        }
        Action::Focus => return Some(draw_here(model, matrix, at)),
        _ => return drawn::of_subject(model, &picture, action),
    };
    model.drawing.cell = matrix.keys(to);
    Some(Vec::new())
}

/// The next call of the same caller, or the first of the next one that calls.
fn next_call(matrix: &Matrix, at: (usize, usize)) -> (usize, usize) {
    let after = matrix.calls.keys().find(|call| **call > at);
    after.or_else(|| matrix.calls.keys().next()).copied().unwrap_or(at)
}

/// The next call in trouble, worst first and around the end, or the one before.
fn problem(matrix: &Matrix, at: (usize, usize), forward: bool) -> Option<(usize, usize)> {
    drawn::around(&matrix.problems(), &at, forward).copied()
}

/// Shows the neighbourhood of the caller in the drawn graph.
fn draw_here(model: &mut Model, matrix: &Matrix, at: (usize, usize)) -> Vec<Effect> {
    let Some((from, _)) = matrix.keys(at) else { return Vec::new() };
    model.drawing.form = Form::Drawn;
    drawn::focus_on(model, from)
}

/// Selects a place that was clicked; clicked again, goes in.
pub(super) fn click(model: &mut Model, from: NodeId, to: NodeId) -> Vec<Effect> {
    let cell = Some((from, to));
    if model.drawing.cell == cell {
        return perform(model, Action::Enter).unwrap_or_default();
    }
    model.drawing.cell = cell;
    Vec::new()
}

/// Selects the first caller whose name holds a text.
pub(super) fn find(model: &mut Model, text: &str) {
    let Some(matrix) = model.matrix().filter(|_| !text.is_empty()) else { return };
    let text = text.to_lowercase();
    let column = matrix.at(model.drawing.cell.as_ref()).1;
    let row = matrix.boxes.iter().position(|item| item.title.to_lowercase().contains(&text));
    if let Some(cell) = row.and_then(|row| matrix.keys((row, column))) {
        model.drawing.cell = Some(cell);
    }
}

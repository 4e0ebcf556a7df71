//! `--watch` of the lists: an answer that is printed again as it changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Context, Exit, Failure, print};
use crate::mesh::{MeshSnapshot, SourceState};
use crate::source::kube::catalog::CORE;
use crate::source::{self, Control, LatencyBy};

/// Prints an answer, then again each time it changes, until interrupted: of a table only the
/// rows that are new, as `kubectl get -w` does; of other forms the whole. `latency` is what the
/// answer shows of it; it comes after the rates.
pub(super) async fn run(
    context: &Context,
    by_row: bool,
    latency: Option<LatencyBy>,
    render: impl Fn(&MeshSnapshot) -> String,
) -> Result<Exit, Failure> {
    let mut live = source::live::start(context.source.clone());
    let _ = live.control.try_send(Control::WantLatency(latency));
    let mut rows = Rows::default();
    let mut last = String::new();
    loop {
        let snapshot: Arc<MeshSnapshot> = live.snapshots.borrow_and_update().clone();
        if snapshot.kubernetes.state == SourceState::Unavailable
            && snapshot.kubernetes.last_data.is_none()
            && let Some(trouble) = &snapshot.kubernetes.trouble
        {
            return Err(trouble.clone().into());
        }
        if is_whole(&snapshot) {
            let text = render(&snapshot);
            if by_row {
                print(&rows.fresh(&text))?;
            } else if text != last {
                print(&text)?;
            }
            last = text;
        }
        tokio::select! {
            changed = live.snapshots.changed() => if changed.is_err() { return Ok(Exit::Fine) },
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Fine),
        }
    }
}

/// Whether every kind that a list cannot do without has been heard of.
fn is_whole(snapshot: &MeshSnapshot) -> bool {
    snapshot.kubernetes.state == SourceState::Disabled
        || CORE.iter().all(|kind| snapshot.kinds.contains_key(kind))
}

/// The rows of a table that were printed.
#[derive(Default)]
struct Rows {
    begun: bool,
    /// As they were last, without what changes by itself.
    known: BTreeSet<Vec<String>>,
}

impl Rows {
    /// The lines of a table to print: at first all, later the rows that are others than before.
    /// A row that only grew older, or that another row made wider, is the same.
    fn fresh(&mut self, table: &str) -> String {
        let header = table.lines().next().unwrap_or_default();
        let age = header.split_whitespace().position(|title| title == "AGE");
        let row = |line: &str| -> Vec<String> {
            let cells = line.split_whitespace().enumerate();
            cells.filter(|(at, _)| Some(*at) != age).map(|(_, cell)| cell.to_owned()).collect()
        };
        let now: BTreeSet<Vec<String>> = table.lines().skip(1).map(row).collect();
        let is_new = |(at, line): &(usize, &str)| match at {
            0 => !self.begun,
            _ => !self.known.contains(&row(line)),
        };
        let mut text = String::new();
        for (_, line) in table.lines().enumerate().filter(is_new) {
            text.push_str(line);
            text.push('\n');
        }
        (self.begun, self.known) = (true, now);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_printed_when_they_are_others() {
        let mut rows = Rows::default();
        let first = "NAME   STATUS    AGE   SIDECAR\na      Running   3s    ready\n";
        assert_eq!(rows.fresh(first), first);
        // Older and wider, but the same; and one that is new.
        let wider = "NAME   STATUS             AGE   SIDECAR\n\
                     a      Running            9s    ready\n\
                     b      CrashLoopBackOff   1s    not ready\n";
        assert_eq!(rows.fresh(wider), "b      CrashLoopBackOff   1s    not ready\n");
        assert_eq!(rows.fresh(wider), "");
        // Gone, and back as it was before.
        assert_eq!(rows.fresh(first), "");
        assert_eq!(rows.fresh(wider), "b      CrashLoopBackOff   1s    not ready\n");
    }
}

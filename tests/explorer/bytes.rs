//! What a frame costs on the line: bytes as they are sent, counted.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use vigla::app::Msg;
use vigla::app::screen::Screen;
use vigla::mesh::MeshSnapshot;
use vigla::mesh::telemetry::Part;
use vigla::terminal::frame_writer::FrameWriter;
use vigla::ui;

use crate::bookinfo;
use crate::harness::Explorer;

/// Counts what the explorer's own writer sends.
#[derive(Clone)]
struct Line {
    frame: Rc<RefCell<FrameWriter<Counter>>>,
    sent: Rc<RefCell<usize>>,
}

struct Counter(Rc<RefCell<usize>>);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.0.borrow_mut() += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An explorer on a line that counts.
struct Counted {
    explorer: Explorer,
    terminal: Terminal<CrosstermBackend<Line>>,
    line: Line,
}

impl Counted {
    fn new(explorer: Explorer, (columns, rows): (u16, u16)) -> Self {
        // With NO_COLOR crossterm would write nothing for a colour, and the count would be low.
        crossterm::style::force_color_output(true);
        let sent = Rc::new(RefCell::new(0));
        let frame = FrameWriter::new(Counter(Rc::clone(&sent)));
        let line = Line { frame: Rc::new(RefCell::new(frame)), sent };
        let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
        let backend = CrosstermBackend::new(line.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        let mut counted = Self { explorer, terminal, line };
        // The second frame tells where the cursor rests; from then on nothing is said twice.
        counted.frame();
        counted.frame();
        counted
    }

    /// Draws a frame; how many bytes it cost.
    fn frame(&mut self) -> usize {
        let before = *self.line.sent.borrow();
        let (model, view) = (&self.explorer.model, &mut self.explorer.view);
        self.terminal.draw(|frame| ui::draw(frame, model, view)).unwrap();
        self.line.frame.borrow_mut().commit().unwrap();
        let sent = *self.line.sent.borrow();
        sent - before
    }
}

/// The snapshot of some refreshes later: every rate is another.
fn later(step: u32) -> MeshSnapshot {
    let mut next = bookinfo::snapshot();
    next.generation += u64::from(step);
    let mut telemetry = (**next.telemetry.as_ref().unwrap()).clone();
    telemetry.evaluated_at += jiff::SignedDuration::from_secs(5 * i64::from(step));
    let mut rows = telemetry.requests.rows().to_vec();
    for (at, row) in rows.iter_mut().enumerate() {
        row.rate *= 1.3 + 0.1 * f64::from(step) + 0.05 * at as f64;
    }
    telemetry.requests = Part::Rows(Arc::new(rows));
    next.telemetry = Some(Arc::new(telemetry));
    next
}

#[test]
fn nothing_changed_costs_nothing_and_a_refresh_costs_little() {
    for size in [(80, 24), (120, 40), (160, 45)] {
        let explorer = Explorer::at(Screen::Graph, size).with(bookinfo::snapshot());
        let mut counted = Counted::new(explorer, size);
        assert_eq!(counted.frame(), 0, "{size:?}: nothing was to be said");
        let mut most = 0;
        for step in 1..=5 {
            counted.explorer.send(Msg::Snapshot(Arc::new(later(step))));
            most = most.max(counted.frame());
            assert_eq!(counted.frame(), 0);
        }
        println!("{size:?}: a refresh with new rates costs at most {most} bytes");
        assert!(most > 0 && most < 2_000, "{size:?}: {most} bytes");
    }
}

#[test]
fn moving_traffic_keeps_its_budget_and_costs_nothing_when_off() {
    /// Steps a second over SSH, and bytes a second that they may cost.
    const REMOTE: (usize, usize) = (2, 2_000);
    for size in [(80, 24), (160, 45)] {
        let explorer = Explorer::at(Screen::Graph, size).with(bookinfo::snapshot());
        let mut counted = Counted::new(explorer, size);
        counted.explorer.send(Msg::Tick);
        assert_eq!(counted.frame(), 0, "{size:?}: it is off");
        counted.explorer.keys("a esc");
        counted.frame();
        let steps: Vec<usize> = (0..40)
            .map(|_| {
                counted.explorer.send(Msg::Tick);
                counted.frame()
            })
            .collect();
        let most = steps.windows(REMOTE.0).map(|some| some.iter().sum::<usize>()).max().unwrap();
        println!("{size:?}: moving traffic costs at most {most} bytes a second over SSH");
        assert!(most > 0 && most <= REMOTE.1, "{size:?}: {steps:?}");
        counted.explorer.keys("a esc");
        counted.frame();
        counted.explorer.send(Msg::Tick);
        assert_eq!(counted.frame(), 0);
    }
}

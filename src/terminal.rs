//! The terminal: taken, and always given back.
//!
//! [`Tui`] owns the screen while the explorer runs. [`restore`] undoes everything and may be
//! called any number of times from anywhere: the guard's drop, the panic hook, a signal.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::{ResetColor, force_color_output};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::mesh::Trouble;

pub mod clipboard;
pub mod environment;
pub mod frame_writer;
pub mod signals;

pub use environment::{ColorDepth, Environment};
use frame_writer::FrameWriter;

/// Whether the terminal is in the explorer's hands, so that giving back twice does nothing.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The screen, from [`Tui::enter`] until it is dropped.
pub struct Tui {
    terminal: Terminal<CrosstermBackend<Shared>>,
    frame: Shared,
    mouse: bool,
}

impl Tui {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, hidden cursor.
    ///
    /// Fails with what to do instead where there is no terminal to draw on.
    pub fn enter(environment: &Environment, mouse: bool) -> Result<Self, Trouble> {
        check(environment)?;
        // With NO_COLOR crossterm would write empty colour commands, which terminals read as
        // "reset everything": the selection would vanish. The theme honours NO_COLOR instead.
        force_color_output(true);
        take(mouse).map_err(|error| cannot_draw(&error))?;
        let frame = Shared(Rc::new(RefCell::new(FrameWriter::new(io::stdout()))));
        match Terminal::new(CrosstermBackend::new(frame.clone())) {
            Ok(terminal) => Ok(Self { terminal, frame, mouse }),
            Err(error) => {
                restore();
                Err(cannot_draw(&error))
            }
        }
    }

    /// Draws one frame in one synchronized update; writes nothing when nothing changed.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw)?;
        self.frame.0.borrow_mut().commit()
    }

    /// Forgets what is on the screen, so that the next frame is drawn whole.
    pub fn repaint(&mut self) -> io::Result<()> {
        // A new one knows nothing of what is on the screen. `Terminal::clear` would ask the
        // terminal where its cursor is, and wait for an answer that the loop's reader takes.
        self.terminal = Terminal::new(CrosstermBackend::new(self.frame.clone()))?;
        queue!(self.frame, Clear(ClearType::All))
    }

    /// Puts text on the clipboard of the terminal that is looked at, through SSH and tmux.
    pub fn copy(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Turns the mouse on or off; off leaves selecting text to the terminal.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives the terminal back, stops the process until it is continued, and takes it again.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// Takes the terminal again, after the process was stopped and continued.
    pub fn resume(&mut self) -> io::Result<()> {
        take(self.mouse)?;
        self.repaint()
    }
}

/// The frame being collected, in the hands of ratatui (which writes) and of [`Tui`] (which sends).
#[derive(Clone)]
struct Shared(Rc<RefCell<FrameWriter<io::Stdout>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        restore();
    }
}

fn check(environment: &Environment) -> Result<(), Trouble> {
    let hint = "run it in a terminal, or use a command: vigla graph, vigla pods, vigla split …";
    if !io::stdout().is_terminal() {
        return Err(Trouble::new("open the explorer", "stdout is not a terminal", hint));
    }
    if environment.dumb {
        let why = "TERM=dumb cannot place a cursor";
        return Err(Trouble::new("open the explorer", why, hint));
    }
    Ok(())
}

fn cannot_draw(error: &io::Error) -> Trouble {
    Trouble::new(
        "open the explorer",
        error.to_string(),
        "run it in a terminal, or use a command: vigla graph, vigla pods, vigla split …",
    )
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout().lock();
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, Hide, Clear(ClearType::All))?;
    if mouse {
        queue!(out, EnableMouseCapture)?;
    }
    out.flush()
}

/// Gives the terminal back as it was. Errors are passed over: there is nobody left to tell.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(
        io::stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        ResetColor,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

/// Makes a panic give the terminal back before it is reported, in whatever thread it happens.
/// The hook that was there before still reports.
pub fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}

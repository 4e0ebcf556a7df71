//! Collects one frame and sends it at once, inside a synchronized update; a frame that changes
//! nothing sends no byte.

use std::io::{self, Write};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// A writer whose `flush` waits for [`FrameWriter::commit`].
#[derive(Debug)]
pub struct FrameWriter<W> {
    out: W,
    frame: Vec<u8>,
    /// The last frame. Control sequences that it ended with already hold.
    last: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    pub fn new(out: W) -> Self {
        Self { out, frame: Vec::with_capacity(16 * 1024), last: Vec::new() }
    }

    /// Sends what was collected, unless it would leave the screen as it is.
    pub fn commit(&mut self) -> io::Result<()> {
        if prints_nothing(&self.frame) && self.last.ends_with(&self.frame) {
            self.frame.clear();
            return Ok(());
        }
        self.out.write_all(BEGIN)?;
        self.out.write_all(&self.frame)?;
        self.out.write_all(END)?;
        self.out.flush()?;
        std::mem::swap(&mut self.last, &mut self.frame);
        self.frame.clear();
        Ok(())
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether bytes are nothing but CSI sequences that move or style, none of which erases.
fn prints_nothing(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(after) = rest.strip_prefix(b"\x1b[") {
        let Some(end) = after.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
            return false;
        };
        if !matches!(after.get(end), Some(b'm' | b'h' | b'l' | b'H')) {
            return false;
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(frames: &[&str]) -> Vec<usize> {
        let mut writer = FrameWriter::new(Vec::new());
        let mut sizes = Vec::new();
        for frame in frames {
            writer.write_all(frame.as_bytes()).unwrap();
            let before = writer.out.len();
            writer.commit().unwrap();
            sizes.push(writer.out.len() - before);
        }
        sizes
    }

    #[test]
    fn unchanged_frames_send_nothing() {
        let still = "\x1b[39m\x1b[0m\x1b[?25l";
        assert_eq!(sent(&["hello", still, still, still])[2..], [0, 0]);
        let text = format!("hello{still}");
        assert_eq!(sent(&[&text, still, still])[1..], [0, 0], "the frame ended with it");
    }

    #[test]
    fn cursor_that_moved_and_text_are_sent() {
        let sizes = sent(&["\x1b[1;1H", "\x1b[1;2H", "\x1b[1;2H", "a", "\x1b[1;2H"]);
        assert_eq!(
            sizes.iter().map(|size| *size > 0).collect::<Vec<_>>(),
            [true, true, false, true, true]
        );
    }

    #[test]
    fn clearing_is_always_sent() {
        assert!(sent(&["\x1b[2J", "\x1b[2J"]).iter().all(|size| *size > 0));
    }
}

//! The thread that writes frames, so that a slow line holds up nothing but the next frame.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::Notify;

/// Frames on their way: while one is, none is drawn.
const FRAMES_MAX: usize = 1;
/// On the way out, the frame that is being written may take that long.
const DRAIN: Duration = Duration::from_millis(300);

pub(crate) struct Writer {
    frames: SyncSender<Vec<u8>>,
    results: Receiver<std::io::Result<()>>,
    done: Arc<Notify>,
    in_flight: usize,
}

impl Writer {
    pub(crate) fn start(mut out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (frames, inbox) = sync_channel::<Vec<u8>>(FRAMES_MAX);
        let (outbox, results) = sync_channel(FRAMES_MAX + 1);
        let done = Arc::new(Notify::new());
        let told = done.clone();
        std::thread::Builder::new().name("screen".into()).spawn(move || {
            while let Ok(frame) = inbox.recv() {
                let result = out.write_all(&frame).and_then(|()| out.flush());
                if outbox.send(result).is_err() {
                    return;
                }
                told.notify_one();
            }
        })?;
        Ok(Self { frames, results, done, in_flight: 0 })
    }

    /// Whether a frame is still on its way; an error of one that was written comes out here.
    pub(crate) fn is_busy(&mut self) -> std::io::Result<bool> {
        while let Ok(result) = self.results.try_recv() {
            self.in_flight -= 1;
            result?;
        }
        Ok(self.in_flight >= FRAMES_MAX)
    }

    /// To be called only while it is not busy.
    pub(crate) fn write(&mut self, frame: Vec<u8>) {
        if !frame.is_empty() && self.frames.try_send(frame).is_ok() {
            self.in_flight += 1;
        }
    }

    /// Ends when a frame has been written; cancel-safe.
    pub(crate) async fn written(&self) {
        self.done.notified().await;
    }

    /// Waits for the frame under way, but not for ever.
    pub(crate) fn drain(&mut self) {
        while self.in_flight > 0 && self.results.recv_timeout(DRAIN).is_ok() {
            self.in_flight -= 1;
        }
        self.in_flight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::mpsc;

    /// Blocks in each write until it is let go.
    struct Slow(Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_blocked_line_keeps_the_writer_busy_and_nobody_else() {
        let (go, gate) = mpsc::channel();
        let mut writer = Writer::start(Slow(gate)).unwrap();
        writer.write(b"frame".to_vec());
        assert!(writer.is_busy().unwrap());
        go.send(()).unwrap();
        writer.written().await;
        assert!(!writer.is_busy().unwrap());
        drop(go);
        writer.write(b"frame".to_vec());
        writer.written().await;
        assert!(writer.is_busy().is_err());
    }
}

//! Standard output and standard error of a guest: lines into the run's log.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::log::{RunLog, Stream};

/// The longest line before it is broken in two, in bytes.
const MAX_PENDING: usize = 8 * 1024;

/// What a guest may write at once, in bytes.
const PERMIT: usize = 64 * 1024;

/// One of a guest's two streams. Clones write to the same lines.
#[derive(Clone)]
pub(crate) struct GuestStream {
    log: RunLog,
    stream: Stream,
    pending: Arc<Mutex<Vec<u8>>>,
}

impl GuestStream {
    pub(crate) fn new(log: RunLog, stream: Stream) -> Self {
        Self { log, stream, pending: Arc::default() }
    }

    /// Logs what was written since the last line break.
    pub(crate) fn finish(&self) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        self.log.write_stream(self.stream, &pending);
        pending.clear();
    }

    fn take_in(&self, bytes: &[u8]) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            for part in piece.chunks(MAX_PENDING) {
                pending.extend_from_slice(part);
                if part.ends_with(b"\n") || pending.len() >= MAX_PENDING {
                    self.log.write_stream(self.stream, &pending);
                    pending.clear();
                }
            }
        }
    }
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take_in(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for GuestStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take_in(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_long_ones_broken() {
        let log = RunLog::new(64 * 1024);
        let stream = GuestStream::new(log.clone(), Stream::Output);
        stream.take_in(b"one\ntw");
        stream.take_in(b"o\nthree");
        stream.finish();
        stream.take_in(&[b'x'; MAX_PENDING + 1]);
        stream.finish();
        let lengths: Vec<_> = log.take().into_iter().map(|line| line.message.len()).collect();
        assert_eq!(lengths, [3, 3, 5, MAX_PENDING, 1]);
    }
}

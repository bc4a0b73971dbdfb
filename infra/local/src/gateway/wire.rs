//! A WebSocket's two directions on one stream.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{Sink, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncReadExt, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{
            CloseFrame, Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::SocketLimits;

/// How long a close handshake may take, in real time.
const CLOSING: Duration = Duration::from_secs(1);

/// A client's stream and the queue of what it is sent. All methods can be dropped half-way without
/// losing or tearing a message.
pub(super) struct Wire {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    queue: mpsc::Receiver<Bytes>,
    /// What is left of the messages taken from the queue.
    frames: VecDeque<Frame>,
    max_frame: usize,
    /// Whether reading has failed, so that the stream reads no more.
    unreadable: bool,
}

impl Wire {
    pub(super) async fn new(
        upgraded: Upgraded,
        queue: mpsc::Receiver<Bytes>,
        limits: &SocketLimits,
    ) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits.max_message))
            .max_frame_size(Some(limits.max_frame));
        let io = TokioIo::new(upgraded);
        Self {
            stream: WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await,
            queue,
            frames: VecDeque::new(),
            max_frame: limits.max_frame,
            unreadable: false,
        }
    }

    /// The next message from the client; what is queued for it is written meanwhile. None once
    /// nothing more can come.
    pub(super) async fn read(&mut self) -> Option<Result<Message, Error>> {
        let message = poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                return Poll::Ready(Some(Err(error)));
            }
            self.stream.poll_next_unpin(cx)
        })
        .await;
        self.unreadable = matches!(message, Some(Err(_)));
        message
    }

    /// Writes what is queued until that fails.
    pub(super) async fn write(&mut self) -> Error {
        let written = poll_fn(|cx| match self.poll_write(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(error),
            _ => Poll::Pending,
        });
        written.await
    }

    /// Ends the connection: with `frame`, after what is queued if `gentle`; without one, by
    /// answering the client's. Takes at most a second.
    pub(super) async fn close(mut self, frame: Option<CloseFrame>, gentle: bool) {
        let handshake = async {
            if gentle {
                let _ = poll_fn(|cx| self.poll_write(cx)).await;
            }
            let ours = frame.is_some();
            let sent = self.stream.close(frame).await;
            match (ours, sent, self.unreadable) {
                (true, Ok(()), false) => while let Some(Ok(_)) = self.stream.next().await {},
                (true, Ok(()), true) => self.discard().await,
                _ => {}
            }
        };
        let _ = tokio::time::timeout(CLOSING, handshake).await;
    }

    /// Ready once everything queued is written and flushed, or cannot be.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            while !self.frames.is_empty() {
                match Pin::new(&mut self.stream).poll_ready(cx)? {
                    Poll::Ready(()) => {}
                    Poll::Pending => return Poll::Pending,
                }
                if let Some(frame) = self.frames.pop_front() {
                    Pin::new(&mut self.stream).start_send(Message::Frame(frame))?;
                }
            }
            match self.queue.poll_recv(cx) {
                Poll::Ready(Some(message)) => self.frames = frames(message, self.max_frame),
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Reads and forgets what the client still sends: closing a socket with unread bytes resets it,
    /// and the close frame would be lost with it.
    async fn discard(&mut self) {
        let io = self.stream.get_mut();
        let mut buffer = vec![0; 64 * 1024];
        let quiet = Duration::from_millis(200);
        while let Ok(Ok(1..)) = tokio::time::timeout(quiet, io.read(&mut buffer)).await {}
    }
}

/// A message in frames of at most `max` bytes: text, or binary where the bytes are no text.
fn frames(message: Bytes, max: usize) -> VecDeque<Frame> {
    let kind = match str::from_utf8(&message) {
        Ok(_) => Data::Text,
        Err(_) => Data::Binary,
    };
    let mut rest = message;
    let mut frames = VecDeque::new();
    loop {
        let chunk = rest.split_to(rest.len().min(max));
        let kind = if frames.is_empty() {
            kind
        } else {
            Data::Continue
        };
        frames.push_back(Frame::message(chunk, OpCode::Data(kind), rest.is_empty()));
        if rest.is_empty() {
            return frames;
        }
    }
}

//! The ways in which a connection ends, and what each side is told of it.

use tokio_tungstenite::tungstenite::{
    Error,
    error::ProtocolError,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client closed it, perhaps with a code and a reason.
    ByClient(Option<(u16, String)>),
    /// The connection broke, or never came to be after `$connect`.
    Lost,
    /// No message in either direction for too long.
    Idle,
    /// Open for as long as any connection may be.
    Expired,
    /// `@connections` DELETE.
    Deleted,
    /// The gateway stops.
    Stopping,
    /// A frame or message above the limit.
    TooLarge,
    /// A binary frame: the WebSocket API takes none.
    Binary,
    /// A text that is not UTF-8.
    NotText,
    /// Frames against the protocol.
    ProtocolError,
    /// The client reads too slowly for what it is sent.
    TooSlow,
}

impl Ending {
    /// What an error while reading means.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::TooLarge,
            Error::Utf8(_) => Self::NotText,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Lost,
            Error::Protocol(_) => Self::ProtocolError,
            _ => Self::Lost,
        }
    }

    /// The close frame that the client is sent, where the gateway is the one to close.
    pub(super) fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::ByClient(_) | Self::Lost => return None,
            _ => (CloseCode::from(self.status()), self.reason()),
        };
        Some(CloseFrame {
            code,
            reason: reason.into(),
        })
    }

    /// Whether what is still queued for the client is sent before the close frame.
    pub(super) fn is_gentle(&self) -> bool {
        matches!(
            self,
            Self::Idle | Self::Expired | Self::Deleted | Self::Stopping
        )
    }

    /// `disconnectStatusCode`.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::ByClient(Some((code, _))) => *code,
            Self::ByClient(None) => 1005,
            Self::Lost => 1006,
            Self::Idle | Self::Expired | Self::Stopping => 1001,
            Self::Deleted => 1000,
            Self::TooLarge => 1009,
            Self::Binary => 1003,
            Self::NotText => 1007,
            Self::ProtocolError => 1002,
            Self::TooSlow => 1008,
        }
    }

    /// `disconnectReason`.
    pub(super) fn reason(&self) -> String {
        let reason = match self {
            Self::ByClient(Some((_, reason))) => reason.as_str(),
            Self::ByClient(None) => "Client-side close frame status not set",
            Self::Lost => "Connection closed abnormally",
            Self::Idle | Self::Expired | Self::Stopping => "Going away",
            Self::Deleted => "Connection Closed Normally",
            Self::TooLarge => "Message too long",
            Self::Binary => "Binary frames are not supported",
            Self::NotText => "Text is not UTF-8",
            Self::ProtocolError => "Protocol error",
            Self::TooSlow => "Too slow",
        };
        reason.to_owned()
    }
}

//! The messages between this process and the holder, one a packet on a socket pair. Handles travel
//! beside a reply.

use super::super::MountError;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Bytes of a packet: some hundred long paths.
const PACKET_BYTES_MAX: usize = 128 * 1024;
/// The merged tree, and the upper layer where it is in memory.
const HANDLES_MAX: usize = 2;

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    Open(Plan),
    /// Forget the names that were looked up.
    Refresh,
}

/// A `Spec` that this process has checked: everything exists, without links in the paths. Paths may
/// be any bytes, so they are no strings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) root: OsString,
    pub(super) state: OsString,
    /// Each with the name of its layer.
    pub(super) caches: Vec<(OsString, OsString)>,
    pub(super) writable: Vec<OsString>,
    pub(super) readable: Vec<OsString>,
    pub(super) hidden: Vec<OsString>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// Beside it the handles: the merged tree and, if `in_memory`, the upper layer.
    Opened {
        notes: Vec<String>,
        in_memory: bool,
    },
    Refreshed,
    Failed(MountError),
}

/// # Errors
/// If the other side is gone, or the message is too long for a packet.
pub(super) fn send(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    handles: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
    if bytes.len() > PACKET_BYTES_MAX {
        return Err(io::Error::other("there are too many paths for one message"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HANDLES_MAX))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !handles.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(handles)) {
        return Err(io::Error::other("there are too many handles for one message"));
    }
    sendmsg(socket, &[IoSlice::new(&bytes)], &mut beside, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The next message and its handles; `None` when the other side is gone.
pub(super) fn receive<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; PACKET_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(HANDLES_MAX))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut beside, flags)
    })?;
    if received.bytes == 0 {
        return Ok(None);
    }
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::other("a message was cut off"));
    }
    let mut handles = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            handles.extend(received);
        }
    }
    let message = serde_json::from_slice(&bytes[..received.bytes]).map_err(io::Error::other)?;
    Ok(Some((message, handles)))
}

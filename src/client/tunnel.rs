//! A tunnel through a proxy, for TLS.
//!
//! # Source
//!
//! RFC 9110, section 9.3.6: `CONNECT`.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::socket::Socket;

/// The end of the head of an answer.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// Longest head of a proxy that is read, in bytes.
const HEAD_LIMIT: usize = 16 << 10;

/// Asks the proxy at the other end of `socket` for a tunnel to `host`.
///
/// # Errors
///
/// What the system said, or the proxy where it refuses.
pub(super) async fn open_tunnel(socket: &mut Socket, host: &str, port: u16) -> io::Result<()> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let order = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    socket.write_all(order.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !head.ends_with(HEAD_END) {
        if head.len() >= HEAD_LIMIT {
            return Err(io::Error::other("its answer does not end"));
        }
        head.push(socket.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head);
    let line = line.lines().next().unwrap_or_default();
    let mut words = line.splitn(2, ' ');
    let (version, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if version.starts_with("HTTP/1.") && rest.starts_with('2') {
        return Ok(());
    }
    Err(io::Error::other(format!("it answers `{line}`")))
}

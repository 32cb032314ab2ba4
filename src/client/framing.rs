//! The body of an HTTP/1.1 answer: where it ends, and what of the bytes belongs to it.
//!
//! Bytes in as they were read, slices of the body out; nothing is copied and nothing kept but
//! the place reached.
//!
//! # Source
//!
//! RFC 9112, sections 6.3 (how long a body is) and 7.1 (chunks).

use crate::units::{count, index};

/// More bytes than this in the line before a chunk, or in the trailers, are no HTTP.
const LINE_LIMIT: u32 = 16 << 10;

/// How the end of a body is told, and how far it has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks, each with its size before it.
    Chunked(Chunked),
    /// The body ends with the connection.
    UntilClose,
}

/// Where among the chunks the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the size of a chunk, of which so much is known.
    Size { size: u64, digits: u32 },
    /// Behind the size, in what a server may have added to it.
    Extension { size: u64, length: u32 },
    /// At the line feed after the size.
    SizeEnd { size: u64 },
    /// In a chunk of which so many bytes are to come.
    Data(u64),
    /// At the carriage return after a chunk.
    DataEnd,
    /// At the line feed after a chunk.
    DataEndFeed,
    /// At the begin of a line of the trailers, after so many bytes of them.
    Trailer(u32),
    /// Within a line of the trailers.
    TrailerLine(u32),
    /// At the line feed of the empty line that ends the trailers.
    LastFeed,
    /// The body is over.
    Over,
}

/// Bytes that are no chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid chunk: {0}")]
pub(super) struct BadChunk(&'static str);

impl Framing {
    /// Chunks, from the first on.
    pub(super) const fn chunked() -> Self {
        Self::Chunked(Chunked::Size { size: 0, digits: 0 })
    }

    /// Whether the body is over. One that ends with the connection never is by itself.
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Over))
    }

    /// Takes in `bytes`, hands what of them is body to `sink`, and says how many were used: all
    /// of them, unless the body is over.
    ///
    /// # Errors
    ///
    /// [`BadChunk`] if the bytes are no chunks.
    #[inline]
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<usize, BadChunk> {
        match self {
            Self::Length(left) => {
                let used = bytes.len().min(index(*left));
                if used > 0 {
                    sink(&bytes[..used]);
                }
                *left -= count(used);
                Ok(used)
            }
            Self::Chunked(chunked) => chunked.take(bytes, sink),
            Self::UntilClose => {
                if !bytes.is_empty() {
                    sink(bytes);
                }
                Ok(bytes.len())
            }
        }
    }
}

impl Chunked {
    fn take(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize, BadChunk> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self {
                Self::Over => break,
                Self::Data(left) => {
                    let end = bytes.len().min(at.saturating_add(index(*left)));
                    sink(&bytes[at..end]);
                    *left -= count(end - at);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    at = end;
                    continue;
                }
                _ => *self = self.after(byte)?,
            }
            at += 1;
        }
        Ok(at)
    }

    /// The place after `byte`, which is no byte of a chunk's data.
    fn after(self, byte: u8) -> Result<Self, BadChunk> {
        Ok(match (self, byte) {
            (Self::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let Some(digit) = char::from(byte).to_digit(16).filter(|_| digits < 15) else {
                    return Err(BadChunk("its size has more digits than there are bytes"));
                };
                Self::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }
            }
            (Self::Size { digits: 0, .. }, _) => return Err(BadChunk("its size is no number")),
            (Self::Size { size, .. } | Self::Extension { size, .. }, b'\r') => {
                Self::SizeEnd { size }
            }
            (Self::Size { size, .. }, b';' | b' ' | b'\t') => Self::Extension { size, length: 0 },
            (Self::Size { .. }, _) => return Err(BadChunk("its size is no number")),
            (Self::Extension { length: LINE_LIMIT.., .. }, _) => {
                return Err(BadChunk("the line before it does not end"));
            }
            (Self::Extension { size, length }, _) => Self::Extension { size, length: length + 1 },
            (Self::SizeEnd { size: 0 }, b'\n') => Self::Trailer(0),
            (Self::SizeEnd { size }, b'\n') => Self::Data(size),
            (Self::DataEnd, b'\r') => Self::DataEndFeed,
            (Self::DataEndFeed, b'\n') => Self::Size { size: 0, digits: 0 },
            (Self::Trailer(_), b'\r') => Self::LastFeed,
            (Self::Trailer(length), _) => Self::TrailerLine(length),
            (Self::TrailerLine(length), b'\n') => Self::Trailer(length),
            (Self::TrailerLine(LINE_LIMIT..), _) => {
                return Err(BadChunk("the trailers do not end"));
            }
            (Self::TrailerLine(length), _) => Self::TrailerLine(length + 1),
            (Self::LastFeed, b'\n') => Self::Over,
            (Self::SizeEnd { .. } | Self::LastFeed, _) => {
                return Err(BadChunk("a carriage return without a line feed"));
            }
            (Self::DataEnd | Self::DataEndFeed, _) => {
                return Err(BadChunk("it is longer than its size"));
            }
            (Self::Data(_) | Self::Over, _) => self,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BadChunk, Framing};

    /// The body in `pieces`, how many bytes were used, and whether it is over.
    fn read(mut framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, usize, bool), BadChunk> {
        let (mut body, mut used) = (Vec::new(), 0);
        for piece in pieces {
            used += framing.take(piece, &mut |bytes| body.extend_from_slice(bytes))?;
        }
        Ok((body, used, framing.is_over()))
    }

    fn chunks(bytes: &[u8]) -> Result<(Vec<u8>, usize, bool), BadChunk> {
        read(Framing::chunked(), &[bytes])
    }

    #[test]
    fn a_body_of_known_length_ends_after_it() {
        let ended = read(Framing::Length(5), &[b"hel", b"lo, world"]);
        assert_eq!(ended, Ok((b"hello".to_vec(), 5, true)));
        assert_eq!(read(Framing::Length(0), &[b"next"]), Ok((Vec::new(), 0, true)));
        assert_eq!(read(Framing::Length(9), &[b"hello"]), Ok((b"hello".to_vec(), 5, false)));
    }

    #[test]
    fn a_body_without_a_length_goes_on_until_the_connection_ends() {
        let ended = read(Framing::UntilClose, &[b"hello", b"", b" world"]);
        assert_eq!(ended, Ok((b"hello world".to_vec(), 11, false)));
    }

    #[test]
    fn chunks_are_put_together_and_what_follows_is_left_alone() {
        let bytes = b"5\r\nhello\r\n1;name=value\r\n \r\n0A \r\n0123456789\r\n0\r\n\r\nHTTP/1.1";
        let used = bytes.len() - b"HTTP/1.1".len();
        assert_eq!(chunks(bytes), Ok((b"hello 0123456789".to_vec(), used, true)));
    }

    #[test]
    fn trailers_belong_to_the_body_and_are_not_shown() {
        let bytes = b"1\r\na\r\n0\r\nDigest: x\r\nServer-Timing: y\r\n\r\n";
        assert_eq!(chunks(bytes), Ok((b"a".to_vec(), bytes.len(), true)));
    }

    #[test]
    fn what_is_no_chunk_is_said_to_be_none() {
        for wrong in [
            "data: x",
            "\r\n",
            "5\nhello",
            "5\r\nhello world",
            "5\r\nhello\n",
            "g\r\n",
            "1234567890abcdef0\r\n",
            "0\r\n\rx",
        ] {
            assert!(chunks(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn lines_without_an_end_are_not_read_for_ever() {
        let long = "x".repeat(20_000);
        assert!(chunks(format!("1;{long}").as_bytes()).is_err());
        assert!(chunks(format!("0\r\n{long}").as_bytes()).is_err());
    }

    proptest! {
        /// However the chunks are sized, and wherever reads cut them.
        #[test]
        fn the_body_does_not_depend_on_how_it_is_cut(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
            cut in 1_usize..20,
            after in prop::collection::vec(any::<u8>(), 0..10),
        ) {
            let mut bytes = Vec::new();
            for part in &parts {
                bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                bytes.extend_from_slice(part);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            let length = bytes.len();
            bytes.extend_from_slice(&after);
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(
                read(Framing::chunked(), &pieces),
                Ok((parts.concat(), length, true))
            );
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (mut framing, mut seen) = (Framing::chunked(), 0);
            let used = framing.take(&bytes, &mut |piece| seen += piece.len());
            prop_assert!(used.is_err() || seen <= bytes.len());
        }
    }
}

//! Generated pictures, as PNG files: each another picture, and none costs more than a copy.
//!
//! A picture is a grid of coloured squares under one line of noise. The grid is drawn and
//! compressed once; the noise is drawn anew for each picture and stored as it is, so that only
//! it and the checksums over it change. To a server each is a picture it has never seen: what
//! it keeps of one is of no use for the next.
//!
//! # Source
//!
//! PNG (third edition) for the chunks, RFC 1950 for the stream and its Adler-32, RFC 1951 for
//! stored blocks.

use std::io::{self, Write as _};
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use rand::RngExt as _;

use super::grid::{PIXEL, grid, noise};
use crate::units::{count, index, to_u32};

/// The modulus of Adler-32: the largest prime below 2¹⁶.
const ADLER: u64 = 65_521;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The head of a zlib stream with a window of 32 KiB.
const ZLIB_HEAD: [u8; 2] = [0x78, 0x01];

/// Makes pictures of one size.
#[derive(Clone, Debug)]
pub(super) struct PngPainter {
    seed: u64,
    /// A whole picture, whose line of noise is black.
    file: Vec<u8>,
    /// Where its line of noise is.
    noise: Range<usize>,
    /// Where the check of the chunk around that is, and that of the last chunk of data.
    check_at: usize,
    adler_at: usize,
    /// Adler-32 of all lines below the noise, and their length.
    below: (u64, u64),
    /// What is the same in all pictures, cut where no three bytes of base64 are torn apart.
    fixed: Range<usize>,
    /// That part in base64.
    fixed_text: String,
}

impl PngPainter {
    /// A painter of pictures of `width` by `height` pixels.
    ///
    /// # Errors
    ///
    /// What the compressor says; it does not happen in memory.
    pub(super) fn new(width: u32, height: u32, seed: u64) -> io::Result<Self> {
        let line = 1 + index(width.into()) * PIXEL;
        // Each line has its filter in front of it: none.
        let grid = grid(width, height.saturating_sub(1), 1, seed);
        let mut file = SIGNATURE.to_vec();
        let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
        // Eight bits a colour, three colours, and the only methods there are.
        head.extend([8, 2, 0, 0, 0]);
        chunk(&mut file, b"IHDR", &head);
        let first = [&ZLIB_HEAD[..], &stored_head(line), &vec![0; line]].concat();
        chunk(&mut file, b"IDAT", &first);
        let check_at = file.len() - 4;
        let noise = check_at - line + 1..check_at;
        let mut compressor = DeflateEncoder::new(Vec::new(), Compression::fast());
        compressor.write_all(&grid)?;
        chunk(&mut file, b"IDAT", &compressor.finish()?);
        // Last and alone, so that its own check covers nothing else.
        chunk(&mut file, b"IDAT", &[0; 4]);
        let adler_at = file.len() - 8;
        chunk(&mut file, b"IEND", &[]);
        let below = (adler(&grid), count(grid.len()));
        // Behind the check of the noise; up to the length and the name of the last chunk of data.
        let fixed = (check_at + 4).next_multiple_of(3)..(adler_at - 8) / 3 * 3;
        let fixed_text = BASE64_STANDARD.encode(&file[fixed.clone()]);
        Ok(Self { seed, file, noise, check_at, adler_at, below, fixed, fixed_text })
    }

    /// Picture number `number` as a data URL: the same each time, and like no other.
    pub(super) fn data_url(&self, number: u64) -> String {
        let mut head = self.file[..self.fixed.start].to_vec();
        let mut tail = self.file[self.fixed.end..].to_vec();
        self.paint(number, &mut head, &mut tail);
        let mut url = String::with_capacity(self.file.len() / 3 * 4 + 64);
        url.push_str("data:image/png;base64,");
        BASE64_STANDARD.encode_string(&head, &mut url);
        url.push_str(&self.fixed_text);
        BASE64_STANDARD.encode_string(&tail, &mut url);
        url
    }

    /// Puts noise and checks of picture number `number` into what stands before and behind the
    /// part that is the same in all.
    fn paint(&self, number: u64, head: &mut [u8], tail: &mut [u8]) {
        noise(self.seed, number).fill(&mut head[self.noise.clone()]);
        // From the chunk's name to the end of the line.
        let named = self.noise.start - 1 - 5 - ZLIB_HEAD.len() - 4;
        let check = crc(&head[named..self.check_at]);
        head[self.check_at..self.check_at + 4].copy_from_slice(&check);
        let line = adler(&head[self.noise.start - 1..self.noise.end]);
        let at = self.adler_at - self.fixed.end;
        let whole = to_u32(joined(line, self.below)).to_be_bytes();
        tail[at..at + 4].copy_from_slice(&whole);
        let check = crc(&tail[at - 4..at + 4]);
        tail[at + 4..at + 8].copy_from_slice(&check);
    }
}

/// The head of a stored block of `length` bytes that is not the last one. A line of 65,535 bytes
/// is the longest; wider pictures are refused before.
fn stored_head(length: usize) -> [u8; 5] {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    let [a, b] = length.to_le_bytes();
    [0, a, b, !a, !b]
}

fn chunk(file: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    file.extend(to_u32(count(data.len())).to_be_bytes());
    let named = file.len();
    file.extend_from_slice(name);
    file.extend_from_slice(data);
    let check = crc(&file[named..]);
    file.extend(check);
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum().to_be_bytes()
}

/// Adler-32 of `bytes`: its two sums, the second in the upper half.
fn adler(bytes: &[u8]) -> u64 {
    let (mut a, mut b) = (1_u64, 0_u64);
    // Short enough that no sum leaves its 64 bits.
    for part in bytes.chunks(4_096) {
        for byte in part {
            a += u64::from(*byte);
            b += a;
        }
        (a, b) = (a % ADLER, b % ADLER);
    }
    b << 16 | a
}

/// Adler-32 of two stretches of bytes after one another, from those of each and the length of
/// the second.
fn joined(first: u64, (second, length): (u64, u64)) -> u64 {
    let (a, b) = (first & 0xffff, first >> 16);
    let (a2, b2) = (second & 0xffff, second >> 16);
    let low = (a + a2 + ADLER - 1) % ADLER;
    let high = (b + b2 + length % ADLER * ((a + ADLER - 1) % ADLER)) % ADLER;
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use flate2::read::ZlibDecoder;

    use super::{PngPainter, adler, crc};

    /// The file in a data URL.
    fn picture(painter: &PngPainter, number: u64) -> Vec<u8> {
        let url = painter.data_url(number);
        BASE64_STANDARD.decode(url.strip_prefix("data:image/png;base64,").unwrap()).unwrap()
    }

    /// The chunks of a file, once their checks are found right.
    fn chunks(file: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut rest = file.strip_prefix(super::SIGNATURE).unwrap();
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap());
            let end = 8 + usize::try_from(length).unwrap();
            assert_eq!(rest[end..end + 4], crc(&rest[4..end]));
            let name = String::from_utf8(rest[4..8].to_vec()).unwrap();
            chunks.push((name, rest[8..end].to_vec()));
            rest = &rest[end + 4..];
        }
        chunks
    }

    /// The lines of a picture; the decoder checks the Adler-32 at its end.
    fn pixels(file: &[u8]) -> Vec<u8> {
        let data: Vec<u8> = chunks(file)
            .into_iter()
            .filter(|(name, _)| name == "IDAT")
            .flat_map(|(_, data)| data)
            .collect();
        let mut pixels = Vec::new();
        ZlibDecoder::new(&data[..]).read_to_end(&mut pixels).unwrap();
        pixels
    }

    #[test]
    fn a_picture_is_a_whole_png_of_its_size() {
        for (width, height) in [(1, 1), (2, 2), (3, 1), (7, 3), (64, 65), (512, 512)] {
            let file = picture(&PngPainter::new(width, height, 42).unwrap(), 9);
            let names: Vec<_> = chunks(&file).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["IHDR", "IDAT", "IDAT", "IDAT", "IEND"]);
            let head = &chunks(&file)[0].1;
            assert_eq!(head[..8], [width.to_be_bytes(), height.to_be_bytes()].concat());
            let line = 1 + usize::try_from(width).unwrap() * 3;
            let pixels = pixels(&file);
            assert_eq!(pixels.len(), line * usize::try_from(height).unwrap());
            assert!(pixels.chunks(line).all(|line| line[0] == 0), "a filter for each line");
        }
    }

    #[test]
    fn pictures_differ_by_number_and_by_seed_and_in_nothing_else() {
        let painter = PngPainter::new(64, 64, 42).unwrap();
        let again = PngPainter::new(64, 64, 42).unwrap();
        assert_eq!(painter.data_url(1), again.data_url(1));
        let first = pixels(&picture(&painter, 1));
        assert_ne!(first, pixels(&picture(&painter, 2)));
        let other = PngPainter::new(64, 64, 43).unwrap();
        assert_ne!(first, pixels(&picture(&other, 1)));
    }

    #[test]
    fn a_picture_takes_about_as_much_as_a_photograph() {
        let file = picture(&PngPainter::new(512, 512, 42).unwrap(), 0);
        assert!((30_000..200_000).contains(&file.len()), "{}", file.len());
    }

    #[test]
    fn adler_is_that_of_the_rfc() {
        assert_eq!(adler(b"Wikipedia"), 0x11E6_0398);
        let (first, second) = (adler(b"Wiki"), (adler(b"pedia"), 5));
        assert_eq!(super::joined(first, second), 0x11E6_0398);
    }
}

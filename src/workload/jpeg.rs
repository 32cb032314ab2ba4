//! Generated pictures, as JPEG files: each another picture, and none costs more than its first
//! lines.
//!
//! A picture is a grid of coloured squares under eight lines of noise. The grid is drawn and
//! compressed once, with a restart after every row of blocks, so that no row depends on the one
//! above it; for each picture only the noise is compressed anew, and put in the place of the
//! first row.
//!
//! # Source
//!
//! ITU-T T.81 (JPEG), for the markers and what a restart sets back.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};
use rand::RngExt as _;

use super::grid::{PIXEL, grid, noise};
use crate::units::index;

/// Side of a block, in pixels, where colours are not drawn together.
const BLOCK: u32 = 8;
/// As cameras and phones compress.
const QUALITY: u8 = 85;
/// The marker at the end of a picture.
const END: [u8; 2] = [0xff, 0xd9];
/// The marker before the compressed blocks.
const SCAN: [u8; 2] = [0xff, 0xda];
/// Restarts are numbered 0 to 7, over and over.
const RESTARTS: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;

/// Makes pictures of one size.
#[derive(Clone, Debug)]
pub(super) struct JpegPainter {
    seed: u64,
    size: (u32, u32),
    /// What stands before the first row of blocks.
    head: Vec<u8>,
    /// What stands behind it: the other rows, and the end.
    rest: Vec<u8>,
}

impl JpegPainter {
    /// A painter of pictures of `width` by `height` pixels.
    ///
    /// # Errors
    ///
    /// If a side has more than 65,535 pixels.
    pub(super) fn new(width: u32, height: u32, seed: u64) -> Result<Self, EncodingError> {
        let file = compressed(&grid(width, height, 0, seed), (width, height))?;
        let first = scan_of(&file);
        let rest = first + first_row(&file[first..]);
        let size = (width, height);
        Ok(Self { seed, size, head: file[..first].to_vec(), rest: file[rest..].to_vec() })
    }

    /// Picture number `number` as a data URL: the same each time, and like no other.
    ///
    /// # Errors
    ///
    /// What the compressor says; it does not happen in memory.
    pub(super) fn data_url(&self, number: u64) -> Result<String, EncodingError> {
        let (width, height) = self.size;
        let lines = height.min(BLOCK);
        let mut pixels = vec![0; index(width.into()) * index(lines.into()) * PIXEL];
        noise(self.seed, number).fill(&mut pixels[..]);
        let strip = compressed(&pixels, (width, lines))?;
        let first = &strip[scan_of(&strip)..];
        let file = [&self.head[..], &first[..first_row(first)], &self.rest[..]].concat();
        let mut url = String::with_capacity(file.len() / 3 * 4 + 64);
        url.push_str("data:image/jpeg;base64,");
        BASE64_STANDARD.encode_string(&file, &mut url);
        Ok(url)
    }
}

/// A picture with a restart behind every row of blocks.
fn compressed(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, EncodingError> {
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.set_restart_interval(side(width.div_ceil(BLOCK)));
    encoder.encode(pixels, side(width), side(height), ColorType::Rgb)?;
    Ok(file)
}

/// Where the compressed blocks begin: behind the head of the scan.
fn scan_of(file: &[u8]) -> usize {
    let mut at = 2;
    while let [0xff, kind, high, low, ..] = file[at.min(file.len())..] {
        let length = index(u64::from(u16::from_be_bytes([high, low])));
        at += 2 + length;
        if [0xff, kind] == SCAN {
            break;
        }
    }
    at.min(file.len())
}

/// Bytes of the first row of blocks: up to the first restart, or the end.
fn first_row(blocks: &[u8]) -> usize {
    let is_marker =
        |pair: &[u8]| pair == END || matches!(pair, [0xff, kind] if RESTARTS.contains(kind));
    blocks.windows(2).position(is_marker).unwrap_or(blocks.len())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;

    use super::JpegPainter;

    /// The file in a data URL, and its pixels.
    fn picture(painter: &JpegPainter, number: u64) -> (Vec<u8>, Vec<u8>) {
        let url = painter.data_url(number).unwrap();
        let file = url.strip_prefix("data:image/jpeg;base64,").unwrap();
        let file = BASE64_STANDARD.decode(file).unwrap();
        let pixels = JpegDecoder::new(ZCursor::new(&file)).decode().unwrap();
        (file, pixels)
    }

    #[test]
    fn a_picture_is_a_whole_jpeg_of_its_size() {
        for (width, height) in [(1, 1), (7, 3), (8, 8), (64, 65), (512, 512)] {
            let painter = JpegPainter::new(width, height, 42).unwrap();
            let (file, pixels) = picture(&painter, 9);
            assert!(file.ends_with(&super::END));
            assert_eq!(pixels.len(), usize::try_from(width * height * 3).unwrap());
        }
    }

    #[test]
    fn pictures_differ_in_their_first_lines_alone() {
        let painter = JpegPainter::new(64, 64, 42).unwrap();
        let ((_, one), (_, other)) = (picture(&painter, 1), picture(&painter, 2));
        let noise = 64 * 8 * 3;
        assert_ne!(one[..noise], other[..noise]);
        assert_eq!(one[noise..], other[noise..]);
        let again = JpegPainter::new(64, 64, 42).unwrap();
        assert_eq!(painter.data_url(1).unwrap(), again.data_url(1).unwrap());
        let apart = JpegPainter::new(64, 64, 43).unwrap();
        assert_ne!(one[noise..], picture(&apart, 1).1[noise..]);
    }

    #[test]
    fn a_picture_takes_about_as_much_as_a_photograph() {
        let (file, _) = picture(&JpegPainter::new(512, 512, 42).unwrap(), 0);
        assert!((30_000..400_000).contains(&file.len()), "{}", file.len());
    }
}

//! What painted pictures show: a grid of coloured squares.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::units::index;

/// Side of the squares of the grid, in pixels: a picture then compresses about as well as a
/// photograph does.
const SQUARE: u32 = 4;
/// Bytes of a pixel: red, green, blue.
pub(super) const PIXEL: usize = 3;
/// Names the stream of random numbers that the grid is drawn from; lines of noise have the
/// others.
const GRID_STREAM: u64 = u64::MAX;

/// The lines of a grid, each behind `margin` bytes of its own, which are 0.
pub(super) fn grid(width: u32, height: u32, margin: usize, seed: u64) -> Vec<u8> {
    let mut numbers = noise(seed, GRID_STREAM);
    let line = margin + index(width.into()) * PIXEL;
    let mut lines = Vec::with_capacity(line * index(height.into()));
    let mut row = vec![0; line];
    for y in 0..height {
        if y % SQUARE == 0 {
            for square in row[margin..].chunks_mut(index(SQUARE.into()) * PIXEL) {
                let colour: [u8; PIXEL] = numbers.random();
                square.chunks_mut(PIXEL).for_each(|pixel| pixel.copy_from_slice(&colour));
            }
        }
        lines.extend_from_slice(&row);
    }
    lines
}

/// The numbers that picture number `number` has alone.
pub(super) fn noise(seed: u64, number: u64) -> ChaCha8Rng {
    let mut numbers = ChaCha8Rng::seed_from_u64(seed);
    numbers.set_stream(number);
    numbers
}

//! The pictures of a request: from files, or painted.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::jpeg::JpegPainter;
use super::png::PngPainter;
use crate::scenario::PictureFormat;

/// The pictures of a workload.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// How many go into a request.
    per_request: u32,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// Data URLs, taken in turn; never empty.
    Ready(Arc<[String]>),
    /// Painted anew for each.
    Painted(Painter),
}

#[derive(Clone, Debug)]
enum Painter {
    Png(Arc<PngPainter>),
    Jpeg(Arc<JpegPainter>),
}

impl Pictures {
    /// Pictures from the contents of files, each with its media type (`image/png`), taken in
    /// turn; `None` if there is none.
    pub fn of_files(files: &[(&str, Vec<u8>)], per_request: u32) -> Option<Self> {
        let urls: Arc<[String]> =
            files.iter().map(|(media_type, bytes)| data_url(media_type, bytes)).collect();
        (!urls.is_empty()).then_some(Self { per_request, source: Source::Ready(urls) })
    }

    /// Painted pictures of `width` by `height` pixels, another one each time.
    ///
    /// # Errors
    ///
    /// If the compressor fails.
    pub fn painted(
        (width, height): (u32, u32),
        format: PictureFormat,
        seed: u64,
        per_request: u32,
    ) -> std::io::Result<Self> {
        let painter = match format {
            PictureFormat::Png => Painter::Png(Arc::new(PngPainter::new(width, height, seed)?)),
            PictureFormat::Jpeg => {
                let painter = JpegPainter::new(width, height, seed);
                Painter::Jpeg(Arc::new(painter.map_err(std::io::Error::other)?))
            }
        };
        Ok(Self { per_request, source: Source::Painted(painter) })
    }

    /// Whether each is another picture.
    pub(super) const fn are_painted(&self) -> bool {
        matches!(self.source, Source::Painted(_))
    }

    /// The pictures of the request that `number` names, as data URLs; `index` is its place among
    /// the requests of its phase.
    pub(super) fn of_request(&self, number: u64, index: u64) -> Vec<String> {
        let many = u64::from(self.per_request);
        (0..many)
            .map(|step| match &self.source {
                Source::Ready(urls) => {
                    let at = index.wrapping_mul(many).wrapping_add(step);
                    urls[crate::units::index(at % crate::units::count(urls.len()))].clone()
                }
                Source::Painted(painter) => {
                    painter.data_url(number.wrapping_mul(many).wrapping_add(step))
                }
            })
            .collect()
    }
}

impl Painter {
    fn data_url(&self, number: u64) -> String {
        match self {
            Self::Png(painter) => painter.data_url(number),
            // The first picture of this size was compressed when the painter was made.
            Self::Jpeg(painter) => painter.data_url(number).unwrap_or_default(),
        }
    }
}

fn data_url(media_type: &str, bytes: &[u8]) -> String {
    let mut url = format!("data:{media_type};base64,");
    BASE64_STANDARD.encode_string(bytes, &mut url);
    url
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Pictures;
    use crate::scenario::PictureFormat;

    #[test]
    fn files_are_taken_in_turn() {
        let files = [("image/png", vec![1]), ("image/jpeg", vec![2]), ("image/webp", vec![3])];
        let pictures = Pictures::of_files(&files, 2).unwrap();
        assert_eq!(
            pictures.of_request(7, 1),
            ["data:image/webp;base64,Aw==", "data:image/png;base64,AQ=="]
        );
        assert!(Pictures::of_files(&[], 1).is_none());
    }

    #[test]
    fn no_two_painted_pictures_are_alike() {
        for format in [PictureFormat::Png, PictureFormat::Jpeg] {
            let pictures = Pictures::painted((16, 16), format, 42, 3).unwrap();
            let all: BTreeSet<_> = (0..50).flat_map(|at| pictures.of_request(at, at)).collect();
            assert_eq!(all.len(), 150);
            assert_eq!(pictures.of_request(4, 0), pictures.of_request(4, 9));
        }
    }
}

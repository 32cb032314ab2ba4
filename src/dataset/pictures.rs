//! Files of pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use crate::scenario::{ImageSource, Images};
use crate::units::count;
use crate::workload::Pictures;

/// Largest picture; servers take no larger ones.
pub const MAX_PICTURE_BYTES: u64 = 20 << 20;
/// Most bytes of all pictures of a workload together; they stay in memory.
pub const MAX_PICTURES_BYTES: u64 = 256 << 20;

/// Why pictures cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PictureError {
    /// A file is missing or may not be read.
    #[error("{}: cannot be read: {source}; paths are taken from the scenario's folder", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A file is no picture of a kind that servers take.
    #[error("{}: neither PNG nor JPEG, WebP or GIF", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// A file exceeds [`MAX_PICTURE_BYTES`].
    #[error("{}: larger than {MAX_PICTURE_BYTES} bytes; scale the picture down", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// All files together exceed [`MAX_PICTURES_BYTES`].
    #[error("the pictures have more than {MAX_PICTURES_BYTES} bytes together; name fewer")]
    TooMany,
    /// A picture cannot be painted.
    #[error("no picture can be painted: {0}")]
    Paint(Arc<io::Error>),
}

/// Reads the pictures of a workload, or makes ready to paint them by `seed`.
///
/// # Errors
///
/// [`PictureError`] at the first file that cannot be taken.
pub(super) fn load_pictures(images: &Images, seed: u64) -> Result<Pictures, PictureError> {
    let files = match &images.source {
        ImageSource::Painted { width, height, format } => {
            return Pictures::painted((*width, *height), *format, seed, images.per_request)
                .map_err(|error| PictureError::Paint(Arc::new(error)));
        }
        ImageSource::Files(files) => files,
    };
    let mut read = Vec::with_capacity(files.len());
    let mut total = 0;
    for path in files {
        let bytes = read_picture(path)?;
        total += count(bytes.len());
        if total > MAX_PICTURES_BYTES {
            return Err(PictureError::TooMany);
        }
        let kind = media_type(&bytes).ok_or_else(|| PictureError::Kind { path: path.clone() })?;
        read.push((kind, bytes));
    }
    // The scenario's list is never empty.
    Pictures::of_files(&read, images.per_request).ok_or(PictureError::TooMany)
}

fn read_picture(path: &Path) -> Result<Vec<u8>, PictureError> {
    let failed = |error| PictureError::Read { path: path.to_owned(), source: Arc::new(error) };
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > MAX_PICTURE_BYTES {
        return Err(PictureError::TooLarge { path: path.to_owned() });
    }
    fs::read(path).map_err(failed)
}

/// The media type by the first bytes; names lie.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 3] =
        [(b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif")];
    let found = known.into_iter().find(|(begin, _)| bytes.starts_with(begin));
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    found.map(|(_, kind)| kind).or(webp.then_some("image/webp"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use tempfile::NamedTempFile;

    use super::{load_pictures, media_type};
    use crate::scenario::{ImageSource, Images};

    fn of_files(files: &[&Path]) -> Images {
        let files = files.iter().map(|&path| path.to_owned()).collect();
        Images { per_request: 1, detail: None, source: ImageSource::Files(files) }
    }

    #[test]
    fn the_kind_of_a_picture_is_told_by_its_first_bytes() {
        assert_eq!(media_type(b"\x89PNG\r\n"), Some("image/png"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(media_type(b"RIFF....WEBPVP8 "), Some("image/webp"));
        assert_eq!(media_type(b"GIF89a"), Some("image/gif"));
        assert_eq!(media_type(b"<svg"), None);
    }

    #[test]
    fn files_that_are_no_pictures_are_named() {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(b"text").unwrap();
        let error = load_pictures(&of_files(&[file.path()]), 1).unwrap_err().to_string();
        assert!(error.ends_with(": neither PNG nor JPEG, WebP or GIF"), "{error}");
        let error = load_pictures(&of_files(&[Path::new("no/such.png")]), 1).unwrap_err();
        assert!(error.to_string().starts_with("no/such.png: cannot be read: "), "{error}");
    }
}

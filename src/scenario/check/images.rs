//! Pictures that go with prompts.

use std::path::Path;

use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{Field, ImagesFile};
use crate::scenario::workload::{ImageSource, Images};
use crate::units::to_u32;

/// Checks where pictures come from: from files, or painted in a size.
pub(super) fn check_images(
    file: &ImagesFile,
    place: Place,
    folder: &Path,
    problems: &mut Problems,
) -> Option<Images> {
    let per_request = file.count.value().map_or(1, |count| to_u32(count.0));
    let detail = file.detail.value().map(|detail| detail.0);
    let wrong = matches!(file.count, Field::Wrong(_))
        || matches!(file.detail, Field::Wrong(_))
        || matches!(file.format, Field::Wrong(_));
    let size = (&file.width, &file.height);
    let source = match (&file.files, size) {
        (Field::Given(files), (Field::Absent, Field::Absent)) => {
            let paths = files.value.0.iter().map(|file| folder.join(&file.value.0));
            ImageSource::Files(paths.collect())
        }
        (Field::Absent, (Field::Given(width), Field::Given(height))) => {
            let (width, height) = (to_u32(width.value.0), to_u32(height.value.0));
            let format = file.format.value().copied().unwrap_or_default();
            ImageSource::Painted { width, height, format }
        }
        (Field::Wrong(_), _) | (_, (Field::Wrong(_), _) | (_, Field::Wrong(_))) => return None,
        (Field::Given(_), _) => {
            problems.report(
                Problem::new(place, "pictures come from `files`, or are painted, not both")
                    .hint("leave out `files`, or `width` and `height`"),
            );
            return None;
        }
        (Field::Absent, _) => {
            problems.report(
                Problem::new(place, "where the pictures come from is not said")
                    .hint("write `files: [a.png]`, or both `width: 512` and `height: 512`"),
            );
            return None;
        }
    };
    (!wrong).then_some(Images { per_request, detail, source })
}

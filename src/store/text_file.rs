//! Single files of text, outside the folders of runs.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use super::StoreError;
use super::replace::replace;
use crate::clock::WallTime;

/// Makes `text` the content of the file at `path`, all of it or nothing; its folder is made if
/// it is missing.
///
/// # Errors
///
/// [`StoreError::Write`] if the file or its folder cannot be written.
pub fn save_text(path: &Path, text: &str) -> Result<(), StoreError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let nameless = || Error::new(ErrorKind::InvalidInput, "it names no file");
    let name = name.ok_or_else(nameless).map_err(StoreError::write(path))?;
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(StoreError::write(folder))?;
    replace(folder, name, text)
}

/// The content of the file at `path`; `None` if there is no such file.
///
/// # Errors
///
/// [`StoreError::Read`] if it is there but cannot be read.
#[expect(clippy::disallowed_methods, reason = "`store` reads files")]
pub fn read_text(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Read { path: path.to_owned(), source }),
    }
}

/// Whether the file at `path` was written after `moment`; `false` where that is not known.
pub fn is_newer(path: &Path, moment: WallTime) -> bool {
    let written = fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let since = written.and_then(|written| written.duration_since(SystemTime::UNIX_EPOCH).ok());
    let millis = since.and_then(|since| i64::try_from(since.as_millis()).ok());
    millis.is_some_and(|millis| millis > moment.unix_millis())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_newer, read_text, save_text};
    use crate::clock::WallTime;

    #[test]
    fn a_file_is_newer_than_what_was_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.txt");
        let (before, far) = (WallTime::from_unix_millis(0), WallTime::from_unix_millis(1 << 45));
        assert!(!is_newer(&path, before), "there is no file");
        save_text(&path, "text").unwrap();
        assert_eq!((is_newer(&path, before), is_newer(&path, far)), (true, false));
    }

    #[test]
    fn a_text_comes_back_and_its_folder_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file.json");
        assert_eq!(read_text(&path).unwrap(), None);
        save_text(&path, "old").unwrap();
        save_text(&path, "new").unwrap();
        assert_eq!(read_text(&path).unwrap().as_deref(), Some("new"));
    }

    #[test]
    fn what_is_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_text(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `"), "{error}");
        let error = save_text(Path::new("/"), "x").unwrap_err().to_string();
        assert_eq!(error, "cannot write `/`: it names no file");
    }
}

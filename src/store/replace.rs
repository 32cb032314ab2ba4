//! Files replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::StoreError;

/// Makes `text` the content of `folder/name`: all of it or, after an error, nothing.
///
/// The text goes to `folder/.name.tmp` and to the disk before it takes the name.
///
/// # Errors
///
/// [`StoreError::Write`] if the file cannot be written or renamed.
pub(super) fn replace(folder: &Path, name: &str, text: &str) -> Result<(), StoreError> {
    let path = folder.join(name);
    let temporary = folder.join(format!(".{name}.tmp"));
    let written = write_to_disk(&temporary, text)
        .and_then(|()| fs::rename(&temporary, &path))
        .and_then(|()| sync_folder(folder));
    written.map_err(StoreError::write(&path))
}

fn write_to_disk(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Brings a rename to the disk; file systems that know no such thing are left alone.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests look at files")]
mod tests {
    use std::fs;

    use super::replace;

    #[test]
    fn a_file_is_replaced_and_no_other_is_left() {
        let folder = tempfile::tempdir().unwrap();
        replace(folder.path(), "result.json", "old").unwrap();
        replace(folder.path(), "result.json", "new").unwrap();
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["result.json"]);
        assert_eq!(fs::read_to_string(folder.path().join("result.json")).unwrap(), "new");
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("result.json/in-the-way")).unwrap();
        let error = replace(folder.path(), "result.json", "new").unwrap_err().to_string();
        assert!(error.starts_with("cannot write `") && error.contains("result.json`: "), "{error}");
    }
}

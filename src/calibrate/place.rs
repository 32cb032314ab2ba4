//! Where the calibration of a machine lies.

use std::path::PathBuf;

/// The file of the calibration under the user's cache folder: `XDG_CACHE_HOME`, or what is
/// usual on the operating system `os` (as `std::env::consts::OS` names it). `None` where `var`
/// knows none of the variables that tell.
pub fn calibration_path(os: &str, var: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // The XDG specification has relative folders ignored.
    let folder = |name: &str| var(name).map(PathBuf::from).filter(|path| path.has_root());
    let cache = folder("XDG_CACHE_HOME").or_else(|| match os {
        "windows" => folder("LOCALAPPDATA"),
        "macos" => folder("HOME").map(|home| home.join("Library").join("Caches")),
        _ => folder("HOME").map(|home| home.join(".cache")),
    });
    Some(cache?.join("pacemark").join("calibration.json"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::calibration_path;

    fn place(os: &str, variables: &[(&str, &str)]) -> Option<PathBuf> {
        calibration_path(os, &|name| {
            let known = variables.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_system_has_its_cache_folder() {
        let home = [("HOME", "/home/me"), ("LOCALAPPDATA", "/local")];
        let expected = [
            ("linux", "/home/me/.cache/pacemark/calibration.json"),
            ("macos", "/home/me/Library/Caches/pacemark/calibration.json"),
            ("windows", "/local/pacemark/calibration.json"),
        ];
        for (os, path) in expected {
            assert_eq!(place(os, &home), Some(PathBuf::from(path)));
        }
    }

    #[test]
    fn the_cache_folder_can_be_named_but_not_from_here() {
        let named = place("linux", &[("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/me")]);
        assert_eq!(named, Some(PathBuf::from("/cache/pacemark/calibration.json")));
        let relative = place("linux", &[("XDG_CACHE_HOME", "cache"), ("HOME", "/home/me")]);
        assert_eq!(relative, Some(PathBuf::from("/home/me/.cache/pacemark/calibration.json")));
        assert_eq!(place("linux", &[]), None);
    }
}

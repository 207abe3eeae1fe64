//! A path below a root, as a value of a column gives it.

use super::FileFault;
use super::files::MARKER;

/// The most folders between a root and a file.
const DEEPEST: usize = 32;

/// Whether a value can be the path of a file below a root.
///
/// # Errors
///
/// [`FileFault::Refused`] says why not.
pub fn check(path: &str) -> Result<(), FileFault> {
    parts(path).map(drop)
}

/// Takes a path apart. Only the plainest form is a path: one way of writing
/// each file, so that equal files have equal names, and none that leaves the
/// root. Anything else is refused, and not put right, since it is unknown what
/// was meant.
pub(super) fn parts(path: &str) -> Result<Vec<&str>, FileFault> {
    let refused = |what| Err(FileFault::Refused(what));
    if path.trim().is_empty() {
        return refused("the value names nothing");
    }
    if path.starts_with('/') {
        return refused("the path begins at `/`, and not at the root");
    }
    if path.contains('\\') {
        return refused("the path has a backslash in it");
    }
    if path.contains("://") {
        return refused("the value is a URL");
    }
    if path.contains(char::is_control) {
        return refused("the path has a control character in it");
    }
    let lower = path.to_ascii_lowercase();
    if ["%2e", "%2f", "%5c", "%00", "%25"].iter().any(|encoded| lower.contains(encoded)) {
        return refused("the path is written as in a URL, with `%`");
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return refused("the path has `.` or `..` in it");
    }
    if parts.iter().any(|part| part.trim().is_empty()) {
        return refused("the path has an empty part");
    }
    if parts == [MARKER] {
        return refused("the path is that of the file by which the root is recognized");
    }
    if parts.len() > DEEPEST || parts.iter().any(|part| part.len() > 255) {
        return refused("the path is too long");
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_taken_apart() {
        assert_eq!(parts("C1.jpg").ok(), Some(vec!["C1.jpg"]));
        assert_eq!(parts("2024/C1/ansigt æ.jpg").ok(), Some(vec!["2024", "C1", "ansigt æ.jpg"]));
        assert_eq!(parts("..C1..jpg/...").ok(), Some(vec!["..C1..jpg", "..."]));
        assert_eq!(parts("100%.jpg").ok(), Some(vec!["100%.jpg"]));
    }

    #[test]
    fn any_other_way_to_write_one_is_refused() {
        let long = "a".repeat(256);
        let deep = vec!["a"; 33].join("/");
        let bad = [
            "",
            " ",
            "/",
            "/etc/passwd",
            "..",
            ".",
            "./C1.jpg",
            "a/../../b",
            "a/..",
            "a//b",
            "a/",
            "a/ /b",
            "a\\b",
            "..\\b",
            "C:\\b",
            "a\0b",
            "a\nb",
            "%2e%2e/b",
            "%2E%2e%2Fb",
            "a%5cb",
            "a%00b",
            "%252e%252e/b",
            "file:///etc/passwd",
            "https://cdn.example/C1.jpg",
            &long,
            &deep,
        ];
        for path in bad {
            assert!(matches!(parts(path), Err(FileFault::Refused(_))), "{path:?}");
        }
    }
}

//! Path templates of operations: `{*}` for one segment, `{**}` for the rest.

/// Why a path is refused; a path without braces is fine.
pub(super) fn problem(path: &str, word: &str) -> Option<String> {
    if !path.contains(['{', '}']) {
        return None;
    }
    let refuse =
        |why: &str| Some(format!("invalid or unsupported path {path}, found in {word}. {why}"));
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let rest = segments.iter().position(|segment| *segment == "{**}");
    if rest.is_some_and(|at| segments.iter().skip(at + 1).any(|s| *s == "{*}" || *s == "{**}")) {
        return refuse("{**} is not the last operator");
    }
    for segment in &segments {
        if *segment == "{*}" || *segment == "{**}" {
            continue;
        }
        if segment.contains(['{', '}']) {
            return refuse("Contains '{' or '}' beyond a supported path template");
        }
        let literal = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()+,;:@=".contains(c);
        if !segment.chars().all(literal) {
            return refuse(&format!("Contains segment {segment} with invalid string literal"));
        }
    }
    None
}

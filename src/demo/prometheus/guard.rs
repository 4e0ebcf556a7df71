//! A look at a query before it is parsed: the parser's library panics on a duration that no
//! `Duration` can hold, and both it and the evaluator recurse.

/// Bytes of a query that are parsed: well over what any client here sends.
pub const LONGEST: usize = 64 * 1024;
/// Parentheses within one another.
const DEEPEST: u32 = 100;
/// Operators in a query: a chain of them is a deep tree.
const MOST_OPERATORS: u32 = 1500;
/// Digits in a number of a duration: thirty thousand years of seconds.
const MOST_DIGITS: usize = 12;

/// Whether a query may be parsed; the reason if not. Every range, subquery and offset must be
/// written as Prometheus 2.42 knows durations: numbers with units.
pub fn check(query: &str) -> Result<(), String> {
    if query.len() > LONGEST {
        return Err(format!("the query is longer than {LONGEST} bytes"));
    }
    let (mut depth, mut operators) = (0_u32, 0_u32);
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => after_string(rest, first),
            '[' => {
                let (inside, after) = rest.split_once(']').ok_or("unclosed left bracket")?;
                if !is_plain(inside.trim_start_matches('[')) {
                    return Err(format!("bad duration in {inside:?}"));
                }
                after
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                if word.eq_ignore_ascii_case("offset") && !offset_is_plain(after) {
                    return Err("bad duration after \"offset\"".to_owned());
                }
                let word = word.to_ascii_lowercase();
                operators += u32::from(["and", "or", "unless", "atan2"].contains(&word.as_str()));
                after
            }
            other => {
                match other {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    '+' | '-' | '*' | '/' | '%' | '^' | '<' | '>' | '=' => operators += 1,
                    _ => {}
                }
                rest.get(other.len_utf8()..).unwrap_or_default()
            }
        };
        if depth > DEEPEST || operators > MOST_OPERATORS {
            return Err(format!(
                "nested deeper than {DEEPEST}, or more than {MOST_OPERATORS} operators"
            ));
        }
    }
    Ok(())
}

/// What follows a string; escapes count in all but raw ones.
fn after_string(text: &str, quote: char) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || "ywdhms.: \t\r\n".contains(c)) && few_digits(text)
}

fn few_digits(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() <= MOST_DIGITS)
}

/// The word after `offset`; `offset` may also be a label or a metric, with anything behind it.
fn offset_is_plain(after: &str) -> bool {
    let text = after.trim_start().trim_start_matches(['+', '-']).trim_start();
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '(') {
        return !text.to_ascii_lowercase().starts_with("inf")
            && !text.to_ascii_lowercase().starts_with("nan");
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || "._".contains(c)));
    is_plain(text.split_at(end.unwrap_or(text.len())).0) && !text.starts_with('(')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("rate(c[5m])", true)]
    #[case("c[1h:30s] offset -1d", true)]
    #[case("sum by (offset) (c{offset=\"[1e99]\"})", true)]
    #[case("c{a='\\'[1e9]'} offset 5m", true)]
    #[case("c[1e9]", false)]
    #[case("c[1h:1e30]", false)]
    #[case("c[NaN]", false)]
    #[case("c[0xffffffffffffffffff]", false)]
    #[case("c[2*2]", false)]
    #[case("c[9999999999999999y]", false)]
    #[case("c offset 1e300", false)]
    #[case("c offset - 1e300", false)]
    #[case("c offset (1e300)", false)]
    #[case("c offset NaN", false)]
    #[case("c[5m", false)]
    fn only_numbers_with_units_pass(#[case] query: &str, #[case] plain: bool) {
        assert_eq!(check(query).is_ok(), plain);
    }

    #[rstest]
    #[case("(")]
    #[case("c or ")]
    #[case("-")]
    #[case("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    fn endless_ones_do_not(#[case] part: &str) {
        assert!(check(&part.repeat(2000)).is_err());
    }
}

//! What each code means: one by one, as a list, and as docs/findings.md.

use std::fmt::Write;

use crate::mesh::Trouble;
use crate::mesh::findings::Rule;
use crate::mesh::findings::rules::RULES;
use crate::report::table::Table;

/// What a code means, what to do, an example that draws it and one that does not.
///
/// # Errors
/// When there is no such code.
pub fn explain(code: &str) -> Result<String, Trouble> {
    let rule = RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code)).ok_or_else(|| {
        Trouble::new(
            format!("explain {code}"),
            "there is no such code",
            "vigla analyze --list prints every code",
        )
    })?;
    let mut text = format!(
        "{} {} ({}, on {})\n\n{}\n\nWhat to do: {}\n",
        rule.code,
        rule.title,
        rule.level.word(),
        kinds(rule),
        rule.why,
        rule.remedy
    );
    if !rule.differs.is_empty() {
        let _ = write!(text, "\nDiffers: {}\n", rule.differs);
    }
    let _ = write!(
        text,
        "\nDraws it:\n{}\nDoes not:\n{}\n{}\n",
        indented(rule.example.bad),
        indented(rule.example.good),
        rule.docs
    );
    Ok(text)
}

/// Every code with its level, kinds and name.
pub fn list() -> String {
    let mut table = Table::new(&["CODE", "LEVEL", "NAME", "ON"]);
    for rule in RULES {
        table.row(vec![rule.code.into(), rule.level.word().into(), rule.title.into(), kinds(rule)]);
    }
    table.print()
}

/// All of docs/findings.md.
pub fn handbook() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         What `vigla analyze` and the findings screen tell, code by code. `IST` codes are those \
         of istioctl, `KIA` codes those of Kiali, `VGL` codes are Vigla's own. This file is \
         written from the rules themselves (`VIGLA_UPDATE_DOCS=1 cargo test --test findings`).\n\n\
         ## Where Vigla differs on purpose\n\n",
    );
    for rule in RULES.iter().filter(|rule| !rule.differs.is_empty()) {
        let _ = writeln!(text, "* {}: {}", rule.code, rule.differs);
    }
    for rule in RULES {
        let _ = write!(
            text,
            "\n## {} {}\n\n{} on {}.\n\n{}\n\n**What to do.** {}\n\n[Reference]({})\n\n\
             Draws it:\n\n```yaml\n{}\n```\n\nDoes not:\n\n```yaml\n{}\n```\n",
            rule.code,
            rule.title,
            rule.level.word(),
            kinds(rule),
            rule.why,
            rule.remedy,
            rule.docs,
            rule.example.bad.trim(),
            rule.example.good.trim()
        );
    }
    text
}

fn kinds(rule: &Rule) -> String {
    rule.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn indented(yaml: &str) -> String {
    yaml.trim().lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    })
}

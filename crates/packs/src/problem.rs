//! What is wrong with a file, told so that a tired person knows what to do.
//!
//! Not a log: a problem names a place in a file, what is wrong there, and the way out. Layer 2.

use std::{fmt, sync::Arc};

use wilco_contract::ids::Origin;

/// Whether a file can be used in spite of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but it probably does not say what was meant.
    Warning,
}

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether the file can be used nevertheless.
    pub severity: Severity,
    /// The file, as the reader would name it, or another source such as `environment`.
    pub file: Arc<str>,
    /// The line, from 1; 0 where the problem has no line.
    pub line: u32,
    /// The column in characters, from 1; 0 where the problem has no line.
    pub column: u32,
    /// What is wrong, without a full stop.
    pub what: String,
    /// The known name that is most like the wrong one.
    pub nearest: Option<String>,
    /// What to do, in a sentence.
    pub remedy: String,
}

impl Problem {
    /// An error at a place in a file.
    pub fn at(origin: &Origin, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: origin.file.clone(),
            line: origin.line,
            column: origin.column,
            what: what.into(),
            nearest: None,
            remedy: remedy.into(),
        }
    }

    /// An error of a whole file.
    pub fn of(file: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::at(&Origin { file: file.into(), line: 0, column: 0 }, what, remedy)
    }

    /// The same problem, naming the known word that is most like the wrong one, if one is near.
    #[must_use]
    pub fn near<N: AsRef<str>>(mut self, given: &str, known: impl IntoIterator<Item = N>) -> Self {
        let known: Vec<N> = known.into_iter().collect();
        self.nearest = nearest(given, known.iter().map(AsRef::as_ref)).map(str::to_owned);
        self
    }

    /// The same problem as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    /// One line that says where and what, and one, indented, that says what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(if self.is_error() { ": " } else { ": warning: " })?;
        f.write_str(&self.what)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        if !self.remedy.is_empty() {
            write!(f, "\n    {}", self.remedy)?;
        }
        Ok(())
    }
}

/// The known word that is most like the given one, if it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let allowed = (given.chars().count() / 3).max(1);
    let distances =
        known.into_iter().map(|word| (strsim::damerau_levenshtein(&given, &word.to_lowercase()), word));
    distances
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_offered() {
        let known = ["words", "about", "effect", "webapp.release"];
        assert_eq!(nearest("wrods", known), Some("words"));
        assert_eq!(nearest("Abuot", known), Some("about"));
        assert_eq!(nearest("webapp.relaese", known), Some("webapp.release"));
        assert_eq!(nearest("id", known), None);
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn a_problem_says_where_what_and_what_to_do() {
        let origin = Origin { file: "packs/web/pack.toml".into(), line: 12, column: 3 };
        let problem = Problem::at(&origin, "unknown key `wrods`", "Correct the key, or remove its line.");
        assert_eq!(
            problem.near("wrods", ["words"]).to_string(),
            "packs/web/pack.toml:12:3: unknown key `wrods`; did you mean `words`?\n    \
             Correct the key, or remove its line."
        );
        assert_eq!(
            Problem::of("environment", "no", "Do.").warning().to_string(),
            "environment: warning: no\n    Do."
        );
    }
}

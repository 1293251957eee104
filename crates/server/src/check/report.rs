//! What `wilco check` found, for people to read. Layer 4.
//!
//! Not the finding: [`super::check`].

use std::fmt;

use wilco_packs::Problem;

use super::{Gain, play::Failure};

/// What was found in an ops repo.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What is wrong, and what probably is.
    pub problems: Vec<Problem>,
    /// How many commands the packs have.
    pub commands: usize,
    /// The rights that it gives and the state it is compared with did not.
    pub gained: Vec<Gain>,
    /// What came of the transcripts. None were played where there are errors.
    pub transcripts: Vec<TranscriptResult>,
}

/// What came of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptResult {
    /// Its file, relative to the ops repo.
    pub file: String,
    /// The first statement that did not come true, if there was one.
    pub failure: Option<Failure>,
}

impl Report {
    /// Whether the repo can be used and all transcripts came true; warnings do not count.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !super::any_error(&self.problems) && self.transcripts.iter().all(|played| played.failure.is_none())
    }
}

impl fmt::Display for Report {
    /// All problems, the transcripts that failed, and a line that sums up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        for gain in &self.gained {
            writeln!(f, "right: {gain}.")?;
        }
        for played in &self.transcripts {
            if let Some(Failure { line, what }) = &played.failure {
                writeln!(f, "{}:{line}: {what}", played.file)?;
            }
        }
        let errors = self.problems.iter().filter(|problem| problem.is_error()).count();
        let warnings = self.problems.len() - errors;
        let mut said = Vec::new();
        if errors > 0 {
            said.push(counted(errors, "error"));
        } else {
            said.push(format!("{} in packs", counted(self.commands, "command")));
        }
        if warnings > 0 {
            said.push(counted(warnings, "warning"));
        }
        let failed = self.transcripts.iter().filter(|played| played.failure.is_some()).count();
        let played = counted(self.transcripts.len(), "transcript");
        match failed {
            _ if self.transcripts.is_empty() && errors > 0 => said.push("no transcript played".to_owned()),
            0 => said.push(format!("{played} played, all true")),
            _ => said.push(format!("{failed} of {played} failed")),
        }
        write!(f, "{}.", said.join(", "))
    }
}

fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

//! What a program's end and its words mean: an outcome, a plan, or why there is none.
//!
//! Not the waiting for it: [`super::follow`] does that. Layer 2.

use std::{io, io::Read};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wilco_contract::{
    action::{ActionError, Outcome},
    plan::StepPlan,
};

use super::{
    args::Output,
    capture::OUT_TAIL,
    processes::signal_name,
    run_dir::{Exit, Request, RunDir, Stop},
};

/// The most text that an answer may have, in bytes.
const TEXT: usize = 64 << 10;
/// The most text that later steps may use, in bytes.
const OUTPUT_TEXT: usize = 4 << 10;
/// The longest summary, in characters.
const SUMMARY: usize = 200;
/// The most that a plan program may print, in bytes.
const PLAN: u64 = 64 << 10;

/// What a program said and how it ended.
pub(super) struct Said {
    /// The program, as people would type it.
    pub(super) name: String,
    exit: Exit,
    seconds: f64,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Said {
    /// Reads it from the run's folder.
    pub(super) fn read(dir: &RunDir, name: String, exit: Exit, request: &Request) -> io::Result<Self> {
        let end = |file: &str| -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            match std::fs::File::open(dir.path().join(file)) {
                // What was never begun said nothing.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                file => drop(file?.take(OUT_TAIL as u64).read_to_end(&mut bytes)?),
            }
            Ok(bytes)
        };
        #[expect(clippy::cast_precision_loss, reason = "a timeout is far below what a float counts exactly")]
        let seconds = request.timeout_ms as f64 / 1000.0;
        Ok(Self { name, exit, seconds, out: end("stdout")?, err: end("stderr")? })
    }

    /// Whether it came to a good end; if not, why.
    fn ended_well(&self) -> Result<(), ActionError> {
        let (name, exit) = (&self.name, &self.exit);
        let failed = |what: String| Err(ActionError::failed(what));
        match (exit.stopped, &exit.not_run) {
            (Some(Stop::Abort), Some(_)) => {
                Err(ActionError::Aborted { what: format!("`{name}` was stopped before it began.") })
            }
            (Some(Stop::Abort), None) => Err(ActionError::Aborted {
                what: format!("`{name}` was stopped on request; what it had done by then stays done."),
            }),
            (Some(Stop::Timeout), None) => failed(format!(
                "`{name}` did not end within {} s and was stopped; what it had done by then stays done.",
                self.seconds
            )),
            (Some(Stop::Ended), None) => failed(format!(
                "`{name}` was stopped because its guard was told to end; what it had done by then stays done."
            )),
            (Some(_), Some(_)) => failed(format!("`{name}` was stopped before it began.")),
            (None, Some(why)) => failed(format!("{why}.")),
            (None, None) => match (exit.code, exit.signal) {
                (Some(0), _) => Ok(()),
                (Some(code), _) => failed(self.complaint(code)),
                (None, Some(signal)) => {
                    failed(format!("`{name}` was ended by the signal {}.", signal_name(signal)))
                }
                (None, None) => Err(ActionError::unknown(format!("How `{name}` ended is not known."))),
            },
        }
    }

    /// What a program that ended badly says itself, as people would have read it.
    fn complaint(&self, code: i32) -> String {
        let name = &self.name;
        match last_line(&self.err).or_else(|| last_line(&self.out)) {
            Some(line) => {
                let line = line.trim_end_matches('.');
                format!("{} (`{name}` ended with exit code {code}).", cut(line, SUMMARY * 2))
            }
            None => format!("`{name}` ended with exit code {code} and said nothing."),
        }
    }

    /// The outcome, read as the step says.
    ///
    /// # Errors
    /// When the program came to no good end, or its answer cannot be read.
    pub(super) fn outcome(&self, output: Output) -> Result<Outcome, ActionError> {
        self.ended_well()?;
        match output {
            Output::Text => Ok(self.text()),
            Output::Json => self.json().map_err(|why| {
                ActionError::failed(format!(
                    "`{}` ended well, so what it does is done, but its answer cannot be used: {why}.",
                    self.name
                ))
            }),
        }
    }

    fn text(&self) -> Outcome {
        let kept = last_bytes(&self.out, TEXT);
        let left_out = self.exit.out_bytes.saturating_sub(kept.len() as u64);
        let mut text = String::from_utf8_lossy(kept).trim_end().to_owned();
        if left_out > 0 {
            text = format!("… {left_out} bytes before this are left out\n{text}");
        }
        let outputs = serde_json::json!({ "text": end_of_text(&text, OUTPUT_TEXT) });
        let summary = last_line(&self.out).map(|line| cut(&line, SUMMARY));
        Outcome { summary, outputs, text: Some(text), ..Outcome::default() }
    }

    fn json(&self) -> Result<Outcome, String> {
        let whole = self.exit.out_bytes <= self.out.len() as u64;
        let all = whole.then(|| serde_json::from_slice(&self.out).ok()).flatten();
        let found = match all {
            Some(found) => found,
            None => {
                let line = self.out.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let why = "neither its whole standard output nor the last line of it is JSON";
                serde_json::from_slice(line).map_err(|error| format!("{why} ({error})"))?
            }
        };
        let mut fields = Fields::of(found)?;
        let outcome = Outcome {
            summary: fields.take::<Option<String>>("summary")?.map(|summary| cut(&summary, SUMMARY)),
            outputs: fields.take("outputs")?,
            text: fields.take::<Option<String>>("text")?.map(|text| end_of_text(&text, TEXT).to_owned()),
            rows: fields.take::<Option<Vec<Map<String, Value>>>>("rows")?.map(objects),
            ..Outcome::default()
        };
        fields.end("summary, outputs, rows, text")?;
        Ok(outcome)
    }

    /// The plan that a plan program printed.
    ///
    /// # Errors
    /// When the program came to no good end, or what it printed is no plan.
    pub(super) fn plan(&self) -> Result<StepPlan, ActionError> {
        self.ended_well()?;
        self.read_plan().map_err(|why| {
            ActionError::failed(format!("`{}` ended well, but what it printed is no plan: {why}.", self.name))
        })
    }

    fn read_plan(&self) -> Result<StepPlan, String> {
        if self.exit.out_bytes > PLAN {
            return Err(format!("it printed {} bytes, and {PLAN} is the most", self.exit.out_bytes));
        }
        let found = serde_json::from_slice(&self.out).map_err(|error| format!("it is not JSON ({error})"))?;
        let mut fields = Fields::of(found)?;
        let plan = StepPlan {
            targets: fields.take("targets")?,
            inputs: fields.take("inputs")?,
            will: fields.take("will")?,
            now: fields.take("now")?,
            undo: fields.take("undo")?,
            ..StepPlan::default()
        };
        fields.end("targets, inputs, will, now, undo")?;
        Ok(plan)
    }
}

/// The fields of an object, taken one by one so that an error names the one it is about.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(format!("it is not a JSON object but `{}`", cut(&other.to_string(), 60))),
        }
    }

    fn take<T: DeserializeOwned + Default>(&mut self, name: &str) -> Result<T, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(T::default()),
            Some(value) => {
                serde_json::from_value(value).map_err(|error| format!("its `{name}` does not fit: {error}"))
            }
        }
    }

    fn end(self, known: &str) -> Result<(), String> {
        match self.0.keys().next() {
            Some(name) => Err(format!("it has `{}`, which is none of {known}", cut(name, 60))),
            None => Ok(()),
        }
    }
}

fn objects(rows: Vec<Map<String, Value>>) -> Vec<Value> {
    rows.into_iter().map(Value::Object).collect()
}

/// The last line that is not empty.
fn last_line(bytes: &[u8]) -> Option<String> {
    let lines = bytes.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.into_iter().find(|line| !line.is_empty())?;
    Some(String::from_utf8_lossy(line).into_owned())
}

fn last_bytes(bytes: &[u8], most: usize) -> &[u8] {
    &bytes[bytes.len().saturating_sub(most)..]
}

/// The end of a text, of at most so many bytes.
fn end_of_text(text: &str, most: usize) -> &str {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// A text of at most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() > most {
        text.chars().take(most - 1).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wilco_contract::reply::Field;

    use super::*;

    fn said(out: &str, err: &str, exit: Exit) -> Said {
        let exit = Exit { out_bytes: out.len() as u64, ..exit };
        Said { name: "x".into(), exit, seconds: 1.5, out: out.into(), err: err.into() }
    }

    fn well(out: &str) -> Said {
        said(out, "", Exit { code: Some(0), ..Exit::default() })
    }

    fn why(said: &Said) -> String {
        said.outcome(Output::Text).expect_err("no good end").to_string()
    }

    #[test]
    fn every_bad_end_is_told() {
        let code = |code| Exit { code: Some(code), ..Exit::default() };
        let stopped = |why| Exit { signal: Some(15), stopped: Some(why), ..Exit::default() };
        assert_eq!(
            why(&said("", "a\nno such app.\n\n", code(3))),
            "no such app (`x` ended with exit code 3)."
        );
        assert_eq!(why(&said("only this\n", "", code(1))), "only this (`x` ended with exit code 1).");
        assert_eq!(why(&said("", "", code(1))), "`x` ended with exit code 1 and said nothing.");
        let signal = Exit { signal: Some(9), ..Exit::default() };
        assert_eq!(why(&said("", "", signal)), "`x` was ended by the signal SIGKILL.");
        assert!(why(&said("", "", stopped(Stop::Timeout))).starts_with("`x` did not end within 1.5 s"));
        let aborted = said("", "", stopped(Stop::Abort)).outcome(Output::Text);
        assert!(matches!(aborted, Err(ActionError::Aborted { .. })), "{aborted:?}");
        let not_run = Exit { not_run: Some("`x` was not found".into()), ..Exit::default() };
        assert_eq!(why(&said("", "", not_run)), "`x` was not found.");
        let nothing = said("", "", Exit::default()).outcome(Output::Text);
        assert!(matches!(nothing, Err(ActionError::Unknown { .. })), "{nothing:?}");
    }

    #[test]
    fn text_has_its_last_line_as_summary() {
        let outcome = well("building\ndone in 3 s\n\n").outcome(Output::Text).expect("a good end");
        assert_eq!(outcome.summary.as_deref(), Some("done in 3 s"));
        assert_eq!(outcome.text.as_deref(), Some("building\ndone in 3 s"));
        let long = well(&"é\n".repeat(100_000)).outcome(Output::Text).expect("a good end");
        let text = long.text.expect("a text");
        assert!(text.starts_with("… 234464 bytes before this are left out\n"), "{}", &text[..60]);
        assert!(text.len() < TEXT + 60);
    }

    #[test]
    fn json_may_be_all_or_the_last_line() {
        let expected = Outcome {
            summary: Some("ok".into()),
            outputs: json!({ "revision": "ab" }),
            text: None,
            rows: Some(vec![json!({ "app": "web" })]),
            ..Outcome::default()
        };
        let line = r#"{"summary":"ok","outputs":{"revision":"ab"},"rows":[{"app":"web"}]}"#;
        assert_eq!(well(line).outcome(Output::Json), Ok(expected.clone()));
        assert_eq!(well(&line.replace(',', ",\n")).outcome(Output::Json), Ok(expected.clone()));
        assert_eq!(well(&format!("working\n{line}\n")).outcome(Output::Json), Ok(expected));
        for (bad, hint) in [
            ("hello", "is JSON"),
            ("[1]", "not a JSON object but `[1]`"),
            (r#"{"sumary":"x"}"#, "it has `sumary`, which is none of summary,"),
            (r#"{"summary":1}"#, "its `summary` does not fit"),
            (r#"{"rows":[1]}"#, "its `rows` does not fit"),
        ] {
            let error = well(bad).outcome(Output::Json).expect_err("no answer").to_string();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn a_plan_is_read_field_by_field() {
        let plan = well(
            r#"{"targets":["web/production"],"inputs":{"revision":"ab"},"will":["web runs ab"],
            "now":[{"name":"web","value":"cd"}],"undo":null}"#,
        );
        let plan = plan.plan().expect("a plan");
        assert_eq!(plan.targets, ["web/production"]);
        assert_eq!((plan.now, plan.undo), (vec![Field::new("web", "cd")], None));
        for (bad, hint) in [
            ("", "it is not JSON"),
            (r#"{"will":"x"}"#, "its `will` does not fit: invalid type: string \"x\", expected a sequence"),
            (r#"{"now":[{"name":"x"}]}"#, "its `now` does not fit: missing field `value`"),
            (r#"{"inputs":[]}"#, "its `inputs` does not fit"),
            (r#"{"steps":[]}"#, "it has `steps`, which is none of targets,"),
        ] {
            let error = well(bad).plan().expect_err("no plan").to_string();
            assert!(error.contains(hint), "{error}");
        }
        let long = well(&format!("{{}}{}", " ".repeat(70_000))).plan().expect_err("too long").to_string();
        assert!(long.contains("70002 bytes"), "{long}");
    }
}

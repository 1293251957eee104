//! What a long run has to show, judged from what was written down in it.
//!
//! Not the run itself: this is a function of the record, so that a test can hand it a run that went wrong.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// How long the answer of an order may take while nothing is in its way.
const ANSWER: Duration = Duration::from_secs(15);
/// How much memory may differ between the second fifth of a run and its last, in percent.
const FLAT: f64 = 5.0;
/// How many samples of memory make a judgement: below, a fifth has too few.
const SAMPLES: usize = 50;

/// What happened, with times since the beginning.
#[derive(Debug, Default, Clone)]
pub(super) struct Record {
    /// What people asked: `ping NAME`.
    pub(super) orders: Vec<Order>,
    /// What Wilco said in rooms.
    pub(super) heard: Vec<Heard>,
    /// What was done to the connection, in order.
    pub(super) incidents: Vec<Incident>,
    /// How many webhooks were accepted, in order.
    pub(super) accepted: usize,
    /// The memory of the server in KiB, as often as it was looked at.
    pub(super) memory: Vec<u64>,
    /// When the last answer was waited for.
    pub(super) end: Duration,
}

/// An order that was said in a room.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) name: String,
    pub(super) said: Duration,
}

/// A line of Wilco in a room.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) at: Duration,
    pub(super) room: String,
    pub(super) text: String,
}

/// Something that was done to the connection.
#[derive(Debug, Clone)]
pub(super) struct Incident {
    pub(super) what: &'static str,
    pub(super) from: Duration,
    /// When it was over.
    pub(super) until: Duration,
    /// When Wilco was back; `None`: it did not come back in time.
    pub(super) back: Option<Duration>,
    /// How many connections it may have cost. None: all that was said arrives.
    pub(super) cuts: usize,
}

/// What came of it.
pub(super) struct Verdict {
    /// What was wrong. Nothing, where all is well.
    pub(super) wrong: Vec<String>,
    /// The figures, one a line.
    pub(super) figures: String,
}

/// Judges a run.
pub(super) fn judge(record: &Record) -> Verdict {
    let mut verdict = Verdict { wrong: Vec::new(), figures: String::new() };
    verdict.incidents(record);
    verdict.orders(record);
    verdict.webhooks(record);
    verdict.memory(record);
    verdict
}

impl Verdict {
    fn figure(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.figures, "{name}: {value}");
    }

    fn incidents(&mut self, record: &Record) {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for incident in &record.incidents {
            *kinds.entry(incident.what).or_default() += 1;
            if incident.back.is_none() {
                self.wrong.push(format!("after {incident:?} Wilco did not come back"));
            }
        }
        let kinds: Vec<_> = kinds.iter().map(|(what, count)| format!("{count} × {what}")).collect();
        let away = |incident: &Incident| incident.back.map(|back| back.saturating_sub(incident.until));
        let longest = record.incidents.iter().filter_map(away).max().unwrap_or_default();
        self.figure("minutes", &format!("{:.1}", record.end.as_secs_f64() / 60.0));
        self.figure("incidents", &format!("{} ({})", record.incidents.len(), kinds.join(", ")));
        self.figure("longest until Wilco was back", &format!("{:.1} s", longest.as_secs_f64()));
    }

    fn orders(&mut self, record: &Record) {
        let mut answers: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        for heard in &record.heard {
            if let Some(name) = heard.text.strip_prefix("pong ") {
                answers.entry(name).or_default().push(heard.at);
            }
        }
        let (mut owed, mut excused, mut longest) = (0, 0, Duration::ZERO);
        for order in &record.orders {
            let answers = answers.get(order.name.as_str()).map_or(&[][..], Vec::as_slice);
            if answers.len() > 1 {
                self.wrong.push(format!("{order:?} was answered {} times", answers.len()));
            }
            let until = answers.first().copied().unwrap_or(record.end);
            match waited(&record.incidents, order.said, until) {
                None if answers.is_empty() => excused += 1,
                None => {}
                Some(waited) => {
                    owed += 1;
                    longest = longest.max(waited);
                    if answers.is_empty() || waited > ANSWER {
                        self.wrong.push(format!("{order:?} had no answer after {waited:?}"));
                    }
                }
            }
        }
        if owed == 0 {
            self.wrong.push("no order was said while Wilco was there".to_owned());
        }
        let all = record.orders.len();
        self.figure(
            "orders",
            &format!("{all}, {owed} of them owed an answer, {excused} lost in an incident"),
        );
        self.figure("longest wait for an owed answer", &format!("{:.2} s", longest.as_secs_f64()));
    }

    fn webhooks(&mut self, record: &Record) {
        let mut rooms: BTreeMap<&str, Vec<(usize, Duration)>> = BTreeMap::new();
        for heard in &record.heard {
            if let Some(number) = webhook(&heard.text) {
                rooms.entry(&heard.room).or_default().push((number, heard.at));
            }
        }
        self.figure("webhooks", &record.accepted.to_string());
        if rooms.is_empty() && record.accepted > 0 {
            self.wrong.push("no webhook was told anywhere".to_owned());
        }
        for (room, told) in rooms {
            let mut repeats = vec![0; record.incidents.len()];
            let mut next = 0;
            for (number, at) in &told {
                if *number == next {
                    next += 1;
                } else if number + 1 == next {
                    let lossy = |incident: &Incident| incident.cuts > 0 && incident.from <= *at;
                    match record.incidents.iter().rposition(lossy) {
                        Some(incident) => repeats[incident] += 1,
                        None => self
                            .wrong
                            .push(format!("{room}: webhook {number} was repeated, and nothing was cut")),
                    }
                } else {
                    self.wrong
                        .push(format!("{room}: webhook {number} was told at {at:?} where {next} was next"));
                    next = number + 1;
                }
            }
            if next != record.accepted {
                self.wrong
                    .push(format!("{room}: {next} webhooks were told, and {} accepted", record.accepted));
            }
            for (incident, count) in record.incidents.iter().zip(&repeats) {
                if *count > incident.cuts {
                    self.wrong.push(format!("{room}: {count} lines were repeated after {incident:?}"));
                }
            }
            let (repeats, cuts) = (
                repeats.iter().sum::<usize>(),
                record.incidents.iter().map(|incident| incident.cuts).sum::<usize>(),
            );
            self.figure(
                &format!("told in {room}"),
                &format!("{} lines, {repeats} of them repeats, in {cuts} cuts", told.len()),
            );
        }
    }

    fn memory(&mut self, record: &Record) {
        let samples = &record.memory;
        let fifth = samples.len() / 5;
        let mib = |kib: u64| kib as f64 / 1_024.0;
        let (before, after) = (median(&samples[fifth..2 * fifth]), median(&samples[samples.len() - fifth..]));
        let (Some(before), Some(after)) = (before, after) else { return };
        let grown = (mib(after) - mib(before)) / mib(before) * 100.0;
        let most = samples.iter().max().copied().unwrap_or_default();
        self.figure(
            "memory",
            &format!(
                "{:.1} MiB in the second fifth, {:.1} MiB in the last ({grown:+.1} %), {:.1} MiB at most",
                mib(before),
                mib(after),
                mib(most)
            ),
        );
        if samples.len() >= SAMPLES && grown.abs() > FLAT {
            self.wrong.push(format!("memory changed by {grown:+.1} %"));
        }
    }
}

/// How long an order waited while nothing was in its way, until its answer or until something cut it off in good time.
/// `None`: nobody owes it an answer.
fn waited(incidents: &[Incident], said: Duration, until: Duration) -> Option<Duration> {
    let mut held = Duration::ZERO;
    for incident in incidents {
        let over = incident.back.unwrap_or(Duration::MAX);
        if over <= said || incident.from >= until {
            continue;
        }
        if incident.cuts > 0 {
            let in_time = incident.from.saturating_sub(said + held) <= ANSWER;
            if incident.from <= said || in_time {
                return None;
            }
            return Some(incident.from - said - held);
        }
        held += over.min(until) - incident.from.max(said);
    }
    Some((until - said).saturating_sub(held))
}

/// The number of the webhook that a line tells.
fn webhook(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("webapp#")?;
    rest.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn said(second: u64, text: &str) -> Heard {
        Heard { at: at(second), room: "#ops".into(), text: text.into() }
    }

    /// A minute with a cut and a stall, in which all is well.
    fn fine() -> Record {
        let order = |name: &str, said| Order { name: name.into(), said: at(said) };
        let incident = |what, from, until, back, cuts| Incident {
            what,
            from: at(from),
            until: at(until),
            back: Some(at(back)),
            cuts,
        };
        Record {
            orders: vec![
                order("a", 1),
                order("lost", 10),
                order("away", 12),
                order("b", 21),
                order("held", 30),
            ],
            heard: vec![
                said(2, "pong a"),
                said(3, "[webapp] Issue webapp#0 opened"),
                said(9, "[webapp] Issue webapp#1 opened"),
                said(16, "[webapp] Issue webapp#1 opened"),
                said(17, "[webapp] Issue webapp#2 opened"),
                said(22, "pong b"),
                said(56, "pong held"),
            ],
            incidents: vec![incident("cut", 10, 10, 15, 1), incident("stall", 30, 55, 55, 0)],
            accepted: 3,
            memory: vec![1_000; 100],
            end: at(60),
        }
    }

    fn wrong(change: impl FnOnce(&mut Record)) -> String {
        let mut record = fine();
        change(&mut record);
        judge(&record).wrong.join("\n")
    }

    #[test]
    fn what_goes_well_is_said_to_go_well() {
        let verdict = judge(&fine());
        assert!(verdict.wrong.is_empty(), "{:?}", verdict.wrong);
        for figure in [
            "orders: 5, 3 of them owed an answer, 2 lost in an incident",
            "4 lines, 1 of them repeats, in 1 cuts",
            "(+0.0 %)",
        ] {
            assert!(verdict.figures.contains(figure), "{}", verdict.figures);
        }
    }

    #[test]
    fn a_connector_that_is_deaf_or_slow_or_repeats_itself_is_found() {
        let unanswered = wrong(|record| drop(record.heard.remove(5)));
        assert!(unanswered.contains("\"b\""), "{unanswered}");
        let late = wrong(|record| record.heard[0].at = at(9));
        assert_eq!(late, "", "eight seconds are in time");
        let late = wrong(|record| record.heard[6].at = at(55 + 16));
        assert!(late.contains("\"held\""), "{late}");
        let twice = wrong(|record| record.heard.push(said(57, "pong a")));
        assert!(twice.contains("answered 2 times"), "{twice}");
        let gone = wrong(|record| record.incidents[0].back = None);
        assert!(gone.contains("did not come back"), "{gone}");
        // What was cut off long after it should have been answered is no excuse.
        let deaf = wrong(|record| {
            record.incidents.remove(1);
            record.incidents[0].from = at(58);
            (record.incidents[0].until, record.incidents[0].back) = (at(58), Some(at(59)));
            record.heard.remove(6);
        });
        assert!(deaf.contains("\"held\""), "{deaf}");
    }

    #[test]
    fn a_webhook_that_is_lost_or_out_of_turn_or_repeated_too_often_is_found() {
        let lost = wrong(|record| drop(record.heard.remove(4)));
        assert!(lost.contains("2 webhooks were told, and 3 accepted"), "{lost}");
        let order = wrong(|record| record.heard.swap(1, 2));
        assert!(order.contains("where 0 was next"), "{order}");
        let often = wrong(|record| record.heard.insert(4, said(16, "webapp#1 again")));
        assert!(often.contains("2 lines were repeated"), "{often}");
        let uncut = wrong(|record| record.heard.insert(2, said(4, "webapp#0 again")));
        assert!(uncut.contains("nothing was cut"), "{uncut}");
        let silent = wrong(|record| record.heard.retain(|heard| webhook(&heard.text).is_none()));
        assert!(silent.contains("no webhook"), "{silent}");
    }

    #[test]
    fn memory_that_grows_is_found() {
        let grows = wrong(|record| record.memory = (0..100).map(|at| 1_000 + at).collect());
        assert!(grows.contains("memory changed by +5.8 %"), "{grows}");
    }
}

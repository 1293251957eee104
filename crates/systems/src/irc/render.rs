//! What Wilco says, as lines of IRC.
//!
//! Not the sending. All text loses what acts in it before formatting of our own is added; what is too much ends in a way
//! to the page. Layer 2.

use wilco_contract::{
    chart,
    ids::OpId,
    reply::{Block, Choice, Progress, Reply, StepMark},
};

use super::{split::split, text::clean};

/// The most lines of one message: more would push away what people say.
pub(super) const MAX_LINES: usize = 20;
/// What stands between short things in one line.
const BETWEEN: &str = " · ";
/// The longest line of short things, in bytes.
const SHORT: usize = 300;
/// How charts are drawn: a line of dots takes three bytes a sign, and a room bears few lines of them.
const CHART: chart::Look = chart::Look { width: 60, rows: 4, ascii: false };
/// The sign that begins and ends bold text.
const BOLD: char = '\u{2}';

/// What is needed beside the reply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    /// By which name people address Wilco.
    pub(super) called: &'a str,
    /// Where the page is.
    pub(super) console: &'a str,
}

/// The reply in lines of any length.
pub(super) fn lines(reply: &Reply, look: Look<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for block in &reply.blocks {
        write(block, look, &mut lines);
    }
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    lines.retain(|line| !line.is_empty());
    lines
}

/// The lines in pieces of at most so many bytes, and no more of them than a room bears.
pub(super) fn fit(lines: Vec<String>, max: usize, way_on: impl FnOnce() -> String) -> Vec<String> {
    if lines.len() <= MAX_LINES && lines.iter().all(|line| line.len() <= max) {
        return lines;
    }
    let mut pieces: Vec<String> =
        lines.iter().flat_map(|line| split(line, max)).map(|piece| piece.trim_end().to_owned()).collect();
    pieces.retain(|piece| !piece.is_empty());
    if pieces.len() > MAX_LINES {
        let more = pieces.len() - (MAX_LINES - 1);
        pieces.truncate(MAX_LINES - 1);
        pieces.push(format!("… {more} more lines: {}", way_on()));
    }
    pieces
}

/// The operation that a reply tells of, and with whose page it can be read whole.
pub(super) fn told_of(reply: &Reply) -> Option<&OpId> {
    reply.blocks.iter().find_map(|block| match block {
        Block::Status { operation, .. } => Some(operation),
        _ => None,
    })
}

/// Where a reply that tells of this operation, or of none, can be read whole.
pub(super) fn way_on(operation: Option<&OpId>, console: &str) -> String {
    operation.map_or_else(|| console.to_owned(), |id| format!("{console}/o/{id}"))
}

fn write(block: &Block, look: Look<'_>, lines: &mut Vec<String>) {
    match block {
        Block::Text { text } => lines.extend(clean(text).lines().map(marked)),
        Block::Code { text } => lines.extend(clean(text).lines().map(ToOwned::to_owned)),
        Block::Quote { text } => lines.extend(clean(text).lines().map(|line| format!("> {line}"))),
        Block::Status { operation, state, title } => {
            lines.push(line(&format!("{operation} {state}: {title}")));
        }
        Block::Event { text, url, .. } => match url {
            Some(url) => lines.push(line(&format!("{text}{BETWEEN}{}", at(url, look)))),
            None => lines.push(line(text)),
        },
        Block::Fields { fields } => {
            together(
                fields.iter().map(|field| line(&format!("{}: {}", field.name, field.value))),
                BETWEEN,
                lines,
            );
        }
        Block::Table { columns, rows } => {
            let all = |cells: &[String]| cells.iter().map(|cell| line(cell)).collect::<Vec<_>>();
            let table =
                Block::Table { columns: all(columns), rows: rows.iter().map(|row| all(row)).collect() };
            lines.extend(Reply { blocks: vec![table] }.plain().lines().map(ToOwned::to_owned));
        }
        Block::Chart(chart) => {
            let mut shown: Vec<String> = chart.lines(CHART).iter().map(|shown| line(shown)).collect();
            if let Some(url) = chart.url() {
                // Behind the title, before what may be cut off: a large drawing is where the picture is needed most.
                let title = usize::from(!chart.title().is_empty()).min(shown.len());
                shown.insert(title, line(&format!("Picture: {}", at(url, look))));
            }
            lines.append(&mut shown);
        }
        Block::Image { url, alt } => lines.push(line(&format!("{alt} {}", at(url, look)))),
        Block::Choices { choices } => {
            let word =
                |choice: &Choice| format!("`{} {} {}`", look.called, choice.press.word(), choice.operation);
            lines.push(said(choices.iter().map(word)));
        }
        Block::Offers { offers } => {
            lines.push(said(offers.iter().map(|offer| format!("`{}`", line(&offer.says)))));
        }
        // The text beside it asks for the same.
        Block::Ask { .. } => {}
        // A step that waits has the other sign.
        Block::Progress { steps } => together(steps.iter().map(step), ", ", lines),
        Block::Refusal { text, rule, who_can, you_can } => {
            lines.extend(clean(text).lines().map(marked));
            let facts = [("Rule", rule), ("Who can", who_can), ("You can", you_can)];
            let facts = facts
                .into_iter()
                .filter_map(|(label, fact)| Some(line(&format!("{label}: {}", fact.as_ref()?))));
            together(facts, BETWEEN, lines);
        }
        Block::Link { text, url } => lines.push(line(&format!("{text}: {}", at(url, look)))),
        Block::File { name, url, bytes, .. } => {
            lines.push(line(&format!("{name} ({bytes} bytes): {}", at(url, look))));
        }
    }
}

fn said(words: impl Iterator<Item = String>) -> String {
    format!("Say {}.", words.collect::<Vec<_>>().join(" or "))
}

/// The text as one line.
fn line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// Short things side by side, as many as a line bears.
fn together(things: impl Iterator<Item = String>, between: &str, lines: &mut Vec<String>) {
    let mut now = String::new();
    for thing in things {
        if !now.is_empty() && now.len() + between.len() + thing.len() > SHORT {
            lines.push(std::mem::take(&mut now));
        }
        if !now.is_empty() {
            now.push_str(between);
        }
        now.push_str(&thing);
    }
    lines.push(now);
}

fn step(step: &Progress) -> String {
    let sign = match step.state {
        StepMark::Waiting => "·",
        StepMark::Running => "…",
        StepMark::Done => "✓",
        StepMark::Failed => "✗",
        StepMark::Unknown => "?",
        StepMark::Skipped => "–",
    };
    match &step.note {
        Some(note) => line(&format!("{sign} {}: {note}", step.name)),
        None => line(&format!("{sign} {}", step.name)),
    }
}

/// The address as others can follow it.
fn at(url: &str, look: Look<'_>) -> String {
    if url.starts_with('/') { format!("{}{url}", look.console) } else { url.to_owned() }
}

/// `**bold**` as bold, `[text](address)` as both.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find(['*', '[', '`']) {
        out.push_str(&rest[..found]);
        rest = &rest[found..];
        if let Some((inner, after)) = rest.strip_prefix('`').and_then(|code| code.split_once('`')) {
            // Code is shown as it is typed.
            out.extend(["`", inner, "`"]);
            rest = after;
        } else if let Some((inner, after)) = rest.strip_prefix("**").and_then(|bold| bold.split_once("**")) {
            out.push(BOLD);
            out.push_str(inner);
            out.push(BOLD);
            rest = after;
        } else if let Some((label, url, after)) = link(rest) {
            out.push_str(&if label == url { url.to_owned() } else { format!("{label} ({url})") });
            rest = after;
        } else {
            let sign = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..sign]);
            rest = &rest[sign..];
        }
    }
    out + rest
}

fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (url, after) = rest.split_once(')')?;
    let whole = !label.contains(['[', ']']) && !url.contains(char::is_whitespace);
    (whole && (url.starts_with("https://") || url.starts_with("http://"))).then_some((label, url, after))
}

#[cfg(test)]
mod tests {
    use wilco_contract::{
        chart::{Along, Chart, ChartKind, Series, Sketch},
        event::Level,
        ids::{Hash, OpId, Seq},
        operation::State,
        reply::{Field, Offer, PressKind, Weight},
    };

    use super::*;

    const LOOK: Look<'static> = Look { called: "wilco", console: "https://wilco.example.com" };

    fn id() -> OpId {
        OpId::new('d', 0x7_3E6F, 4)
    }

    fn step_of(name: &str, state: StepMark, note: Option<&str>) -> Progress {
        Progress { name: name.into(), state, note: note.map(Into::into) }
    }

    /// Every block once, as people read it.
    fn gallery() -> Reply {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let choice = |press, label: &str| Choice {
            label: label.into(),
            press,
            operation: id(),
            plan: Hash::ZERO,
            weight: Weight::Plain,
        };
        Reply {
            blocks: vec![
                Block::Status {
                    operation: id(),
                    state: State::AwaitingApproval,
                    title: "release webapp".into(),
                },
                Block::Text {
                    text:
                        "- **webapp** goes from `81a4**d**98` to [25f319f](https://git.example.com/25f319f)"
                            .into(),
                },
                Block::Fields {
                    fields: vec![
                        Field::new("Plan", "25f319f"),
                        Field::new("Needs", "1 approval by role:lead"),
                    ],
                },
                Block::Event {
                    event: Seq(7),
                    object: None,
                    state: Some("firing".into()),
                    level: Level::Loud,
                    text: "disk \u{3}04full\u{3} on **db1**\u{202e}".into(),
                    url: Some("https://alerts.example.com/7".into()),
                },
                Block::Quote { text: "customer is waiting\nreally".into() },
                Block::Code { text: "$ df\n/dev/sda1\t99 % **full**".into() },
                Block::Table {
                    columns: row(["app", "runs"]),
                    rows: vec![row(["webapp", "v2"]), row(["a\npi", "v10"])],
                },
                Block::Image { url: "/graphs/7.png".into(), alt: "load doubled at 14:05".into() },
                Block::Progress {
                    steps: vec![
                        step_of("build", StepMark::Done, Some("81 tests")),
                        step_of("ship", StepMark::Running, None),
                        step_of("verify", StepMark::Waiting, None),
                    ],
                },
                Block::Choices {
                    choices: vec![choice(PressKind::Approve, "Approve"), choice(PressKind::Deny, "Deny")],
                },
                Block::Offers {
                    offers: vec![Offer { label: "Logs".into(), says: "wilco logs webapp".into() }],
                },
                Block::Refusal {
                    text: "You may not release.".into(),
                    rule: Some("wilco.toml:41".into()),
                    who_can: Some("role:lead".into()),
                    you_can: None,
                },
                Block::Link { text: "The run".into(), url: "/o/d-7F3K".into() },
                Block::File {
                    name: "build.log".into(),
                    url: "/files/7".into(),
                    bytes: 1_234,
                    picture: false,
                    until: None,
                },
            ],
        }
    }

    #[test]
    fn every_block_has_its_lines() {
        let shown: Vec<String> =
            lines(&gallery(), LOOK).iter().map(|line| line.replace(BOLD, "^B")).collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn the_gallery_as_lines() {
        let shown = wilco_testkit::gallery::gallery().into_iter().map(|(name, reply)| {
            let lines = lines(&reply, LOOK);
            assert!(lines.len() <= MAX_LINES, "{name} has {} lines", lines.len());
            assert!(lines.iter().all(|line| !line.replace(BOLD, "").contains(char::is_control)), "{name}");
            format!("== {name}\n{}\n", lines.join("\n").replace(BOLD, "^B"))
        });
        insta::assert_snapshot!(shown.collect::<String>());
    }

    #[test]
    fn what_is_too_much_ends_in_a_way_to_the_page() {
        let reply = gallery().and(Block::Code { text: "a line\n".repeat(30) });
        let all = lines(&reply, LOOK);
        let (count, way_on) = (all.len(), || way_on(told_of(&reply), LOOK.console));
        let shown = fit(all, 400, way_on);
        assert_eq!(shown.len(), MAX_LINES);
        let more = count - (MAX_LINES - 1);
        assert_eq!(
            shown[MAX_LINES - 1],
            format!("… {more} more lines: https://wilco.example.com/o/{}", id())
        );
        assert_eq!(told_of(&Reply::text("x")), None);
        assert_eq!(super::way_on(None, LOOK.console), "https://wilco.example.com");
    }

    #[test]
    fn the_link_to_a_picture_is_not_cut_off_with_the_drawing() {
        for title in ["Answer times", ""] {
            let series = |name: &str| Series { name: name.to_owned(), values: vec![Some(7.0); 16] };
            let sketch = Sketch {
                kind: ChartKind::Bars,
                title: title.to_owned(),
                unit: "ms".to_owned(),
                along: Along::Labels((1..=16).map(|host| format!("host-{host}")).collect()),
                series: ["median", "most", "least"].map(series).to_vec(),
            };
            let chart = Chart::draw(sketch).expect("a chart").with_picture("/charts/7d0f.png");
            let reply = Reply::text("one\n\ntwo\n\nthree").and(Block::Chart(Box::new(chart)));
            let shown = fit(lines(&reply, LOOK), 400, || way_on(None, LOOK.console));
            assert_eq!(shown.len(), MAX_LINES, "{shown:#?}");
            let at = 3 + usize::from(!title.is_empty());
            assert_eq!(shown[at], "Picture: https://wilco.example.com/charts/7d0f.png", "{shown:#?}");
            assert!(title.is_empty() || shown[3] == title, "{shown:#?}");
        }
    }

    #[test]
    fn nothing_that_is_said_acts_or_begins_a_command() {
        let hostile = "\u{1}VERSION\u{1}\r\nQUIT :bye\u{0} \u{1b}[2J";
        for block in [Block::Text { text: hostile.into() }, Block::Code { text: hostile.into() }] {
            let shown = lines(&Reply { blocks: vec![block] }, LOOK);
            assert_eq!(shown, ["VERSION", "QUIT :bye [2J"]);
        }
    }
}

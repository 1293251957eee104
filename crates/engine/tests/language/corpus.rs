//! The corpus: lines as people type them, each with what it means. The table is `corpus.tsv`, for people to review.
//!
//! Its columns: where it is said (`room`, `dm`), the text (with `\n`, `\t`, `\\` and `\u{…}`), what it means, and why the
//! line is there. What it means is an order with its values; `? id lacks …`, where something is missing; `! id: …`, what
//! is wrong; `near …`, what is suggested; `help`; `empty`; `silence`, where it is said to us in a room and near nothing;
//! `unknown`, the same where nobody else is spoken to; `-`, where it is not said to us.

use wilco_engine::{
    catalogue::Reading,
    parse::{Addressed, read_line},
};

use crate::{
    lines::names,
    sample::{asked, catalogue, elsewhere, show},
};

const CORPUS: &str = include_str!("corpus.tsv");
/// The fewest lines that the corpus has.
const FEWEST: usize = 300;

struct Row<'a> {
    line: usize,
    direct: bool,
    text: String,
    expected: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let lines = CORPUS.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(at, line)| {
            let mut columns = line.split('\t');
            let mut column = |name| columns.next().unwrap_or_else(|| panic!("line {} has no {name}", at + 1));
            let (place, text, expected) = (column("place"), column("text"), column("meaning"));
            assert!(matches!(place, "room" | "dm"), "line {}: `{place}` is no place", at + 1);
            assert!(columns.count() <= 1, "line {} has too many columns", at + 1);
            Row { line: at + 1, direct: place == "dm", text: unescaped(text), expected }
        })
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('\\') => out.push('\\'),
            Some('u') => {
                let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                out.push(code.unwrap_or_else(|| panic!("`{text}` has an escape that is no character")));
            }
            other => panic!("`{text}` has the escape {other:?}"),
        }
    }
    out
}

fn read(row: &Row<'_>) -> Option<Reading> {
    match read_line(&row.text, &names(), row.direct) {
        Addressed::NotToUs => None,
        Addressed::ToUs(line) => Some(catalogue().read(&line, &asked())),
    }
}

fn means(row: &Row<'_>) -> String {
    match read(row) {
        None => "-".to_owned(),
        Some(Reading::Unknown { near }) if near.is_empty() => {
            if row.direct { "unknown" } else { "silence" }.to_owned()
        }
        Some(reading) => show(&reading),
    }
}

#[test]
fn every_line_means_what_the_corpus_says() {
    let rows = rows();
    assert!(rows.len() >= FEWEST, "the corpus has {} lines", rows.len());
    let wrong: Vec<_> = rows
        .iter()
        .map(|row| (row, means(row)))
        .filter(|(row, means)| *means != row.expected)
        .map(|(row, means)| {
            format!(
                "corpus.tsv:{}: {:?}\n   means    {means}\n   expected {}",
                row.line, row.text, row.expected
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{} lines mean something else:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_order_of_the_corpus_is_said_so_that_it_reads_back() {
    let mut orders = 0;
    for row in rows() {
        let Some(Reading::Order(order)) = read(&row) else { continue };
        orders += 1;
        let said = order.said();
        assert_eq!(catalogue().read(&said, &elsewhere()), Reading::Order(order), "{:?} -> {said}", row.text);
    }
    assert!(orders >= FEWEST / 3, "{orders} lines are orders");
}

#[test]
fn no_line_stands_twice() {
    let mut seen = std::collections::BTreeMap::new();
    for row in rows() {
        let first = seen.insert((row.direct, row.text.clone()), row.line);
        assert_eq!(first, None, "corpus.tsv:{}: {:?} stands twice", row.line, row.text);
    }
}

//! What holds for all rows and stages.

use proptest::prelude::*;
use serde_json::{Value, json};
use wilco_contract::values::Asked;

use super::{Key, Row, Stage, csv, read_tail, run, table};

fn stages(tail: &str) -> Vec<Stage> {
    read_tail(tail, &Asked::default()).unwrap_or_else(|fault| panic!("{tail}: {fault:?}")).0.stages
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => (-50_i64..50).prop_map(Value::from),
        1 => (-5.0..5.0).prop_map(|number: f64| json!(number)),
        2 => "[a-c]{0,2}".prop_map(Value::from),
        1 => "\\PC{0,4}|[,\"\n\r =@+-]{0,3}".prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(json!({"zone": ["a", 1]})),
    ]
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = prop::collection::vec(("[a-d]", value()), 0..4);
    prop::collection::vec(row.prop_map(|cells| cells.into_iter().collect()), 0..20)
}

/// The other way round, to compare with.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    row.push(field);
    rows.push(row);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn sorting_keeps_every_row_and_the_order_of_what_is_equal(rows in rows(), down in any::<bool>()) {
        let numbered: Vec<Row> = (0..).zip(rows).map(|(at, mut row): (i64, Row)| {
            row.insert("at".to_owned(), json!(at));
            row
        }).collect();
        let stage = Stage::Sort(vec![Key { column: "a".to_owned(), down }]);
        prop_assume!(numbered.iter().any(|row| row.contains_key("a")));
        let sorted = run(&[stage], numbered.clone()).expect("there is such a column");
        let mut all: Vec<_> = sorted.iter().map(|row| row["at"].as_i64()).collect();
        for pair in sorted.windows(2) {
            let (one, other) = (pair[0].get("a").unwrap_or(&Value::Null), pair[1].get("a").unwrap_or(&Value::Null));
            // What has no value comes last.
            prop_assert!(!one.is_null() || other.is_null());
            if one == other {
                prop_assert!(pair[0]["at"].as_i64() < pair[1]["at"].as_i64());
            }
            if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64())
                && numbered.iter().all(|row| row.get("a").is_none_or(Value::is_i64))
            {
                let in_order = (one <= other && !down) || (one >= other && down);
                prop_assert!(in_order);
            }
        }
        all.sort_unstable();
        prop_assert_eq!(all, (0..numbered.len()).map(|at| i64::try_from(at).ok()).collect::<Vec<_>>());
    }

    #[test]
    fn where_and_its_opposite_part_the_rows(rows in rows(), text in "[a-c]{0,2}|-?[0-9]{1,2}") {
        prop_assume!(rows.iter().any(|row| row.contains_key("a")));
        let kept = run(&stages(&format!("| where a=\"{text}\"")), rows.clone()).expect("kept");
        let left = run(&stages(&format!("| where a!=\"{text}\"")), rows.clone()).expect("kept");
        prop_assert_eq!(kept.len() + left.len(), rows.len());
        prop_assert!(kept.iter().all(|row| rows.contains(row)));
    }

    #[test]
    fn counts_add_up_and_parts_are_parts(rows in rows(), most in 1_usize..25) {
        prop_assume!(rows.iter().any(|row| row.contains_key("b")));
        let counted = run(&stages("| count by b"), rows.clone()).expect("counted");
        let sum: u64 = counted.iter().filter_map(|row| row["count"].as_u64()).sum();
        prop_assert_eq!(sum, rows.len() as u64);
        let first = run(&[Stage::First(most)], rows.clone()).expect("some");
        let last = run(&[Stage::Last(most)], rows.clone()).expect("some");
        prop_assert_eq!(&first[..], &rows[..most.min(rows.len())]);
        prop_assert_eq!(&last[..], &rows[rows.len().saturating_sub(most)..]);
    }

    #[test]
    fn a_table_is_even_and_csv_reads_back_as_it(rows in rows()) {
        let wilco_contract::reply::Block::Table { columns, rows: lines } = table(&rows) else { panic!("a table") };
        prop_assert_eq!(lines.len(), rows.len());
        prop_assert!(lines.iter().all(|line| line.len() == columns.len()));
        if !columns.is_empty() {
            let all: Vec<_> = [columns].into_iter().chain(lines).collect();
            prop_assert_eq!(parsed(&csv(&rows)), all);
        }
    }

    #[test]
    fn no_tail_makes_the_reading_panic(tail in "[|>] ?\\PC{0,40}", words in prop::collection::vec("[|>]|where|first|sort|chart|as|in|[a-z]{1,3}|[0-9('\"=~)]", 0..12)) {
        for tail in [tail, format!("| {}", words.join(" "))] {
            if let Ok((then, _)) = read_tail(&tail, &Asked::default()) {
                prop_assert_eq!(read_tail(then.to_string().trim(), &Asked::default()).map(|(then, _)| then), Ok(then), "{}", tail);
            }
        }
    }
}

#[test]
fn a_condition_is_bounded() {
    let fault = |tail: &str| read_tail(tail, &Asked::default()).expect_err("too much").what;
    assert!(fault(&format!("| where {}", "a or ".repeat(300))).contains("at most 1000 bytes"));
    for condition in ["'x' * 999 == a", "a ** 9", "a|replace('x', a)", "a | join(a)", "(a|map('upper'))"] {
        assert!(fault(&format!("| where {condition}")).contains("`where` "), "{condition}");
    }
    // In quotes they are text.
    assert_eq!(stages("| where a == '* | replace'").len(), 1);
}

//! What the whole of a pattern shows: which arguments it has, how many ways there are to say it.
//!
//! Not its reading, which is the parent's. Layer 0.

use super::Item;

pub(super) fn names_in<'a>(items: &'a [Item], names: &mut Vec<&'a str>) {
    for item in items {
        let (one, two) = match item {
            Item::Literal(_) => (None, None),
            Item::Arg { name, .. } => (Some(name), None),
            Item::Glued { name, after, .. } => (Some(name), Some(after)),
            Item::Optional(items) => {
                names_in(items, names);
                (None, None)
            }
            Item::Either(rows) => {
                rows.iter().for_each(|row| names_in(row, names));
                (None, None)
            }
        };
        for name in one.into_iter().chain(two) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
}

pub(super) fn always(items: &[Item], arg: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Literal(_) | Item::Optional(_) => false,
        Item::Arg { name, .. } | Item::Glued { name, .. } => name == arg,
        Item::Either(rows) => rows.iter().all(|row| always(row, arg)),
    })
}

/// Whether some way to say these items has no word of its own.
pub(super) fn wordless(items: &[Item]) -> bool {
    items.iter().all(|item| match item {
        Item::Literal(_) => false,
        Item::Arg { .. } | Item::Glued { .. } | Item::Optional(_) => true,
        Item::Either(rows) => rows.iter().any(|row| wordless(row)),
    })
}

pub(super) fn ways(items: &[Item]) -> usize {
    let of = |item: &Item| match item {
        Item::Literal(_) | Item::Arg { .. } | Item::Glued { .. } => 1,
        Item::Optional(items) => ways(items).saturating_add(1),
        Item::Either(rows) => rows.iter().fold(0, |sum: usize, row| sum.saturating_add(ways(row))),
    };
    items.iter().fold(1, |product: usize, item| product.saturating_mul(of(item)))
}

pub(super) fn longest(items: &[Item]) -> usize {
    let of = |item: &Item| match item {
        Item::Literal(_) | Item::Arg { .. } | Item::Glued { .. } => 1,
        Item::Optional(items) => longest(items),
        Item::Either(rows) => rows.iter().map(|row| longest(row)).max().unwrap_or(0),
    };
    items.iter().map(of).sum()
}

pub(super) fn rest_before_the_end(items: &[Item], end: bool) -> Option<&str> {
    items.iter().enumerate().find_map(|(at, item)| {
        let end = end && at + 1 == items.len();
        match item {
            Item::Arg { name, rest: true } if !end => Some(name.as_str()),
            Item::Optional(items) => rest_before_the_end(items, end),
            Item::Either(rows) => rows.iter().find_map(|row| rest_before_the_end(row, end)),
            _ => None,
        }
    })
}

/// The sides of `(…|…)` may share a name, as only one of them is said.
pub(super) fn no_name_twice<'a>(items: &'a [Item], seen: &mut Vec<&'a str>) -> Result<(), &'a str> {
    for item in items {
        let names = match item {
            Item::Literal(_) => Vec::new(),
            Item::Arg { name, .. } => vec![name],
            Item::Glued { name, after, .. } => vec![name, after],
            Item::Optional(items) => {
                no_name_twice(items, seen)?;
                Vec::new()
            }
            Item::Either(rows) => {
                let before = seen.clone();
                for row in rows {
                    let mut side = before.clone();
                    no_name_twice(row, &mut side)?;
                    seen.extend(side.drain(before.len()..));
                }
                Vec::new()
            }
        };
        for name in names {
            if seen.contains(&name.as_str()) {
                return Err(name);
            }
            seen.push(name);
        }
    }
    Ok(())
}

//! Rust text, taken apart into code, texts, comments and tests, without a parser.
//!
//! Not the whole language: what it needs to know is where a comment, a text or a test begins and ends. Whatever is
//! not wanted is blanked out, so that lines and columns stay what they are.

use std::ops::Range;

/// What a character is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Code.
    Code,
    /// The inside or the quotes of a text.
    Text,
    /// A comment, doc comments too.
    Comment,
}

/// A file taken apart.
pub(crate) struct Scan {
    signs: Vec<char>,
    parts: Vec<Part>,
    tests: Vec<Range<usize>>,
}

impl Scan {
    /// Takes a file apart.
    pub(crate) fn of(text: &str) -> Self {
        let signs: Vec<char> = text.chars().collect();
        let mut parts = vec![Part::Code; signs.len()];
        let mut at = 0;
        while at < signs.len() {
            let (end, part) = piece(&signs, at);
            parts[at..end].fill(part);
            at = end;
        }
        let mut scan = Self { signs, parts, tests: Vec::new() };
        scan.tests = tests(&scan.view(|part| part == Part::Code));
        scan
    }

    /// The wanted parts; all else is blank.
    pub(crate) fn view(&self, wanted: impl Fn(Part) -> bool) -> String {
        let signs = self.signs.iter().zip(&self.parts);
        signs.map(|(sign, part)| if *sign == '\n' || wanted(*part) { *sign } else { ' ' }).collect()
    }

    /// The wanted parts outside `#[cfg(test)]`; all else is blank.
    pub(crate) fn view_without_tests(&self, wanted: impl Fn(Part) -> bool) -> String {
        let mut signs: Vec<char> = self.view(wanted).chars().collect();
        for test in &self.tests {
            signs[test.clone()].iter_mut().filter(|sign| **sign != '\n').for_each(|sign| *sign = ' ');
        }
        signs.into_iter().collect()
    }
}

/// Where the piece that begins here ends, and what it is.
fn piece(signs: &[char], at: usize) -> (usize, Part) {
    let sees = |text: &str| text.chars().enumerate().all(|(n, sign)| signs.get(at + n) == Some(&sign));
    let found = |end: Option<usize>| end.unwrap_or(signs.len());
    if sees("//") {
        return (found((at..signs.len()).find(|n| signs[*n] == '\n')), Part::Comment);
    }
    if sees("/*") {
        return (end_of_block(signs, at), Part::Comment);
    }
    let in_word = at > 0 && (signs[at - 1].is_alphanumeric() || signs[at - 1] == '_');
    if !in_word
        && let Some(end) = ["r", "br", "cr"]
            .into_iter()
            .filter(|mark| sees(mark))
            .find_map(|mark| raw(signs, at + mark.len()))
    {
        return (end, Part::Text);
    }
    match (signs[at], signs.get(at + 1), signs.get(at + 2)) {
        ('"', ..) => (end_of_text(signs, at, '"'), Part::Text),
        ('\'', Some('\\'), _) => (end_of_text(signs, at, '\''), Part::Text),
        ('\'', _, Some('\'')) => (at + 3, Part::Text),
        _ => (at + 1, Part::Code),
    }
}

fn end_of_block(signs: &[char], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut n = at;
    while n < signs.len() {
        match (signs[n], signs.get(n + 1)) {
            ('/', Some('*')) => (depth, n) = (depth + 1, n + 2),
            ('*', Some('/')) => (depth, n) = (depth - 1, n + 2),
            _ => n += 1,
        }
        if depth == 0 {
            return n;
        }
    }
    signs.len()
}

fn end_of_text(signs: &[char], at: usize, quote: char) -> usize {
    let mut n = at + 1;
    while n < signs.len() {
        match signs[n] {
            '\\' => n += 2,
            sign if sign == quote => return n + 1,
            _ => n += 1,
        }
    }
    signs.len()
}

/// The end of a raw text whose `#` and quote begin here.
fn raw(signs: &[char], at: usize) -> Option<usize> {
    let hashes = signs[at..].iter().take_while(|sign| **sign == '#').count();
    if signs.get(at + hashes) != Some(&'"') {
        return None;
    }
    let is_end = |n: &usize| signs[*n] == '"' && (1..=hashes).all(|more| signs.get(n + more) == Some(&'#'));
    let end = (at + hashes + 1..signs.len()).find(is_end);
    Some(end.map_or(signs.len(), |end| end + hashes + 1))
}

/// Where `#[cfg(test)]` and what it stands before begin and end, counted in characters.
fn tests(code: &str) -> Vec<Range<usize>> {
    let signs: Vec<char> = code.chars().collect();
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let starts = (0..signs.len()).filter(|at| signs[*at..].starts_with(&mark));
    starts.map(|start| start..end_of_item(&signs, start + mark.len())).collect()
}

fn end_of_item(signs: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, sign) in signs.iter().enumerate().skip(from) {
        match sign {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    signs.len()
}

/// The lines of a text, counted from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

#[test]
fn a_file_is_taken_apart() {
    let text = "let a = 'x'; // one\nlet b: &'a str = \"two // \\\" \"; /* three /* four */ */ r#\"fi\"ve\"#;\n#[cfg(test)]\nmod tests { fn f() {} }\nfn g() {}\n";
    let scan = Scan::of(text);
    let squeezed = |view: String| view.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        squeezed(scan.view_without_tests(|part| part == Part::Code)),
        "let a = ; let b: &'a str = ; ; fn g() {}"
    );
    assert_eq!(squeezed(scan.view(|part| part == Part::Comment)), "// one /* three /* four */ */");
    assert_eq!(squeezed(scan.view(|part| part == Part::Text)), r##"'x' "two // \" " r#"fi"ve"#"##);
    assert_eq!(scan.view(|_| false).lines().count(), text.lines().count());
}

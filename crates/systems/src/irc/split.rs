//! Text in pieces that each fit into one line of IRC.
//!
//! Not the choice of what is said: nothing is lost here. Layer 2.

use unicode_segmentation::UnicodeSegmentation as _;

/// The text in pieces of at most `max` bytes, at least 4. They are cut behind a space where there is one, else between
/// what readers see as one sign, and one after the other they are the text.
#[must_use]
pub fn split(text: &str, max: usize) -> Vec<&str> {
    let max = max.max(4);
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > max {
        let (piece, after) = rest.split_at(cut(rest, max));
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Where to cut a text that is longer than `max` bytes.
fn cut(text: &str, max: usize) -> usize {
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // A word that would fit into a line of its own stays whole; one of half a line or more is not waited for.
    if let Some(space) = text[..end].rfind(' ').filter(|space| *space >= max / 2) {
        return space + 1;
    }
    let whole = text.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= end).last();
    // A sign that fills a line by itself is no sign that anybody reads.
    whole.filter(|at| *at > 0).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_and_signs_stay_whole_where_they_can() {
        assert_eq!(split("one two three", 8), ["one two ", "three"]);
        assert_eq!(split("unbreakable", 4), ["unbr", "eaka", "ble"]);
        assert_eq!(split("ab👩\u{200d}🚒cd", 12), ["ab", "👩\u{200d}🚒c", "d"]);
        assert_eq!(split("abcde\u{301}f", 6), ["abcd", "e\u{301}f"]);
        assert_eq!(split("", 8), [""; 0]);
    }

    proptest! {
        #[test]
        fn nothing_is_too_long_broken_or_lost(text in "(?s).{0,300}", max in 4_usize..90) {
            let pieces = split(&text, max);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= max));
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}

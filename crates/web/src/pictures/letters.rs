//! The one font of pictures: what it can show, and how wide that is.
//!
//! Not a shaper: widths are sums of what each letter takes, which is as wide as the text gets or a little wider. Layer 3.

use std::sync::LazyLock;

use skrifa::{
    FontRef, MetadataProvider,
    charmap::Charmap,
    instance::{LocationRef, Size},
    metrics::GlyphMetrics,
};

use crate::text::acts;

/// Noto Sans with Latin, Greek and Cyrillic letters; its licence stands beside it.
pub(super) const FONT: &[u8] = include_bytes!("../../fonts/NotoSans-subset.ttf");
/// What the font calls itself.
pub(super) const FAMILY: &str = "Noto Sans";
/// What stands for letters that the font does not have.
const NOT_THERE: char = '\u{fffd}';
/// How many letters of a text are looked at: more than fit into any line.
const MOST: usize = 400;

/// The font, read when the first picture is drawn.
static LETTERS: LazyLock<Letters> = LazyLock::new(|| {
    let font = FontRef::new(FONT).expect("the font of this program");
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    Letters { map: font.charmap(), metrics }
});

struct Letters {
    map: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
}

/// The text as the font can show it: what acts is taken out, and one sign stands for letters in a row that are not in
/// the font. So nothing is left of scripts that are read from the right, whose shaping is not to be relied on.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for sign in text.chars().take(MOST).filter(|sign| !acts(*sign)) {
        // Joiners and variants of what is before them are a part of it.
        if matches!(sign, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}') {
            continue;
        }
        let sign = if sign.is_whitespace() { ' ' } else { sign };
        if LETTERS.map.map(sign).is_some() {
            shown.push(sign);
        } else if !shown.ends_with(NOT_THERE) {
            shown.push(NOT_THERE);
        }
    }
    shown
}

/// How wide a text is that the font can show, in pixels, at this size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|sign| advance(sign) * size).sum()
}

fn advance(sign: char) -> f64 {
    let glyph = LETTERS.map.map(sign);
    glyph.and_then(|glyph| LETTERS.metrics.advance_width(glyph)).map_or(1.0, f64::from)
}

/// As much of the text as fits into so many pixels; where something is missing it ends in `…`.
pub(super) fn cut(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let (mut kept, mut taken) = (String::new(), advance('…') * size);
    for sign in text.chars() {
        taken += advance(sign) * size;
        if taken > room {
            break;
        }
        kept.push(sign);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// The text in at most so many lines, cut between words where there are any.
pub(super) fn wrapped(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && lines.len() < most {
        if lines.len() + 1 == most {
            lines.push(cut(rest, size, room));
            break;
        }
        let end = fitting(rest, size, room);
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    lines
}

/// Where the first line of a text ends, in bytes; never at its beginning.
fn fitting(text: &str, size: f64, room: f64) -> usize {
    let (mut taken, mut space) = (0.0, None);
    for (at, sign) in text.char_indices() {
        taken += advance(sign) * size;
        if sign == ' ' {
            space = Some(at);
        } else if taken > room && at > 0 {
            return space.filter(|space| *space > 0).unwrap_or(at);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_font_lacks_is_one_sign() {
        for (text, expected) in [
            ("p95 – µs, 12 €", "p95 – µs, 12 €"),
            ("Größe Ωμέγα Размер", "Größe Ωμέγα Размер"),
            ("部署が完了 ok", "\u{fffd} ok"),
            ("👩\u{200d}🚒 e\u{301}", "\u{fffd} e\u{301}"),
            ("\u{202e}evil\u{2066} pay\u{200b}load", "evil payload"),
            ("مرحبا 12 שלום", "\u{fffd} 12 \u{fffd}"),
            ("\u{80}\u{ff}\u{fffe}\u{1f}", "ÿ\u{fffd}"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert!(shown(&"x".repeat(100_000)).len() <= MOST);
    }

    #[test]
    fn lines_fit_and_lose_nothing_unsaid() {
        let text = "many words that go on and on ".repeat(8) + &"x".repeat(60);
        for room in [40.0, 150.0, 700.0] {
            let lines = wrapped(&text, 14.0, room, 3);
            assert!(lines.iter().all(|line| width(line, 14.0) <= room && !line.is_empty()), "{lines:?}");
            let (all, letters) = (lines.concat().replace(' ', ""), text.replace(' ', ""));
            let said = all == letters || all.strip_suffix('…').is_some_and(|some| letters.starts_with(some));
            assert!(said, "{lines:?}");
        }
        assert_eq!(wrapped("one two", 14.0, 1_000.0, 3), ["one two"]);
        assert_eq!(wrapped(" ", 14.0, 100.0, 3), Vec::<String>::new());
        assert_eq!(cut("webapp", 14.0, 1_000.0), "webapp");
        assert!(width(&cut("webapp in production", 14.0, 60.0), 14.0) <= 60.0);
    }
}

//! What acts in a text: formatting codes and signs that nobody sees.
//!
//! Not Markdown, which the renderer turns into formatting of our own. Layer 2.

/// The text without formatting codes and without what could act on a terminal, reorder what is read, or hide in it.
/// Line ends stay.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\u{3}' => {
                skip(&mut signs, 2, |c| c.is_ascii_digit());
            }
            '\u{4}' => {
                skip(&mut signs, 6, |c| c.is_ascii_hexdigit());
            }
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            sign if acts(sign) => {}
            sign => out.push(sign),
        }
    }
    out
}

/// Skips a colour, and the colour behind it where there is one.
fn skip(signs: &mut std::iter::Peekable<std::str::Chars<'_>>, most: usize, is_digit: fn(&char) -> bool) {
    let digits = |signs: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        (0..most).take_while(|_| signs.next_if(is_digit).is_some()).count()
    };
    if digits(signs) == 0 {
        return;
    }
    let mut ahead = signs.clone();
    if ahead.next() == Some(',') && ahead.peek().is_some_and(is_digit) {
        signs.next();
        digits(signs);
    }
}

fn acts(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_acts_is_taken_out_and_what_says_stays() {
        for (given, kept) in [
            ("\u{2}bold\u{2} \u{3}04,01red\u{3} \u{3}4,x \u{4}ff0000,00ff00hex", "bold red ,x hex"),
            ("\u{1d}\u{1f}\u{1e}\u{11}\u{16}\u{f}plain", "plain"),
            ("\u{1b}[31mred\u{7} \u{202e}evil\u{2066} \u{200b}x", "[31mred evil x"),
            ("10,5 tea\tpots\nüß 👩\u{200d}🚒", "10,5 tea pots\nüß 👩\u{200d}🚒"),
        ] {
            assert_eq!(clean(given), kept);
        }
    }
}

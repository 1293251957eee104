//! Names of files from outside: made harmless to show and to save, and written into a header.
//!
//! Not what a file is: its first bytes tell that, and no ending of its name does. Layer 3.

use std::fmt::Write as _;

use crate::text;

/// The longest name, in characters.
const MAX_NAME: usize = 120;
/// The longest ending of a name that is kept where the name is cut, in characters.
const MAX_ENDING: usize = 12;
/// What a file is called where nothing is left of its name.
const NAMELESS: &str = "file";

/// The name without folders, signs that act and dots at its ends, and not too long; never empty.
pub(crate) fn harmless(given: &str) -> String {
    let clean = text::clean(given).replace(['\n', '\t'], " ");
    let last = clean.rsplit(['/', '\\']).next().unwrap_or_default();
    // A name that begins with a dot is hidden on many systems, and one that ends with a dot or a space is another on some.
    let name = last.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if name.trim().is_empty() {
        return NAMELESS.to_owned();
    }
    let count = name.chars().count();
    if count <= MAX_NAME {
        return name.to_owned();
    }
    // The ending stays: people tell by it what they save.
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.filter(|ending| (1..=MAX_ENDING).contains(&ending.chars().count()));
    let rest = ending.map_or(0, |ending| ending.chars().count() + 1);
    let mut cut: String = name.chars().take(MAX_NAME - rest - 1).collect();
    cut.push('…');
    if let Some(ending) = ending {
        cut.push('.');
        cut.push_str(ending);
    }
    cut
}

/// The value of `Content-Disposition` (RFC 6266): a name in plain signs, and the whole one as RFC 8187 writes it.
pub(crate) fn disposition(shown: bool, name: &str) -> String {
    let kind = if shown { "inline" } else { "attachment" };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '(' | ')');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut value = format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(value, "%{byte:02X}");
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_name_and_shows_what_it_is() {
        for (given, kept) in [
            ("build.log", "build.log"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("C:\\Users\\ana\\x.txt", "x.txt"),
            ("a\r\nSet-Cookie: x", "a Set-Cookie: x"),
            ("in\u{202e}gnp.exe", "ingnp.exe"),
            ("pay\u{200b}load\u{0}.sh", "payload.sh"),
            (".bashrc", "bashrc"),
            ("...", "file"),
            ("", "file"),
            ("folder/", "file"),
            ("evil.txt . ", "evil.txt"),
            ("\"><img src=x onerror=alert(1)>", "\"><img src=x onerror=alert(1)>"),
            ("👩\u{200d}🚒 部署.png", "👩\u{200d}🚒 部署.png"),
        ] {
            assert_eq!(harmless(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_in_the_middle() {
        let cut = harmless(&format!("{}.tar", "é".repeat(300)));
        assert_eq!(cut.chars().count(), 120);
        assert!(cut.starts_with("éé") && cut.ends_with("é….tar"), "{cut}");
        let cut = harmless(&"x".repeat(300));
        assert_eq!((cut.chars().count(), cut.ends_with("x…")), (120, true));
        let cut = harmless(&format!("a.{}", "y".repeat(300)));
        assert_eq!((cut.chars().count(), cut.starts_with("a.yyy")), (120, true));
    }

    #[test]
    fn a_header_has_no_sign_that_ends_it() {
        for (name, written) in [
            ("build.log", "attachment; filename=\"build.log\"; filename*=UTF-8''build.log"),
            ("a\"é.svg", "attachment; filename=\"a__.svg\"; filename*=UTF-8''a%22%C3%A9.svg"),
            ("a\r\nb; c", "attachment; filename=\"a__b_ c\"; filename*=UTF-8''a%0D%0Ab%3B%20c"),
        ] {
            assert_eq!(disposition(false, name), written);
        }
        assert!(disposition(true, "x.png").starts_with("inline; "));
    }
}

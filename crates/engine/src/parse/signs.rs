//! Signs that phones and full-width keyboards put in place of the plain ones.
//!
//! Layer 1.

/// The plain sign for a smart or full-width one; every other character stays.
pub(super) fn plain(c: char) -> char {
    match c {
        // Full-width ASCII stands in the order of ASCII, 0xFEE0 further.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => '"',
        '\u{3002}' | '\u{ff61}' => '.',
        '\u{3001}' | '\u{ff64}' => ',',
        _ => c,
    }
}

/// Whether a character stands for itself.
pub(super) fn is_plain(c: char) -> bool {
    plain(c) == c
}

/// Whether phones write this for `--`: dashes of any length above the hyphen.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '\u{2012}'..='\u{2015}' | '\u{2e3a}' | '\u{2e3b}')
}

/// A pair of quotes that opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    /// `"…"`: a backslash escapes a quote and a backslash.
    Double,
    /// `“…”` in any national form, closed by a plain one too.
    SmartDouble,
    /// `«…»`, with the spaces that French puts inside.
    Guillemets,
    /// `'…'`.
    Single,
    /// `‘…’`, closed by a plain one too.
    SmartSingle,
}

impl Quote {
    /// The quote that this character opens.
    pub(super) fn opened_by(c: char) -> Option<Self> {
        Some(match c {
            '"' | '\u{ff02}' => Self::Double,
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => Self::SmartDouble,
            '«' => Self::Guillemets,
            '\'' | '\u{ff07}' => Self::Single,
            '\u{2018}' | '\u{201a}' | '\u{201b}' => Self::SmartSingle,
            _ => return None,
        })
    }

    /// Whether this character, with that one behind it, closes the quote. A single quote between letters is an
    /// apostrophe.
    pub(super) fn closed_by(self, c: char, next: Option<char>) -> bool {
        let ends = || !next.is_some_and(char::is_alphanumeric);
        match self {
            Self::Double => matches!(c, '"' | '\u{ff02}'),
            Self::SmartDouble => plain(c) == '"',
            Self::Guillemets => c == '»',
            Self::Single => matches!(c, '\'' | '\u{ff07}') && ends(),
            Self::SmartSingle => plain(c) == '\'' && ends(),
        }
    }

    /// Whether a backslash escapes inside.
    pub(super) fn escapes(self) -> bool {
        matches!(self, Self::Double | Self::SmartDouble)
    }
}

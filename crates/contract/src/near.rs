//! Which known names come near a word that is none: for "did you mean" and "the nearest is".
//!
//! Not the search among commands, which the engine's catalogue does. Layer 0.

/// The longest word that is compared, in bytes.
pub const MAX_WORD: usize = 64;
/// How many words come near at most.
const MAX_FITTING: usize = 3;

/// The known name that is nearest to this one, where one is near or begins with it.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let near = fitting(typed, known.clone()).into_iter().next();
    near.or_else(|| known.filter(|known| !typed.is_empty() && known.starts_with(typed)).min())
}

/// Known names near this one, the nearest first. Short words have to be nearly right: people chat, too.
pub fn fitting<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    if typed.len() > MAX_WORD {
        return Vec::new();
    }
    let length = typed.chars().count();
    let allowed = match length {
        0..=2 => return Vec::new(),
        3..=6 => 1,
        _ => 2,
    };
    // Of three signs, one that is another is another word: `.net is fine` is not about `get`.
    let is_swap = |known: &str| {
        let signs = |text: &str| {
            let mut signs: Vec<_> = text.chars().collect();
            signs.sort_unstable();
            signs
        };
        known == typed || signs(known) == signs(typed)
    };
    let mut all: Vec<_> = known
        .filter(|known| length > 3 || known.chars().count() != length || is_swap(known))
        .filter(|known| known.len() <= MAX_WORD && known.chars().count().abs_diff(length) <= allowed)
        .map(|known| (strsim::osa_distance(typed, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, known)| known).take(MAX_FITTING).collect()
}

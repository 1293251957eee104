//! The targets that read texts and packed bodies: what every source leans on.
//!
//! Not the sources' own words: those are seen in their events.

use wilco_contract::event::{Payload, one_line, some_lines, web_address};

use super::events::{demand_plain, hides};

/// Bounds in characters, among them those that leave no room.
const BOUNDS: [usize; 8] = [0, 1, 2, 3, 12, 40, 200, 1_000];

/// Texts that are made short and harmless. The first byte chooses the bound.
pub(super) fn words(input: &[u8]) {
    let Some((first, text)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let max = BOUNDS[usize::from(*first) % BOUNDS.len()];

    let line = one_line(&text, max);
    demand_plain("the line", &line, max);
    assert!(!line.starts_with(' ') && !line.ends_with(' ') && !line.contains("  "), "spaces: {line:?}");
    assert_eq!(one_line(&line, max), line, "a line that is harmless is changed");

    let lines = some_lines(&text, max);
    assert!(lines.chars().count() <= max, "more than {max} characters: {lines:?}");
    assert!(!lines.chars().any(|c| c != '\n' && hides(c)), "something hides: {lines:?}");
    assert!(!lines.contains("\n\n\n") && !lines.starts_with('\n') && !lines.ends_with('\n'), "{lines:?}");
    assert_eq!(some_lines(&lines, max), lines, "a text that is harmless is changed");

    if let Some(address) = web_address(&text) {
        assert_eq!(address, text, "an address is taken as it is or not at all");
        let begins = address.starts_with("https://") || address.starts_with("http://");
        assert!(begins && address.len() <= 2_000, "no address of the web: {address:?}");
        let breaks = |c: char| hides(c) || c.is_whitespace() || "<>\"`".contains(c);
        assert!(!address.chars().any(breaks), "an address that breaks out: {address:?}");
    }
}

/// Packed bodies. The first eight bytes are the length that is claimed.
pub(super) fn packing(input: &[u8]) {
    if let Some((length, packed)) = input.split_first_chunk::<8>() {
        let payload = Payload { packed: packed.to_vec().into(), length: u64::from_le_bytes(*length) };
        if let Ok(body) = payload.unpack() {
            assert_eq!(u64::try_from(body.len()), Ok(payload.length), "it has another length than it says");
        }
    }
    let packed = Payload::pack(input);
    assert_eq!(packed.unpack().as_deref(), Ok(input), "a body does not come back");
    assert_eq!(packed.mark(), Payload::pack(input).mark(), "the same body is packed in two ways");
}

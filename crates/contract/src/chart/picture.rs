//! A chart that is kept for a while, so that whoever has its link sees it as a picture.
//!
//! Not the picture, which is drawn of it when somebody asks. Layer 0.

use std::fmt;

use jiff::Timestamp;

use super::Chart;
use crate::ids::{Place, hex, read_hex};

/// How long a chart is kept for its link, in seconds: seven days.
pub const KEPT_SECS: i64 = 7 * 24 * 60 * 60;
/// The most charts that are kept; of more the place that has the most loses its oldest.
pub const MAX_KEPT: usize = 1_000;

/// What nobody can guess, by which a chart is found: 128 bits, written as 32 of `0-9a-f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChartId(pub [u8; 16]);

impl ChartId {
    /// The id that is written so; none where this is not exactly how one is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        read_hex(text).map(Self)
    }

    /// Where its picture is, on this server: `/charts/7d…0f.png`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/charts/{self}.png")
    }
}

impl fmt::Display for ChartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A chart with its link.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptChart {
    /// By what it is found.
    pub id: ChartId,
    /// Where it is said.
    pub place: Place,
    /// Since when it is kept.
    pub at: Timestamp,
    /// From when on it is not there any more.
    pub until: Timestamp,
    /// Its numbers.
    pub chart: Chart,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        let id = ChartId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xff]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(ChartId::parse(&id.to_string()), Some(id));
        assert_eq!(id.path(), "/charts/000102030405060708090a0b0c0d0eff.png");
        let upper = id.to_string().to_uppercase();
        let long = format!("{id}0");
        let short = &id.to_string()[1..];
        let wide = "é".repeat(16);
        let signed = format!("+{short}");
        for odd in ["", "../../etc/passwd", &upper, &long, short, &wide, &signed] {
            assert_eq!(ChartId::parse(odd), None, "{odd}");
        }
    }
}

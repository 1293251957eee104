//! How fast something may be done: so often in a span of time, with a reserve for bursts.
//!
//! Not a queue, and no clock: whoever asks says how long it has been at it. Layer 1.

use std::{fmt, str::FromStr, time::Duration};

/// So often in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How often, at least once.
    pub count: u32,
    /// In which time; not none.
    pub span: Duration,
    /// How often at once, after a pause; at least once.
    pub burst: u32,
}

/// What is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number in a second or minute, as in `2/s burst 5` or `30/m`")]
pub struct BadRate;

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let mut words = text.split_whitespace();
        let (count, span) = words.next().and_then(|rate| rate.split_once('/')).ok_or(BadRate)?;
        let span = match span {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            _ => return Err(BadRate),
        };
        let number =
            |text: &str| text.parse().ok().filter(|number| (1..=1_000_000).contains(number)).ok_or(BadRate);
        let burst = match (words.next(), words.next(), words.next()) {
            (None, ..) => 1,
            (Some("burst"), Some(burst), None) => number(burst)?,
            _ => return Err(BadRate),
        };
        Ok(Self { count: number(count)?, span, burst })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = if self.span == Duration::from_secs(60) { "m" } else { "s" };
        write!(f, "{}/{span} burst {}", self.count, self.burst)
    }
}

/// What is left of a rate. Without one there is always something left.
#[derive(Debug)]
pub struct Bucket {
    rate: Option<Rate>,
    /// When all would be there again.
    full: Duration,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(rate: Option<Rate>) -> Self {
        Self { rate, full: Duration::ZERO }
    }

    /// Takes one, at a time since the beginning.
    ///
    /// # Errors
    /// When none is left: how long until one is.
    pub fn take(&mut self, up: Duration) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let each = rate.span / rate.count.max(1);
        let full = self.full.max(up) + each;
        match (full - up).checked_sub(each * rate.burst.max(1)) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.full = full;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_back() {
        for text in ["2/s burst 5", "30/m burst 1"] {
            assert_eq!(text.parse::<Rate>().map(|rate| rate.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("30/m".parse::<Rate>(), "30/m burst 1".parse());
        for bad in
            ["", "2", "2/h", "0/s", "2/s 5", "2/s burst", "2/s burst 0", "2/s burst 5 x", "-1/s", "9999999/s"]
        {
            assert_eq!(bad.parse::<Rate>(), Err(BadRate), "{bad}");
        }
    }

    #[test]
    fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let mut bucket = Bucket::new("2/s burst 3".parse().ok());
        let at = |millis| Duration::from_millis(millis);
        let mut take = |millis| bucket.take(at(millis)).map_err(|wait| wait.as_millis());
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!([take(0), take(400)], [Err(500), Err(100)]);
        assert_eq!([take(500), take(500), take(1_000)], [Ok(()), Err(500), Ok(())]);
        assert_eq!(
            [take(60_000), take(60_000), take(60_000), take(60_000)],
            [Ok(()), Ok(()), Ok(()), Err(500)]
        );
        let mut unlimited = Bucket::new(None);
        assert!((0..10_000).all(|_| unlimited.take(at(0)).is_ok()));
    }
}

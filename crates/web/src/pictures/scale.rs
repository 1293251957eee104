//! Round numbers along an axis, and how they are written.
//!
//! Layer 3.

use wilco_contract::chart::quantity;

/// About how many spaces there are between numbers.
const SPACES: f64 = 5.0;
/// The most digits behind a point.
const MAX_DECIMALS: usize = 9;
/// The longest number that is written out.
const MAX_WRITTEN: usize = 11;

/// From where to where an axis goes, and the numbers beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where numbers stand and how they are written, the least first.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// An axis that has room for all from one value to another.
    pub(super) fn new((low, high): (f64, f64)) -> Self {
        if low >= high {
            return Self::around(low);
        }
        let step = round_step((high - low) / SPACES);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let count = last - first;
        // Far from zero two numbers may be too near to each other for any between them.
        if !step.is_normal() || !(1.0..=10.0).contains(&count) || first.abs() > 1e12 || last.abs() > 1e12 {
            let ticks = [low, high].map(|value| (value, quantity(value, ""))).to_vec();
            return Self { low, high, ticks };
        }
        let at = |index: usize| (first + index as f64) * step;
        let values: Vec<f64> = (0..=count as usize).map(at).collect();
        let ticks = values.iter().copied().zip(written(&values, step)).collect();
        // What is rounded to nothing beside its like still has room.
        Self { low: at(0).min(low), high: at(count as usize).max(high), ticks }
    }

    /// An axis for one value, which stands about in its middle; zero stands below.
    fn around(value: f64) -> Self {
        let half = value.abs() / 2.0;
        if value - half < value && value < value + half {
            return Self::new((value - half, value + half));
        }
        Self { low: value, high: value + 1.0, ticks: vec![(value, quantity(value, ""))] }
    }

    /// How far a value is along the axis, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The next number that is 1, 2, 2.5 or 5 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 2.5, 5.0].into_iter().find(|times| times * power >= least * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

/// The numbers as they are written: all with as many digits as the step has, or short where that is long.
fn written(values: &[f64], step: f64) -> Vec<String> {
    let shortly: Vec<_> = values.iter().map(|value| quantity(*value, "")).collect();
    let large = values.iter().any(|value| value.abs() >= 1e6);
    if large && shortly.windows(2).all(|pair| pair[0] != pair[1]) {
        return shortly;
    }
    let is_whole = |decimals: &usize| {
        let scaled = step * 10f64.powi(i32::try_from(*decimals).unwrap_or(0));
        scaled >= 0.999 && (scaled - scaled.round()).abs() < 1e-6
    };
    let Some(decimals) = (0..=MAX_DECIMALS).find(is_whole) else { return shortly };
    let exactly = |value: &f64| match *value {
        0.0 => "0".to_owned(),
        value => format!("{value:.decimals$}"),
    };
    let all: Vec<_> = values.iter().map(exactly).collect();
    if all.iter().any(|text| text.len() > MAX_WRITTEN) { shortly } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beside_an_axis_are_round() {
        for (range, expected) in [
            ((0.0, 10.0), vec!["0", "2", "4", "6", "8", "10"]),
            ((0.0, 100.0), vec!["0", "20", "40", "60", "80", "100"]),
            ((12.5, 600.0), vec!["0", "200", "400", "600"]),
            ((-2.5, 9.0), vec!["-2.5", "0", "2.5", "5.0", "7.5", "10.0"]),
            ((0.0, 0.0004), vec!["0", "0.0001", "0.0002", "0.0003", "0.0004"]),
            ((1_000_000.0, 1_000_004.0), vec!["1000000", "1000001", "1000002", "1000003", "1000004"]),
            ((0.0, 3_100_000.0), vec!["0", "1M", "2M", "3M", "4M"]),
            ((7.0, 7.0), vec!["2", "4", "6", "8", "10", "12"]),
            ((0.0, 0.0), vec!["0"]),
            ((1e16, 1e16 + 2.0), vec!["1.0e16", "1.0e16"]),
        ] {
            let scale = Scale::new(range);
            let written: Vec<_> = scale.ticks.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(written, expected, "{range:?}");
        }
    }

    #[test]
    fn an_axis_has_room_for_its_range_whatever_it_is() {
        let ends = [0.0, 1e-300, 3e-5, 0.1 + 0.2, 1.0, 7.0, 99.99, 1e6, 1e15, 1e100];
        let all: Vec<f64> = ends.into_iter().flat_map(|end| [end, -end]).collect();
        for low in &all {
            for high in all.iter().filter(|high| low <= high) {
                let scale = Scale::new((*low, *high));
                assert!(scale.low <= *low && *high <= scale.high, "{low} {high}: {scale:?}");
                assert!(scale.low < scale.high && scale.ticks.len() <= 11, "{low} {high}: {scale:?}");
                assert!((0.0..=1.0).contains(&scale.share(*low)), "{low} {high}: {scale:?}");
                assert!(scale.ticks.iter().all(|(_, text)| text.len() <= MAX_WRITTEN), "{scale:?}");
            }
        }
    }
}

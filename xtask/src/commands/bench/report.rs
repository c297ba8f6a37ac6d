//! The figures with their bars, as one table.

use std::fmt;

/// How far the reference of a ratio may move between its runs before no verdict is given.
const STEADY: f64 = 1.6;

/// All figures.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Figure {
    name: &'static str,
    value: f64,
    detail: String,
    must: Bar,
    aim: f64,
    steady: bool,
}

/// Which side of the number is the good one.
#[derive(Debug, Clone, Copy)]
pub enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

/// The value below which so many percent of these sorted ones lie.
pub fn percentile<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let place = sorted.len() * percent / 100;
    sorted.get(place).copied().unwrap_or_default()
}

/// The middle one of these sorted ones; of an even number, the mean of the two in the middle.
pub fn median(sorted: &[f64]) -> f64 {
    let (upper, lower) = (sorted.len() / 2, sorted.len().saturating_sub(1) / 2);
    match (sorted.get(lower), sorted.get(upper)) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

impl Report {
    /// A ratio of runs taken in turn: the median of the rounds' ratios.
    pub fn ratio(&mut self, name: &'static str, measured: &[f64], reference: &[f64], must: Bar, aim: f64) {
        let mut ratios: Vec<f64> = measured
            .iter()
            .zip(reference)
            .map(|(one, other)| one / other)
            .collect();
        ratios.sort_by(f64::total_cmp);
        let value = median(&ratios);
        let range = |of: &[f64]| {
            (
                of.iter().copied().fold(f64::MAX, f64::min),
                of.iter().copied().fold(f64::MIN, f64::max),
            )
        };
        let ((low, high), (least, most)) = (range(&ratios), range(reference));
        let steady = most / least <= STEADY;
        let detail = format!("{low:.2}–{high:.2}");
        self.figures.push(Figure {
            name,
            value,
            detail,
            must,
            aim,
            steady,
        });
    }

    /// A single number.
    pub fn number(&mut self, name: &'static str, value: f64, must: Bar, aim: f64) {
        self.figures.push(Figure {
            name,
            value,
            detail: String::new(),
            must,
            aim,
            steady: true,
        });
    }

    /// Something to know that has no bar.
    pub fn note(&mut self, note: String) {
        println!("{note}");
        self.notes.push(note);
    }

    /// Does every figure meet its bar, and was every reference steady?
    pub fn all_met(&self) -> bool {
        self.figures
            .iter()
            .all(|figure| figure.steady && figure.must.is_met_by(figure.value))
    }
}

impl Bar {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn with(self, limit: f64) -> Self {
        match self {
            Self::AtLeast(_) => Self::AtLeast(limit),
            Self::AtMost(_) => Self::AtMost(limit),
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

impl Figure {
    fn verdict(&self) -> &'static str {
        match (
            self.steady,
            self.must.is_met_by(self.value),
            self.must.with(self.aim).is_met_by(self.value),
        ) {
            (false, ..) => "no verdict: the reference moved",
            (true, true, true) => "aim",
            (true, true, false) => "must",
            (true, false, _) => "MISSED",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | measured | range | must | aim | met |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for figure in &self.figures {
            let Figure {
                name,
                value,
                detail,
                must,
                aim,
                ..
            } = figure;
            writeln!(
                f,
                "| {name} | {value:.2} | {detail} | {must} | {aim} | {} |",
                figure.verdict()
            )?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ratio_is_judged_and_an_unsteady_reference_is_told() {
        let mut report = Report::default();
        report.ratio(
            "good",
            &[3.0, 1.0, 2.0],
            &[10.0, 10.0, 10.0],
            Bar::AtLeast(0.2),
            0.3,
        );
        assert!(report.all_met());
        assert!(
            report
                .to_string()
                .contains("| good | 0.20 | 0.10–0.30 | ≥ 0.2 | 0.3 | must |"),
            "{report}"
        );
        report.ratio("shaky", &[3.0, 3.0], &[10.0, 17.0], Bar::AtLeast(0.1), 0.2);
        assert!(!report.all_met());
        assert!(report.to_string().contains("no verdict"));
    }

    #[test]
    fn of_two_rounds_neither_is_the_median() {
        let mut report = Report::default();
        report.ratio("two", &[1.0, 3.0], &[1.0, 1.0], Bar::AtLeast(2.5), 3.0);
        assert!(!report.all_met(), "{report}");
        assert!(
            report.to_string().contains("| two | 2.00 | 1.00–3.00 |"),
            "{report}"
        );
    }

    #[test]
    fn a_bar_may_be_a_ceiling() {
        let mut report = Report::default();
        report.number("slow", 5.1, Bar::AtMost(5.0), 3.0);
        assert!(!report.all_met());
        assert!(report.to_string().contains("MISSED"));
    }
}

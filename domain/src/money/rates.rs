//! The exchange rates that are shipped: averages of months, by the European Central Bank's reference rates.

use std::sync::LazyLock;

use rust_decimal::Decimal;

use crate::time::month_of;

/// What a euro was worth, by month and currency; the file names its source.
const AVERAGES: &str = include_str!("exchange_rates.csv");
/// So many months after its last one the table's last month still counts. Later it would be a guess.
const MONTHS_HELD: usize = 2;

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(AVERAGES));

/// What one unit of a currency was worth in US dollars in the month of a time: six digits. `None` for a currency or month
/// that the table does not know; after its end, the last month holds for two more.
pub fn usd(currency: &str, micros: i64) -> Option<Decimal> {
    TABLE.usd(currency, month_of(micros)?)
}

/// What one unit of a currency was worth in the month nearest to a time of which the table knows that, and which month it is
/// (`YYYY-MM`).
pub fn nearest(currency: &str, micros: i64) -> Option<(Decimal, String)> {
    let wanted = month_of(micros)?;
    let mut months: Vec<_> = (TABLE.first..TABLE.end()).collect();
    months.sort_by_key(|month| month.abs_diff(wanted));
    let known = |month: usize| Some((TABLE.usd(currency, month)?, format_month(month)));
    months.into_iter().find_map(known)
}

/// The last month of the table, and the last for which it is used, as `YYYY-MM`.
pub fn last_months() -> (String, String) {
    let last = TABLE.end() - 1;
    (format_month(last), format_month(last + MONTHS_HELD))
}

/// Is a time after the last month for which the table is used?
pub fn is_outdated(micros: i64) -> bool {
    month_of(micros).is_some_and(|month| month >= TABLE.end() + MONTHS_HELD)
}

/// Months are counted from the year 0.
struct Table {
    currencies: Vec<&'static str>,
    first: usize,
    /// What a euro was worth in each currency, for each month in a row.
    months: Vec<Vec<Option<Decimal>>>,
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let currencies: Vec<_> = lines.next().unwrap_or_default().split(',').skip(1).collect();
        let rows: Vec<_> = lines.filter_map(|line| line.split_once(',')).collect();
        let worth = |cells: &str| cells.split(',').map(|cell| cell.parse().ok()).collect();
        Self {
            currencies,
            first: rows
                .first()
                .and_then(|(month, _)| parse_month(month))
                .unwrap_or(0),
            months: rows.iter().map(|(_, cells)| worth(cells)).collect(),
        }
    }

    /// The month behind its last one.
    fn end(&self) -> usize {
        self.first + self.months.len()
    }

    fn usd(&self, currency: &str, month: usize) -> Option<Decimal> {
        if month >= self.end() + MONTHS_HELD {
            return None;
        }
        let row = month.min(self.end() - 1).checked_sub(self.first)?;
        let dollar = self.euro(row, "USD")?;
        let worth = match currency {
            "EUR" => Decimal::ONE,
            _ => self.euro(row, currency)?,
        };
        dollar.checked_div(worth)?.round_sf(6)
    }

    fn euro(&self, row: usize, currency: &str) -> Option<Decimal> {
        let column = self.currencies.binary_search(&currency).ok()?;
        *self.months[row].get(column)?
    }
}

fn parse_month(text: &str) -> Option<usize> {
    let (year, month) = text.split_once('-')?;
    Some(year.parse::<usize>().ok()? * 12 + month.parse::<usize>().ok()? - 1)
}

fn format_month(month: usize) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_time;

    fn usd_at(currency: &str, time: &str) -> Option<String> {
        usd(currency, parse_time(time).unwrap()).map(|usd| usd.to_string())
    }

    #[test]
    fn the_table_has_every_month_and_the_large_currencies_in_each() {
        let rows = AVERAGES.lines().filter(|line| !line.starts_with('#')).skip(1);
        for (place, row) in rows.enumerate() {
            assert_eq!(parse_month(&row[..7]), Some(TABLE.first + place));
        }
        assert!(TABLE.currencies.is_sorted());
        for row in 0..TABLE.months.len() {
            assert_eq!(TABLE.months[row].len(), TABLE.currencies.len());
            for currency in [
                "USD", "GBP", "JPY", "CAD", "AUD", "BRL", "INR", "KRW", "MXN", "TRY",
            ] {
                assert!(
                    TABLE
                        .euro(row, currency)
                        .is_some_and(|worth| worth > Decimal::ZERO)
                );
            }
        }
    }

    #[test]
    fn a_unit_is_worth_what_it_was_on_average_in_its_month() {
        let known = [
            ("EUR", "2024-02-01T00:00:00Z", "1.07947"),
            ("EUR", "2024-02-29T23:59:59Z", "1.07947"),
            ("EUR", "2024-03-01T00:00:00Z", "1.08722"),
            ("GBP", "2024-02-10T00:00:00Z", "1.26304"),
            ("JPY", "2024-02-10T00:00:00Z", "0.00668912"),
            ("IDR", "2024-02-10T00:00:00Z", "0.0000638793"),
            ("HRK", "2022-12-31T00:00:00Z", "0.140346"),
        ];
        for (currency, time, worth) in known {
            assert_eq!(
                usd_at(currency, time).as_deref(),
                Some(worth),
                "{currency} {time}"
            );
        }
    }

    #[test]
    fn what_the_table_does_not_know_is_not_guessed() {
        for (currency, time) in [
            ("EUR", "2019-12-31T23:59:59Z"),
            // The kuna's last day was the one before.
            ("HRK", "2023-01-01T00:00:00Z"),
            ("XTS", "2024-02-10T00:00:00Z"),
            ("", "2024-02-10T00:00:00Z"),
            ("eur", "2024-02-10T00:00:00Z"),
        ] {
            assert_eq!(usd_at(currency, time), None, "{currency} {time}");
        }
    }

    #[test]
    fn the_nearest_month_is_told_where_there_is_any() {
        let at = |currency: &str, time: &str| {
            let found = nearest(currency, parse_time(time).unwrap());
            found.map(|(usd, month)| format!("{usd} {month}"))
        };
        let known = [
            ("JPY", "2024-02-10T00:00:00Z", "0.00668912 2024-02"),
            ("EUR", "2001-01-01T00:00:00Z", "1.11004 2020-01"),
            ("HRK", "2031-01-01T00:00:00Z", "0.140346 2022-12"),
        ];
        for (currency, time, told) in known {
            assert_eq!(at(currency, time).as_deref(), Some(told), "{currency} {time}");
        }
        assert_eq!(at("XTS", "2024-02-10T00:00:00Z"), None);
    }

    #[test]
    fn the_last_month_holds_for_two_more() {
        let (last, held) = last_months();
        let [last, held] = [last, held].map(|month| parse_month(&month).unwrap());
        assert_eq!(held, last + MONTHS_HELD);
        let time = |month| parse_time(&format!("{}-01T00:00:00Z", format_month(month))).unwrap();
        assert!(usd("EUR", time(last)).is_some());
        assert_eq!(usd("EUR", time(held)), usd("EUR", time(last)));
        assert!(!is_outdated(time(held)));
        assert_eq!(usd("EUR", time(held + 1)), None);
        assert!(is_outdated(time(held + 1)));
    }
}

//! The store's share of a price.
//!
//! Sources, read 2026-11-23: Adapty's "App Store Small Business Program" and "Google Reduced Service Fee", and Play
//! Console Help, "Service fees". Shares are those of most storefronts; regional terms are not in the table.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::app::{Commission, DateRange};
use crate::purchases::transaction::{PurchaseType, Transaction};

/// What stores take where nothing lowers it.
const FULL: Decimal = Decimal::from_parts(30, 0, 0, false, 2);
/// The lowered share: after a year of paid service, and in the programmes.
const REDUCED: Decimal = Decimal::from_parts(15, 0, 0, false, 2);
/// The Small Business Program's share in mainland China.
const REDUCED_IN_CHINA: Decimal = Decimal::from_parts(12, 0, 0, false, 2);

/// 2022-01-01 UTC: from then on Google takes the lowered share of every subscription; before, of those that had
/// been paid for longer than a year.
const GOOGLE_LOWERED_SUBSCRIPTIONS: i64 = 1_640_995_200_000_000;

/// The store's share of what this transaction was charged, 0 to 1.
///
/// Programmes count by the UTC day of the purchase. Stores other than the two of the phones take nothing, unless
/// `other_stores` says so.
pub fn share(transaction: &Transaction, rate_after_first_year: bool, settings: &Commission) -> Decimal {
    let is_subscription = transaction.purchase_type == PurchaseType::Subscription;
    let is_long_paid = is_subscription && rate_after_first_year;
    let bought_at = transaction.purchased_at;
    match transaction.store.as_str() {
        "app_store" if covers(&settings.app_store.small_business, bought_at) => {
            let is_china = transaction.price.country == "CN";
            if is_china { REDUCED_IN_CHINA } else { REDUCED }
        }
        "play_store" if covers(&settings.play_store.reduced_fee, bought_at) => REDUCED,
        "play_store" if is_subscription && bought_at >= GOOGLE_LOWERED_SUBSCRIPTIONS => REDUCED,
        "app_store" | "play_store" if is_long_paid => REDUCED,
        "app_store" | "play_store" => FULL,
        other => {
            let share = settings.other_stores.get(other);
            share
                .and_then(|share| share.parse().ok())
                .unwrap_or(Decimal::ZERO)
        }
    }
}

/// Is the day of this instant in one of these?
fn covers(ranges: &[DateRange], micros: i64) -> bool {
    if ranges.is_empty() {
        return false;
    }
    let Ok(instant) = Timestamp::from_microsecond(micros) else {
        return false;
    };
    let day = TimeZone::UTC.to_datetime(instant).date();
    ranges.iter().any(|range| range.holds(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchases::samples::paid;
    use crate::time::parse_time;
    use PurchaseType::{OneTimePurchase, Subscription};

    fn bought(store: &str, purchase_type: PurchaseType, country: &str, at: &str) -> Transaction {
        let mut bought = paid("t", 0);
        bought.price.country = country.into();
        Transaction {
            store: store.into(),
            purchase_type,
            purchased_at: parse_time(at).unwrap(),
            ..bought
        }
    }

    fn settings() -> Commission {
        serde_json::from_str(
            r#"{"app_store":{"small_business":[{"from":"2024-01-01","to":null}]},
                "play_store":{"reduced_fee":[{"from":"2021-07-01","to":"2021-08-31"},
                                             {"from":"2024-01-01","to":"2024-12-31"}]},
                "other_stores":{"paddle":"0.05","bad":"x"}}"#,
        )
        .unwrap()
    }

    fn check(cases: &[(&str, PurchaseType, &str, &str, bool, &str)]) {
        for (store, purchase_type, country, at, long_paid, expected) in cases {
            let transaction = bought(store, *purchase_type, country, &format!("{at}Z"));
            let share = share(&transaction, *long_paid, &settings()).to_string();
            assert_eq!(
                &share, expected,
                "{store} {purchase_type:?} {country} {at} {long_paid}"
            );
        }
    }

    #[test]
    fn apple_takes_less_after_a_year_and_in_its_programme() {
        check(&[
            (
                "app_store",
                Subscription,
                "US",
                "2023-12-31T23:59:59",
                false,
                "0.30",
            ),
            (
                "app_store",
                Subscription,
                "US",
                "2023-12-31T23:59:59",
                true,
                "0.15",
            ),
            (
                "app_store",
                Subscription,
                "CN",
                "2023-12-31T23:59:59",
                true,
                "0.15",
            ),
            (
                "app_store",
                Subscription,
                "US",
                "2024-01-01T00:00:00",
                false,
                "0.15",
            ),
            (
                "app_store",
                OneTimePurchase,
                "US",
                "2024-01-01T00:00:00",
                false,
                "0.15",
            ),
            (
                "app_store",
                OneTimePurchase,
                "US",
                "2023-01-01T00:00:00",
                true,
                "0.30",
            ),
            (
                "app_store",
                Subscription,
                "CN",
                "2024-01-01T00:00:00",
                false,
                "0.12",
            ),
            (
                "app_store",
                OneTimePurchase,
                "CN",
                "2024-01-01T00:00:00",
                true,
                "0.12",
            ),
        ]);
    }

    #[test]
    fn google_takes_less_of_subscriptions_since_2022_and_of_the_rest_in_its_programme() {
        check(&[
            (
                "play_store",
                Subscription,
                "US",
                "2021-12-31T23:59:59",
                false,
                "0.30",
            ),
            (
                "play_store",
                Subscription,
                "US",
                "2021-12-31T23:59:59",
                true,
                "0.15",
            ),
            (
                "play_store",
                Subscription,
                "US",
                "2022-01-01T00:00:00",
                false,
                "0.15",
            ),
            (
                "play_store",
                Subscription,
                "US",
                "2021-07-01T00:00:00",
                false,
                "0.15",
            ),
            (
                "play_store",
                OneTimePurchase,
                "US",
                "2023-06-01T00:00:00",
                false,
                "0.30",
            ),
            (
                "play_store",
                OneTimePurchase,
                "CN",
                "2024-12-31T23:59:59",
                false,
                "0.15",
            ),
            (
                "play_store",
                OneTimePurchase,
                "US",
                "2025-01-01T00:00:00",
                false,
                "0.30",
            ),
        ]);
    }

    #[test]
    fn other_stores_take_what_the_owner_says() {
        check(&[
            ("stripe", Subscription, "US", "2024-06-01T00:00:00", true, "0"),
            ("paddle", Subscription, "US", "2024-06-01T00:00:00", false, "0.05"),
            ("bad", OneTimePurchase, "US", "2024-06-01T00:00:00", false, "0"),
        ]);
    }
}

//! What becomes of a price: the store's share, the tax in it, and what is left, in local currency and US dollars.
//!
//! Decimal arithmetic throughout, nothing rounded: values are cut where they are written.

pub mod amounts;
pub mod commission;
pub mod rates;
pub mod vat;
mod vat_rates;

use rust_decimal::Decimal;

use crate::app::AppSettings;
use crate::purchases::transaction::Transaction;
pub use amounts::Amounts;

/// What a transaction was charged, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// In the currency of the transaction.
    pub local: Amounts,
    /// US dollars for one unit of it, where a rate is known; 1 for US dollars themselves.
    pub usd_rate: Option<Decimal>,
}

impl Money {
    /// The money of a transaction by the app's tables.
    pub fn of(transaction: &Transaction, rate_after_first_year: bool, settings: &AppSettings) -> Self {
        let price = &transaction.price;
        let commission = commission::share(transaction, rate_after_first_year, &settings.commission);
        let vat = vat::rate(&price.country, &settings.vat);
        let is_usd = price.currency == "USD";
        Self {
            local: Amounts::of(price.value, commission, vat),
            usd_rate: if is_usd {
                Some(Decimal::ONE)
            } else {
                transaction.usd_rate
            },
        }
    }

    /// Any local amount in US dollars, where a rate is known. `None` too where it grows beyond the largest decimal, about
    /// 10²⁸.
    pub fn to_usd(&self, local: Decimal) -> Option<Decimal> {
        local.checked_mul(self.usd_rate?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchases::samples::paid;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Of a purchase in the App Store.
    fn money(currency: &str, value: Decimal, usd_rate: Option<&str>) -> Money {
        let mut transaction = paid("t", 0);
        transaction.price.currency = currency.into();
        transaction.price.value = value;
        transaction.usd_rate = usd_rate.map(decimal);
        Money::of(&transaction, false, &AppSettings::default())
    }

    #[test]
    fn dollars_need_a_rate_but_for_dollars() {
        let usd = |currency, rate| {
            let money = money(currency, decimal("10"), rate);
            [money.local.price, money.local.proceeds].map(|part| money.to_usd(part))
        };
        assert_eq!(usd("EUR", None), [None, None]);
        let rated = [Some(decimal("10.8")), Some(decimal("7.56"))];
        assert_eq!(usd("EUR", Some("1.08")), rated);
        let same = [Some(decimal("10")), Some(decimal("7"))];
        assert_eq!(usd("USD", None), same);
        assert_eq!(usd("USD", Some("1.08")), same);
    }

    #[test]
    fn amounts_beyond_the_largest_decimal_are_unknown() {
        let money = money("EUR", Decimal::MAX, Some("2"));
        assert_eq!(money.to_usd(money.local.price), None);
    }
}

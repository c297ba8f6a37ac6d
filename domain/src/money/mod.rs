//! What becomes of a price: the store's share, the tax in it, and what is left, in local currency and US dollars.
//!
//! Decimal arithmetic throughout, nothing rounded: values are cut where they are written.

pub mod breakdown;
pub mod commission;
pub mod exchange;
pub mod vat;
mod vat_rates;

use rust_decimal::Decimal;

use crate::app::AppSettings;
use crate::purchases::transaction::Transaction;
pub use breakdown::{Amounts, Breakdown};

/// What an event says of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// What was charged, and what becomes of it.
    pub charged: Breakdown,
    /// The price without any offer, in the transaction's currency. `None` where nobody told, or only in another
    /// currency: a store's price elsewhere is not this one at some exchange rate.
    pub regular_price: Option<Decimal>,
}

impl Money {
    /// The money of a transaction by the app's tables.
    ///
    /// `usd_rate` is US dollars for one unit of the transaction's currency on the day of the purchase; for US
    /// dollars themselves it is not looked at.
    pub fn of(
        transaction: &Transaction,
        rate_after_first_year: bool,
        regular_price: Option<Decimal>,
        settings: &AppSettings,
        usd_rate: Option<Decimal>,
    ) -> Self {
        let price = &transaction.price;
        let commission = commission::share(transaction, rate_after_first_year, &settings.commission);
        let vat = vat::rate(&price.country, &settings.vat);
        let is_usd = price.currency.eq_ignore_ascii_case("USD");
        let usd_rate = if is_usd { Some(Decimal::ONE) } else { usd_rate };
        Self {
            charged: Breakdown::new(Amounts::of(price.value, commission, vat), usd_rate),
            regular_price,
        }
    }
}

//! A price taken apart.

use rust_decimal::Decimal;

/// A price and its parts, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    /// What the customer was charged.
    pub price: Decimal,
    /// Without the store's share; taxes are still in it.
    pub proceeds: Decimal,
    /// Without the store's share and taxes.
    pub net: Decimal,
    /// The taxes.
    pub tax: Decimal,
}

impl Amounts {
    /// Takes off the store's share (0 to 1) first, then the tax (0.19 for 19 %).
    pub fn of(price: Decimal, commission: Decimal, vat: Decimal) -> Self {
        let proceeds = price * (Decimal::ONE - commission);
        let net = proceeds / (Decimal::ONE + vat);
        Self {
            price,
            proceeds,
            net,
            tax: proceeds - net,
        }
    }
}

/// A price and its parts, in local currency and US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    /// In the currency of the transaction.
    pub local: Amounts,
    /// US dollars for one unit of it, where a rate is known.
    pub usd_rate: Option<Decimal>,
}

impl Breakdown {
    /// `usd_rate` is US dollars for one unit of the local currency; 1 for US dollars.
    pub fn new(local: Amounts, usd_rate: Option<Decimal>) -> Self {
        Self { local, usd_rate }
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
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn parts(price: &str, commission: &str, vat: &str) -> [String; 3] {
        let amounts = Amounts::of(decimal(price), decimal(commission), decimal(vat));
        [amounts.proceeds, amounts.net, amounts.tax].map(|value| value.round_dp(6).normalize().to_string())
    }

    #[test]
    fn worked_examples_come_out_exactly() {
        assert_eq!(parts("9.99", "0.3", "0"), ["6.993", "6.993", "0"]);
        assert_eq!(parts("9.99", "0.15", "0"), ["8.4915", "8.4915", "0"]);
        assert_eq!(parts("4.99", "0.15", "0"), ["4.2415", "4.2415", "0"]);
        assert_eq!(parts("9.99", "0.3", "0.19"), ["6.993", "5.876471", "1.116529"]);
    }

    #[test]
    fn dollars_need_a_rate() {
        let local = Amounts::of(decimal("10"), decimal("0.3"), decimal("0"));
        let usd = |rate: Option<&str>| {
            let money = Breakdown::new(local, rate.map(decimal));
            [local.price, local.proceeds].map(|part| money.to_usd(part))
        };
        assert_eq!(usd(None), [None, None]);
        assert_eq!(usd(Some("1.08")), [Some(decimal("10.8")), Some(decimal("7.56"))]);
        assert_eq!(usd(Some("1")), [Some(local.price), Some(local.proceeds)]);
    }

    #[test]
    fn amounts_beyond_the_largest_decimal_are_unknown() {
        let local = Amounts::of(Decimal::MAX, decimal("0.3"), decimal("0.19"));
        assert_eq!(
            Breakdown::new(local, Some(decimal("2"))).to_usd(local.price),
            None
        );
    }

    proptest! {
        #[test]
        fn net_and_tax_make_up_the_proceeds(cents in 0..100_000_000_i64, share in 0..=100_i64, vat in 0..=2_700_i64) {
            let amounts = Amounts::of(Decimal::new(cents, 2), Decimal::new(share, 2), Decimal::new(vat, 4));
            prop_assert_eq!(amounts.net + amounts.tax, amounts.proceeds);
            prop_assert!(amounts.proceeds <= amounts.price);
            prop_assert!(amounts.net <= amounts.proceeds);
        }
    }
}

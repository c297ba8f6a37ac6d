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

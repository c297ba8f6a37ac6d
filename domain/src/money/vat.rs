//! The tax that a price holds, by the country of the store.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::vat_rates::RATES;

/// The VAT or GST rate of a country, such as 0.19. `overrides` are the app's own rates; a country that neither
/// they nor the shipped table know has none.
pub fn rate(country: &str, overrides: &BTreeMap<String, String>) -> Decimal {
    let own = overrides
        .iter()
        .find(|(code, _)| code.eq_ignore_ascii_case(country));
    if let Some(rate) = own.and_then(|(_, rate)| rate.parse().ok()) {
        return rate;
    }
    let country = country.to_ascii_uppercase();
    let known = RATES.binary_search_by_key(&country.as_str(), |(code, _)| *code);
    known.map_or(Decimal::ZERO, |place| Decimal::new(i64::from(RATES[place].1), 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::is_alpha2;

    #[test]
    fn the_table_is_sorted_and_plausible() {
        assert!(RATES.is_sorted_by(|one, next| one.0 < next.0));
        for (code, basis_points) in RATES {
            assert!(is_alpha2(code), "{code}");
            assert!((100..=2_700).contains(basis_points), "{code}");
        }
    }

    #[test]
    fn own_rates_come_before_the_table_and_unknown_countries_have_none() {
        let own = BTreeMap::from([("de".to_owned(), "0.07".to_owned())]);
        let rates = ["DE", "AT", "ch", "FI", "US", "ZZ", ""].map(|country| rate(country, &own).to_string());
        assert_eq!(rates, ["0.07", "0.2000", "0.0810", "0.2550", "0", "0", "0"]);
    }
}

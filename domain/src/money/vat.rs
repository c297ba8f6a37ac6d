//! The tax that a price holds, by the country of the store.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::vat_rates::LISTS;

/// The VAT or GST rate of a country, which is in capitals, such as 0.19. `overrides` are the app's own rates; a country that neither
/// they nor the shipped table know has none.
pub fn rate(country: &str, overrides: &BTreeMap<String, String>) -> Decimal {
    if let Some(rate) = overrides.get(country).and_then(|rate| rate.parse().ok()) {
        return rate;
    }
    let known = LISTS.iter().find_map(|rates| {
        let place = rates.binary_search_by_key(&country, |(code, _)| *code);
        place.ok().map(|place| rates[place].1)
    });
    known.map_or(Decimal::ZERO, |rate| Decimal::new(i64::from(rate), 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::is_alpha2;

    #[test]
    fn each_list_is_sorted_and_plausible_and_a_country_is_in_one_of_them() {
        let mut known = std::collections::BTreeSet::new();
        for rates in LISTS {
            assert!(rates.is_sorted_by(|one, next| one.0 < next.0));
            for (code, basis_points) in rates {
                assert!(is_alpha2(code), "{code}");
                assert!((100..=2_700).contains(basis_points), "{code}");
                assert!(known.insert(code), "{code} is there twice");
            }
        }
    }

    #[test]
    fn each_list_is_looked_up_and_rates_are_those_of_2026() {
        let countries = ["EE", "RO", "JP", "ZA", "KZ", "MW", "RU", "ZW", "JM"];
        let rates = countries.map(|country| rate(country, &BTreeMap::new()).normalize().to_string());
        assert_eq!(
            rates,
            [
                "0.24", "0.21", "0.1", "0.15", "0.16", "0.175", "0.22", "0.155", "0.15"
            ]
        );
    }

    #[test]
    fn own_rates_come_before_the_table_and_unknown_countries_have_none() {
        let own = BTreeMap::from([("DE".to_owned(), "0.07".to_owned())]);
        let rates = ["DE", "AT", "CH", "FI", "US", "ZZ", ""].map(|country| rate(country, &own).to_string());
        assert_eq!(rates, ["0.07", "0.2000", "0.0810", "0.2550", "0", "0", "0"]);
    }
}

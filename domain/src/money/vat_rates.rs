//! Standard rates of VAT, GST and the taxes that stand in their place.
//!
//! Read 2026-11-28. There is no list of the whole world that is free and without mistakes, so there is one for each source.
//! A country without a source that can be named is in none of them. Reduced rates, and taxes that shops add to a price (as
//! in the United States), are not in them. An owner corrects a country with the setting `vat`.

/// Countries (ISO 3166-1 alpha-2) with their rates in hundredths of a percent, sorted by country.
pub(super) type Rates = &'static [(&'static str, u16)];

/// All; a country is in one of them.
pub(super) const LISTS: [Rates; 4] = [EUROPE, WORLD, SINGLE, BY_LAW];

/// Europe, as of 2026-09-29.
///
/// Source: the European Commission's Taxes in Europe Database and, for countries outside of the Union, their tax
/// offices, as the data set `eu-vat-rates-data` 2026.9.29 collects them
/// (<https://github.com/vatnode/eu-vat-rates-data>).
const EUROPE: Rates = &[
    ("AD", 450),
    ("AL", 2_000),
    ("AT", 2_000),
    ("BA", 1_700),
    ("BE", 2_100),
    ("BG", 2_000),
    ("CH", 810),
    ("CY", 1_900),
    ("CZ", 2_100),
    ("DE", 1_900),
    ("DK", 2_500),
    ("EE", 2_400),
    ("ES", 2_100),
    ("FI", 2_550),
    ("FR", 2_000),
    ("GB", 2_000),
    ("GE", 1_800),
    ("GR", 2_400),
    ("HR", 2_500),
    ("HU", 2_700),
    ("IE", 2_300),
    ("IS", 2_400),
    ("IT", 2_200),
    ("LI", 810),
    ("LT", 2_100),
    ("LU", 1_700),
    ("LV", 2_100),
    ("MC", 2_000),
    ("MD", 2_000),
    ("ME", 2_100),
    ("MK", 1_800),
    ("MT", 1_800),
    ("NL", 2_100),
    ("NO", 2_500),
    ("PL", 2_300),
    ("PT", 2_300),
    ("RO", 2_100),
    ("RS", 2_000),
    ("SE", 2_500),
    ("SI", 2_200),
    ("SK", 2_300),
    ("TR", 2_000),
    ("UA", 2_000),
    ("XK", 1_800),
];

/// Countries elsewhere, as of 2026-07-17.
///
/// Source: `sales-tax` 2.23.0 (<https://github.com/valeriansaliou/node-sales-tax>). Of its rows only those that tax
/// offices publish alike; those that contradict them, or newer news, are below or left out.
const WORLD: Rates = &[
    ("AE", 500),
    ("AM", 2_000),
    ("AO", 1_400),
    ("AR", 2_100),
    ("AU", 1_000),
    ("AZ", 1_800),
    ("BB", 1_750),
    ("BW", 1_400),
    ("BY", 2_000),
    ("CA", 500), // the federal part
    ("CL", 1_900),
    ("CN", 1_300), // goods; many services pay 6 %
    ("CO", 1_900),
    ("CR", 1_300),
    ("DO", 1_800),
    ("DZ", 1_900),
    ("EG", 1_400),
    ("GH", 1_500),
    ("GT", 1_200),
    ("HN", 1_500),
    ("ID", 1_100), // 12 % of eleven twelfths of the price
    ("IL", 1_800),
    ("IM", 2_000),
    ("IN", 1_800),
    ("JO", 1_600),
    ("JP", 1_000),
    ("KE", 1_600),
    ("KR", 1_000),
    ("LB", 1_100),
    ("LC", 1_250),
    ("MA", 2_000),
    ("MG", 2_000),
    ("MN", 1_000),
    ("MU", 1_500),
    ("MV", 800),
    ("MX", 1_600),
    ("NA", 1_500),
    ("NG", 750),
    ("NI", 1_500),
    ("NZ", 1_500),
    ("OM", 500),
    ("PA", 700),
    ("PE", 1_800),
    ("PG", 1_000),
    ("PH", 1_200),
    ("PY", 1_000),
    ("RW", 1_800),
    ("SA", 1_500),
    ("SC", 1_500),
    ("SG", 900),
    ("SV", 1_300),
    ("TN", 1_900),
    ("TT", 1_250),
    ("TW", 500),
    ("TZ", 1_800),
    ("UG", 1_800),
    ("UY", 2_200),
    ("UZ", 1_200),
    ("VE", 1_600),
    ("VN", 1_000),
    ("ZA", 1_500),
    ("ZM", 1_600),
];

/// Single countries, each with the page that says so:
///
/// * PwC: <https://taxsummaries.pwc.com/quick-charts/value-added-tax-vat-rates>, with the date at which PwC last reviewed the
///   country; its state of August 2023 as <https://www.vatrefund.org/vat-rates-per-country/> gives it;
/// * Global VAT Compliance: <https://www.globalvatcompliance.com/globalvatnews/world-countries-vat-rates-2020/>, 2025;
/// * CalcularIVA: <https://calculariva.app/en-BZ/blog/tipos-de-iva-en-los-21-paises-del-hispanohablantes>, 2025;
/// * Afronomist: <https://afronomist.com/vat-rate-on-goods-and-services-in-africa-as-of-2021/>, rates of 2020 and 2021;
/// * VATupdate: <https://www.vatupdate.com>, by the date of the page;
/// * Pagero: <https://www.pagero.com/compliance/regulatory-updates/kazakhstan>, 2025;
/// * Innovate Tax: <https://innovatetax.com/blog/april-rate-changes/>, 2024;
/// * Verité Research: <https://publicfinance.lk/en/topics/vat-revenue-collection-maldives-highest-sri-lanka-lowest-1738925161>;
/// * Apple: "Upcoming tax and price changes for apps and in-app purchases", 2022.
const SINGLE: Rates = &[
    ("BD", 1_500), // Verité Research, 2025-02
    ("BF", 1_800), // Afronomist
    ("BH", 1_000), // PwC, reviewed 2024-03-20
    ("BI", 1_800), // Afronomist
    ("BJ", 1_800), // Afronomist
    ("BO", 1_300), // PwC, reviewed 2024-09-17
    ("BS", 1_000), // Global VAT Compliance
    ("BZ", 1_250), // CalcularIVA
    ("CD", 1_600), // PwC as of 2023-08
    ("CF", 1_900), // Afronomist
    ("CG", 1_890), // PwC as of 2023-08: 18 % and a surtax of 5 % of it
    ("CI", 1_800), // Afronomist
    ("CM", 1_925), // PwC, reviewed 2024-08-12: with the communal surcharge
    ("CV", 1_500), // PwC, reviewed 2024-08-13
    ("DJ", 1_000), // Afronomist
    ("EC", 1_500), // CalcularIVA
    ("ET", 1_500), // Global VAT Compliance
    ("GA", 1_800), // PwC as of 2023-08
    ("GM", 1_500), // Afronomist
    ("GN", 1_800), // VATupdate, 2021-09-29
    ("GQ", 1_500), // CalcularIVA
    ("GY", 1_400), // PwC as of 2023-08
    ("KG", 1_200), // Apple, 2022
    ("KH", 1_000), // PwC, reviewed 2024-09-19
    ("KZ", 1_600), // since 2026-01-01: Pagero, Kazakhstan
    ("LA", 1_000), // Innovate Tax, 2024-04
    ("LS", 1_500), // Afronomist
    ("ML", 1_800), // Afronomist
    ("MR", 1_600), // Global VAT Compliance
    ("MW", 1_750), // VATupdate, 2025-12: act of 2025
    ("NE", 1_900), // Afronomist
    ("NP", 1_300), // Verité Research, 2025-02
    ("RU", 2_200), // since 2026-01-01: VATupdate, 2026-01-13
    ("SL", 1_500), // Afronomist
    ("SN", 1_800), // Afronomist
    ("SZ", 1_500), // PwC as of 2023-08
    ("TG", 1_800), // Afronomist
    ("ZW", 1_550), // since 2026-01-01: VATupdate, 2026-01-31
];

/// Single countries whose law is well known, each with the day from which its rate holds. No page was read for them.
const BY_LAW: Rates = &[
    ("AG", 1_700), // since 2024-01-01
    ("DM", 1_500), // since 2006-03-01
    ("FJ", 1_250), // since 2025-08-01
    ("FO", 2_500), // since 1993
    ("GD", 1_500), // since 2010-02-01
    ("JM", 1_500), // since 2020-04-01
    ("LK", 1_800), // since 2024-01-01
    ("MY", 800),   // service tax on digital services, since 2024-03-01
    ("MZ", 1_600), // since 2023-01-01
    ("PK", 1_800), // since 2023
    ("TH", 700),   // since 1999, prolonged again and again
    ("TO", 1_500), // since 2005-04-01
    ("VU", 1_500), // since 2018-01-01
    ("WS", 1_500), // since 2006
];

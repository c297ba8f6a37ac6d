//! Where a third party keeps data: its own hosts, and a region that the settings name in vain.

use super::Settings;
use crate::integrations::Problem;

const SETTING: &str = "data_residency";

/// The third party's own hosts by the values of `data_residency`, the default first.
pub type Hosts = [(&'static str, &'static str)];

/// The host of the region that the settings name.
pub fn host(settings: &Settings, hosts: &Hosts) -> &'static str {
    let said = settings.text(SETTING);
    let named = hosts.iter().find(|(region, _)| Some(*region) == said);
    named.unwrap_or(&hosts[0]).1
}

/// That `base_url` decides where events go, and not the region that the settings name: of the default one only where
/// `base_url` is another's.
pub fn problem(settings: &Settings, hosts: &Hosts) -> Option<Problem> {
    let (said, base) = (settings.text(SETTING)?, settings.text("base_url")?);
    let is_base = |host: &str| name(host).eq_ignore_ascii_case(name(base));
    if is_base(host(settings, hosts)) {
        return None;
    }
    let why = match hosts.iter().find(|(_, host)| is_base(host)) {
        Some((other, _)) => {
            format!("is {said}, but base_url is the address for {other}, and events go there")
        }
        None if said == hosts[0].0 => return None,
        None => "has no effect, because base_url is set".to_owned(),
    };
    Some(Problem::new(SETTING, why))
}

/// The name of the host in an address.
fn name(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    let end = rest.find(['/', ':']).unwrap_or(rest.len());
    rest[..end].trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::integrations::settings::shared;
    use crate::integrations::{Kind, Setting};

    const SETTINGS: &[Setting] = &[
        Setting::new(SETTING, Kind::Choice(&["us", "eu", "world"]), ""),
        shared::BASE_URL,
    ];
    const HOSTS: &Hosts = &[
        ("us", "https://api.example"),
        ("eu", "https://eu.example"),
        ("world", "https://api.example"),
    ];

    fn settings(residency: &str, base: &str) -> Settings {
        let said = json!({SETTING: residency, "base_url": base});
        let read = Settings::read(SETTINGS, said.as_object().unwrap(), &Settings::defaults(SETTINGS));
        read.unwrap()
    }

    #[test]
    fn a_region_has_its_host() {
        for (region, its) in HOSTS {
            assert_eq!(host(&settings(region, ""), HOSTS), *its);
        }
    }

    #[test]
    fn a_region_that_base_url_overrules_is_told_of() {
        let told = |residency: &str, base: &str| {
            let problem = problem(&settings(residency, base), HOSTS)?;
            assert_eq!((problem.field.as_str(), problem.stops), (SETTING, false));
            Some(problem.detail)
        };
        let other = |said: &str, of: &str| {
            Some(format!(
                "is {said}, but base_url is the address for {of}, and events go there"
            ))
        };
        assert_eq!(told("eu", "https://api.example"), other("eu", "us"));
        assert_eq!(told("us", "https://EU.example:443/"), other("us", "eu"));
        assert_eq!(told("world", "http://eu.example./x"), other("world", "eu"));
        let in_vain = Some("has no effect, because base_url is set".to_owned());
        assert_eq!(told("eu", "https://proxy.example/eu.example"), in_vain);
        assert_eq!(told("world", "http://[::1]:8080"), in_vain);
        for (fine, base) in [
            ("us", "https://proxy.example"),
            ("us", ""),
            ("eu", ""),
            ("eu", "https://eu.example/"),
            ("us", "https://api.example"),
            ("world", "https://api.example"),
        ] {
            assert_eq!(told(fine, base), None, "{fine} {base}");
        }
    }
}

//! On which routes a third party is well or not: each of the owner's own addresses for itself, else all together.

use bursar_domain::integrations::{Integration, Settings};

/// The table of settings with the owner's addresses, by the routes that lead there.
const ADDRESSES: &str = "urls";
/// All routes together.
const ALL: &str = "";

/// Is the health of each route told apart? Where none ever counts as dead, there may be very many.
pub fn are_told_apart(integration: &Integration) -> bool {
    integration.schedule.dead_after.is_some()
}

/// Where a record's route counts.
pub fn counted<'a>(integration: &Integration, route: &'a str) -> &'a str {
    if are_told_apart(integration) { route } else { ALL }
}

/// All of them, as the settings say.
pub fn all(integration: &Integration, settings: &Settings) -> Vec<String> {
    if !are_told_apart(integration) {
        return vec![ALL.to_owned()];
    }
    let addresses = settings.get(ADDRESSES).as_object();
    let set = addresses.into_iter().flatten().filter(|(_, url)| url.is_string());
    set.map(|(route, _)| route.clone()).collect()
}

/// The setting with this address, if it is one of the owner's own.
pub fn setting_with(settings: &Settings, url: &str) -> Option<String> {
    let mut addresses = settings.get(ADDRESSES).as_object().into_iter().flatten();
    let (route, _) = addresses.find(|(_, address)| address.as_str() == Some(url))?;
    Some(format!("{ADDRESSES}.{route}"))
}

/// The setting with the address of a route; `None` where routes are not told apart.
pub fn setting(integration: &Integration, route: &str) -> Option<String> {
    are_told_apart(integration).then(|| format!("{ADDRESSES}.{route}"))
}

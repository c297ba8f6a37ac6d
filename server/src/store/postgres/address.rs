//! Where PostgreSQL is, by the URL of the settings.

use std::net::IpAddr;
use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::store::StoreError;

const USUAL_PORT: u16 = 5432;

pub(super) fn parsed(url: &str) -> Result<Config, StoreError> {
    url.parse().map_err(|error| StoreError::Address(Arc::new(error)))
}

/// The hosts as they may be shown, each with its port. One port alone holds for all of them.
pub(super) fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |place| ports.get(place).or(ports.first()).unwrap_or(&USUAL_PORT);
    let hosts = config.get_hosts().iter().enumerate();
    let hosts = hosts.map(|(place, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(place)),
        Host::Unix(folder) => format!("{}:{}", folder.display(), port(place)),
    });
    hosts.collect::<Vec<_>>().join(", ")
}

/// How many hosts are tried, one after the other.
pub(super) fn hosts(config: &Config) -> u32 {
    let most = config.get_hosts().len().max(config.get_hostaddrs().len());
    u32::try_from(most).unwrap_or(u32::MAX).max(1)
}

/// Is a name server asked for one of them?
pub(super) fn is_looked_up(config: &Config) -> bool {
    let is_name = |host: &Host| matches!(host, Host::Tcp(name) if name.parse::<IpAddr>().is_err());
    config.get_hostaddrs().is_empty() && config.get_hosts().iter().any(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_shown_with_their_ports_and_nothing_else() {
        for (url, expected) in [
            ("postgres://u:hunter2@h/d", "h:5432"),
            ("postgres://u:hunter2@h:6/d?connect_timeout=1", "h:6"),
            ("postgres://u@a:1,b:2/d", "a:1, b:2"),
            ("postgres://u@%2Frun%2Fpg/d", "/run/pg:5432"),
        ] {
            assert_eq!(shown(&parsed(url).unwrap()), expected);
        }
    }
}

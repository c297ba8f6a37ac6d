//! Where PostgreSQL is, by the URL of the settings.

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

//! Settings as they may be shown: without secrets.

use bursar_domain::integrations::settings::MASK;
use serde::Serialize;

pub(super) fn mask<S: serde::Serializer>(secret: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| MASK).serialize(serializer)
}

/// A URL without its password.
pub(super) fn mask_url<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&masked_url(url))
}

/// A database URL as it may be shown: what stands between the user's name and the host is masked, and so is
/// everything behind a `?`, where a password may stand too.
///
/// A password may itself hold `@` and `?`: it goes on to the last `@`. Where that may stand in a parameter instead,
/// everything is masked; so is what is no URL and no file, such as `host=… password=…`.
pub fn masked_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        let is_file = url == "sqlite" || url.starts_with("sqlite:");
        return if is_file {
            with_masked_parameters(url)
        } else {
            MASK.to_owned()
        };
    };
    let masked = match rest.rsplit_once('@') {
        Some((user, _)) if user.contains('?') && user.contains('=') => MASK.to_owned(),
        Some((user, host)) => {
            let name = user.split_once(':').map(|(name, _)| format!("{name}:{MASK}"));
            let user = name.unwrap_or_else(|| user.to_owned());
            format!("{user}@{}", with_masked_parameters(host))
        }
        None => with_masked_parameters(rest),
    };
    format!("{scheme}://{masked}")
}

fn with_masked_parameters(address: &str) -> String {
    match address.split_once('?') {
        Some((address, _)) => format!("{address}?{MASK}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_shown_without_what_may_be_a_password() {
        for (url, shown) in [
            ("postgres://u:se?cret@h/d", "postgres://u:********@h/d"),
            (
                "postgres://u:se@c/r?et@h/d?x=y",
                "postgres://u:********@h/d?********",
            ),
            ("postgres://u:p@h/d?password=p@ss", "postgres://********"),
            ("postgres://h:5/d?password=pass", "postgres://h:5/d?********"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("sqlite:a.db", "sqlite:a.db"),
            ("sqlite", "sqlite"),
            ("host=h user=u password=secret", "********"),
        ] {
            assert_eq!(masked_url(url), shown);
        }
    }
}

//! What the first run tells: its secrets, with commands to paste.

use std::io::{self, Write};
use std::net::SocketAddr;

use crate::admin::first_run::FirstRun;

/// The identifiers that the founding document's example sets, in its order.
pub const EXAMPLE_IDENTIFIERS: [&str; 13] = [
    "pushwoosh_hwid",
    "mixpanel_user_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "amplitude_user_id",
    "amplitude_device_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "one_signal_subscription_id",
    "branch_id",
    "appsflyer_id",
    "adjust_device_id",
    "airbridge_device_id",
];

/// Tells the secrets of the first run, this once.
pub fn announce(first_run: &FirstRun, address: SocketAddr) {
    let mut out = io::stdout().lock();
    let told = writeln!(out, "{}", announcement(first_run, address)).and_then(|()| out.flush());
    if let Err(error) = told {
        tracing::error!(
            %error,
            "the secrets of the first run could not be printed; make new ones with \
             `bursar key create --app default` and `bursar admin-token create`"
        );
    }
}

/// The secrets of the first run, with commands to paste.
fn announcement(first_run: &FirstRun, address: SocketAddr) -> String {
    let host = if address.ip().is_unspecified() {
        format!("127.0.0.1:{}", address.port())
    } else {
        address.to_string()
    };
    let FirstRun { app, admin_token } = first_run;
    let identifiers = EXAMPLE_IDENTIFIERS
        .map(|name| format!("\"{name}\": \"example_{name}\""))
        .join(",\n    ");
    let identifiers = format!("{{\n    {identifiers}\n  }}");
    let (id, secret, public) = (app.app_id, &app.secret_key, &app.public_key);
    let api = format!("http://{host}/api/v2/server-side-api");
    format!(
        "\
First run: made the app `default`. These secrets are not shown again.

  app id       {id}
  secret key   {secret}
  public key   {public}
  admin token  {admin_token}

Create a profile, set its identifiers, read them back:

curl -X POST {api}/profile/ \\
  -H 'Authorization: Api-Key {secret}' \\
  -H 'adapty-customer-user-id: user-1'

curl -X POST {api}/integration/profile/set/integration-identifiers/ \\
  -H 'Authorization: Api-Key {secret}' \\
  -H 'adapty-customer-user-id: user-1' \\
  -H 'adapty-platform: iOS' \\
  -H 'Content-Type: application/json' \\
  -d '{identifiers}'

curl {api}/integration/profile/set/integration-identifiers/ \\
  -H 'Authorization: Api-Key {secret}' \\
  -H 'adapty-customer-user-id: user-1'

The API, call by call: http://{host}/docs
"
    )
}

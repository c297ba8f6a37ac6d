// Adds integration identifiers to a customer's profile, with fetch (Node 18 or newer, no packages).
//
//   node examples/identifiers.js SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]
//
// The secret key is printed on the server's first run; a public key works too. Each value can also be set in the
// environment: BURSAR_URL (default http://127.0.0.1:8080), BURSAR_SECRET_KEY, CUSTOMER_USER_ID (default user-1).
//
// Compared with a call to the original service, only the host and the key differ. The profile must exist: create it
// with POST /api/v2/server-side-api/profile/ and the same headers.

const [apiKey, customerUserId, baseUrl] = [
  process.argv[2] ?? process.env.BURSAR_SECRET_KEY,
  process.argv[3] ?? process.env.CUSTOMER_USER_ID ?? "user-1",
  process.argv[4] ?? process.env.BURSAR_URL ?? "http://127.0.0.1:8080",
];
if (!apiKey) {
  console.error("give the key as the first argument or in BURSAR_SECRET_KEY");
  process.exit(2);
}

const names = [
  "adjust_device_id",
  "airbridge_device_id",
  "amplitude_device_id",
  "amplitude_user_id",
  "appmetrica_device_id",
  "appmetrica_profile_id",
  "appsflyer_id",
  "branch_id",
  "facebook_anonymous_id",
  "firebase_app_instance_id",
  "mixpanel_user_id",
  "one_signal_subscription_id",
  "pushwoosh_hwid",
];

async function main() {
  const url = `${baseUrl}/api/v2/server-side-api/integration/profile/set/integration-identifiers/`;
  const response = await fetch(url, {
    method: "POST",
    headers: {
      Authorization: `Api-Key ${apiKey}`,
      "adapty-customer-user-id": customerUserId,
      "adapty-platform": "iOS",
      "Content-Type": "application/json",
    },
    body: JSON.stringify(Object.fromEntries(names.map((name) => [name, `example_${name}`]))),
  });
  console.log(await response.text());
  process.exitCode = response.ok ? 0 : 1;
}

main();

// Reports a subscription for a customer, gives and takes away an access level, reads the profile; with fetch
// (Node 18 or newer, no packages).
//
//   node examples/purchases.js SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]
//
// The secret key is printed on the server's first run; a public key does not do here. Each value can also be set in
// the environment: BURSAR_URL (default http://127.0.0.1:8080), BURSAR_SECRET_KEY, CUSTOMER_USER_ID (default user-1).
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

// Sends a request for the customer and shows the answer.
async function call(method, path, body) {
  const response = await fetch(`${baseUrl}/api/v2/server-side-api/${path}`, {
    method,
    headers: {
      Authorization: `Api-Key ${apiKey}`,
      "adapty-customer-user-id": customerUserId,
      "Content-Type": "application/json",
    },
    body: body && JSON.stringify(body),
  });
  console.log(await response.text());
  return response.ok;
}

async function main() {
  // A renewal is another store_transaction_id under the same store_original_transaction_id; the same id again
  // replaces what was reported. The end is far ahead whenever you try this.
  const transaction = {
    purchase_type: "subscription",
    store: "stripe",
    store_product_id: "example_monthly",
    store_transaction_id: `example-${customerUserId}-1`,
    store_original_transaction_id: `example-${customerUserId}-1`,
    price: { country: "US", currency: "USD", value: 9.99 },
    purchased_at: "2026-01-01T00:00:00Z",
    originally_purchased_at: "2026-01-01T00:00:00Z",
    expires_at: "2099-02-01T00:00:00Z",
    renew_status: true,
  };
  // Without expires_at the level is given for ever; without revoke_at it is taken away now.
  const level = { access_level_id: "premium" };
  const done =
    (await call("POST", "purchase/set/transaction/", transaction)) &&
    (await call("POST", "purchase/profile/grant/access-level/", level)) &&
    (await call("POST", "purchase/profile/revoke/access-level/", level)) &&
    (await call("GET", "profile/"));
  process.exitCode = done ? 0 : 1;
}

main();

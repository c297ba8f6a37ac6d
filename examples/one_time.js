// Reports a one-time purchase and its refund, and says how Apple is to be answered; with fetch (Node 18 or newer, no
// packages).
//
//   node examples/one_time.js SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]
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
  // Both transaction ids are the same, and there is no end: what is not consumable gives its level for ever.
  const purchase = {
    purchase_type: "one_time_purchase",
    store: "app_store",
    store_product_id: "example_lifetime",
    store_transaction_id: `example-${customerUserId}-once`,
    store_original_transaction_id: `example-${customerUserId}-once`,
    price: { country: "US", currency: "USD", value: 49.99 },
    purchased_at: "2026-01-01T00:00:00Z",
  };
  // A report is the whole state of the transaction, so a refund is the same with two fields more.
  const refunded = { ...purchase, refunded_at: "2026-01-02T00:00:00Z", cancellation_reason: "refund" };
  // What Apple is told when the customer asks for money back. A field that is not sent keeps its value.
  const settings = "purchase/profile/refund-saver/settings/";
  const done =
    (await call("POST", "purchase/set/transaction/", purchase)) &&
    (await call("POST", "purchase/set/transaction/", refunded)) &&
    (await call("POST", settings, { custom_preference: "decline", consent: true })) &&
    (await call("GET", settings));
  process.exitCode = done ? 0 : 1;
}

main();

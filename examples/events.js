// Prints the events of an app, the oldest first, one a line, page by page; with fetch (Node 18 or newer, no packages).
//
//   node examples/events.js ADMIN_TOKEN APP_ID [BURSAR_URL] [AFTER]
//
// The admin token and the app's id are printed on the server's first run. AFTER, such as 2026-01-01T00:00:00Z, leaves
// out what was made before. Each value can also be set in the environment: BURSAR_ADMIN_TOKEN, BURSAR_APP_ID,
// BURSAR_URL (default http://127.0.0.1:8080), AFTER.
//
// The original service has no such call: it only sends events. `payload` is what its webhook would have sent.

const [token, appId, baseUrl, after] = [
  process.argv[2] ?? process.env.BURSAR_ADMIN_TOKEN,
  process.argv[3] ?? process.env.BURSAR_APP_ID,
  process.argv[4] ?? process.env.BURSAR_URL ?? "http://127.0.0.1:8080",
  process.argv[5] ?? process.env.AFTER ?? "2000-01-01T00:00:00Z",
];
if (!token || !appId) {
  console.error("give the admin token and the app's id, or set BURSAR_ADMIN_TOKEN and BURSAR_APP_ID");
  process.exit(2);
}

async function main() {
  const parameters = new URLSearchParams({ order: "asc", limit: "100", after });
  for (;;) {
    const response = await fetch(`${baseUrl}/admin/v1/apps/${appId}/events?${parameters}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    if (!response.ok) {
      console.log(await response.text());
      process.exitCode = 1;
      return;
    }
    const page = await response.json();
    for (const { event_type, payload } of page.data) {
      console.log(JSON.stringify({ event_type, payload }));
    }
    if (page.next_cursor === null) {
      return;
    }
    parameters.set("cursor", page.next_cursor);
  }
}

main();

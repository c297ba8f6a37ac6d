// Prints the events of an app, the oldest first, one a line, page by page; with fetch (Node 18 or newer, no packages).
//
//   node examples/events.js ADMIN_TOKEN APP_ID [BURSAR_URL] [AFTER] [SEEN]
//
// The admin token and the app's id are printed on the server's first run. AFTER, such as 2026-01-01T00:00:00Z, leaves
// out what was made before. SEEN is a file that keeps what was printed: run again with it, from a timer of yours, the
// program prints what is new. Each value can also be set in the environment: BURSAR_ADMIN_TOKEN, BURSAR_APP_ID,
// BURSAR_URL (default http://127.0.0.1:8080), AFTER, SEEN.
//
// An event that is dated ahead, such as a renewal that the store tells of a day early, appears later at the place of its
// creation. So each run asks again from two days before the newest event on, and drops those that it has printed.
//
// The original service has no such call: it only sends events. `payload` is what its webhook would have sent.

const { existsSync, readFileSync, writeFileSync } = require("node:fs");

const [token, appId, baseUrl, after, seenFile] = [
  process.argv[2] ?? process.env.BURSAR_ADMIN_TOKEN,
  process.argv[3] ?? process.env.BURSAR_APP_ID,
  process.argv[4] ?? process.env.BURSAR_URL ?? "http://127.0.0.1:8080",
  process.argv[5] ?? process.env.AFTER ?? "2000-01-01T00:00:00Z",
  process.argv[6] ?? process.env.SEEN,
];
if (!token || !appId) {
  console.error("give the admin token and the app's id, or set BURSAR_ADMIN_TOKEN and BURSAR_APP_ID");
  process.exit(2);
}

// The time two days before the newest of these times. Those of the same form are in the order of their texts.
const twoDaysBefore = (times) => {
  const newest = Date.parse(times.reduce((one, other) => (one > other ? one : other)));
  return new Date(newest - 2 * 24 * 60 * 60 * 1000).toISOString().replace("Z", "000+0000");
};

async function main() {
  // When each event that was printed was made, by its id.
  const known = seenFile && existsSync(seenFile) ? JSON.parse(readFileSync(seenFile, "utf8")) : {};
  const seen = new Map(Object.entries(known));
  const from = seen.size > 0 ? twoDaysBefore([...seen.values()]) : after;
  const parameters = new URLSearchParams({ order: "asc", limit: "100", after: from });
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
    for (const { event_id, created_at, event_type, payload } of page.data) {
      if (!seen.has(event_id)) {
        console.log(JSON.stringify({ event_type, payload }));
        seen.set(event_id, created_at);
      }
    }
    if (page.next_cursor === null) {
      break;
    }
    parameters.set("cursor", page.next_cursor);
  }
  if (seenFile && seen.size > 0) {
    // What is older is not asked for again.
    const oldest = twoDaysBefore([...seen.values()]);
    const kept = [...seen].filter(([, made]) => made >= oldest);
    writeFileSync(seenFile, JSON.stringify(Object.fromEntries(kept)));
  }
}

main();

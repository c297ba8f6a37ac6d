// "Try it": a form for one call, its answer, and the same call for curl. Keys live in this page's memory alone.

import { block, indent } from "./code.js";
import { el } from "./dom.js";
import { example, resolve } from "./schema.js";

/** What was typed, by the field's name, so that it need not be typed again for the next call. */
const typed = new Map();

/** What belongs to one call: with the next it would be refused. */
const OF_ONE_CALL = ["Idempotency-Key", "cursor"];

const CREDENTIALS = {
  key: { label: "API key", scheme: "Api-Key", hint: "A secret or a public key of the app." },
  token: { label: "Admin token", scheme: "Bearer", hint: "Made by the first run, or by bursar admin-token create." },
};

/** The form of a call. */
export function tryIt(call) {
  OF_ONE_CALL.forEach((name) => typed.delete(name));
  const credential = credentialOf(call.operation);
  const result = el("div", { class: "result", "aria-live": "polite" });
  const curl = el("div", {});
  const body = bodyField(call.operation);
  const form = el("form", { class: "try", "aria-label": "Try it" }, el("h2", {}, "Try it"),
    credential ? credentialField(credential) : null,
    (call.operation.parameters ?? []).map(parameterField), body, sendButton(call.method), result, curl);
  const read = () => request(call, credential, body?.querySelector("textarea").value ?? "");
  const show = () => curl.replaceChildren(curlBlock(read(), credential));
  form.addEventListener("input", show);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(read(), result);
  });
  show();
  return form;
}

function credentialOf(operation) {
  const names = (operation.security ?? []).flatMap(Object.keys);
  if (names.length === 0) return null;
  return names.includes("AdminToken") ? CREDENTIALS.token : CREDENTIALS.key;
}

function credentialField({ label, hint }) {
  const attributes = { type: "password", autocomplete: "off", spellcheck: "false" };
  return field(label, el("input", attributes), "", `${hint} Kept in this page's memory until it is closed.`);
}

function parameterField(parameter) {
  const { name, in: place, required, schema } = parameter;
  const hint = resolve(schema).examples?.[0];
  return field(name, el("input", { required, spellcheck: "false", autocomplete: "off", placeholder: hint }), place);
}

function field(name, input, place, hint) {
  const id = `field-${name.replace(/\W/g, "-")}`;
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", `${id}-hint`);
  input.value = typed.get(name) ?? "";
  input.addEventListener("input", () => typed.set(name, input.value));
  return el("div", { class: "field" }, el("label", { for: id }, name, " ", el("span", { class: "hint" }, place)), input,
    hint ? el("span", { class: "hint", id: `${id}-hint` }, hint) : null);
}

function bodyField(operation) {
  const content = resolve(operation.requestBody).content;
  if (!content) return null;
  const text = JSON.stringify(example(content["application/json"].schema), null, 2);
  const rows = String(Math.min(12, text.split("\n").length + 1));
  const area = el("textarea", { id: "field-body", rows, spellcheck: "false", autocapitalize: "off" });
  area.value = text;
  const reset = el("button", { type: "button", class: "plain" }, "Example");
  reset.addEventListener("click", () => {
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return el("div", { class: "field" },
    el("div", { class: "row" }, el("label", { for: "field-body" }, "Body (JSON)"), reset), area);
}

function sendButton(method) {
  const danger = method === "delete" ? "send danger" : "send";
  return el("p", { class: "row" }, el("button", { type: "submit", class: danger }, `Send ${method.toUpperCase()}`),
    el("span", { class: "hint" }, "Ctrl + Enter. It really is sent to this server."));
}

/** What the form says, as a request. */
function request({ method, path, operation }, credential, body) {
  const headers = {};
  const query = new URLSearchParams();
  let target = path;
  const secret = credential && typed.get(credential.label)?.trim();
  if (secret) headers.Authorization = `${credential.scheme} ${secret}`;
  for (const { name, in: place } of operation.parameters ?? []) {
    const value = typed.get(name) ?? "";
    if (place === "path" && value) target = target.replace(`{${name}}`, encodeURIComponent(value));
    else if (place === "query" && value) query.set(name, value);
    else if (place === "header" && value) headers[name] = value;
  }
  if (body.trim()) headers["Content-Type"] = "application/json";
  const search = query.size ? `?${query}` : "";
  return { method: method.toUpperCase(), url: location.origin + target + search, headers, body: body.trim() ? body : null };
}

async function send({ method, url, headers, body }, result) {
  result.replaceChildren(el("p", { class: "quiet" }, "Sending …"));
  const started = performance.now();
  try {
    const sent = Object.entries(headers).map(([name, value]) => [name, utf8(value)]);
    const answer = await fetch(url, { method, headers: sent, body, cache: "no-store", credentials: "omit" });
    const text = await answer.text();
    result.replaceChildren(...shown(answer, text, Math.round(performance.now() - started)));
  } catch (error) {
    result.replaceChildren(el("p", { class: "status bad" }, `Not sent or not answered: ${error.message}`));
  }
  result.scrollIntoView({ block: "nearest" });
}

/** A header's value as curl would send it: browsers take one character for each byte. */
function utf8(value) {
  return String.fromCharCode(...new TextEncoder().encode(value));
}

function shown(answer, text, elapsed) {
  const pretty = indent(text);
  const names = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const status = el("p", { class: `status ${answer.ok ? "good" : "bad"}` },
    el("strong", {}, `${answer.status} ${answer.statusText}`.trim()), el("span", {}, `${elapsed} ms`),
    el("span", {}, "Request-Id ", el("code", {}, answer.headers.get("Request-Id") ?? "–")));
  const body = text ? block(pretty ?? text, { label: "Answer", isJson: pretty !== null }) : el("p", { class: "quiet" }, "No body.");
  return [status, body, el("details", {}, el("summary", {}, "Headers"), block(names, { label: "Headers" }))];
}

/** Shown with the key hidden, copied with it. */
function curlBlock(request, credential) {
  const secret = credential ? typed.get(credential.label)?.trim() : "";
  const text = curlText(request, credential && !secret ? { Authorization: `${credential.scheme} YOUR_KEY` } : {});
  const hidden = secret ? text.replaceAll(secret, "••••••••") : text;
  return block(hidden, { label: secret ? "curl (copied with the key)" : "curl", copied: () => text });
}

function curlText({ method, url, headers, body }, missing) {
  const quote = (part) => `'${part.replaceAll("'", "'\\''")}'`;
  const lines = Object.entries({ ...missing, ...headers }).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  if (body) lines.push(`--data-binary ${quote(body)}`);
  return [`curl -X ${method} ${quote(url)}`, ...lines].join(" \\\n  ");
}

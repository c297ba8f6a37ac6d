// The page: the list of calls, an overview, and one call at a time, chosen by the address's fragment.

import { badge, el, inline, pathText, prose } from "./dom.js";
import { fieldsTable, parametersTable, resolve, useDocument } from "./schema.js";
import { tryIt } from "./try.js";

const ORDER = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

start().catch((error) => {
  byId("loading")?.replaceChildren(`The description of the API could not be read: ${error.message}`);
});

async function start() {
  const answer = await fetch("/openapi.json", { credentials: "omit" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const api = await answer.json();
  useDocument(api);
  byId("version").textContent = api.info.version;
  const calls = callsOf(api);
  const show = () => showChosen(api, calls);
  byId("calls").replaceChildren(...navigation(api, calls));
  byId("filter").addEventListener("input", (event) => filter(event.target.value));
  byId("menu").addEventListener("click", () => openMenu(!document.body.classList.contains("menu-open")));
  window.addEventListener("keydown", (event) => event.key === "Escape" && openMenu(false));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("main").focus();
  });
  window.addEventListener("hashchange", () => {
    show();
    byId("main").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  });
  show();
}

/** All calls, in the order of tags, paths and methods. */
function callsOf(api) {
  const paths = Object.entries(api.paths);
  const all = paths.flatMap(([path, methods]) => ORDER.filter((method) => methods[method])
    .map((method) => ({ method, path, operation: methods[method] })));
  const place = ({ operation }) => api.tags.findIndex(({ name }) => name === operation.tags[0]);
  return all.sort((one, other) => place(one) - place(other));
}

function groups(api, calls) {
  return api.tags.map((tag) => ({ tag, calls: calls.filter(({ operation }) => operation.tags.includes(tag.name)) }));
}

function navigation(api, calls) {
  return groups(api, calls).map(({ tag, calls }) => el("section", { class: "group" }, el("h2", {}, tag.name),
    el("ul", {}, calls.map((call) => el("li", { "data-words": wordsOf(call, tag) }, link(call))))));
}

function link({ method, operation }) {
  return el("a", { href: `#${operation.operationId}` }, badge(method), el("span", {}, operation.summary));
}

function wordsOf({ method, path, operation }, tag) {
  return [method, path, operation.summary, operation.operationId, tag.name].join(" ").toLowerCase();
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/);
  for (const group of byId("calls").children) {
    const items = [...group.querySelectorAll("li")];
    for (const item of items) item.hidden = !words.every((word) => item.dataset.words.includes(word));
    group.hidden = items.every((item) => item.hidden);
  }
}

function openMenu(isOpen) {
  document.body.classList.toggle("menu-open", isOpen);
  byId("menu").setAttribute("aria-expanded", String(isOpen));
}

function showChosen(api, calls) {
  const id = location.hash.slice(1);
  const chosen = calls.find(({ operation }) => operation.operationId === id);
  for (const one of byId("calls").querySelectorAll("a")) {
    if (one.hash === `#${id}` && chosen) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  openMenu(false);
  document.title = chosen ? `${chosen.operation.summary} · Bursar API` : "Bursar API";
  byId("main").replaceChildren(...(chosen ? callPage(chosen) : overview(api, calls)));
}

function overview(api, calls) {
  const schemes = api.components.securitySchemes;
  const names = { SecretKey: "Secret key", PublicKey: "Public key", AdminToken: "Admin token" };
  const terms = Object.entries(names)
    .flatMap(([id, name]) => [el("dt", {}, name), el("dd", {}, inline(schemes[id]?.description ?? ""))]);
  const lists = groups(api, calls).map(({ tag, calls }) => el("section", {}, el("h2", {}, tag.name),
    el("p", { class: "quiet" }, tag.description), el("ul", { class: "calls" }, calls.map(listed))));
  return [el("h1", {}, "Bursar API"), ...prose(api.info.description),
    el("p", {}, "Address of this server: ", el("code", {}, location.origin), ". The same description for machines: ",
      el("a", { href: "/openapi.json" }, "openapi.json"), "."),
    el("h2", {}, "Keys"), el("dl", { class: "keys" }, terms), ...lists];
}

function listed({ method, path, operation }) {
  return el("li", {}, el("a", { href: `#${operation.operationId}` }, badge(method),
    el("span", {}, el("strong", {}, operation.summary), el("code", {}, pathText(path)))));
}

function callPage(call) {
  const { method, path, operation } = call;
  const title = el("header", { class: "title" }, el("p", { class: "quiet" }, operation.tags[0]),
    el("h1", {}, operation.summary), el("p", { class: "address" }, badge(method), el("code", {}, pathText(path))));
  const described = el("div", { class: "described" }, prose(operation.description ?? "Open to anybody."),
    operation.parameters ? parametersTable(operation.parameters) : null, bodyPart(operation), answersPart(operation));
  return [title, el("div", { class: "columns" }, described, tryIt(call))];
}

function bodyPart({ requestBody }) {
  if (!requestBody) return null;
  const { required, content } = resolve(requestBody);
  return el("section", {}, el("h2", {}, "Body ", required ? null : el("span", { class: "mark-quiet" }, "optional")),
    Object.entries(content).map(([kind, { schema }]) => [...prose(resolve(schema).description), fieldsTable(schema, kind)]).flat());
}

function answersPart({ responses }) {
  const entries = Object.entries(responses).map(([status, answer]) => [status, resolve(answer)]);
  return el("section", {}, el("h2", {}, "Answers"), entries.map(([status, answer]) => answerPart(status, answer)));
}

function answerPart(status, { description, content, headers }) {
  const mark = el("strong", { class: status < 300 ? "good" : "bad" }, status);
  const bodies = Object.entries(content ?? {})
    .flatMap(([kind, { schema }]) => [...prose(schema.description), fieldsTable(schema, kind, true)]);
  const names = Object.keys(headers ?? {}).map((name) => ` \`${name}\``);
  return el("details", { class: "answer", open: status < 300 }, el("summary", {}, mark, " ", description),
    el("p", { class: "hint" }, inline(`Headers:${names}`)), bodies.length ? bodies : el("p", { class: "quiet" }, "No body."));
}

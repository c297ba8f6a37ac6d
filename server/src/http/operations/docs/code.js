// Shows code: JSON as it was sent, only indented and coloured, and anything that is worth copying.

import { el } from "./dom.js";

const TOKEN = /"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON indented by two, every token as it was (`10.0` stays `10.0`), or `null` where the text is no JSON. */
export function indent(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(TOKEN) ?? [];
  let depth = 0;
  let out = "";
  tokens.forEach((token, place) => {
    const isEmpty = "}]".includes(token) && "{[".includes(tokens[place - 1]);
    if ("}]".includes(token)) {
      depth -= 1;
      out += (isEmpty ? "" : line(depth)) + token;
    } else if ("{[".includes(token)) {
      depth += 1;
      out += token + ("}]".includes(tokens[place + 1]) ? "" : line(depth));
    } else if (token === ",") out += token + line(depth);
    else out += token === ":" ? ": " : token;
  });
  return out;
}

function line(depth) {
  return "\n" + "  ".repeat(depth);
}

/** A block of code with a button that copies it, or what `copied` answers. */
export function block(text, { label = "Code", copied = () => text, isJson = false } = {}) {
  const code = el("code", {}, ...(isJson ? coloured(text) : [text]));
  const pre = el("pre", { tabindex: "0", role: "region", "aria-label": label }, code);
  return el("div", { class: "block" }, el("div", { class: "row" }, el("span", {}, label), copyButton(copied, label)), pre);
}

function coloured(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    pieces.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const kind = kindOf(match[0], text[end]);
    pieces.push(kind ? el("span", { class: kind }, match[0]) : match[0]);
  }
  return [...pieces, text.slice(end)];
}

function kindOf(token, next) {
  if (token.startsWith('"')) return next === ":" ? "key" : "text";
  return /^[{}[\],:]$/.test(token) ? null : "atom";
}

/** A button that puts a text on the clipboard and says so. */
function copyButton(text, label) {
  const button = el("button", { type: "button", class: "copy", "aria-label": `Copy: ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

/** Without HTTPS browsers have no clipboard API; the older way still works there. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = el("textarea", { class: "offscreen" });
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}

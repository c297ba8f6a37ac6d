// Makes elements. Text only ever becomes text nodes: nothing of the API's answers can turn into markup.

/** An element with attributes, listeners (`onclick: fn`) and children; `null` children are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text with `code` in backticks. */
export function inline(text) {
  return text.split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part));
}

/** Paragraphs, parted by empty lines. */
export function prose(text) {
  return (text ?? "").split("\n\n").filter(Boolean).map((part) => el("p", {}, inline(part)));
}

/** A method as a badge. */
export function badge(method) {
  return el("span", { class: `method ${method}` }, method.toUpperCase());
}

/** A path whose parameters stand out, and that may break after slashes. */
export function pathText(path) {
  const parts = path.split(/(\{[^}]*\}|\/)/).filter(Boolean);
  return parts.map((part) => {
    if (part === "/") return [part, el("wbr")];
    return part.startsWith("{") ? el("span", { class: "parameter" }, part) : part;
  }).flat();
}

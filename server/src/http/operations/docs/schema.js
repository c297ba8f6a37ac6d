// Reads JSON Schema for people: a table of fields, and an example value.

import { el, inline } from "./dom.js";

const MAX_DEPTH = 6;
let root = {};

/** Sets the document that references point into. */
export function useDocument(document) {
  root = document;
}

/** What a reference points at, with what stands beside the reference. */
export function resolve(value) {
  if (!value || typeof value !== "object" || !value.$ref) return value ?? {};
  const names = value.$ref.slice(2).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const { $ref, ...beside } = value;
  return { ...resolve(names.reduce((place, name) => place?.[name], root)), ...beside };
}

/** Its variants without `null`, and whether `null` is one of them. */
function variants(schema) {
  const all = (schema.anyOf ?? schema.oneOf ?? []).map(resolve);
  return { some: all.filter((one) => one.type !== "null"), hasNull: all.some((one) => one.type === "null") };
}

/** The schema with the parts of `allOf` merged in, and with its only variant in place of the choice. */
function plain(value) {
  let schema = resolve(value);
  for (const part of (schema.allOf ?? []).map(plain)) {
    schema = { ...part, ...schema, properties: { ...part.properties, ...schema.properties },
      required: [...(part.required ?? []), ...(schema.required ?? [])] };
  }
  const { some, hasNull } = variants(schema);
  if (some.length !== 1) return schema;
  const { anyOf, oneOf, ...rest } = schema;
  const only = plain(some[0]);
  return { ...only, ...rest, type: hasNull ? [only.type, "null"].flat() : only.type };
}

function kinds(schema) {
  return [schema.type ?? []].flat();
}

function isNullable(schema) {
  return kinds(schema).includes("null") || variants(schema).hasNull;
}

function typeText(schema) {
  const { some } = variants(schema);
  if (some.length > 1) return [...new Set(some.map((one) => typeText(plain(one))))].join(" or ");
  const names = kinds(schema).filter((kind) => kind !== "null");
  const texts = names.map((kind) => (kind === "array" ? `array of ${typeText(plain(schema.items))}s` : kind));
  return texts.join(" or ") || (schema.properties ? "object" : "any");
}

function limits(schema) {
  const listed = (schema.enum ?? []).map((choice) => `\`${choice}\``);
  return [
    schema.format && !/^u?int|double|float/.test(schema.format) && `Format: ${schema.format}.`,
    listed.length > 0 && `One of ${listed.join(", ")}.`,
    between(schema.minLength, schema.maxLength, "characters"),
    between(schema.minItems, schema.maxItems, "entries"),
    /^u?int/.test(schema.format ?? "") ? false : between(schema.minimum, schema.maximum, ""),
    schema.pattern && `Pattern: \`${schema.pattern}\`.`,
    "default" in schema && typeof schema.default !== "object" && `Default: \`${JSON.stringify(schema.default)}\`.`,
  ].filter(Boolean);
}

function between(least, most, unit) {
  if (least === undefined && most === undefined) return false;
  if (most === undefined) return `${least} or more ${unit}`.trim() + ".";
  return (least === undefined ? `At most ${most} ${unit}` : `${least} to ${most} ${unit}`).trim() + ".";
}

/** All fields of a schema, those of inner objects with their whole path, those that must be there first. */
function fields(value, prefix = "", depth = 0) {
  const schema = plain(value);
  if (depth > MAX_DEPTH) return [];
  if (schema.items) return fields(schema.items, `${prefix}[]`, depth + 1);
  const names = Object.keys(schema.properties ?? {});
  const isRequired = (name) => (schema.required ?? []).includes(name);
  names.sort((one, other) => isRequired(other) - isRequired(one));
  const own = names.flatMap((name) => {
    const path = prefix ? `${prefix}.${name}` : name;
    const field = plain(schema.properties[name]);
    return [{ path, field, isRequired: isRequired(name) }, ...fields(field, path, depth + 1)];
  });
  const others = schema.additionalProperties;
  return others?.type || others?.$ref ? [...own, ...fields(others, `${prefix}.*`, depth + 1)] : own;
}

/** A table of the fields, or a line where there are none. */
export function fieldsTable(schema, caption, isAnswer = false) {
  const rows = fields(schema);
  if (rows.length === 0) return el("p", { class: "quiet" }, plain(schema).contentMediaType ?? `${caption}: ${typeText(plain(schema))}`);
  // In a body most fields are optional, in an answer most are always there: the others are marked.
  const mark = isAnswer ? (isRequired) => !isRequired && "not always" : (isRequired) => isRequired && "required";
  return table(caption, "Field", rows.map(({ path, field, isRequired }) => row(path, field, [mark(isRequired)])));
}

/** A table of parameters. */
export function parametersTable(parameters) {
  const rows = parameters.map(({ name, schema, required, description, in: place }) =>
    row(name, { ...plain(schema), description }, [required && "required", place]));
  return table("Parameters", "Name", rows);
}

function table(caption, first, rows) {
  const head = [first, "Type", "Description"].map((name) => el("th", { scope: "col" }, name));
  return el("div", { class: "scroll" },
    el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)));
}

/** A field inside an object stands indented; its whole path is there for those who cannot see that. */
function row(path, schema, marks) {
  const cut = Math.max(path.lastIndexOf("."), path.lastIndexOf("]")) + 1;
  const place = el("span", { class: "unseen" }, path.slice(0, cut));
  const name = el("th", { scope: "row", title: path }, el("code", {}, place, ...breakable(path.slice(cut) || path)));
  const texts = [...marks, isNullable(schema) && "nullable"].filter(Boolean);
  const shown = texts.map((text) => el("span", { class: text === "required" ? "mark-required" : "mark-quiet" }, text));
  // What each choice means is in the document; here their names do.
  const description = schema.description?.split("\n\n* ")[0].replaceAll("\n", " ");
  const about = [description, ...limits(schema)].filter(Boolean).join(" ");
  const line = el("tr", {}, name, el("td", {}, typeText(schema), " ", shown), el("td", {}, inline(about)));
  line.style.setProperty("--depth", path.split(".").length - 1);
  return line;
}

function breakable(name) {
  return name.split(/(?<=[_-])/).flatMap((part, place) => (place ? [el("wbr"), part] : [part]));
}

const BY_FORMAT = {
  uuid: "3fa85f64-5717-4562-b3fc-2c963f66afa6", email: "ada@example.com", date: "2000-12-31",
  "date-time": "2026-01-01T00:00:00Z", ipv4: "203.0.113.7",
};

/** A value that the schema allows. */
export function example(value, name = "value", depth = 0) {
  const schema = plain(value);
  if (schema.examples?.length) return schema.examples[0];
  if ("default" in schema && typeof schema.default !== "object") return schema.default;
  if ("const" in schema) return schema.const;
  const { some } = variants(schema);
  if (schema.enum) return schema.enum[0];
  if (some.length > 1) return example(some[0], name, depth);
  const kind = kinds(schema).find((one) => one !== "null") ?? (schema.properties ? "object" : "null");
  if (depth > MAX_DEPTH) return null;
  return EXAMPLES[kind]?.(schema, name, depth) ?? null;
}

const EXAMPLES = {
  object: (schema, _, depth) => Object.fromEntries(Object.entries(schema.properties ?? {})
    .map(([name, field]) => [name, example(field, name, depth + 1)])),
  array: (schema, name, depth) => [example(schema.items, name, depth + 1)],
  string: (schema, name) => BY_FORMAT[schema.format] ?? sample(schema, name),
  integer: (schema) => schema.minimum ?? 1,
  number: (schema) => schema.minimum ?? 1.5,
  boolean: () => true,
};

function sample(schema, name) {
  const text = /\{2\}\$$/.test(schema.pattern ?? "") ? "DE" : `example_${name}`;
  return text.slice(0, schema.maxLength ?? text.length);
}

/**
 * Trying calls from the page for reading (`/api/docs`). Without this script the page says all the same.
 *
 * The key stays in this page's memory: it is sent to this origin alone, and gone with the page. Cookies are not sent, so
 * whoever is signed in here tries nothing in that name. Nothing is ever made markup: everything is put in as text.
 */

const SHOWN_MAX = 200_000;
const TELLING = ["location", "idempotent-replayed", "retry-after", "ratelimit", "etag", "x-request-id"];

/** @typedef {{name: string, in: string, required: boolean, schema: any, examples?: Record<string, {value: any}>}} Param */

/** What answers have named, by name: the id of the last reservation, of the last booking, … @type {Map<string, string>} */
const known = new Map();

/** @type {Promise<any> | undefined} */
let reading;

/** The document, read once. */
function openapi() {
  reading ??= fetch("/api/openapi.json", { credentials: "omit" }).then((answer) => answer.json());
  return reading;
}

/**
 * An element with what is in it.
 * @param {string} tag
 * @param {Record<string, any>} given properties
 * @param {(Node | string)[]} inside
 * @returns {any}
 */
function make(tag, given = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), given);
  made.append(...inside);
  return made;
}

/** A key for one wish; the same for each try of it. */
function wishKey() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const secret = make("input", { type: "password", autocomplete: "off", spellcheck: false, placeholder: "osk_test_…" });
const here = make(
  "section",
  { className: "key" },
  make("label", {}, "Key or token for calls that are tried ", secret),
  make(
    "p",
    { className: "who" },
    "Kept in this page only, and sent to this site only. A live key does what it says: try with a sandbox key.",
  ),
);

/**
 * A labelled field.
 * @param {string} title
 * @param {any} field
 */
function labelled(title, field) {
  return make("label", {}, title, field);
}

/** What a parameter begins with. @param {Param} param @param {string} example */
function beginning(param, example) {
  if (param.name === "Idempotency-Key") return wishKey();
  const given = known.get(param.name) ?? param.examples?.[example]?.value;
  if (given === undefined) return "";
  return typeof given === "string" ? given : JSON.stringify(given);
}

/** A body as it was shown, with what is known here instead of the ids of the example. @param {any} body */
function bodyText(body) {
  if (body === null || typeof body !== "object" || Array.isArray(body)) return JSON.stringify(body, null, 2);
  const changed = { ...body };
  for (const name of Object.keys(changed)) {
    if (typeof changed[name] === "string" && known.has(name)) changed[name] = known.get(name);
  }
  return JSON.stringify(changed, null, 2);
}

/** Keep the ids that an answer names. @param {any} body */
function remember(body) {
  for (const one of [body, body?.data?.[0]]) {
    for (const [name, value] of Object.entries(one ?? {})) {
      if (typeof value === "string" && /^[a-z]{3}_\w+$/.test(value)) known.set(name, value);
    }
  }
}

/**
 * The form of one call.
 * @param {string} path
 * @param {string} method
 * @param {any} call as the document tells it
 */
function form(path, method, call) {
  const kinds = call.requestBody?.content ?? {};
  const [kind] = Object.keys(kinds);
  const bodies = kinds[kind]?.examples ?? {};
  const names = Object.keys(call["x-examples"] ?? {});
  const example = make("select", {}, ...names.map((name) => make("option", { value: name }, name)));
  /** @type {[Param, any][]} */
  const fields = call.parameters.map((/** @type {Param} */ param) => [
    param,
    make("input", { required: param.required, spellcheck: false, autocomplete: "off" }),
  ]);
  const body = make("textarea", { rows: 8, spellcheck: false });
  const said = make("div", { className: "said" });
  said.setAttribute("role", "status");
  const send = make("button", {}, "Send");

  function begin() {
    for (const [param, field] of fields) field.value = beginning(param, example.value);
    body.value = bodies[example.value] ? bodyText(bodies[example.value].value) : "";
  }

  const made = make(
    "form",
    {},
    ...(names.length > 1 ? [labelled("Begin with ", example)] : []),
    ...fields.map(([param, field]) => labelled(`${param.name} (${param.in}${param.required ? ", needed" : ""}) `, field)),
    ...(kind ? [labelled(`Body (${kind}) `, body)] : []),
    make("p", {}, send, " ", make("button", { type: "button", onclick: begin }, "Begin anew")),
    said,
  );
  example.addEventListener("change", begin);
  made.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    send.disabled = true;
    said.replaceChildren("…");
    said.replaceChildren(...(await tried(path, method, fields, kind && body.value ? { kind, text: body.value } : null)));
    send.disabled = false;
  });
  begin();
  return made;
}

/**
 * Send it, and what there is to show of the answer.
 * @param {string} path
 * @param {string} method
 * @param {[Param, any][]} fields
 * @param {{kind: string, text: string} | null} body
 */
async function tried(path, method, fields, body) {
  const query = new URLSearchParams();
  const headers = new Headers();
  let where = path;
  for (const [param, field] of fields) {
    if (field.value === "") continue;
    if (param.in === "path") where = where.replace(`{${param.name}}`, () => encodeURIComponent(field.value));
    if (param.in === "query") query.append(param.name, field.value);
    if (param.in === "header") headers.set(param.name, field.value);
  }
  if (secret.value) headers.set("Authorization", `Bearer ${secret.value.trim()}`);
  if (body) headers.set("Content-Type", body.kind);
  if (query.size) where += `?${query}`;
  const began = performance.now();
  try {
    const answer = await fetch(where, {
      method: method.toUpperCase(),
      headers,
      body: body?.text,
      cache: "no-store",
      credentials: "omit",
    });
    const text = await answer.text();
    const told = TELLING.filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
    const line = `${answer.status} ${answer.statusText} in ${Math.round(performance.now() - began)} ms`;
    return [make("strong", {}, line), shown([...told, "", read(answer, text)].join("\n"))];
  } catch (error) {
    return [make("strong", {}, "No answer"), shown(String(error))];
  }
}

/** @param {Response} answer @param {string} text */
function read(answer, text) {
  if (!/\bjson\b/.test(answer.headers.get("content-type") ?? "")) return text.slice(0, SHOWN_MAX);
  const body = JSON.parse(text || "null");
  if (answer.ok) remember(body);
  return JSON.stringify(body, null, 2).slice(0, SHOWN_MAX);
}

/** @param {string} text */
function shown(text) {
  return make("pre", { tabIndex: 0 }, text);
}

document.querySelector("header")?.append(here);
for (const place of document.querySelectorAll("[data-call]")) {
  const inside = make("details", {}, make("summary", {}, "Try it"));
  inside.addEventListener(
    "toggle",
    async () => {
      const { paths } = await openapi();
      const [path, method] = /** @type {HTMLElement} */ (place).dataset.call?.split(" ") ?? [];
      if (path && method) inside.append(form(path, method, paths[path][method]));
    },
    { once: true },
  );
  place.append(inside);
}

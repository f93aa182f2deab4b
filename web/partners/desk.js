/** What every part of the portal stands on: who is there, for which key they look, and how things are shown and asked for. */

import { inWords } from "../shared/api.js";
import { notice } from "../shared/frame.js";
import { ask } from "../shared/session.js";
import { element, find, t } from "../shared/words.js";

const PATIENCE_MS = 20_000;
const PENDING = 202, WAIT_S = 10, REPEATS_MAX = 2;

/** @typedef {import("../types/api.d.ts").KeyShown} Key */

/** Who is signed in; `key`: the one that is looked at, of a partner always one, of an admin perhaps none (all). */
export const desk = {
  admin: false,
  /** @type {Key[]} */
  keys: [],
  key: "",
  /** Why the keys could not be read, in words; empty: they are those of now. */
  problem: "",
};

/**
 * One call of the API, in the name of whoever is signed in.
 * @param {string} method @param {string} path
 * @param {{body?: object, key?: string}} [given] `key`: the Idempotency-Key of what goes to the log of a show; it is waited
 *   for, and asked for again under the same key while there is no verdict
 * @returns {Promise<import("../shared/api.js").Answer>}
 */
export async function call(method, path, given = {}) {
  // Keys themselves are looked after for the partner as a whole.
  const of = desk.admin || path.startsWith("/api/admin/keys") ? "" : desk.key;
  for (let repeat = 0; ; repeat += 1) {
    const answer = await ask(method, path, { ...given, of, patienceMs: PATIENCE_MS, waitS: given.key ? WAIT_S : 0 });
    if (answer.status !== PENDING) return answer;
    if (repeat === REPEATS_MAX) return { ...answer, ok: false, body: { code: "no_verdict_yet" } };
  }
}

/** What the address says beside part and key. @param {string} name */
export function inAddress(name) {
  return new URL(location.href).searchParams.get(name) ?? "";
}

/** A reload and a link show the same. @param {Record<string, string>} fields what is empty is taken out */
export function toAddress(fields) {
  const to = new URL(location.href);
  for (const [name, value] of Object.entries(fields)) {
    if (value) to.searchParams.set(name, value);
    else to.searchParams.delete(name);
  }
  history.replaceState(null, "", to);
}

/** Fields above a list; what they say stands in the address under their names. */
export class Filters {
  /** @param {string} id of the form @param {() => void} changed */
  constructor(id, changed) {
    this.form = /** @type {HTMLFormElement} */ (find(id));
    const again = (/** @type {Event} */ event) => {
      event.preventDefault();
      toAddress(Object.fromEntries(this.#fields().map(({ name, value }) => [name, value])));
      changed();
    };
    this.form.addEventListener("submit", again);
    this.form.addEventListener("change", again);
  }

  /** As the address says. @returns {Record<string, string>} for a query; moments with their zone */
  read() {
    /** @type {Record<string, string>} */
    const found = {};
    for (const field of this.#fields()) {
      const rest = field.closest("details");
      if (rest && inAddress(field.name)) rest.open = true;
      field.value = inAddress(field.name) || (field instanceof HTMLSelectElement ? (field.options[0]?.value ?? "") : "");
      found[field.name] = field.type === "datetime-local" && field.value ? new Date(field.value).toISOString() : field.value;
    }
    return found;
  }

  #fields() {
    return /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([...this.form.querySelectorAll("input, select")]);
  }
}

/** @param {Record<string, string | number | undefined>} fields @returns {string} with its question mark, without what is empty */
export function queryOf(fields) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text && `?${text}`;
}

/** @typedef {{label: string, run: () => unknown, look?: string}} Act */

/**
 * One thing in a list.
 * @param {string} title
 * @param {{state?: [string, string], facts?: [string, string | Node][], acts?: Act[], ids?: string}} [given] `state`: its look
 *   and its words; `ids`: what others call it
 */
export function card(title, { state, facts = [], acts = [], ids = "" } = {}) {
  const item = element("li", "", "thing"), head = element("p", "", "row head");
  head.append(element("strong", title));
  if (state) head.append(element("span", state[1], `state ${state[0]}`));
  item.append(head);
  if (ids) item.append(element("p", ids, "quiet small digits ids"));
  const shown = facts.filter(([, value]) => value !== "");
  if (shown.length) item.append(factsOf(shown));
  if (acts.length) {
    const row = element("div", "", "actions row");
    row.append(...acts.map((act) => button(act, title)));
    item.append(row);
  }
  return item;
}

/** @param {[string, string | Node][]} facts */
export function factsOf(facts) {
  const list = element("dl", "", "small about");
  for (const [name, value] of facts) {
    const pair = element("div"), dd = element("dd");
    dd.append(value);
    pair.append(element("dt", name), dd);
    list.append(pair);
  }
  return list;
}

/** @param {Act} act @param {string} [of] what it is done to, for whoever does not see what it stands beside */
export function button({ label, run, look = "plain" }, of = "") {
  const made = /** @type {HTMLButtonElement} */ (element("button", label, `${look} small`));
  made.type = "button";
  if (of) made.setAttribute("aria-label", `${label}: ${of}`);
  made.addEventListener("click", run);
  return made;
}

/**
 * What could not be had is said where it would stand, with a way to try again.
 * @param {HTMLElement} place behind which it is said @param {string} words @param {() => unknown} again
 */
export function trouble(place, words, again) {
  calm(place);
  const note = element("div", "", "note error trouble");
  note.setAttribute("role", "alert");
  note.append(element("p", words), button({ label: t("try_again"), run: () => (calm(place), again()) }));
  place.after(note);
}

/** Nothing is wrong there any more. @param {HTMLElement} place */
export function calm(place) {
  place.parentElement?.querySelector(":scope > .trouble")?.remove();
}

/** A list that comes in pages: what was loaded stays, and a button brings more. */
export class Pages {
  /**
   * @param {string} name of the elements: `name`, `name-more`, `name-none` (pages.html)
   * @param {(line: any) => Node} draw @param {(lines: any[]) => void} [after] is told of all that are shown
   */
  constructor(name, draw, after) {
    this.place = find(name);
    this.more = find(`${name}-more`);
    this.none = find(`${name}-none`);
    this.draw = draw;
    this.after = after;
    /** @type {(after: string) => string} */
    this.path = () => "";
    /** @type {any[]} */
    this.lines = [];
    this.asked = 0;
    this.more.addEventListener("click", () => this.load(this.next));
    this.next = "";
  }

  /** @param {(after: string) => string} path where a page is asked for, behind a cursor (or at the beginning) */
  open(path) {
    this.path = path;
    this.lines = [];
    this.place.replaceChildren(element("li", "", "skeleton block"));
    this.more.hidden = this.none.hidden = true;
    return this.load("");
  }

  /** @param {string} after @returns {Promise<void>} */
  async load(after) {
    const mine = ++this.asked;
    calm(this.place);
    this.place.setAttribute("aria-busy", "true");
    const answer = await call("GET", this.path(after));
    // Another list was asked for meanwhile.
    if (mine !== this.asked) return;
    this.place.removeAttribute("aria-busy");
    if (!after) this.place.replaceChildren();
    if (!answer.ok) return trouble(this.place, inWords(answer), () => this.load(after));
    this.lines.push(...answer.body.data);
    this.place.append(...answer.body.data.map(this.draw));
    this.next = answer.body.next_cursor ?? "";
    this.more.hidden = !answer.body.has_more;
    this.none.hidden = this.lines.length > 0;
    this.after?.(this.lines);
  }

  /** All that is shown is asked for once more. */
  again() {
    return this.open(this.path);
  }
}

/** @returns {Promise<void>} the keys are read anew, or `desk.problem` says why not */
export async function readKeys() {
  const found = [];
  for (let after = ""; ; ) {
    const answer = await call("GET", `/api/admin/keys${queryOf({ limit: 200, after })}`);
    desk.problem = answer.ok ? "" : inWords(answer);
    if (!answer.ok) return;
    found.push(...answer.body.data);
    if (!answer.body.has_more) break;
    after = answer.body.next_cursor;
  }
  desk.keys = found;
}

/** What was done stands on top, and is where one goes on from: what was pressed may be gone. @param {string} words @param {string} [kind] */
export function done(words, kind = "good") {
  notice(words, kind);
  find("notice").tabIndex = -1;
  find("notice").focus();
}

/** @param {string} name @param {string} prefix @returns {string} its words, or itself where it has none */
export function word(name, prefix) {
  const words = t(`${prefix}.${name}`);
  return words === `${prefix}.${name}` ? name : words;
}

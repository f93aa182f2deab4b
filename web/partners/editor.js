/** The layout of a venue: written, checked by the API with everything that is wrong or odd in its place, drawn, kept. */

import { inWords } from "../shared/api.js";
import { count, element, find, t } from "../shared/words.js";
import { button, call, done, toAddress, word } from "./desk.js";
import { BEGINNINGS, bodyOf, seatsOf, written } from "./halls.js";
import * as plan from "./plan.js";
import { lineOf, locate } from "./pointer.js";

/** @typedef {import("../types/api.d.ts").VenueShown} Venue */
/** @typedef {import("../types/api.d.ts").FieldError} Problem */

/** So many seats are a text that a browser still scrolls. */
const WRITTEN_MAX = 20_000;
const field = /** @type {HTMLTextAreaElement} */ (find("editor-text"));
/** @type {Venue | null} */
let venue = null;
/** What was checked last and can be kept, as it was written. */
let checked = "";
let kept = () => {};

/** @param {() => void} listener is told when a venue has another layout */
export function onKept(listener) {
  kept = listener;
}

/** @param {Venue} of whose layout is written from now on */
export async function openEditor(of) {
  venue = of;
  toAddress({ venue: of.venue });
  find("editor").hidden = false;
  find("editor-title").textContent = t("editor.title", { name: of.name });
  find("editor-newest").hidden = !of.layout;
  field.value = "";
  forget();
  find("editor-title").focus();
  find("editor-begin").value = of.layout ? "newest" : "rows";
  await beginWith();
}

export function closeEditor() {
  venue = null;
  toAddress({ venue: "" });
  find("editor").hidden = true;
}

/** What was found out of another text is no longer true. */
function forget() {
  checked = "";
  find("editor-keep").disabled = true;
  result("", "");
  find("editor-result").hidden = true;
  find("editor-problems").replaceChildren();
  plan.hide();
}

async function beginWith() {
  const chosen = find("editor-begin").value, mine = venue;
  if (!mine || !chosen) return;
  if (chosen === "newest") {
    const answer = await call("GET", `/api/venues/${mine.venue}/seat-map`);
    // Something else was chosen, or written, meanwhile.
    if (mine !== venue || find("editor-begin").value !== chosen) return;
    if (!answer.ok) return result(inWords(answer), "error");
    const seats = seatsOf(answer.body);
    if (seats > WRITTEN_MAX) {
      plan.draw(answer.body, []);
      return result(t("editor.too_large", { seats: count(seats) }), "info");
    }
    field.value = written(bodyOf(answer.body), seats);
  } else field.value = written(BEGINNINGS[chosen]);
  await check();
}

/** @param {string} words @param {string} kind */
function result(words, kind) {
  const place = find("editor-result");
  place.hidden = false;
  place.textContent = words;
  place.className = `note ${kind}`;
}

/** @returns {object | null} what is written, if it is JSON at all */
function read() {
  try {
    return JSON.parse(field.value);
  } catch (error) {
    const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? field.value.length);
    result(t("editor.no_json", { line: lineOf(field.value, at) }), "error");
    mark(at, at + 1);
    return null;
  }
}

async function check() {
  forget();
  const text = field.value, body = read();
  if (!body || !venue) return;
  find("editor-check").disabled = true;
  const answer = await call("PUT", `/api/admin/venues/${venue.venue}/layout?validate_only=true&drawn=true`, { body });
  find("editor-check").disabled = false;
  // What was written meanwhile is another text.
  if (text !== field.value) return;
  if (!answer.ok) {
    const errors = answer.body.errors ?? [];
    result(errors.length ? t("problem.layout_invalid") : inWords(answer), "error");
    return list(errors, "error", body);
  }
  const { total_seats, seats, tables, areas, warnings, warnings_total, seat_map } = answer.body;
  const found = { places: count(total_seats), seats: count(seats), tables: count(tables), areas: count(areas), odd: count(warnings_total) };
  result(t(warnings_total ? "editor.odd" : "editor.good", found), warnings_total ? "warning" : "good");
  list(warnings, "warning", body);
  plan.draw(seat_map, warnings.map((/** @type {Problem} */ { pointer }) => labelAt(body, pointer)).filter(Boolean));
  checked = text;
  find("editor-keep").disabled = false;
}

/** @param {Problem[]} problems @param {string} kind @param {object} body */
function list(problems, kind, body) {
  find("editor-problems").replaceChildren(
    ...problems.map(({ pointer, code }) => {
      const item = element("li", "", "row"), [from, to] = locate(field.value, pointer);
      const words = `${word(code, "layout").replace(/_/g, " ")} (${t("editor.line", { line: lineOf(field.value, from) })})`;
      const show = () => (plan.show(labelAt(body, pointer)), mark(from, to));
      item.append(element("span", nameOf(body, pointer), `state ${kind}`), button({ label: words, run: show }));
      return item;
    }),
  );
}

/** @param {any} body @param {string} pointer @returns {string} what the seat, table or area there is called */
function labelAt(body, pointer) {
  let at = body, label = "";
  for (const part of pointer.split("/").slice(1)) {
    at = at?.[part];
    label = typeof at?.label === "string" ? at.label : label;
  }
  return label;
}

/** @param {any} body @param {string} pointer @returns {string} for people: what it is called, and which field of it */
function nameOf(body, pointer) {
  const last = pointer.slice(pointer.lastIndexOf("/") + 1), isField = last && !/^\d+$/.test(last);
  return [labelAt(body, pointer), isField ? last : ""].filter(Boolean).join(" · ") || pointer || "/";
}

/** Chosen, and brought into sight. @param {number} from @param {number} to */
function mark(from, to) {
  field.focus();
  field.setSelectionRange(from, to);
  const lines = field.value.split("\n").length;
  field.scrollTop = (lineOf(field.value, from) / lines) * field.scrollHeight - field.clientHeight / 2;
}

async function keep() {
  if (!venue || field.value !== checked) return;
  find("editor-keep").disabled = true;
  const answer = await call("PUT", `/api/admin/venues/${venue.venue}/layout`, { body: JSON.parse(checked) });
  find("editor-keep").disabled = false;
  if (!answer.ok) return result(inWords(answer), "error");
  done(t("editor.kept", { name: venue.name, version: count(answer.body.version), places: count(answer.body.total_seats) }));
  closeEditor();
  kept();
}

find("editor-form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  check();
});
find("editor-begin").addEventListener("change", beginWith);
find("editor-keep").addEventListener("click", keep);
find("editor-close").addEventListener("click", closeEditor);
field.addEventListener("input", () => {
  find("editor-begin").value = "";
  forget();
});

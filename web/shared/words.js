/** Texts in the page's language, and numbers, money and times as people read them. */

export const language = document.documentElement.lang || "en";
export const direction = document.documentElement.dir === "rtl" ? "rtl" : "ltr";

/** @type {Record<string, string>} */
const words = {};
const sets = (document.documentElement.dataset.words ?? "").split(" ").filter(Boolean);
for (const found of await Promise.all(sets.map((name) => import(`../words/${name}/${language}.js`)))) {
  Object.assign(words, found.default);
}

/** @param {string} key @returns {boolean} */
export function known(key) {
  return Object.hasOwn(words, key);
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] what stands in the text's braces
 * @returns {string}
 */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** @param {number} amount minor units @param {string} currency ISO 4217 */
export function money(amount, currency) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const whole = amount % 10 ** digits === 0;
  const shown = whole ? new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: 0 }) : format;
  return shown.format(amount / 10 ** digits);
}

const counts = new Intl.NumberFormat(language);

/** @param {number} value */
export function count(value) {
  return counts.format(value);
}

/** @param {string[]} items @returns {string} "A, B and C" */
export function list(items) {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(items);
}

/** @param {string} time RFC 3339 */
export function moment(time) {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }).format(new Date(time));
}

/** @param {string} time RFC 3339 @returns {string} a shorter one */
export function shortMoment(time) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

/** @param {number} ms @returns {string} minutes and seconds */
export function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** @param {number} value @param {string} unit as Intl names it */
function measured(value, unit) {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/** @param {number} minutes @returns {string} */
export function roughly(minutes) {
  if (minutes <= 1) return measured(1, "minute");
  if (minutes < 90) return measured(Math.ceil(minutes), "minute");
  return measured(Math.round(minutes / 6) / 10, "hour");
}

/** @param {number} from @param {number} to minutes @returns {string} "3–4 minutes": the unit is said once */
export function roughlyBetween(from, to) {
  const [soonest, latest] = [from, to].map((minutes) => (to < 90 ? Math.max(1, Math.ceil(minutes)) : Math.round(minutes / 6) / 10));
  if (soonest === latest) return roughly(to);
  const unit = to < 90 ? "minute" : "hour";
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).formatRange(soonest, latest);
}

/** @param {number} ms @returns {string} the two largest units of a time to wait */
export function until(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return list([measured(days, "day"), measured(hours, "hour")]);
  if (hours) return list([measured(hours, "hour"), measured(minutes, "minute")]);
  return clock(ms);
}

/**
 * @param {string} name
 * @param {string} [text]
 * @param {string} [className]
 * @returns {HTMLElement}
 */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/**
 * What somebody has written, in whatever language: on a page from right to left its full stop stays at its end.
 * @param {string} name
 * @param {string} text
 * @param {string} [className]
 */
export function quoted(name, text, className = "") {
  const made = element(name, "", className);
  made.append(element("bdi", text));
  return made;
}

/** @param {string} id @returns {any} */
export function find(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

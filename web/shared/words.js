/** Numbers, money and times as people read them. */

/** @param {number} amount minor units @param {string} currency ISO 4217 */
export function money(amount, currency) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** @param {number} value */
export function count(value) {
  return new Intl.NumberFormat().format(value);
}

/** @param {string} time RFC 3339 */
export function moment(time) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" }).format(new Date(time));
}

/** @param {number} ms @returns {string} minutes and seconds */
export function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** @param {number} minutes @returns {string} */
export function roughly(minutes) {
  if (minutes < 1) return "less than a minute";
  if (minutes < 90) return `about ${Math.ceil(minutes)} min`;
  return `about ${(minutes / 60).toFixed(1)} h`;
}

/**
 * @param {string} name
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** @param {string} id @returns {any} */
export function find(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

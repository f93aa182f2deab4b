/** A dialog that asks for some fields, sends them, and shows what is wrong with which of them; and the one for secrets. */

import { inWords, randomHex } from "../shared/api.js";
import { notice, say } from "../shared/frame.js";
import { element, find, t } from "../shared/words.js";
import { word } from "./desk.js";

/**
 * @typedef {{name: string, label: string, kind?: string, value?: any, hint?: string, required?: boolean, min?: number,
 *   max?: number, length?: number, options?: [string, string][], currency?: string, more?: boolean}} Field `kind`: a type of
 *   `input`, or select, check (one box), checks (of several), list (words with spaces between), money (in minor units);
 *   `more`: seldom looked at, and folded away
 * @typedef {{title: string, words?: string, fields?: Field[], go: string, danger?: boolean,
 *   review?: {of: (values: Record<string, any>) => Node | null, go: string},
 *   send: (values: Record<string, any>, key: string) => Promise<import("../shared/api.js").Answer>,
 *   then?: (body: any) => void}} Form
 */

const dialog = /** @type {HTMLDialogElement} */ (find("dialog"));
const secretDialog = /** @type {HTMLDialogElement} */ (find("secret-dialog"));
/** @type {Form | null} */
let open = null;
/** What was sent last, and under which Idempotency-Key: the same once more is the same request, as long as nobody answers. */
let sent = { said: "", key: "" };

/** @param {Form} form */
export function begin(form) {
  open = form;
  sent = { said: "", key: "" };
  find("form-title").textContent = form.title;
  find("form-words").hidden = !form.words;
  find("form-words").textContent = form.words ?? "";
  find("form-fields").replaceChildren(...(form.fields ?? []).filter(({ more }) => !more).map(fieldOf), ...folded(form));
  showReview(null);
  find("form-go").className = form.danger ? "danger" : "";
  find("form-go").disabled = false;
  dialog.showModal();
}

/** @param {Form} form */
function folded({ fields = [] }) {
  const found = fields.filter(({ more }) => more), place = element("details");
  place.append(element("summary", t("portal.more_fields")), ...found.map(fieldOf));
  return found.length ? [place] : [];
}

/** What would come of it stands in place of the fields, and is sent by the next press; null: the fields are there again. @param {Node | null} review */
function showReview(review) {
  find("form-error").hidden = true;
  find("form-fields").hidden = Boolean(review);
  find("form-review").hidden = find("form-back").hidden = !review;
  find("form-review").replaceChildren(...(review ? [review] : []));
  find("form-go").textContent = (review && open?.review?.go) ?? open?.go;
  if (review) find("form-review").focus();
}

/** @param {Field} field */
function fieldOf(field) {
  if (field.kind === "check") {
    const label = element("label", "", "check"), box = input(field, "checkbox");
    box.checked = Boolean(field.value);
    label.append(box, ` ${field.label}`);
    return wrapped(field, label);
  }
  if (field.kind === "checks") {
    const set = element("fieldset", "", "plain");
    set.append(element("legend", field.label));
    for (const [value, words] of field.options ?? []) {
      const label = element("label", "", "check"), box = input(field, "checkbox", `${field.name}-${value}`);
      box.value = value;
      box.checked = (field.value ?? []).includes(value);
      label.append(box, ` ${words}`);
      set.append(label);
    }
    return wrapped(field, set);
  }
  const label = /** @type {HTMLLabelElement} */ (element("label", field.label)), made = control(field);
  label.htmlFor = made.id;
  return wrapped(field, label, made);
}

/** @param {Field} field @returns {HTMLInputElement | HTMLSelectElement} */
function control(field) {
  const { kind = "text", value = "" } = field;
  if (kind === "select") {
    const made = /** @type {HTMLSelectElement} */ (element("select"));
    name(made, field);
    made.append(...(field.options ?? []).map(([given, words]) => new Option(words, given, false, given === value)));
    return made;
  }
  if (kind === "money") {
    const made = input({ ...field, value: "" }, "number");
    made.step = String(1 / minor(field));
    made.value = String(value / minor(field));
    return made;
  }
  const made = input(field, kind === "list" ? "text" : kind);
  made.value = Array.isArray(value) ? value.join(" ") : String(value);
  return made;
}

/** @param {Field} field @returns {number} how many minor units its currency has */
function minor({ currency = "EUR" }) {
  return 10 ** (new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2);
}

/** @param {Field} field @param {string} type @param {string} [id] */
function input(field, type, id = field.name) {
  const made = /** @type {HTMLInputElement} */ (element("input"));
  made.type = type;
  made.autocomplete = "off";
  if (field.min !== undefined) made.min = String(field.min);
  if (field.max !== undefined) made.max = String(field.max);
  if (field.length !== undefined) made.maxLength = field.length;
  name(made, field, id);
  return made;
}

/** @param {HTMLInputElement | HTMLSelectElement} made @param {Field} field @param {string} [id] */
function name(made, field, id = field.name) {
  made.id = `field-${id}`;
  made.name = field.name;
  made.required = Boolean(field.required);
  made.setAttribute("aria-describedby", `hint-${field.name} wrong-${field.name}`);
}

/** @param {Field} field @param {...Node} parts */
function wrapped(field, ...parts) {
  const place = element("div", "", "field"), hint = element("p", field.hint ?? "", "hint"), wrong = element("p", "", "wrong");
  hint.id = `hint-${field.name}`;
  hint.hidden = !field.hint;
  wrong.id = `wrong-${field.name}`;
  wrong.hidden = true;
  place.append(...parts, hint, wrong);
  return place;
}

/** @returns {Record<string, any>} by the fields' names; what is left empty is null, or an empty list */
function values() {
  /** @type {Record<string, any>} */
  const found = {};
  for (const field of open?.fields ?? []) {
    const all = [...find("form-fields").querySelectorAll(`[name="${field.name}"]`)], [one] = all;
    if (field.kind === "check") found[field.name] = one.checked;
    else if (field.kind === "checks") found[field.name] = all.filter((box) => box.checked).map((box) => box.value);
    else if (field.kind === "list") found[field.name] = one.value.split(/[\s,;]+/).filter(Boolean);
    else if (field.kind === "money") found[field.name] = Math.round(Number(one.value) * minor(field));
    else if (field.kind === "number") found[field.name] = one.value === "" ? null : Number(one.value);
    else if (field.kind === "datetime-local") found[field.name] = one.value === "" ? null : new Date(one.value).toISOString();
    else found[field.name] = one.value.trim() === "" ? null : one.value.trim();
  }
  return found;
}

/** @param {Event} event */
async function go(event) {
  event.preventDefault();
  if (!open) return;
  const form = open, given = values();
  if (form.review && find("form-review").hidden) {
    const review = form.review.of(given);
    return review ? showReview(review) : tellBelow(t("portal.nothing_changed"));
  }
  const said = JSON.stringify(given);
  if (sent.said !== said) sent = { said, key: randomHex(16) };
  find("form-go").disabled = true;
  const answer = await form.send(given, sent.key);
  if (isVerdict(answer)) sent = { said: "", key: "" };
  // Whoever closed it meanwhile is told all the same: it was sent.
  const isOpen = open === form;
  if (isOpen) find("form-go").disabled = false;
  if (!answer.ok) return isOpen ? complain(answer) : notice(`${form.title}: ${inWords(answer)}`, "error");
  if (isOpen) dialog.close();
  form.then?.(answer.body);
}

/** @param {import("../shared/api.js").Answer} answer */
function isVerdict({ status }) {
  return status >= 200 && status < 500 && status !== 202;
}

/** What is wrong stands at its field; what belongs to none stands below. @param {import("../shared/api.js").Answer} answer */
function complain(answer) {
  showReview(null);
  for (const made of find("form-fields").querySelectorAll("[aria-invalid]")) made.removeAttribute("aria-invalid");
  for (const place of find("form-fields").querySelectorAll(".wrong")) place.hidden = true;
  /** @type {HTMLElement | null} */
  let first = null;
  for (const { pointer, code } of answer.body.errors ?? []) {
    const parts = pointer.split("/").slice(1);
    const made = parts.map((/** @type {string} */ part) => find("form-fields").querySelector(`[name="${CSS.escape(part)}"]`)).find(Boolean), named = made?.name;
    if (!made) continue;
    made.closest("details")?.setAttribute("open", "");
    made.setAttribute("aria-invalid", "true");
    const place = find(`wrong-${named}`);
    place.hidden = false;
    place.textContent = word(code, "wrong");
    first ??= made;
  }
  tellBelow(inWords(answer));
  first?.focus();
}

/** @param {string} words */
function tellBelow(words) {
  const error = find("form-error");
  error.hidden = false;
  error.textContent = words;
  error.focus();
}

/**
 * Shows what is never shown again, until it is said that it was kept.
 * @param {string} title @param {string} secret @param {string} words what it is for
 */
export function showSecret(title, secret, words) {
  find("secret-title").textContent = title;
  find("secret-words").textContent = words;
  find("secret-text").textContent = secret;
  find("secret-copied").textContent = "";
  secretDialog.showModal();
}

async function copy() {
  const text = find("secret-text").textContent;
  try {
    await navigator.clipboard.writeText(text);
    find("secret-copied").textContent = t("portal.copied");
  } catch {
    // Where the browser does not let us, it is marked for the person's own hands.
    getSelection()?.selectAllChildren(find("secret-text"));
    find("secret-copied").textContent = t("portal.copy_it");
  }
}

find("form").addEventListener("submit", go);
find("form-not").addEventListener("click", () => dialog.close());
find("form-back").addEventListener("click", () => showReview(null));
dialog.addEventListener("close", () => (open = null));
find("secret-copy").addEventListener("click", copy);
find("secret-close").addEventListener("click", () => {
  find("secret-text").textContent = "";
  secretDialog.close();
  say(t("portal.put_away"));
});
secretDialog.addEventListener("cancel", (event) => event.preventDefault());
// Browsers let a second Escape, or a phone's way back, close any dialog.
secretDialog.addEventListener("close", () => {
  if (find("secret-text").textContent) secretDialog.showModal();
});

/** One act, from its button to its answer: what it does, for what reason, what would come of it, and how it is undone. */

import { inWords } from "../shared/api.js";
import { count, element, find, language, shortMoment, t } from "../shared/words.js";
import { callOf, previewPath, undoOf } from "./acts.js";
import { showCodes } from "./codes.js";
import { ask } from "../shared/session.js";

const TYPING_MS = 250;
const RATE_MAX_MIN = 2_400;
const dialog = /** @type {HTMLDialogElement} */ (find("dialog"));
/** @type {{act: import("./acts.js").Act, room: any} | null} */
let open = null;
let asked = 0;
/** @type {(done: {words: string, undo: import("./acts.js").Call | null}) => void} */
let tell = () => {};

/** @param {typeof tell} listener is told of everything that was done */
export function onDone(listener) {
  tell = listener;
}

/** @param {import("./acts.js").Act} act @param {any} room as it is now */
export function begin(act, room) {
  open = { act, room };
  // What was left out of the act before is no fault of this one.
  find("act-form").reset();
  find("act-title").textContent = t(`act.${act.name}`);
  find("effects").replaceChildren(
    ...["fans", "stops", "undo"].flatMap((part) => [element("dt", t(part === "undo" ? "console.undo_how" : `console.${part}`)), element("dd", t(`act.${act.name}.${part}`))]),
  );
  find("fields").replaceChildren(...(act.fields ?? []).map((field) => fieldOf(field, room)));
  find("presets").replaceChildren(element("option", t("console.own_words")), ...act.reasons.map((word) => element("option", t(word))));
  find("sure-field").hidden = !act.final;
  find("sure").required = Boolean(act.final);
  find("act-error").hidden = true;
  find("preview").hidden = act.foreseen === false;
  const go = find("act-go");
  go.textContent = t(`act.${act.name}`);
  go.className = act.danger ? "danger" : "";
  dialog.showModal();
  look();
}

/** @param {import("./acts.js").Field} field @param {any} room */
function fieldOf(field, room) {
  const id = `field-${field.name}`, value = field.value(room);
  if (field.kind === "choice") return choiceOf(field, id, room);
  const input = /** @type {HTMLInputElement} */ (element("input"));
  input.id = id;
  input.name = field.name;
  if (field.kind === "check") {
    const label = element("label", "", "check");
    input.type = "checkbox";
    input.checked = Boolean(value);
    label.append(input, ` ${t(`field.${field.name}`)}`);
    return label;
  }
  const place = element("div", "", "field");
  const label = /** @type {HTMLLabelElement} */ (element("label", t(`field.${field.name}`)));
  label.htmlFor = id;
  input.type = field.kind === "text" ? "text" : "number";
  if (field.kind === "text") input.maxLength = 200;
  if (field.pattern) input.pattern = field.pattern;
  if (field.min !== undefined) input.min = String(field.min);
  input.max = String(field.max ?? 1_000_000);
  input.required = field.kind !== "text" || Boolean(field.pattern);
  input.value = String(value);
  place.append(label, input);
  if (field.kind === "range") place.append(sliderFor(input, t(`field.${field.name}`), Number(value)));
  return place;
}

/** @param {import("./acts.js").Field} field @param {string} id @param {any} room */
function choiceOf(field, id, room) {
  const place = element("div", "", "field"), select = /** @type {HTMLSelectElement} */ (element("select"));
  const label = /** @type {HTMLLabelElement} */ (element("label", t(`field.${field.name}`)));
  label.htmlFor = select.id = id;
  select.name = field.name;
  select.append(...(field.options?.(room) ?? []).map((option) => element("option", option)));
  place.append(label, select);
  return place;
}

/** @param {HTMLInputElement} input @param {string} name @param {number} value @returns {HTMLInputElement} moves with it */
function sliderFor(input, name, value) {
  const slider = /** @type {HTMLInputElement} */ (element("input"));
  slider.type = "range";
  slider.min = "0";
  slider.max = String(Math.max(RATE_MAX_MIN, value * 2));
  slider.step = "10";
  slider.value = String(value);
  slider.setAttribute("aria-label", name);
  slider.addEventListener("input", () => (input.value = slider.value));
  input.addEventListener("input", () => (slider.value = input.value));
  return slider;
}

function values() {
  /** @type {Record<string, any>} */
  const found = { language };
  for (const input of find("fields").querySelectorAll("[name]")) {
    found[input.name] = input.type === "checkbox" ? input.checked : input.type === "number" ? Number(input.value) : input.value.trim();
  }
  return found;
}

/** Shows what would come of it; only the latest question's answer counts. */
async function look() {
  if (!open || open.act.foreseen === false || !fieldsAreWhole()) return;
  const mine = ++asked, { act, room } = open;
  const call = callOf(act, room, find("act-reason").value || t("console.preview"), values());
  const answer = await ask(call.method, previewPath(call), { body: call.body });
  if (mine !== asked || !dialog.open) return;
  find("preview").textContent = answer.ok ? expected(answer.body.preview) : inWords(answer);
}

/** @returns {boolean} */
function fieldsAreWhole() {
  return [...find("fields").querySelectorAll("input")].every((input) => input.checkValidity());
}

/** @param {any} preview @returns {string} */
export function expected(preview) {
  if (!preview.rate_target) return t("expected.nobody", { limit: t(`limit.${preview.limited_by}`) });
  const words = [t("expected.rate", { rate: count(preview.rate_target), limit: t(`limit.${preview.limited_by}`) })];
  if (preview.sold_out_at) words.push(t("expected.sold_out", { time: shortMoment(preview.sold_out_at) }));
  if (preview.reached && preview.wait_p50_s !== null) {
    words.push(t("expected.waits", { reached: count(preview.reached), p50: minutes(preview.wait_p50_s), p90: minutes(preview.wait_p90_s) }));
  }
  return words.join(" ");
}

/** @param {number} seconds */
function minutes(seconds) {
  return new Intl.NumberFormat(language, { style: "unit", unit: "minute", maximumFractionDigits: 1 }).format(seconds / 60);
}

/** @param {Event} event */
async function go(event) {
  event.preventDefault();
  if (!open) return;
  const { act, room } = open, reason = find("act-reason").value.trim();
  const call = callOf(act, room, reason, values());
  find("act-go").disabled = true;
  const answer = await ask(call.method, call.path, { body: call.body, ifVersion: room.version });
  find("act-go").disabled = false;
  if (!answer.ok) {
    const error = find("act-error");
    error.hidden = false;
    error.textContent = answer.status === 412 ? t("console.changed", { what: answer.body.detail }) : inWords(answer);
    if (answer.status === 412) open.room = { ...room, version: undefined };
    return;
  }
  dialog.close();
  const undo = undoOf(act, room, t("console.undone", { what: t(`act.${act.name}`) }));
  tell({ words: t("console.done", { what: t(`act.${act.name}`), show: room.name }), undo });
  if (answer.body.codes) showCodes(answer.body);
}

let typing = 0;
find("fields").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(look, TYPING_MS);
});
find("presets").addEventListener("change", () => {
  const { selectedIndex, value } = find("presets");
  find("act-reason").value = selectedIndex ? value : "";
});
find("act-form").addEventListener("submit", go);
find("act-not").addEventListener("click", () => dialog.close());

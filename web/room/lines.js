/** Which of the room's lines somebody wants to join, and the code that some of them ask for. */

import { element, find, t } from "../shared/words.js";

const GENERAL = "general";
/** Lines for which a code is needed. @type {Set<string>} */
const coded = new Set();
let shown = "";

/** @param {string} name @returns {string} in words; an operator's own name for a line is shown as it is */
function named(name) {
  if (name === GENERAL) return t("room.general");
  return name === "accessible" ? t("room.accessible_line") : name;
}

/** @param {string} name */
function choice(name) {
  const label = element("label", "", "check"), input = /** @type {HTMLInputElement} */ (element("input"));
  input.type = "radio";
  input.name = "line";
  input.value = name;
  input.checked = name === GENERAL;
  label.append(input, element("span", named(name)));
  return label;
}

/** @returns {string} */
function chosen() {
  const input = /** @type {HTMLInputElement | null} */ (document.querySelector('input[name="line"]:checked'));
  return input?.value ?? GENERAL;
}

function drawCode() {
  find("code-field").hidden = !coded.has(chosen());
}

/** @param {any} lines those of the status; drawn anew only when others are there, so that no choice is undone */
export function drawLines(lines) {
  coded.clear();
  for (const [name, line] of Object.entries(lines)) if (line.coded) coded.add(name);
  const names = Object.keys(lines).sort((one, other) => Number(other === GENERAL) - Number(one === GENERAL));
  find("lines").hidden = names.length < 2;
  if (names.join() !== shown) {
    shown = names.join();
    find("line-choices").replaceChildren(...names.map(choice));
  }
  drawCode();
}

/** @returns {{line: string, code?: string}} what goes along with a join */
export function wanted() {
  const line = chosen(), code = find("code").value.trim();
  return coded.has(line) && code ? { line, code } : { line };
}

find("lines").addEventListener("change", drawCode);

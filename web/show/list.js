/** The hall as a list: section by section, row by row, everything that the map can do. */

import { count, element, find, money, t } from "../shared/words.js";
import { FREE, STATUS_NAMES } from "./hall.js";

export class List {
  /** @type {Map<number, HTMLButtonElement>} the buttons of the section that is shown */
  #buttons = new Map();
  #section = -1;

  /**
   * @param {import("./hall.js").Hall} hall
   * @param {import("./choice.js").Choice} choice
   * @param {Map<number, import("./painter.js").Mark>} marks
   * @param {{seat: (seat: number) => void, table: (table: import("./hall.js").Table) => void}} tell
   */
  constructor(hall, choice, marks, tell) {
    this.hall = hall;
    this.choice = choice;
    this.marks = marks;
    this.tell = tell;
    find("section").addEventListener("change", () => this.#build(Number(find("section").value)));
    find("rows").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#walk(event));
  }

  /** Only where somebody looks at it: a hall of 100,000 seats has no 100,000 buttons. */
  open() {
    const before = Math.max(0, this.#section);
    this.#nameSections();
    this.#build(before);
  }

  #nameSections() {
    find("section").replaceChildren(
      ...this.hall.sections.map((section, at) => {
        const option = /** @type {HTMLOptionElement} */ (element("option", `${section.name} · ${t("left", { count: count(section.free) })}`));
        option.value = String(at);
        return option;
      }),
    );
  }

  /** @param {number} at */
  #build(at) {
    this.#section = at;
    this.#buttons.clear();
    const section = this.hall.sections[at];
    if (!section) return;
    find("section").value = String(at);
    find("rows").replaceChildren(...section.rows.map((row) => this.#row(row)));
    this.changed();
    const [first] = this.#buttons.values();
    if (first) first.tabIndex = 0;
  }

  /** @param {{label: string, seats: number[]}} row */
  #row(row) {
    const table = this.hall.tableOf.get(row.seats[0]);
    const line = element("div", "", "seat-row");
    line.setAttribute("role", "group");
    const name = t(table ? "show.table" : "show.row", { label: row.label });
    line.setAttribute("aria-label", name);
    const head = element("h2", name);
    line.append(head);
    if (table && table.bookable !== "seats") {
      const whole = /** @type {HTMLButtonElement} */ (element("button", t("show.whole_table"), "plain small"));
      whole.type = "button";
      whole.dataset.table = table.label;
      whole.setAttribute("aria-label", `${name}: ${t("show.whole_table")}`);
      whole.addEventListener("click", () => this.tell.table(table));
      line.append(whole);
    }
    if (table?.bookable !== "whole") line.append(...row.seats.map((seat) => this.#seat(seat)));
    return line;
  }

  /** @param {number} seat */
  #seat(seat) {
    const button = /** @type {HTMLButtonElement} */ (element("button", this.hall.numbers[seat], "seat"));
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.seat = this.hall.labels[seat];
    button.addEventListener("click", () => {
      this.#focusable(button);
      this.tell.seat(seat);
    });
    this.#buttons.set(seat, button);
    return button;
  }

  /** Draw what has become of the seats that are shown. */
  changed() {
    if (find("list").hidden) return;
    const { hall } = this;
    for (const [seat, button] of this.#buttons) {
      const mark = this.marks.get(seat), free = hall.status[seat] === FREE;
      // Not `disabled`, which would take a seat that is lost out of the way of whoever stands on it.
      const state = mark ?? (free ? "free" : STATUS_NAMES[hall.status[seat]]);
      if (button.dataset.state === state) continue;
      button.dataset.state = state;
      button.setAttribute("aria-pressed", String(mark === "chosen"));
      button.setAttribute("aria-disabled", String(!free && !mark));
      button.setAttribute("aria-label", seatWords(hall, seat, mark));
    }
    for (const button of find("rows").querySelectorAll("[data-table]")) {
      const table = hall.tables.find((one) => one.label === button.dataset.table);
      if (!table) continue;
      button.setAttribute("aria-pressed", String(this.choice.tables.has(table)));
      button.setAttribute("aria-disabled", String(!table.seats.every((seat) => hall.status[seat] === FREE)));
    }
  }

  /** @param {HTMLButtonElement} button the one seat that Tab goes to */
  #focusable(button) {
    for (const other of this.#buttons.values()) if (other.tabIndex === 0) other.tabIndex = -1;
    button.tabIndex = 0;
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!target.dataset.seat) return;
    const rows = [...find("rows").querySelectorAll(".seat-row")].map((row) => [...row.querySelectorAll(".seat")]);
    const at = rows.findIndex((row) => row.includes(target)), nth = rows[at].indexOf(target);
    const onward = document.documentElement.dir === "rtl" ? -1 : 1;
    const across = { ArrowLeft: -onward, ArrowRight: onward }[event.key], down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!across && !down) return;
    event.preventDefault();
    let row = at + (down ?? 0);
    while (down && rows[row] && !rows[row].length) row += down;
    const next = across ? rows[at][nth + across] : rows[row]?.[Math.min(nth, rows[row].length - 1)];
    if (!next) return;
    this.#focusable(next);
    next.focus();
  }
}

/**
 * @param {import("./hall.js").Hall} hall @param {number} seat @param {import("./painter.js").Mark | undefined} mark
 * @returns {string} all that there is to say of a seat
 */
export function seatWords(hall, seat, mark) {
  const table = hall.tableOf.get(seat);
  const parts = [
    table ? `${t("show.table", { label: table.label })}, ${hall.labels[seat]}` : hall.labels[seat],
    hall.tiers[hall.tier[seat]].category,
    money(hall.price(seat), hall.currency),
  ];
  if (hall.accessible.has(seat)) parts.push(t("show.accessible"));
  if (hall.companions.has(seat)) parts.push(t("show.companion", { label: hall.labels[hall.companions.get(seat) ?? 0] ?? "" }));
  parts.push(t(mark ? `mark.${mark}` : `seat.${STATUS_NAMES[hall.status[seat]]}`));
  return parts.join(", ");
}

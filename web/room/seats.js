/** Choosing places: the best ones, places of an area, or seat by seat. */

import { ask } from "../shared/api.js";
import { count, element, find, money } from "../shared/words.js";

/** Above this many seats a plain grid helps nobody. */
const SEATS_SHOWN_MAX = 3000;

export class Seats {
  /** @type {Set<string>} labels */
  chosen = new Set();
  /** @type {any} */
  #map = null;
  /** @type {Map<string, any>} seat label -> button */
  #buttons = new Map();

  /**
   * @param {any} event as `/api/events/{show}` tells it
   * @param {(wish: object) => void} wish
   */
  constructor(event, wish) {
    this.event = event;
    const most = event.rules.seats_per_hold;
    for (let number = 1; number <= most; number += 1) {
      const option = /** @type {HTMLOptionElement} */ (element("option", String(number)));
      option.value = String(number);
      option.selected = number === Math.min(2, most);
      find("quantity").append(option);
    }
    for (const tier of event.tiers) {
      const item = element("li");
      const name = element("span", tier.category);
      name.className = "tier";
      name.style.borderInlineStartColor = tier.colour;
      item.append(name, element("span", money(tier.price, event.currency)));
      find("tiers").append(item);
    }
    find("best").addEventListener("submit", (/** @type {Event} */ submitted) => {
      submitted.preventDefault();
      wish({ best: { quantity: this.quantity() } });
    });
    find("show-seats").addEventListener("click", () => this.#toggle());
    find("hold-seats").addEventListener("click", () => wish({ seats: [...this.chosen] }));
    find("seats").addEventListener("keydown", (/** @type {KeyboardEvent} */ pressed) => this.#walk(pressed));
    this.wish = wish;
  }

  quantity() {
    return Number(find("quantity").value);
  }

  /** Fetch what is where, once, and what is taken, now. */
  async refresh() {
    const { venue, show } = this.event;
    if (!this.#map) {
      const answer = await ask("GET", this.event.seat_map);
      if (!answer.ok) return;
      this.#map = answer.body;
      const seats = this.#map.sections.flatMap((/** @type {any} */ section) => section.rows).flatMap(
        (/** @type {any} */ row) => row.seats,
      );
      find("best").hidden = seats.length === 0;
      find("show-seats").hidden = seats.length === 0 || seats.length > SEATS_SHOWN_MAX;
      if (seats.length && seats.length <= SEATS_SHOWN_MAX) this.#build();
      if (!seats.length) find("areas").prepend(find("quantity").parentElement);
    }
    const answer = await ask("GET", `/api/venues/${venue}/shows/${show}/seats`);
    if (!answer.ok) return;
    this.#drawAreas(answer.body.areas);
    for (const seat of answer.body.seats) this.#drawSeat(seat);
    const { available } = answer.body.stats;
    find("left").textContent = available ? `${count(available)} places are left.` : "Everything is held or booked now.";
    this.#drawChosen();
  }

  /** @param {any[]} areas */
  #drawAreas(areas) {
    find("areas").hidden = areas.length === 0;
    find("area-buttons").replaceChildren(
      ...areas.map((area) => {
        const price = money(area.price, this.event.currency);
        const words = `${area.label}: ${price}, ${area.available ? `${count(area.available)} left` : "nothing left"}`;
        const button = /** @type {HTMLButtonElement} */ (element("button", words));
        button.type = "button";
        button.className = "plain";
        button.disabled = area.available === 0;
        button.addEventListener("click", () => {
          this.wish({ areas: [{ area: area.label, quantity: this.quantity() }] });
        });
        return button;
      }),
    );
  }

  #build() {
    for (const section of this.#map.sections) {
      if (this.#map.sections.length > 1) find("seats").append(element("h3", section.name));
      for (const row of section.rows) {
        const line = element("div");
        line.className = "row";
        line.setAttribute("role", "group");
        line.setAttribute("aria-label", `Row ${row.label}`);
        line.append(element("span", row.label));
        for (const seat of row.seats) line.append(this.#button(seat));
        find("seats").append(line);
      }
    }
    const first = this.#buttons.values().next().value;
    if (first) first.tabIndex = 0;
  }

  /** @param {any} seat */
  #button(seat) {
    const button = /** @type {HTMLButtonElement} */ (element("button", String(seat.number)));
    button.type = "button";
    button.className = "seat";
    button.tabIndex = -1;
    button.dataset.label = seat.label;
    const tier = this.event.tiers.find((/** @type {any} */ one) => one.category === seat.category);
    if (tier) button.style.borderTopColor = tier.colour;
    button.addEventListener("click", () => {
      if (!this.chosen.delete(seat.label) && this.chosen.size < this.event.rules.seats_per_hold) {
        this.chosen.add(seat.label);
      }
      this.#focusable(button);
      this.#drawChosen();
    });
    this.#buttons.set(seat.label, button);
    return button;
  }

  /** @param {any} seat */
  #drawSeat(seat) {
    const button = this.#buttons.get(seat.label);
    if (!button) return;
    const free = seat.status === "available";
    // Not `disabled`, which would take a taken seat out of the way of the arrow keys while it has the focus.
    button.disabled = !free && button !== document.activeElement;
    if (!free) this.chosen.delete(seat.label);
    const price = money(seat.price, this.event.currency);
    button.setAttribute("aria-label", `${seat.label}, ${seat.category}, ${price}, ${free ? "free" : seat.status}`);
    button.title = `${seat.label} · ${seat.category} · ${price}`;
  }

  #drawChosen() {
    for (const [label, button] of this.#buttons) {
      const pressed = String(this.chosen.has(label));
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    }
    const hold = find("hold-seats");
    hold.disabled = this.chosen.size === 0;
    hold.textContent = this.chosen.size ? `Hold ${[...this.chosen].join(", ")}` : "Hold these seats";
  }

  #toggle() {
    const open = find("own").hidden;
    find("own").hidden = !open;
    find("show-seats").setAttribute("aria-expanded", String(open));
    if (open) this.refresh();
  }

  /** @param {any} button the one seat that Tab goes to */
  #focusable(button) {
    for (const other of this.#buttons.values()) if (other.tabIndex === 0) other.tabIndex = -1;
    button.tabIndex = 0;
  }

  /** @param {KeyboardEvent} pressed */
  #walk(pressed) {
    const seat = /** @type {any} */ (pressed.target);
    if (!seat.dataset.label) return;
    const rows = [...find("seats").querySelectorAll(".row")].map((row) => [...row.querySelectorAll(".seat")]);
    let row = rows.findIndex((seats) => seats.includes(seat));
    let at = rows[row].indexOf(seat);
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[pressed.key];
    if (!step) return;
    pressed.preventDefault();
    do {
      row += step[0];
      at += step[1];
      const next = rows[row]?.[Math.min(at, (rows[row]?.length ?? 0) - (step[0] ? 1 : 0))];
      if (!next) return;
      if (!next.disabled) {
        this.#focusable(next);
        next.focus();
        return;
      }
    } while (true);
  }
}

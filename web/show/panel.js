/** Beside the map: prices, areas by count, the best available, what is chosen and what it comes to. */

import { count, element, find, money, t, until } from "../shared/words.js";

export class Panel {
  #hasTurn = false;
  #busy = false;

  /**
   * @param {any} event @param {import("./hall.js").Hall} hall @param {import("./choice.js").Choice} choice
   * @param {(came: string, words: string) => void} answered
   */
  constructor(event, hall, choice, answered) {
    this.event = event;
    this.hall = hall;
    this.choice = choice;
    this.answered = answered;
    this.#drawTiers();
    this.#drawAreas();
    const most = event.rules.seats_per_hold;
    for (let number = 1; number <= most; number += 1) {
      const option = /** @type {HTMLOptionElement} */ (element("option", count(number)));
      option.value = String(number);
      option.selected = number === Math.min(2, most);
      find("quantity").append(option);
    }
    const seated = new Set(hall.tier);
    event.tiers.forEach((/** @type {any} */ tier, /** @type {number} */ at) => {
      if (!seated.has(at)) return;
      const option = /** @type {HTMLOptionElement} */ (element("option", `${tier.category} · ${money(tier.price, event.currency)}`));
      option.value = tier.category;
      find("category").append(option);
    });
    find("best").hidden = hall.size === 0;
    find("accessible-field").hidden = hall.accessible.size === 0;
    find("clear").addEventListener("click", () => {
      choice.clear();
      answered("dropped", t("show.everything"));
    });
  }

  #drawTiers() {
    find("tiers").replaceChildren(
      ...this.hall.tiers.map((/** @type {any} */ tier) => {
        const item = element("li"), name = element("span");
        name.append(swatch(tier.colour), tier.category);
        item.append(name, element("span", money(tier.price, this.event.currency)));
        return item;
      }),
    );
  }

  #drawAreas() {
    find("areas").hidden = this.hall.areas.length === 0;
    this.hall.areas.forEach((area, at) => {
      const item = element("li", "", "area");
      item.id = `area-${at}`;
      const name = element("span", area.label, "area-name"), left = element("span", "", "quiet small");
      const words = element("div");
      words.append(name, element("span", money(area.price, this.event.currency), "number"), left);
      const fewer = stepper("−", t("show.fewer", { label: area.label })), more = stepper("+", t("show.more", { label: area.label }));
      const quantity = element("output", "0", "number");
      fewer.addEventListener("click", () => this.answered(this.choice.addTo(area, -1), area.label));
      more.addEventListener("click", () => this.answered(this.choice.addTo(area, 1), area.label));
      const buttons = element("div", "", "stepper");
      buttons.append(fewer, quantity, more);
      item.append(words, buttons);
      find("area-list").append(item);
    });
  }

  /** @param {number} available @param {number} held */
  left(available, held) {
    find("left").textContent = available
      ? t("left", { count: count(available) })
      : t(held ? "show.all_held" : "state.sold_out", { count: count(held) });
  }

  /** @param {number} leftMs of this fan's turn; 0 or less: there is none */
  turn(leftMs) {
    this.#hasTurn = leftMs > 0;
    find("turn").hidden = !this.#hasTurn;
    find("no-turn").hidden = this.#hasTurn;
    find("turn-left").textContent = until(leftMs);
    this.#enable();
  }

  /** @param {boolean} busy while an answer is waited for */
  busy(busy) {
    this.#busy = busy;
    find("hold").setAttribute("aria-busy", String(busy));
    this.#enable();
  }

  #enable() {
    find("hold").disabled = this.#busy || !this.#hasTurn || this.choice.empty;
    find("find-best").disabled = this.#busy || !this.#hasTurn;
    for (const button of find("offers").querySelectorAll("button")) button.disabled = this.#busy || !this.#hasTurn;
  }

  draw() {
    const { choice, hall } = this;
    hall.areas.forEach((area, at) => {
      const item = find(`area-${at}`);
      item.querySelector("output").textContent = count(choice.areas.get(area) ?? 0);
      item.querySelector(".quiet").textContent = area.left ? t("left", { count: count(area.left) }) : t("state.sold_out");
      const [fewer, more] = item.querySelectorAll("button");
      fewer.disabled = !choice.areas.has(area);
      more.disabled = (choice.areas.get(area) ?? 0) >= area.left;
    });
    const words = [
      ...[...choice.seats].map((seat) => hall.labels[seat]),
      ...[...choice.tables].map((table) => t("show.table", { label: table.label })),
      ...[...choice.areas].map(([area, quantity]) => `${count(quantity)} × ${area.label}`),
    ];
    find("chosen").replaceChildren(...words.map((text) => element("li", text)));
    find("nothing").hidden = words.length > 0;
    find("clear").hidden = words.length === 0;
    find("total").textContent = words.length ? money(choice.total, this.event.currency) : "";
    this.#enable();
  }
}

/** @param {string} colour */
function swatch(colour) {
  const made = element("span", "", "swatch");
  made.style.backgroundColor = colour;
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** @param {string} sign @param {string} words @returns {HTMLButtonElement} */
function stepper(sign, words) {
  const made = /** @type {HTMLButtonElement} */ (element("button", sign, "plain"));
  made.type = "button";
  made.setAttribute("aria-label", words);
  return made;
}

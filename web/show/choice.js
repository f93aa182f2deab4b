/** What this fan has chosen, within what the show allows. Values only. */

import { FREE } from "./hall.js";

export class Choice {
  /** @type {Set<number>} */ seats = new Set();
  /** @type {Set<import("./hall.js").Table>} */ tables = new Set();
  /** @type {Map<import("./hall.js").Area, number>} */ areas = new Map();

  /** @param {import("./hall.js").Hall} hall @param {any} rules of the show */
  constructor(hall, rules) {
    this.hall = hall;
    this.rules = rules;
  }

  get places() {
    return this.seats.size + [...this.areas.values()].reduce((sum, quantity) => sum + quantity, 0);
  }

  get empty() {
    return this.places === 0 && this.tables.size === 0;
  }

  get total() {
    const { hall } = this;
    const seats = [...this.seats, ...[...this.tables].flatMap((table) => table.seats)];
    return seats.reduce((sum, seat) => sum + hall.price(seat), 0)
      + [...this.areas].reduce((sum, [area, quantity]) => sum + quantity * area.price, 0);
  }

  /** @param {number} seat @returns {"chosen" | "dropped" | "taken" | "too_many" | "table"} `table`: it is sold whole */
  toggle(seat) {
    const table = this.hall.tableOf.get(seat);
    if (table?.bookable === "whole" || (table && this.tables.has(table))) return "table";
    if (this.seats.delete(seat)) return "dropped";
    if (this.hall.status[seat] !== FREE) return "taken";
    if (this.places >= this.rules.seats_per_hold) return "too_many";
    this.seats.add(seat);
    return "chosen";
  }

  /** @param {import("./hall.js").Table} table @returns {"chosen" | "dropped" | "taken" | "too_many" | "seats"} `seats`: it is sold by the seat */
  toggleTable(table) {
    if (this.tables.delete(table)) return "dropped";
    if (table.bookable === "seats") return "seats";
    if (!table.seats.every((seat) => this.hall.status[seat] === FREE)) return "taken";
    if (this.tables.size >= this.rules.tables_per_hold) return "too_many";
    for (const seat of table.seats) this.seats.delete(seat);
    this.tables.add(table);
    return "chosen";
  }

  /** @param {import("./hall.js").Area} area @param {number} change @returns {"chosen" | "dropped" | "taken" | "too_many"} */
  addTo(area, change) {
    const now = this.areas.get(area) ?? 0;
    if (change > 0 && now + change > area.left) return "taken";
    if (change > 0 && this.places + change > this.rules.seats_per_hold) return "too_many";
    if (now + change > 0) this.areas.set(area, now + change);
    else this.areas.delete(area);
    return change > 0 ? "chosen" : "dropped";
  }

  /** @returns {number[]} seats of it that somebody else has taken meanwhile, which are no longer in it */
  dropTaken() {
    const gone = [...this.seats].filter((seat) => this.hall.status[seat] !== FREE);
    for (const seat of gone) this.seats.delete(seat);
    for (const table of this.tables) {
      const taken = table.seats.filter((seat) => this.hall.status[seat] !== FREE);
      if (taken.length) {
        this.tables.delete(table);
        gone.push(...taken);
      }
    }
    return gone;
  }

  clear() {
    this.seats.clear();
    this.tables.clear();
    this.areas.clear();
  }

  /** @returns {number[]} every seat that would be held by its number */
  allSeats() {
    return [...this.seats, ...[...this.tables].flatMap((table) => table.seats)];
  }

  /** @returns {object} what to ask for */
  wish() {
    return {
      seats: [...this.seats].map((seat) => this.hall.labels[seat]),
      tables: [...this.tables].map((table) => table.label),
      areas: [...this.areas].map(([area, quantity]) => ({ area: area.label, quantity })),
    };
  }
}

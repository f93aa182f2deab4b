/** What this device remembers of one show: the secret, the ticket, the pass, what is held, what is booked. */

import { randomHex } from "./api.js";

/**
 * @typedef {{entry: string, n: number, place: number | null, line: string, ticket: string}} Ticket
 * @typedef {{token: string, key: string, why?: any, payAt?: string}} Held `key` is the Idempotency-Key of its confirmation,
 *   `payAt` where a payment that was begun goes on
 * @typedef {object} Kept
 * @property {string} client  random UUID: asking again with it gives the same place
 * @property {string} secret  never leaves this device before the turn comes
 * @property {Ticket} [ticket]
 * @property {{token: string, expiresAt: string}} [pass]
 * @property {Record<string, Held>} [held] by reservation
 * @property {Record<string, {token: string}>} [booked] by booking
 * @property {Record<string, number>} [rated] by booking, the stars it was given
 */

/** @returns {string} a random UUID (version 4) */
function uuid() {
  const digits = randomHex(16);
  const variant = ((parseInt(digits[16], 16) & 3) | 8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    variant + digits.slice(17, 20),
    digits.slice(20),
  ].join("-");
}

/** @param {string} id of a reservation or a booking, which begins with its show @returns {string} the show's */
export function showOf(id) {
  return `shw_${id.slice(4, 14)}`;
}

export class Memory {
  #name;

  /** @param {string} show */
  constructor(show) {
    this.#name = `onsale ${show}`;
    /** @type {Kept} */
    this.kept = this.#read() ?? this.#fresh();
    // Another tab is the same person: what it learns is known here.
    addEventListener("storage", (changed) => {
      if (changed.key === this.#name) this.kept = this.#read() ?? this.kept;
    });
  }

  /** @param {Partial<Kept>} change */
  keep(change) {
    Object.assign(this.kept, this.#read() ?? {}, change);
    this.#write();
  }

  /** @param {string} reservation @param {Held | undefined} held undefined: it is no more */
  keepHeld(reservation, held) {
    const all = { ...(this.#read()?.held ?? this.kept.held) };
    if (held) all[reservation] = held;
    else delete all[reservation];
    this.keep({ held: all });
  }

  /** @param {string} booking @param {string} token */
  keepBooked(booking, token) {
    this.keep({ booked: { ...(this.#read()?.booked ?? this.kept.booked), [booking]: { token } } });
  }

  /** @param {string} booking @param {number} stars */
  keepRated(booking, stars) {
    this.keep({ rated: { ...(this.#read()?.rated ?? this.kept.rated), [booking]: stars } });
  }

  /** The place in the line is of no more use; what is held, booked or said of it stays. */
  forgetPlace() {
    const { held, booked, rated } = this.kept;
    this.#fresh();
    this.kept = { ...this.kept, held, booked, rated };
    this.#write();
  }

  /** @returns {Kept} */
  #fresh() {
    const made = { client: uuid(), secret: randomHex(24) };
    this.kept = made;
    this.#write();
    return made;
  }

  /** @returns {Kept | null} */
  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.#name) ?? "null");
    } catch {
      return null;
    }
  }

  #write() {
    try {
      localStorage.setItem(this.#name, JSON.stringify(this.kept));
    } catch {
      // Without storage the place lasts as long as this page.
    }
  }
}

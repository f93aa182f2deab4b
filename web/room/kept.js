/** What this device remembers of one show: the secret, the ticket, the pass, the reservation, the booking. */

/**
 * @typedef {object} Kept
 * @property {string} client  random UUID: asking again with it gives the same place
 * @property {string} secret  never leaves this device before the turn comes
 * @property {{entry: string, n: number, place: number | null, line: string, ticket: string}} [ticket]
 * @property {{token: string, expiresAt: string}} [pass]
 * @property {{id: string, token: string, key: string}} [reservation] `key` is the Idempotency-Key of its confirmation
 * @property {any} [booking]
 */

import { randomHex } from "../shared/api.js";

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

export class Memory {
  #name;

  /** @param {string} show */
  constructor(show) {
    this.#name = `onsale ${show}`;
    /** @type {Kept} */
    this.kept = this.#read() ?? this.#fresh();
  }

  /** @param {Partial<Kept>} change */
  keep(change) {
    Object.assign(this.kept, change);
    this.#write();
  }

  forget() {
    this.kept = this.#fresh();
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

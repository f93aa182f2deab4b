/** What is held: the timer, more time, giving back, booking. */

import { ask, randomHex } from "../shared/api.js";
import { clock as asClock, element, find, money } from "../shared/words.js";

const SOON_MS = 30_000;
/** What a repeat cannot mend: the reservation is no longer held. */
const GONE = new Set(["hold_expired", "hold_released", "reservation_not_found", "show_closed", "token_expired"]);

export class Hold {
  /** @type {any} as the server last told it */
  reservation = null;
  #warned = false;
  #ending = false;

  /**
   * @param {import("./kept.js").Memory} memory
   * @param {import("../shared/api.js").ServerClock} clock
   * @param {{booked: () => void, ended: (words: string) => void, say: (words: string) => void,
   *          failed: (answer: import("../shared/api.js").Answer | null) => void}} tell
   */
  constructor(memory, clock, tell) {
    this.memory = memory;
    this.clock = clock;
    this.tell = tell;
    find("confirm").addEventListener("submit", (/** @type {Event} */ submitted) => {
      submitted.preventDefault();
      this.#book();
    });
    find("extend").addEventListener("click", () => this.#extend());
    find("give-back").addEventListener("click", () => this.#giveBack());
    setInterval(() => this.#tick(), 250);
  }

  /** @param {any} reservation an answer of `/api/reservations` */
  show(reservation) {
    this.reservation = reservation;
    this.#warned = false;
    this.#ending = false;
    if (reservation.reservation_token) {
      const { reservation: id, reservation_token: token } = reservation;
      this.memory.keep({ reservation: { id, token, key: randomHex(16) } });
    }
    drawPlaces(find("places"), reservation);
    this.#tick();
  }

  /** @returns {Promise<boolean>} whether there is a reservation of this device that goes on */
  async resume() {
    const kept = this.memory.kept.reservation;
    if (!kept) return false;
    const answer = await ask("GET", `/api/reservations/${kept.id}`, { token: kept.token });
    if (answer.ok && ["held", "paying"].includes(answer.body.status)) {
      this.show(answer.body);
      return true;
    }
    if (answer.ok && answer.body.status === "booked") {
      this.memory.keep({ booking: answer.body });
      this.tell.booked();
      return true;
    }
    if (answer.ok || GONE.has(answer.body.code)) this.memory.keep({ reservation: undefined });
    else this.tell.failed(answer);
    return false;
  }

  async #book() {
    const kept = this.memory.kept.reservation;
    if (!kept) return;
    find("book").disabled = true;
    const contact = { name: find("contact-name").value, email: find("contact-email").value };
    const answer = await ask("POST", "/api/bookings", {
      token: kept.token,
      // The same key for this reservation and contact: pressing twice, or again after a lost answer, books once.
      key: `${kept.key}-${await digest(JSON.stringify(contact))}`,
      body: { reservation: kept.id, contact },
    });
    find("book").disabled = false;
    if (answer.ok && answer.status !== 202) {
      this.memory.keep({ booking: answer.body });
      this.reservation = null;
      this.tell.booked();
    } else if (answer.status === 202) {
      this.tell.say("Your booking is being decided.");
      setTimeout(() => this.resume(), 1000);
    } else if (GONE.has(answer.body.code)) {
      this.#end("The time ran out before the booking arrived. Choose again: your turn goes on.");
    } else {
      this.tell.failed(answer);
    }
  }

  async #extend() {
    const kept = this.memory.kept.reservation;
    if (!kept) return;
    const answer = await ask("PUT", `/api/reservations/${kept.id}/extend`, { token: kept.token, body: {} });
    this.tell.failed(answer.ok ? null : answer);
    if (answer.ok && answer.status !== 202) {
      const longer = Date.parse(answer.body.expires_at) > Date.parse(this.reservation.expires_at);
      this.show(answer.body);
      this.tell.say(longer ? "You have more time." : "This is as long as places can be kept.");
    }
  }

  async #giveBack() {
    const kept = this.memory.kept.reservation;
    if (!kept) return;
    const answer = await ask("DELETE", `/api/reservations/${kept.id}`, { token: kept.token });
    if (answer.ok || GONE.has(answer.body.code)) this.#end("The places are back on sale.");
    else this.tell.failed(answer);
  }

  /** @param {string} words */
  #end(words) {
    this.reservation = null;
    this.memory.keep({ reservation: undefined });
    this.tell.ended(words);
  }

  #tick() {
    if (!this.reservation) return;
    const leftMs = Date.parse(this.reservation.expires_at) - this.clock.now();
    const timer = find("timer");
    timer.textContent = asClock(leftMs);
    timer.classList.toggle("soon", leftMs <= SOON_MS);
    if (leftMs <= SOON_MS && leftMs > 0 && !this.#warned) {
      this.#warned = true;
      this.tell.say(`${Math.ceil(leftMs / 1000)} seconds are left to book. You can ask for more time.`);
    }
    if (leftMs <= -1500 && !this.#ending) {
      // The server decides when it has ended; our clock only tells us to ask.
      this.#ending = true;
      this.resume().then((goesOn) => {
        if (!goesOn && !this.memory.kept.reservation) this.#end("The time has run out, and the places went back on sale.");
      });
    }
  }
}

/** @param {string} text @returns {Promise<string>} 16 hexadecimal digits */
async function digest(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {HTMLElement} list
 * @param {any} sold a reservation or a booking
 */
export function drawPlaces(list, sold) {
  const line = (/** @type {string} */ what, /** @type {number} */ amount) => {
    const item = element("li");
    item.append(element("span", what), element("span", money(amount, sold.currency)));
    return item;
  };
  const seats = (sold.seats ?? []).map((/** @type {any} */ seat) => line(`${seat.seat} · ${seat.category}`, seat.price));
  const areas = (sold.areas ?? []).map((/** @type {any} */ area) =>
    line(`${area.quantity} × ${area.area}`, area.price * area.quantity),
  );
  const total = line("Total", sold.total_amount);
  total.className = "total";
  list.replaceChildren(...seats, ...areas, total);
}

/** In line: join, look at the public status, claim when the turn has come. Draws nothing. */

import { ask, hex } from "../shared/api.js";
import { solve } from "./work.js";

/** How the room says no for good: the place is of no more use. */
const OVER = new Set(["place_given_up", "pass_expired", "ticket_invalid", "wrong_show", "not_yours", "wrong_secret"]);

/** @param {string} secret @returns {Promise<string>} what the room is told of it when we join */
async function secretHash(secret) {
  const bytes = new TextEncoder().encode("onsale-entry-secret" + secret);
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

export class Line {
  /** @type {any} the last status document */
  status = null;
  #timer = 0;
  #claiming = false;

  /**
   * @param {string} show
   * @param {import("../shared/kept.js").Memory} memory
   * @param {import("../shared/api.js").ServerClock} clock
   * @param {{seen: (reached: boolean) => void, turn: () => void, lost: (answer: import("../shared/api.js").Answer) => void,
   *          failed: (answer: import("../shared/api.js").Answer) => void}} tell
   */
  constructor(show, memory, clock, tell) {
    this.show = show;
    this.memory = memory;
    this.clock = clock;
    this.tell = tell;
    // A phone that slept must not lose its turn to its own timer.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.look();
    });
    addEventListener("online", () => this.look());
  }

  /** @param {{line: string, code?: string}} wanted which of the room's lines, and the code that it asks for */
  async join(wanted) {
    const { client, secret } = this.memory.kept;
    const body = { client_id: client, secret_hash: await secretHash(secret), ...wanted };
    let answer = await ask("POST", `/room/${this.show}/entries`, { body });
    if (answer.body.challenge) {
      // Some work instead of waiting.
      const proof = await solve(answer.body.challenge);
      answer = await ask("POST", `/room/${this.show}/entries`, { body: { ...body, proof } });
    }
    if (!answer.ok) return this.tell.failed(answer);
    const { entry, n, place, ticket } = answer.body;
    this.memory.keep({ ticket: { entry, n, place, line: answer.body.line, ticket } });
    await this.look();
  }

  async leave() {
    const { ticket, secret } = this.memory.kept;
    if (!ticket) return;
    const path = `/room/${this.show}/entries/${ticket.entry}`;
    const answer = await ask("DELETE", path, { body: { ticket: ticket.ticket, secret } });
    if (answer.ok || OVER.has(answer.body.code)) this.tell.lost(answer);
    else this.tell.failed(answer);
  }

  /** Look at the status now, and again when it says. */
  async look() {
    clearTimeout(this.#timer);
    const answer = await ask("GET", `/room/${this.show}/status`);
    let nextS = answer.retryAfterS;
    if (answer.ok) {
      this.status = answer.body;
      this.clock.heard(answer.body.server_time);
      await this.#learnPlace();
      nextS = this.#nextLookS();
    } else if (answer.status === 404) {
      return this.tell.failed(answer);
    }
    this.tell.seen(answer.ok);
    if (answer.ok) await this.#claimIfServed();
    clearTimeout(this.#timer);
    // A little of chance, so that a crowd that came together does not come back together.
    this.#timer = setTimeout(() => this.look(), nextS * 1000 * (0.9 + 0.2 * Math.random()));
  }

  /** Before the opening nobody has a place: it is drawn, and the room tells us ours (docs/draw.md has how to check). */
  async #learnPlace() {
    const { ticket } = this.memory.kept;
    if (!ticket || ticket.place) return;
    const drawn = this.mine()?.drawn;
    if (drawn && drawn.state !== "drawn") return;
    if (!drawn) return this.memory.keep({ ticket: { ...ticket, place: ticket.n } });
    const answer = await ask("GET", `/room/${this.show}/draw/proof/${ticket.entry}?line=${ticket.line}`);
    const place = answer.ok ? answer.body.place : answer.body?.code === "not_found" ? ticket.n : null;
    if (place) this.memory.keep({ ticket: { ...ticket, place } });
  }

  /** @returns {any} what the status says of the line that we are in, or would join */
  mine() {
    return this.status.lines[this.memory.kept.ticket?.line ?? "general"];
  }

  /** @returns {number} people before us, at most; below zero when it is our turn */
  ahead() {
    const { ticket } = this.memory.kept;
    return ticket?.place ? ticket.place - this.mine().serving - 1 : Infinity;
  }

  /** @returns {number} minutes, as the line moves now; Infinity while it stands */
  minutes() {
    const line = this.mine();
    const rate = line.rate_target && (line.rate_now || line.rate_target);
    return rate ? Math.max(0, this.ahead() + 1) / rate : Infinity;
  }

  #nextLookS() {
    const { floor_s, ceiling_s, divisor } = this.status.poll;
    if (!this.memory.kept.ticket || this.memory.kept.pass) return ceiling_s;
    const minutes = this.minutes();
    return Math.min(Math.max((minutes * 60) / divisor, floor_s), ceiling_s);
  }

  async #claimIfServed() {
    const { ticket, secret, pass } = this.memory.kept;
    if (!ticket || pass || this.ahead() >= 0 || this.#claiming) return;
    this.#claiming = true;
    const path = `/room/${this.show}/entries/${ticket.entry}/claim`;
    const answer = await ask("POST", path, { body: { ticket: ticket.ticket, secret } });
    this.#claiming = false;
    if (answer.ok) {
      this.clock.heard(answer.body.server_time);
      this.memory.keep({ pass: { token: answer.body.pass, expiresAt: answer.body.expires_at } });
      this.tell.turn();
    } else if (OVER.has(answer.body.code)) {
      this.tell.lost(answer);
    } else if (answer.body.code !== "not_your_turn") {
      this.tell.failed(answer);
    }
  }
}

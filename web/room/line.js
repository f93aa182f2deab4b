/** In line: join, look at the public status, claim when the turn has come. */

import { ask, hex } from "../shared/api.js";
import { count, find, roughly } from "../shared/words.js";

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
  #first = 0;
  #claiming = false;

  /**
   * @param {string} show
   * @param {import("./kept.js").Memory} memory
   * @param {import("../shared/api.js").ServerClock} clock
   * @param {{seen: () => void, turn: () => void, lost: (answer: import("../shared/api.js").Answer) => void,
   *          failed: (answer: import("../shared/api.js").Answer | null) => void}} tell
   */
  constructor(show, memory, clock, tell) {
    this.show = show;
    this.memory = memory;
    this.clock = clock;
    this.tell = tell;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.look();
    });
  }

  async join() {
    const { client, secret } = this.memory.kept;
    const answer = await ask("POST", `/room/${this.show}/entries`, {
      body: { client_id: client, secret_hash: await secretHash(secret) },
    });
    if (!answer.ok) return this.tell.failed(answer);
    const { entry, n, place, line, ticket } = answer.body;
    this.memory.keep({ ticket: { entry, n, place, line, ticket } });
    this.tell.failed(null);
    await this.look();
  }

  async leave() {
    const { ticket, secret } = this.memory.kept;
    if (!ticket) return;
    const path = `/room/${this.show}/entries/${ticket.entry}`;
    const answer = await ask("DELETE", path, { body: { ticket: ticket.ticket, secret } });
    if (answer.ok) this.tell.lost(answer);
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
      this.draw();
      this.tell.seen();
      await this.#claimIfServed();
    }
    clearTimeout(this.#timer);
    // A little of chance, so that a crowd that came together does not come back together.
    this.#timer = setTimeout(() => this.look(), nextS * 1000 * (0.9 + 0.2 * Math.random()));
  }

  /** Before the opening nobody has a place: it is drawn, and the room tells us ours (docs/draw.md has how to check). */
  async #learnPlace() {
    const { ticket } = this.memory.kept;
    if (!ticket || ticket.place || this.status.lines[ticket.line].drawn?.state !== "drawn") return;
    const path = `/room/${this.show}/draw/proof/${ticket.entry}?line=${ticket.line}`;
    const answer = await ask("GET", path);
    const place = answer.ok ? answer.body.place : answer.body?.code === "not_found" ? ticket.n : null;
    if (place) this.memory.keep({ ticket: { ...ticket, place } });
  }

  /** @returns {number} people before us, at most; below zero when it is our turn */
  ahead() {
    const { ticket } = this.memory.kept;
    if (ticket && !ticket.place) return Infinity;
    return ticket ? ticket.place - this.status.lines[ticket.line].serving - 1 : Infinity;
  }

  /** @returns {number} minutes, as the line moves now; Infinity while it stands */
  #minutes() {
    const line = this.#line();
    const rate = line.rate_target && (line.rate_now || line.rate_target);
    return rate ? Math.max(0, this.ahead() + 1) / rate : Infinity;
  }

  #nextLookS() {
    const { floor_s, ceiling_s, divisor } = this.status.poll;
    if (!this.memory.kept.ticket || this.memory.kept.pass) return ceiling_s;
    const minutes = this.#minutes();
    return Math.min(Math.max((minutes * 60) / divisor, floor_s), ceiling_s);
  }

  draw() {
    const { ticket } = this.memory.kept;
    find("join").hidden = Boolean(ticket);
    find("waiting").hidden = !ticket;
    const joinable = ["idle", "prequeue", "open", "paused"].includes(this.status.phase);
    find("join-now").disabled = !joinable;
    if (!ticket) return;
    if (!ticket.place) {
      find("place").textContent = find("ahead").textContent = "–";
      find("wait").textContent = "from the opening on";
      find("why").textContent = "Places are drawn at the opening, whenever you joined. Anybody can check the draw.";
      return;
    }
    const ahead = Math.max(0, this.ahead());
    this.#first = Math.max(this.#first, ahead + 1);
    find("place").textContent = count(ticket.place);
    find("ahead").textContent = count(ahead);
    find("wait").textContent = this.#waitInWords();
    find("progress").value = 1 - ahead / this.#first;
    find("why").textContent = this.#why();
  }

  #waitInWords() {
    if (this.status.phase === "prequeue") return "from the opening on";
    if (this.status.phase === "paused") return "paused";
    const eta = this.#line().eta;
    if (!eta || !Number.isFinite(this.#minutes())) return "nobody is called now";
    const before = Math.max(0, this.ahead() + 1);
    const soonest = roughly(before / eta.fast_per_min), latest = roughly(before / eta.slow_per_min);
    return soonest === latest ? soonest : `${soonest} to ${latest}`;
  }

  #line() {
    return this.status.lines[this.memory.kept.ticket?.line ?? "general"];
  }

  /** What is left, for whoever stands here: said only where it is clear, and never as a promise. */
  #hope() {
    const { hope } = this.#line();
    const place = this.memory.kept.ticket?.place;
    if (!hope || !place) return "";
    if (place <= hope.likely_to) return " You will likely find something when it is your turn.";
    return place >= hope.unlikely_from ? " There will probably be nothing left when it is your turn." : "";
  }

  #why() {
    return this.#reason() + this.#hope();
  }

  #reason() {
    switch (this.status.limited_by) {
      case "active":
        return "As many are choosing as can at once; whenever somebody has finished, somebody is called.";
      case "stock":
        return "Few places are left, so people are called more slowly.";
      case "lag":
        return "Much is being asked for, so people are called more slowly for the moment.";
      default:
        return "This page looks by itself. Keep it open, or come back later.";
    }
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

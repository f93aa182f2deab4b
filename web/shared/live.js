/** What changes in a show, as it changes: by websocket, which is taken up again where it broke; by asking while it cannot. */

import { ask } from "./api.js";

const ASK_EVERY_MS = 3_000;
const ASK_AFTER_MS = 2_500;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000;
const SILENCE_MS = 45_000;
const PING_EVERY_MS = 20_000;

/**
 * @typedef {object} Listener
 * @property {(data: any) => void} snapshot every seat that is not named is free
 * @property {(data: any) => void} change
 * @property {(status: string) => void} status of the show: open, closed, cancelled
 * @property {(state: "live" | "reconnecting" | "polling") => void} state
 * @property {(serverTime: string) => void} heard
 */

export class Live {
  /** The show's sequence number as far as it has been heard. */
  seq = -1;
  /** @type {WebSocket | null} */
  #socket = null;
  #waitMs = FIRST_WAIT_MS;
  #lastMs = 0;
  #asking = 0;
  #again = 0;
  #open = false;

  /** @param {string} venue @param {string} show @param {Listener} listener */
  constructor(venue, show, listener) {
    this.venue = venue;
    this.show = show;
    this.listener = listener;
  }

  start() {
    this.#connect();
    setInterval(() => this.#beat(), PING_EVERY_MS);
    addEventListener("online", () => this.#reconnectNow());
    addEventListener("offline", () => this.#lost());
    // A phone that slept has a socket that looks open and is dead.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && performance.now() - this.#lastMs > PING_EVERY_MS) this.#reconnectNow();
    });
  }

  #connect() {
    clearTimeout(this.#again);
    this.listener.state("reconnecting");
    this.#asking ||= window.setTimeout(() => this.#ask(), this.seq < 0 ? ASK_AFTER_MS / 2 : ASK_AFTER_MS);
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/venues/${this.venue}/shows/${this.show}`;
    const socket = new WebSocket(address, "onsale.v1+json");
    this.#socket = socket;
    socket.onopen = () => {
      this.#lastMs = performance.now();
      socket.send(JSON.stringify({ type: "hello", ...(this.seq >= 0 && { resume: { after_seq: this.seq } }) }));
    };
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#hear(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#lost();
    };
  }

  /** @param {any} frame */
  #hear(frame) {
    this.#lastMs = performance.now();
    this.listener.heard(frame.ts);
    if (frame.type === "snapshot") {
      this.seq = frame.data.seq;
      this.listener.snapshot(frame.data);
      this.#live();
    } else if (frame.type === "seat_status_changed") {
      // What was asked for over HTTP in between may be newer than what the socket still has to say.
      if (frame.data.to_seq > this.seq) {
        this.seq = frame.data.to_seq;
        this.listener.change(frame.data);
      }
      this.#live();
    } else if (frame.type === "show_status") {
      this.listener.status(frame.data.status);
    } else if (frame.type === "welcome" && this.seq >= 0) {
      this.#live();
    } else if (frame.type === "goodbye") {
      this.#waitMs = Math.max(this.#waitMs, frame.data.reconnect_after_ms);
    }
  }

  #live() {
    if (this.#open) return;
    this.#open = true;
    this.#waitMs = FIRST_WAIT_MS;
    clearTimeout(this.#asking);
    this.#asking = 0;
    this.listener.state("live");
  }

  #lost() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#open = false;
    this.listener.state("reconnecting");
    this.#asking ||= window.setTimeout(() => this.#ask(), ASK_AFTER_MS);
    clearTimeout(this.#again);
    // Chance, so that all whom one server lost do not come back to the next one together.
    this.#again = window.setTimeout(() => this.#connect(), this.#waitMs * (0.5 + Math.random()));
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  #reconnectNow() {
    this.#waitMs = FIRST_WAIT_MS;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#open = false;
    this.#connect();
  }

  #beat() {
    if (!this.#socket) return;
    if (performance.now() - this.#lastMs > SILENCE_MS) return this.#lost();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "ping" }));
  }

  /** What has changed since, over HTTP; again and again while there is no socket. */
  async #ask() {
    const since = this.seq >= 0 ? `?since_seq=${this.seq}` : "";
    const answer = await ask("GET", `/api/venues/${this.venue}/shows/${this.show}/seats${since}`);
    if (!this.#asking || this.#open) return;
    if (answer.ok && answer.body.seq >= this.seq) {
      const { seats, areas, stats, seq, since_seq, created_at } = answer.body;
      /** @type {Record<string, string[]>} */
      const told = { available: [], held: [], booked: [], blocked: [] };
      for (const seat of seats) told[seat.status].push(seat.label);
      const data = {
        seq,
        seats: told,
        areas: Object.fromEntries(areas.map((/** @type {any} */ area) => [area.label, area.available])),
        counts: stats,
      };
      this.seq = seq;
      this.listener.heard(created_at);
      if (since_seq === undefined) this.listener.snapshot(data);
      else this.listener.change(data);
      this.listener.state("polling");
    } else if (!answer.ok) {
      this.listener.state("reconnecting");
    }
    this.#asking = window.setTimeout(() => this.#ask(), ASK_EVERY_MS);
  }
}

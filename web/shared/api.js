/** Talking to our own origin, and telling what came back. */

import { known, t } from "./words.js";

/** @typedef {{ok: boolean, status: number, body: any, retryAfterS: number}} Answer */

/**
 * One request. A network that is away is an answer with status 0.
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, token?: string | null, key?: string, kept?: boolean}} [given] `key` is the Idempotency-Key;
 *   `kept`: the browser may answer from what it has kept, as long as the server said
 * @returns {Promise<Answer>}
 */
export async function ask(method, path, given = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (given.body) headers["Content-Type"] = "application/json";
  if (given.token) headers.Authorization = `Bearer ${given.token}`;
  if (given.key) headers["Idempotency-Key"] = given.key;
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: given.body ? JSON.stringify(given.body) : undefined,
      cache: given.kept ? "default" : "no-store",
      credentials: "omit",
    });
    const text = await response.text();
    return {
      ok: response.ok,
      status: response.status,
      body: text ? JSON.parse(text) : {},
      retryAfterS: Number(response.headers.get("Retry-After")) || 1,
    };
  } catch {
    return { ok: false, status: 0, body: {}, retryAfterS: 2 };
  }
}

/**
 * What went wrong, in words, and what to do next.
 * @param {Answer} answer
 * @returns {string}
 */
export function inWords(answer) {
  if (answer.status === 0) return t("unreachable");
  if (known(`problem.${answer.body.code}`)) return t(`problem.${answer.body.code}`);
  const title = answer.body.title ?? `The server answered ${answer.status}`;
  return answer.body.detail ? `${title}: ${answer.body.detail}.` : `${title}.`;
}

/** The server's clock, as well as it can be told from what the server has said of it. */
export class ServerClock {
  #offsetMs = -Infinity;

  /** @param {string} serverTime RFC 3339; an answer is old when it arrives, so the latest clock is the best one */
  heard(serverTime) {
    this.#offsetMs = Math.max(this.#offsetMs, Date.parse(serverTime) - Date.now());
  }

  /** @returns {number} milliseconds since 1970 */
  now() {
    return Date.now() + (Number.isFinite(this.#offsetMs) ? this.#offsetMs : 0);
  }
}

/** Whether nothing can be bought for the moment, whoever asks: not a matter of this one request. @param {Answer} answer */
export function salesPaused(answer) {
  return answer.status === 503 && ["sales_paused", "log_unavailable"].includes(answer.body.code);
}

/** @param {number} bytes @returns {string} hexadecimal */
export function randomHex(bytes) {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** @param {Uint8Array} bytes @returns {string} */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

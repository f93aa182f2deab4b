/** One request, one verdict, however long it takes to come. */

import { ask } from "./api.js";

const LOOKS_MAX = 40;
const REPEATS_MAX = 4;

/** @param {number} seconds @returns {Promise<void>} */
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/**
 * A hold, asked for until there is a verdict. A lost answer is asked for again under the same key: one verdict, the same.
 * @param {object} body @param {string} token @param {string} key
 * @returns {Promise<import("../shared/api.js").Answer>}
 */
export async function wayToBuy(body, token, key) {
  return verdict("POST", "/api/reservations", { body, token, key });
}

/**
 * @param {string} method @param {string} path
 * @param {{body?: object, token: string, key: string}} given
 * @returns {Promise<import("../shared/api.js").Answer>}
 */
export async function verdict(method, path, given) {
  let answer = await ask(method, path, given);
  for (let repeat = 0; repeat < REPEATS_MAX && answer.status === 0; repeat += 1) {
    await pause(1 + repeat);
    answer = await ask(method, path, given);
  }
  for (let look = 0; look < LOOKS_MAX && answer.status === 202; look += 1) {
    await pause(Math.min(2, answer.retryAfterS));
    const found = await ask("GET", `/api/requests/${answer.body.request}`, { token: given.token });
    if (found.ok && found.body.status !== "pending") {
      const { outcome } = found.body;
      return { ...found, ok: found.body.status === "granted", status: found.body.status === "granted" ? 201 : outcome.status, body: outcome };
    }
  }
  return answer;
}

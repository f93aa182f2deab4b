/** Work that the room asks for in a rush: a challenge of ALTCHA, version 2, solved a little at a time. */

import { hex } from "../shared/api.js";

/** So many tries at once, then the page breathes. */
const AT_ONCE = 64;

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
function bytes(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/**
 * @param {any} parameters @param {number} counter
 * @returns {Promise<string>} the key that this counter gives, in hexadecimal
 */
async function derived({ algorithm, nonce, salt, cost, keyLength }, counter) {
  const [method, hash] = algorithm.split("/");
  const start = bytes(nonce);
  const password = new Uint8Array(start.length + 4);
  password.set(start);
  new DataView(password.buffer).setUint32(start.length, counter);
  const key = await crypto.subtle.importKey("raw", password, method, false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: method, hash, salt: bytes(salt), iterations: cost }, key, keyLength * 8);
  return hex(new Uint8Array(bits));
}

/**
 * @param {any} challenge as the room gave it
 * @returns {Promise<string>} the `proof` to join with
 */
export async function solve(challenge) {
  const { parameters } = challenge;
  for (let first = 0; ; first += AT_ONCE) {
    const keys = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => derived(parameters, first + i)));
    const found = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
    if (found >= 0) {
      const solution = { counter: first + found, derivedKey: keys[found] };
      return btoa(JSON.stringify({ challenge, solution }));
    }
  }
}

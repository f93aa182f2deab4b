/** The draw, computed again: from a leaf to the root, from the beacon to the seed, from the seed to a place. docs/draw.md
 * says why each of these is so. No library, no server. */

/** @param {string} text hexadecimal @returns {Uint8Array<ArrayBuffer>} */
export function bytes(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {Uint8Array} data @returns {string} */
export function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {...Uint8Array} parts @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(parts.flatMap((part) => [...part]))));
}

/** @param {Uint8Array<ArrayBuffer>} key @param {Uint8Array<ArrayBuffer>} message @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function hmac(key, message) {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", made, message));
}

/** @param {number} value @returns {Uint8Array<ArrayBuffer>} 8 bytes, the largest first */
function eight(value) {
  const made = new DataView(new ArrayBuffer(8));
  made.setBigUint64(0, BigInt(value));
  return new Uint8Array(made.buffer);
}

/** @param {string} secret @returns {Promise<string>} what the room was told of it */
export async function secretHash(secret) {
  return hex(await sha256(new TextEncoder().encode("onsale-entry-secret" + secret)));
}

/** @param {number} n @param {string} entry `ent_…` @param {string} hashed of the secret @returns {Promise<string>} */
export async function leaf(n, entry, hashed) {
  return hex(await sha256(Uint8Array.of(0), eight(n), bytes(entry.slice(4)), bytes(hashed)));
}

/** @param {string} from a leaf @param {number} index @param {number} size @param {string[]} path @returns {Promise<string | null>} the root it leads to */
export async function rootByPath(from, index, size, path) {
  let node = bytes(from), left = size, at = index;
  const beside = path.map(bytes);
  while (left > 1) {
    if (at % 2 || at + 1 < left) {
      const other = beside.shift();
      if (!other) return null;
      node = await (at % 2 ? sha256(Uint8Array.of(1), other, node) : sha256(Uint8Array.of(1), node, other));
    }
    at = Math.floor(at / 2);
    left = Math.ceil(left / 2);
  }
  return beside.length ? null : hex(node);
}

/** @param {string} value of the beacon @param {string} root @param {number} size @returns {Promise<string>} HKDF-SHA256 */
export async function seed(value, root, size) {
  const key = await hmac(bytes(root), bytes(value));
  const info = Uint8Array.of(...new TextEncoder().encode("onsale-draw-1"), ...eight(size), 1);
  return hex(await hmac(key, info));
}

/** @param {string} seed @param {number} size @param {number} n @returns {Promise<number>} the place, from 1 */
export async function place(seed, size, n) {
  const bits = Math.max(8, (size - 1).toString(2).length);
  const low = Math.floor(bits / 2), key = bytes(seed);
  let x = n - 1;
  do {
    let left = Math.floor(x / 2 ** low), right = x % 2 ** low;
    for (let round = 0; round < 8; round += 1) {
      const width = round % 2 ? low : bits - low;
      const mixed = await sha256(key, Uint8Array.of(round), eight(right));
      const word = new DataView(mixed.buffer).getBigUint64(0) % BigInt(2 ** width);
      [left, right] = [right, Number(BigInt(left) ^ word)];
    }
    x = left * 2 ** low + right;
  } while (x >= size);
  return x + 1;
}

/**
 * QR codes of short texts: byte mode, error correction M, versions 1 to 20 (ISO/IEC 18004). Enough for an address with a
 * ticket in it, and small enough not to ask anybody else for it.
 */

/** Version -> [data codewords in all, error codewords in each block, blocks], at level M. */
const CAPACITY = [
  [16, 10, 1], [28, 16, 1], [44, 26, 1], [64, 18, 2], [86, 24, 2],
  [108, 16, 4], [124, 18, 4], [154, 22, 4], [182, 22, 5], [216, 26, 5],
  [254, 30, 5], [290, 22, 8], [334, 22, 9], [365, 24, 9], [415, 24, 10],
  [453, 28, 10], [507, 28, 11], [563, 26, 13], [627, 26, 14], [669, 26, 16],
];
/** Version -> centres of its alignment patterns. */
const ALIGNED = [
  [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50],
  [6, 30, 54], [6, 32, 58], [6, 34, 62], [6, 26, 46, 66], [6, 26, 48, 70],
  [6, 26, 50, 74], [6, 30, 54, 78], [6, 30, 56, 82], [6, 30, 58, 86], [6, 34, 62, 90],
];

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}

/** @param {number[]} data @param {number} degree @returns {number[]} Reed-Solomon remainder */
function correction(data, degree) {
  let generator = [1];
  for (let power = 0; power < degree; power += 1) {
    const next = new Array(generator.length + 1).fill(0);
    generator.forEach((factor, at) => {
      next[at] ^= factor;
      next[at + 1] ^= factor && EXP[LOG[factor] + power];
    });
    generator = next;
  }
  const rest = [...data, ...new Array(degree).fill(0)];
  for (let at = 0; at < data.length; at += 1) {
    const factor = rest[at];
    if (factor) generator.forEach((of, nth) => { rest[at + nth] ^= of && EXP[LOG[of] + LOG[factor]]; });
  }
  return rest.slice(data.length);
}

/** @param {Uint8Array} bytes @param {number} version @returns {number[]} codewords as they are placed */
function codewords(bytes, version) {
  const [total, degree, blocks] = CAPACITY[version - 1];
  /** @type {number[]} */
  const bits = [];
  const push = (/** @type {number} */ value, /** @type {number} */ width) => {
    for (let bit = width - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  push(4, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  push(0, Math.min(4, total * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data = [];
  for (let at = 0; at < bits.length; at += 8) data.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let pad = 0xec; data.length < total; pad ^= 0xec ^ 0x11) data.push(pad);

  // The last blocks are one longer where the data do not divide.
  const short = Math.floor(total / blocks), longer = total % blocks;
  const parts = [];
  for (let block = 0, at = 0; block < blocks; block += 1) {
    const size = short + (block >= blocks - longer ? 1 : 0);
    parts.push(data.slice(at, at + size));
    at += size;
  }
  const errors = parts.map((part) => correction(part, degree));
  const placed = [];
  for (let at = 0; at <= short; at += 1) for (const part of parts) if (at < part.length) placed.push(part[at]);
  for (let at = 0; at < degree; at += 1) for (const error of errors) placed.push(error[at]);
  return placed;
}

/** @param {number} value @param {number} generator @param {number} width @returns {number} with its BCH remainder */
function protectedBits(value, generator, width) {
  const degree = 31 - Math.clz32(generator);
  let rest = value << degree;
  for (let bit = width - 1; bit >= 0; bit -= 1) if ((rest >> (bit + degree)) & 1) rest ^= generator << bit;
  return (value << degree) | rest;
}

/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** @param {number[]} placed @param {number} version @param {number} mask @returns {boolean[][]} rows, true is dark */
function matrix(placed, version, mask) {
  const size = 17 + 4 * version;
  /** @type {(boolean | null)[][]} */
  const cells = Array.from({ length: size }, () => new Array(size).fill(null));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ dark) => {
    if (x >= 0 && y >= 0 && x < size && y < size) cells[y][x] = dark;
  };
  const square = (/** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ reach, /** @type {number[]} */ light) => {
    for (let dy = -reach; dy <= reach; dy += 1) for (let dx = -reach; dx <= reach; dx += 1) {
      set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  };
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(cx, cy, 4, [2, 4]);
  const centres = ALIGNED[version - 1], last = size - 7;
  for (const cx of centres) for (const cy of centres) {
    const corner = (cx === 6 && (cy === 6 || cy === last)) || (cx === last && cy === 6);
    if (!corner) square(cx, cy, 2, [1]);
  }
  for (let at = 8; at < size - 8; at += 1) {
    set(at, 6, at % 2 === 0);
    set(6, at, at % 2 === 0);
  }
  const format = protectedBits(mask, 0x537, 5) ^ 0x5412;
  for (let bit = 0; bit < 15; bit += 1) {
    const dark = ((format >> bit) & 1) === 1;
    set(8, bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, dark);
    set(bit < 8 ? size - 1 - bit : bit === 8 ? 7 : 14 - bit, 8, dark);
  }
  set(8, size - 8, true);
  if (version >= 7) {
    const told = protectedBits(version, 0x1f25, 6);
    for (let bit = 0; bit < 18; bit += 1) {
      const dark = ((told >> bit) & 1) === 1, along = Math.floor(bit / 3), across = size - 11 + (bit % 3);
      set(along, across, dark);
      set(across, along, dark);
    }
  }
  let bit = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (cells[y][x] !== null) continue;
        const dark = ((placed[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        cells[y][x] = (dark === 1) !== MASKS[mask](x, y);
        bit += 1;
      }
    }
  }
  return /** @type {boolean[][]} */ (cells);
}

/** @param {boolean[][]} cells @returns {number} how hard it is to read, by the standard's four rules */
function penalty(cells) {
  const size = cells.length;
  let sum = 0, dark = 0;
  for (let a = 0; a < size; a += 1) {
    for (const line of [cells[a], cells.map((row) => row[a])]) {
      const text = line.map(Number).join("");
      for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
      for (let at = 0; at + 11 <= size; at += 1) {
        if (["10111010000", "00001011101"].includes(text.slice(at, at + 11))) sum += 40;
      }
    }
    for (let b = 0; b < size; b += 1) {
      if (cells[a][b]) dark += 1;
      const square = a && b && [cells[a - 1][b - 1], cells[a - 1][b], cells[a][b - 1]];
      if (square && square.every((cell) => cell === cells[a][b])) sum += 3;
    }
  }
  return sum + Math.floor(Math.abs((dark * 100) / size / size - 50) / 5) * 10;
}

/**
 * @param {string} text up to 666 bytes of UTF-8
 * @returns {boolean[][]} rows of modules, true is dark, without the quiet zone
 */
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text);
  const version = 1 + CAPACITY.findIndex(([total], at) => bytes.length + (at < 9 ? 2 : 3) <= total);
  if (!version) throw new RangeError("too long for a QR code of ours");
  const placed = codewords(bytes, version);
  const tried = MASKS.map((_, mask) => matrix(placed, version, mask));
  const scores = tried.map(penalty);
  return tried[scores.indexOf(Math.min(...scores))];
}

/** @param {SVGElement} svg an empty one, in the page @param {string} text */
export function drawQr(svg, text) {
  const rows = qrCode(text);
  const path = document.createElementNS(svg.namespaceURI, "path");
  const squares = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  path.setAttribute("d", squares.join(""));
  path.setAttribute("fill", "#000");
  svg.setAttribute("viewBox", `-4 -4 ${rows.length + 8} ${rows.length + 8}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.replaceChildren(path);
}

/** A line over the last minutes, from counts that only grow. */

const WIDTH = 300, HEIGHT = 60, SPAN_MS = 600_000, STEP_MS = 5_000;

/** @typedef {[number, number, number]} Sample epoch ms, people called, places taken */

/**
 * Counts as rates: per minute, between one sample and the next.
 * @param {Sample[]} samples @param {1 | 2} which @returns {[number, number][]} epoch ms, per minute
 */
export function perMinute(samples, which) {
  return samples.slice(1).flatMap((sample, index) => {
    const before = samples[index], ms = sample[0] - before[0];
    return ms > 0 ? [/** @type {[number, number]} */ ([sample[0], (Math.max(0, sample[which] - before[which]) * 60_000) / ms])] : [];
  });
}

/** @param {any} svg @param {[number, number][]} points @param {number} nowMs @returns {[number, number]} the latest and the most, per minute */
export function draw(svg, points, nowMs) {
  const most = Math.max(1, ...points.map((point) => point[1]));
  const at = points.map(([ms, value]) => `${(WIDTH * (1 - (nowMs - ms) / SPAN_MS)).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1)}`);
  svg.firstElementChild.setAttribute("points", at.join(" "));
  return points.length ? [points[points.length - 1][1], most] : [0, 0];
}

/** The last minutes of each show, as the server remembers them and as they go on. */
export class Past {
  /** @type {Map<string, Sample[]>} */
  #shows = new Map();

  /** @param {any} room @param {number} nowMs */
  take(room, nowMs) {
    const samples = room.past ?? this.#shows.get(room.show) ?? [];
    const last = samples[samples.length - 1];
    if (room.past) this.#shows.set(room.show, samples);
    else if (room.counted && (!last || room.counted[0] - last[0] >= STEP_MS)) {
      samples.push(room.counted);
      this.#shows.set(room.show, samples.filter((/** @type {Sample} */ sample) => nowMs - sample[0] <= SPAN_MS));
    }
  }

  /** @param {string} show @returns {Sample[]} */
  of(show) {
    return this.#shows.get(show) ?? [];
  }
}

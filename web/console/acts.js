/** What operators may do to a room: how it is asked for, what comes of it, and how it is taken back. Pure. */

/** @typedef {{method: string, path: string, body: Record<string, any>}} Call */
/**
 * @typedef {object} Field
 * @property {string} name
 * @property {"range" | "number" | "text" | "check" | "choice"} kind
 * @property {(room: any) => string | number} value
 * @property {number} [max]
 * @property {number} [min]
 * @property {string} [pattern] what a text has to look like; one without a pattern may be left empty
 * @property {(room: any) => string[]} [options] of a choice
 */
/**
 * @typedef {object} Act
 * @property {string} name its words are `act.<name>`, `.fans`, `.stops`, `.undo`
 * @property {Field[]} [fields]
 * @property {string[]} reasons words of presets
 * @property {boolean} [final] it cannot be taken back
 * @property {boolean} [danger]
 * @property {boolean} [foreseen] false: nobody can say beforehand what would come of it
 * @property {(values: Record<string, any>, room: any) => {method?: string, path?: string, body?: Record<string, any>}} [call]
 * @property {(room: any) => boolean} [idle] it would change nothing
 */

const TROUBLE = ["reason.load", "reason.check", "reason.payment", "reason.hall"];
const WELL = ["reason.well", "reason.solved"];
/** @param {any} room @returns {string[]} those beside the one for everybody */
const otherLines = (room) => Object.keys(room.shares).filter((name) => name !== "general");

/** @type {Record<string, Act>} */
export const ACTS = {
  pause: { name: "pause", reasons: TROUBLE, idle: (room) => room.control === "paused" },
  resume: { name: "resume", reasons: WELL, idle: (room) => room.control === "schedule" },
  rate: {
    name: "rate",
    reasons: ["reason.well", "reason.load", "reason.tail"],
    fields: [{ name: "rate_per_min", kind: "range", min: 0, value: (room) => room.rate_per_min }],
    call: (values) => ({ method: "PATCH", path: "", body: { rate_per_min: values.rate_per_min } }),
  },
  active: {
    name: "active",
    reasons: ["reason.load", "reason.well"],
    fields: [{ name: "active_max", kind: "number", min: 1, max: 10_000_000, value: (room) => room.active_max }],
    call: (values) => ({ method: "PATCH", path: "", body: { active_max: values.active_max } }),
  },
  message: {
    name: "message",
    reasons: ["reason.inform"],
    fields: [
      { name: "text", kind: "text", value: (room) => Object.values(room.shown?.text ?? {})[0] ?? "" },
      { name: "warning", kind: "check", value: (room) => (room.shown?.severity === "warning" ? "yes" : "") },
    ],
    call: (values) => ({
      body: { severity: values.warning ? "warning" : "info", text: values.text ? { [values.language]: values.text } : {} },
    }),
  },
  line: {
    name: "line",
    reasons: ["reason.presale"],
    fields: [
      { name: "name", kind: "text", pattern: "[a-z][a-z0-9_]{0,30}", value: () => "presale" },
      { name: "share", kind: "number", min: 1, max: 1_000, value: (room) => room.shares.general || 100 },
    ],
    call: (values, room) => ({ method: "PATCH", path: "", body: { shares: { ...room.shares, [values.name]: values.share } } }),
  },
  codes: {
    name: "codes",
    reasons: ["reason.presale"],
    final: true,
    foreseen: false,
    fields: [
      { name: "line", kind: "choice", value: (room) => otherLines(room)[0] ?? "", options: otherLines },
      { name: "count", kind: "number", min: 1, max: 10_000, value: () => 100 },
      { name: "uses", kind: "number", min: 1, max: 100_000, value: () => 1 },
    ],
    call: (values) => ({ body: { line: values.line, count: values.count, uses: values.uses } }),
    idle: (room) => otherLines(room).length === 0,
  },
  open: { name: "open", reasons: ["reason.early", "reason.solved"], idle: (room) => room.control === "open" },
  drain: { name: "drain", reasons: ["reason.enough", "reason.end"], idle: (room) => room.control === "draining" },
  idle: { name: "idle", reasons: ["reason.few"], idle: (room) => room.control === "idle" },
  "hold-all": { name: "hold-all", reasons: TROUBLE, danger: true, idle: (room) => room.control === "held" },
  "sold-out": { name: "sold-out", reasons: ["reason.gone"], danger: true, idle: (room) => room.control === "soldout" },
  admit: {
    name: "admit",
    reasons: ["reason.makeup", "reason.test"],
    final: true,
    fields: [{ name: "people", kind: "number", min: 1, max: 10_000, value: () => 10 }],
    call: (values) => ({ body: { people: values.people } }),
  },
  "fail-open": {
    name: "fail-open",
    reasons: ["reason.redis", "reason.few"],
    danger: true,
    fields: [{ name: "minutes", kind: "number", min: 1, max: 60, value: () => 5 }],
    call: (values) => ({ path: `/fail-open?minutes=${values.minutes}` }),
  },
  "revoke-wave": { name: "revoke-wave", reasons: ["reason.leak"], final: true, danger: true },
};

/** Those at hand at once; the others are one step away. */
export const BRAKES = ["pause", "resume", "rate"];

/** @param {Act} act @param {any} room @param {string} reason @param {Record<string, any>} values @returns {Call} */
export function callOf(act, room, reason, values) {
  const { method = "POST", path = `/${act.name}`, body = {} } = act.call?.(values, room) ?? {};
  return { method, path: `/room/admin/${room.show}${path}`, body: { ...body, reason } };
}

/** @param {Call} call @returns {string} where to ask what would come of it */
export function previewPath(call) {
  return `${call.path}${call.path.includes("?") ? "&" : "?"}preview=true`;
}

/** What leads back to each control. That the line fails open for some minutes is not begun again. */
const BACK = { schedule: "resume", open: "open", paused: "pause", draining: "drain", held: "hold-all", soldout: "sold-out" };

/**
 * What takes an act back; null: nothing does.
 * @param {Act} act @param {any} before the room as it was @param {string} reason @returns {Call | null}
 */
export function undoOf(act, before, reason) {
  const at = `/room/admin/${before.show}`;
  if (act.final) return null;
  if (act.name === "rate") return { method: "PATCH", path: at, body: { rate_per_min: before.rate_per_min, reason } };
  if (act.name === "line") return { method: "PATCH", path: at, body: { shares: before.shares, reason } };
  if (act.name === "active") return { method: "PATCH", path: at, body: { active_max: before.active_max, reason } };
  if (act.name === "message") {
    const { severity = "info", text = {} } = before.shown ?? {};
    return { method: "POST", path: `${at}/message`, body: { severity, text, reason } };
  }
  const back = before.control === "idle" && !before.open_until ? "idle" : (/** @type {any} */ (BACK)[before.control] ?? "resume");
  return back === act.name ? null : { method: "POST", path: `${at}/${back}`, body: { reason } };
}

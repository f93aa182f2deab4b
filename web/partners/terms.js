/** The rules of a show: their fields, and what a change of them comes to. */

import { count, element, language, money, roughly, t } from "../shared/words.js";

/** @typedef {import("./form.js").Field} Field */
/** @typedef {import("../types/api.d.ts").EventAnswer} Event */

/** What people change; the other ones stand under "more". Whole numbers from, to. @type {[string, number, number, boolean][]} */
const NUMBERS = [
  ["hold_s", 1, 900, false],
  ["hold_max_s", 1, 86_400, false],
  ["payment_s", 1, 86_400, false],
  ["seats_per_hold", 1, 200, false],
  ["max_held_seats_per_person", 1, 200_000, false],
  ["seats_per_person", 0, 200_000, false],
  ["refund_until_s", 0, 366 * 86_400, false],
  ["seats_per_hold_partner", 1, 200, true],
  ["tables_per_hold", 1, 200, true],
  ["tables_per_hold_partner", 1, 200, true],
  ["max_held_tables_per_person", 1, 200_000, true],
  ["holds_at_once", 0, 200_000, true],
  ["unpaid_holds", 0, 50, true],
  ["unpaid_holds_partner", 0, 50, true],
  ["cool_down_s", 0, 3_600, true],
];
/** @type {Record<string, string[]>} */
const CHOICES = { payment: ["required", "optional"], orphan_rule: ["off", "warn", "enforce"] };
/** As the API has them where nothing is said. @type {Record<string, any>} */
export const DEFAULTS = {
  hold_s: 300, hold_max_s: 900, payment_s: 180, seats_per_hold: 10, max_held_seats_per_person: 10, seats_per_person: 0, refund_until_s: 86_400,
  seats_per_hold_partner: 50, tables_per_hold: 1, tables_per_hold_partner: 10, max_held_tables_per_person: 1, holds_at_once: 3, unpaid_holds: 20,
  unpaid_holds_partner: 0, cool_down_s: 600, payment: "required", orphan_rule: "off", admission_required: false,
};

/** @param {Record<string, any>} rules as they are @returns {Field[]} */
export function ruleFields(rules) {
  /** @type {Field[]} */
  const numbers = NUMBERS.map(([name, min, max, more]) => ({ name, label: t(`rule.${name}`), kind: "number", min, max, more, required: true, value: rules[name], hint: min === 0 && !name.endsWith("_s") ? t("rule.zero") : undefined }));
  /** @type {Field[]} */
  const choices = Object.entries(CHOICES).map(([name, all]) => ({ name, label: t(`rule.${name}`), kind: "select", value: rules[name], options: all.map((one) => [one, t(`rule.${name}_${one}`)]) }));
  return [...choices, { name: "admission_required", label: t("rule.admission_required"), kind: "check", value: rules.admission_required }, ...numbers];
}

/** @param {Event} event @returns {Field[]} the price of each category */
export function priceFields(event) {
  return event.tiers.map(({ category, price }, at) => ({ name: priceName(at), label: t("rule.price_of", { category, currency: event.currency }), kind: "money", currency: event.currency, min: 0, required: true, value: price }));
}

/** @param {number} at */
function priceName(at) {
  return `price-${at}`;
}

/**
 * What would be different, as it is sent.
 * @param {Event} event as it is @param {Record<string, any>} values of the form @returns {{policy?: Record<string, any>, prices?: Record<string, number>}}
 */
export function difference(event, values) {
  const before = /** @type {Record<string, any>} */ (event.rules);
  const policy = Object.fromEntries(Object.keys(DEFAULTS).filter((name) => values[name] !== before[name]).map((name) => [name, values[name]]));
  const prices = Object.fromEntries(event.tiers.flatMap(({ category, price }, at) => (values[priceName(at)] === price ? [] : [[category, values[priceName(at)]]])));
  return { ...(Object.keys(policy).length && { policy }), ...(Object.keys(prices).length && { prices }) };
}

/** Each change, before and after. @param {Event} event @param {ReturnType<typeof difference>} change @returns {HTMLElement} */
export function told(event, { policy = {}, prices = {} }) {
  const rows = [
    ...Object.entries(prices).map(([category, price]) => {
      const before = event.tiers.find((tier) => tier.category === category)?.price ?? 0;
      return [category, money(before, event.currency), money(price, event.currency)];
    }),
    ...Object.entries(policy).map(([name, value]) => [t(`rule.${name}`), shown(name, /** @type {any} */ (event.rules)[name]), shown(name, value)]),
  ];
  const list = element("dl", "", "changes");
  for (const [name, before, after] of rows) {
    const pair = element("div"), dd = element("dd");
    dd.append(element("s", before), " → ", element("strong", after));
    pair.append(element("dt", name), dd);
    list.append(pair);
  }
  return list;
}

/** @param {string} name @param {any} value @returns {string} */
function shown(name, value) {
  if (name in CHOICES) return t(`rule.${name}_${value}`);
  if (typeof value === "boolean") return t(value ? "rule.yes" : "rule.no");
  if (!name.endsWith("_s")) return value === 0 ? t("rule.any_number") : count(value);
  const seconds = new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "long" }).format(value);
  return value >= 3_600 ? `${seconds} (${roughly(value / 60)})` : seconds;
}

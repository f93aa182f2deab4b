/** Shows: made on a venue or in short, changed in mid-sale, closed, called off. */

import { inWords } from "../shared/api.js";
import { count, element, find, list, money, shortMoment, t } from "../shared/words.js";
import { call, card, done, Filters, Pages, queryOf, toAddress, word } from "./desk.js";
import { begin } from "./form.js";
import { DEFAULTS, difference, priceFields, ruleFields, told } from "./terms.js";

/** @typedef {import("../types/api.d.ts").EventLine} Show */
/** @typedef {import("../types/api.d.ts").VenueShown} Venue */

const SHOWS = "/api/admin/shows";
/** The list is a second old at most. */
const LIST_MS = 1_200;
/** @type {Record<string, string>} */
const LOOKS = { open: "good", closed: "", cancelled: "error" };

const shows = new Pages("shows", shown);
const filters = new Filters("shows-filters", openShows);

export function openShows() {
  const { q, status } = filters.read();
  return shows.open((after) => `/api/events${queryOf({ q, status, after })}`);
}

/** @param {Show} show */
function shown(show) {
  const look = /** @type {HTMLAnchorElement} */ (element("a", t("sale.look")));
  look.href = `/shows/${show.show}`;
  return card(show.name, {
    state: [LOOKS[show.status] ?? "", word(show.status, "sale")],
    ids: show.show,
    facts: [
      [t("sale.starts_at"), shortMoment(show.starts_at)],
      [t("sale.opens_at"), show.opens_at ? shortMoment(show.opens_at) : ""],
      [t("sale.where"), show.venue_name],
      [t("sale.prices"), list([...new Set([money(show.price_from, show.currency), money(show.price_to, show.currency)])])],
      [t("sale.places"), placesOf(show)],
      [t("sale.page"), look],
    ],
    acts: show.status === "cancelled"
      ? []
      : [
          { label: t("portal.change"), run: () => change(show) },
          ...(show.status === "open" ? [{ label: t("sale.close"), run: () => end(show, "close") }] : []),
          { label: t("sale.cancel"), run: () => end(show, "cancel"), look: "danger" },
        ],
  });
}

/** @param {Show} show @returns {string} how many there are, and what became of them as far as it is known */
function placesOf({ total_seats, available_seats, held_seats, booked_seats }) {
  if (typeof available_seats !== "number") return count(total_seats);
  return t("sale.places_are", { total: count(total_seats), left: known(available_seats), held: known(held_seats), booked: known(booked_seats) });
}

/** @param {number | null | undefined} value @returns {string} */
function known(value) {
  return typeof value === "number" ? count(value) : "–";
}

/** @param {string} words */
async function after(words) {
  done(words);
  await new Promise((go) => setTimeout(go, LIST_MS));
  return shows.again();
}

async function make() {
  const venues = await call("GET", `/api/admin/venues${queryOf({ limit: 200 })}`);
  if (!venues.ok) return done(inWords(venues), "error");
  const there = /** @type {Venue[]} */ (venues.body.data).filter((venue) => venue.layout);
  /** @type {[string, string][]} */
  const places = [["", t("sale.in_short")], ...there.map((venue) => /** @type {[string, string]} */ ([venue.venue, `${venue.name} · ${count(venue.total_seats ?? 0)}`]))];
  begin({
    title: t("sale.new"),
    words: t("sale.new_words"),
    fields: [
      { name: "name", label: t("portal.name"), required: true, length: 200 },
      { name: "starts_at", label: t("sale.starts_at"), kind: "datetime-local", required: true },
      { name: "opens_at", label: t("sale.opens_at"), kind: "datetime-local", hint: t("sale.opens_hint") },
      { name: "closes_at", label: t("sale.closes_at"), kind: "datetime-local", hint: t("sale.closes_hint") },
      { name: "venue", label: t("sale.where"), kind: "select", value: there[0]?.venue ?? "", options: places },
      { name: "capacity", label: t("sale.capacity"), kind: "number", min: 10, max: 200_000, hint: t("sale.capacity_hint") },
      { name: "currency", label: t("sale.currency"), required: true, length: 3, value: "EUR" },
      { name: "test", label: t("sale.test"), kind: "check" },
      ...ruleFields(DEFAULTS),
    ],
    go: t("portal.make"),
    send: (values, key) => call("POST", SHOWS, { key, body: wanted(values) }),
    then: showMade,
  });
}

/** It is seen however many others there are. @param {import("../types/api.d.ts").EventAnswer} made */
async function showMade(made) {
  await after(t("sale.made", { name: made.name, places: count(made.total_seats) }));
  if (shows.lines.some(({ show }) => show === made.show)) return;
  toAddress({ q: made.name, status: "" });
  await openShows();
}

/** @param {Record<string, any>} values @returns {object} as it is sent: what is as always is left out */
function wanted({ name, starts_at, opens_at, closes_at, venue, capacity, currency, test, ...rules }) {
  const policy = Object.fromEntries(Object.entries(rules).filter(([rule, value]) => value !== DEFAULTS[rule]));
  const times = { starts_at, ...(opens_at && { opens_at }), ...(closes_at && { closes_at }) };
  return { name, ...times, ...(venue ? { venue } : { capacity }), currency, test, policy };
}

/** @param {Show} show */
async function change(show) {
  const answer = await call("GET", `/api/events/${show.show}`);
  if (!answer.ok) return done(inWords(answer), "error");
  const event = /** @type {import("../types/api.d.ts").EventAnswer} */ (answer.body);
  begin({
    title: t("portal.change_of", { name: event.name }),
    words: t("sale.change_words"),
    fields: [...priceFields(event), ...ruleFields(event.rules)],
    go: t("sale.review"),
    review: {
      of: (values) => {
        const found = difference(event, values);
        if (!Object.keys(found).length) return null;
        const place = element("div");
        place.append(told(event, found), element("p", t("sale.review_words", { held: count(event.held_seats), booked: count(event.booked_seats) })));
        return place;
      },
      go: t("sale.change_now"),
    },
    send: (values, key) => call("PATCH", `${SHOWS}/${show.show}`, { key, body: difference(event, values) }),
    then: () => after(t("sale.changed", { name: event.name })),
  });
}

/** @param {Show} show @param {"close" | "cancel"} act */
function end(show, act) {
  const numbers = { name: show.name, held: known(show.held_seats), booked: known(show.booked_seats) };
  begin({
    title: t(act === "close" ? "sale.close_of" : "sale.cancel_of", numbers),
    words: t(act === "close" ? "sale.close_words" : "sale.cancel_words", numbers),
    fields: [
      { name: "reason", label: t("sale.reason"), length: 200, hint: t("sale.reason_hint") },
      { name: "sure", label: t("sale.sure"), kind: "check", required: true },
    ],
    go: t(act === "close" ? "sale.close" : "sale.cancel"),
    danger: true,
    send: ({ reason }, key) => call("POST", `${SHOWS}/${show.show}/${act}`, { key, body: { reason: reason ?? "" } }),
    then: () => after(t(act === "close" ? "sale.is_closed" : "sale.is_cancelled", numbers)),
  });
}

find("shows-new").addEventListener("click", make);

/** API keys: made, shown this once, rotated, limited, revoked. */

import { count, find, list, shortMoment, t } from "../shared/words.js";
import { call, calm, card, desk, done, readKeys, trouble, word } from "./desk.js";
import { begin, showSecret } from "./form.js";

/** @typedef {import("./desk.js").Key} Key */

const OVERLAPS = [0, 3_600, 24 * 3_600, 7 * 24 * 3_600];
let changed = () => {};

/** @param {() => void} listener is told when keys were read anew, or could not be */
export function onKeys(listener) {
  changed = listener;
}

/** As they were read last. */
export function openKeys() {
  calm(find("keys"));
  if (desk.problem) return trouble(find("keys"), desk.problem, refresh);
  const live = desk.keys.filter((key) => !key.revoked_at), gone = desk.keys.filter((key) => key.revoked_at);
  find("keys").replaceChildren(...live.map(shown));
  find("keys-none").hidden = live.length > 0;
  find("keys-none").textContent = desk.admin ? t("portal.keys_none") : t("portal.keys_first");
  find("keys-new").hidden = !desk.admin && live.length === 0;
  find("keys-gone").replaceChildren(...gone.map(shown));
  find("keys-gone-all").hidden = gone.length === 0;
}

/** @param {Key} key */
function shown(key) {
  const places = [...(key.venues ?? []), ...(key.shows ?? [])];
  return card(key.name, {
    state: key.revoked_at ? ["error", t("portal.revoked")] : key.sandbox ? ["info", t("portal.sandbox")] : ["good", t("portal.in_use")],
    ids: `${key.key} · ${key.shown_prefix}…`,
    facts: [
      [t("portal.may"), list(key.permissions.map((name) => word(name, "right")))],
      [t("portal.rates"), t("portal.rates_are", { requests: count(key.requests_per_min), selling: count(key.selling_at_once) })],
      [t("portal.only_at"), places.join(" ")],
      [t("portal.only_from"), (key.addresses ?? []).join(" ")],
      [t("portal.partner"), desk.admin ? (key.partner ?? "") : ""],
      [t("portal.made"), t("portal.made_by", { time: shortMoment(key.made_at), who: key.made_by || "–" })],
      [t("portal.rotated"), key.rotated_at ? shortMoment(key.rotated_at) : ""],
      [t("portal.previous_until"), key.previous_until && Date.parse(key.previous_until) > Date.now() ? shortMoment(key.previous_until) : ""],
      [t("portal.ended"), key.revoked_at ? shortMoment(key.revoked_at) : ""],
    ],
    acts: key.revoked_at
      ? []
      : [
          { label: t("portal.rotate"), run: () => rotate(key) },
          { label: t("portal.change"), run: () => change(key) },
          { label: t("portal.revoke"), run: () => revoke(key), look: "danger" },
        ],
  });
}

async function refresh() {
  await readKeys();
  changed();
}

/** @param {string} words of what was done, whether the list can be read after it or not */
function after(words) {
  done(words);
  return refresh();
}

/** Fields of a key's limits. A partner begins with those of a key that they have, since no other may reach further. @param {Partial<Key>} key */
function limits(key) {
  return [
    { name: "requests_per_min", label: t("portal.requests_per_min"), kind: "number", min: 1, max: 10_000_000, required: true, value: key.requests_per_min ?? 100 },
    { name: "selling_at_once", label: t("portal.selling_at_once"), kind: "number", min: 1, max: 100_000, required: true, value: key.selling_at_once ?? 20 },
    { name: "venues", label: t("portal.venues"), kind: "list", value: key.venues ?? [], hint: t("portal.limit_hint") },
    { name: "shows", label: t("portal.shows"), kind: "list", value: key.shows ?? [], hint: t("portal.limit_hint") },
    { name: "addresses", label: t("portal.addresses"), kind: "list", value: key.addresses ?? [], hint: t("portal.addresses_hint") },
    ...(desk.admin ? [{ name: "partner", label: t("portal.partner"), value: key.partner ?? "", length: 40, hint: t("portal.partner_hint") }] : []),
  ];
}

function make() {
  /** @type {Partial<Key>} */
  const like = desk.admin ? {} : (desk.keys.find((key) => !key.revoked_at && !key.sandbox) ?? desk.keys.find((key) => !key.revoked_at) ?? {});
  const rights = desk.admin ? ["read", "booking", "group", "operator", "admin"] : ["read", "booking", "group"].filter((name) => like.permissions?.includes(name));
  begin({
    title: t("portal.new_key"),
    words: desk.admin ? "" : t("portal.new_key_words"),
    fields: [
      { name: "name", label: t("portal.name"), required: true, length: 200, hint: t("portal.name_hint") },
      { name: "permissions", label: t("portal.may"), kind: "checks", value: ["read", "booking"].filter((name) => rights.includes(name)), options: rights.map((name) => [name, word(name, "right")]) },
      { name: "sandbox", label: t("portal.is_sandbox"), kind: "check", value: like.sandbox },
      ...limits(like),
    ],
    go: t("portal.make"),
    send: (values) => call("POST", "/api/admin/keys", { body: { ...values, partner: values.partner ?? "" } }),
    then: async (body) => {
      showSecret(t("portal.secret_of", { name: body.data.name }), body.api_key, t("portal.secret_words"));
      await after(t("portal.key_made", { name: body.data.name }));
    },
  });
}

/** @param {Key} key */
function change(key) {
  begin({
    title: t("portal.change_of", { name: key.name }),
    words: desk.admin ? "" : t("portal.change_words"),
    fields: [{ name: "name", label: t("portal.name"), required: true, length: 200, value: key.name }, ...limits(key)],
    go: t("portal.change"),
    send: (values) => call("PATCH", `/api/admin/keys/${key.key}`, { body: desk.admin ? { ...values, partner: values.partner ?? "" } : values }),
    then: (body) => after(t("portal.key_changed", { name: body.data.name })),
  });
}

/** For how long the secret before goes on, in seconds. @returns {import("./form.js").Field} */
export function overlapField() {
  return { name: "overlap_s", label: t("portal.overlap"), kind: "select", value: String(24 * 3_600), options: OVERLAPS.map((s) => [String(s), t(`portal.overlap_${s}`)]) };
}

/** @param {Key} key */
function rotate(key) {
  begin({
    title: t("portal.rotate_of", { name: key.name }),
    words: t("portal.rotate_words"),
    fields: [overlapField()],
    go: t("portal.rotate"),
    send: (values) => call("POST", `/api/admin/keys/${key.key}/rotate`, { body: { overlap_s: Number(values.overlap_s) } }),
    then: async (body) => {
      showSecret(t("portal.secret_of", { name: key.name }), body.api_key, t("portal.secret_words"));
      await after(t("portal.key_rotated", { name: key.name }));
    },
  });
}

/** @param {Key} key */
function revoke(key) {
  begin({
    title: t("portal.revoke_of", { name: key.name }),
    words: t("portal.revoke_words"),
    go: t("portal.revoke"),
    danger: true,
    send: () => call("POST", `/api/admin/keys/${key.key}/revoke`),
    then: () => after(t("portal.key_revoked", { name: key.name })),
  });
}

find("keys-new").addEventListener("click", make);

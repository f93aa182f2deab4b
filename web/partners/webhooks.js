/** Webhooks: where a key's events are sent, what became of each of them, and once more. */

import { inWords } from "../shared/api.js";
import { find, list, shortMoment, t } from "../shared/words.js";
import { call, card, desk, done, Filters, inAddress, Pages, queryOf, toAddress, word } from "./desk.js";
import { begin, showSecret } from "./form.js";
import { overlapField } from "./keys.js";

/** @typedef {import("../types/api.d.ts").WebhookShown} Webhook */
/** @typedef {import("../types/api.d.ts").DeliveryShown} Delivery */

const HOOKS = "/api/admin/webhooks";
const EVENTS = ["request_decided", "booking_confirmed", "booking_changed", "booking_cancelled", "reservation_expired", "refund_due", "allocation_returned"];
/** @type {Record<string, string>} */
const LOOKS = { due: "info", done: "good", failed: "error" };

const hooks = new Pages("webhooks", shown, openDeliveries);
const deliveries = new Pages("deliveries", delivered);
const filters = new Filters("deliveries-filters", openDeliveries);

export function openWebhooks() {
  find("deliveries-all").hidden = true;
  return hooks.open((after) => `${HOOKS}${queryOf({ after })}`);
}

/** @param {Webhook} hook */
function shown(hook) {
  const { webhook, url } = hook;
  return card(url, {
    state: hook.enabled ? ["good", t("hook.on")] : ["error", t("hook.off")],
    ids: `${webhook} · ${hook.account}`,
    facts: [
      [t("hook.description"), hook.description ?? ""],
      [t("hook.events"), hook.events.length ? list(hook.events.map((name) => word(name, "event"))) : t("hook.all_events")],
      [t("portal.made"), shortMoment(hook.made_at)],
      [t("hook.previous_until"), hook.previous_until && Date.parse(hook.previous_until) > Date.now() ? shortMoment(hook.previous_until) : ""],
      [t("hook.off_since"), hook.disabled_at ? `${shortMoment(hook.disabled_at)}: ${hook.disabled_why ?? ""}` : ""],
    ],
    acts: [
      { label: t("hook.deliveries"), run: () => look(webhook) },
      { label: t("portal.change"), run: () => change(hook) },
      { label: t("portal.rotate"), run: () => rotate(hook) },
      { label: hook.enabled ? t("hook.switch_off") : t("hook.switch_on"), run: () => flip(hook) },
      { label: t("hook.remove"), run: () => remove(hook), look: "danger" },
    ],
  });
}

/** @param {string} words @returns {Promise<void>} */
function after(words) {
  done(words);
  return hooks.again();
}

/** @param {Partial<Webhook>} hook */
function fields(hook) {
  return [
    { name: "url", label: t("hook.url"), kind: "url", required: true, length: 500, value: hook.url ?? "", hint: t("hook.url_hint") },
    { name: "events", label: t("hook.events"), kind: "checks", value: hook.events ?? [], options: EVENTS.map((name) => /** @type {[string, string]} */ ([name, word(name, "event")])), hint: t("hook.events_hint") },
    { name: "description", label: t("hook.description"), length: 200, value: hook.description ?? "" },
  ];
}

function make() {
  begin({
    title: t("hook.new"),
    words: t("hook.new_words"),
    fields: [
      ...fields({}),
      ...(desk.admin ? [{ name: "account", label: t("hook.account"), kind: "select", value: desk.key, options: desk.keys.map((key) => /** @type {[string, string]} */ ([key.key, `${key.name} (${key.key})`])) }] : []),
    ],
    go: t("portal.make"),
    send: (values) => call("POST", HOOKS, { body: { ...values, description: values.description ?? "" } }),
    then: (body) => {
      showSecret(t("hook.secret_of"), body.secret, t("hook.secret_words"));
      after(t("hook.made", { url: body.data.url }));
    },
  });
}

/** @param {Webhook} hook */
function change(hook) {
  begin({
    title: t("portal.change_of", { name: hook.url }),
    fields: fields(hook),
    go: t("portal.change"),
    send: (values) => call("PATCH", `${HOOKS}/${hook.webhook}`, { body: { ...values, description: values.description ?? "" } }),
    then: () => after(t("hook.changed", { url: hook.url })),
  });
}

/** @param {Webhook} hook */
function rotate(hook) {
  begin({
    title: t("portal.rotate_of", { name: hook.url }),
    words: t("hook.rotate_words"),
    fields: [overlapField()],
    go: t("portal.rotate"),
    send: (values) => call("POST", `${HOOKS}/${hook.webhook}/rotate`, { body: { overlap_s: Number(values.overlap_s) } }),
    then: (body) => {
      showSecret(t("hook.secret_of"), body.secret, t("hook.secret_words"));
      after(t("portal.key_rotated", { name: hook.url }));
    },
  });
}

/** @param {Webhook} hook */
function flip(hook) {
  begin({
    title: t(hook.enabled ? "hook.off_of" : "hook.on_of", { url: hook.url }),
    words: t(hook.enabled ? "hook.off_words" : "hook.on_words"),
    go: t(hook.enabled ? "hook.switch_off" : "hook.switch_on"),
    send: () => call("PATCH", `${HOOKS}/${hook.webhook}`, { body: { enabled: !hook.enabled } }),
    then: () => after(t("hook.changed", { url: hook.url })),
  });
}

/** @param {Webhook} hook */
function remove(hook) {
  begin({
    title: t("hook.remove_of", { url: hook.url }),
    words: t("hook.remove_words"),
    go: t("hook.remove"),
    danger: true,
    send: () => call("DELETE", `${HOOKS}/${hook.webhook}`),
    then: () => {
      if (inAddress("hook") === hook.webhook) toAddress({ hook: "" });
      after(t("hook.removed", { url: hook.url }));
    },
  });
}

/** @param {string} webhook whose deliveries are looked at */
function look(webhook) {
  toAddress({ hook: webhook, state: "" });
  openDeliveries();
  find("deliveries-title").focus();
}

/** Those of the webhook that the address names, as soon as it is among those that are shown. */
function openDeliveries() {
  const hook = hooks.lines.find((/** @type {Webhook} */ one) => one.webhook === inAddress("hook"));
  find("deliveries-all").hidden = !hook;
  if (!hook) return;
  find("deliveries-title").textContent = t("hook.deliveries_of", { url: hook.url });
  const { state } = filters.read();
  deliveries.open((after) => `${HOOKS}/${hook.webhook}/deliveries${queryOf({ state, after })}`);
}

/** @param {Delivery} one */
function delivered(one) {
  return card(word(one.type, "event"), {
    state: [LOOKS[one.state] ?? "", word(one.state, "hook")],
    ids: one.event,
    facts: [
      [t("hook.decided"), shortMoment(one.decided_at)],
      [t("hook.attempts"), String(one.attempts)],
      [t("hook.answered"), [one.last_status || "", one.last_error ?? ""].filter(Boolean).join(" · ")],
      [t("hook.next"), one.due_at ? shortMoment(one.due_at) : ""],
      [t("hook.settled"), one.settled_at ? shortMoment(one.settled_at) : ""],
    ],
    acts: [{ label: t("hook.resend"), run: () => resend(one) }],
  });
}

/** @param {Delivery} one */
async function resend({ event }) {
  const answer = await call("POST", `${HOOKS}/${inAddress("hook")}/deliveries/${event}/resend`);
  if (!answer.ok) return done(inWords(answer), "error");
  done(t("hook.sent_again", { event }));
  await deliveries.again();
}

find("webhooks-new").addEventListener("click", make);
find("deliveries-close").addEventListener("click", () => {
  toAddress({ hook: "", state: "" });
  find("deliveries-all").hidden = true;
});

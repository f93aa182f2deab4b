/** What anybody may check: the draw, one's own place in it, and what was done to the line. */

import { ask, inWords } from "../shared/api.js";
import { notice } from "../shared/frame.js";
import { Memory } from "../shared/kept.js";
import { count, element, find, quoted, shortMoment, t } from "../shared/words.js";
import { leaf, place, rootByPath, secretHash, seed } from "./draw.js";

const show = location.pathname.split("/")[2];
const memory = new Memory(show);

/** @param {string} name @param {any} draw */
function drawing(name, draw) {
  const part = element("section");
  if (name !== "general") part.append(element("h3", name));
  part.append(element("p", t(`verify.state.${draw.state}`)));
  if (draw.beacon && !draw.beacon.independent) part.append(element("p", t("verify.not_independent"), "note warning"));
  const facts = element("dl", "", "checks");
  const fact = (/** @type {string} */ what, /** @type {string | null | undefined} */ value) => {
    if (value === null || value === undefined) return;
    const item = element("div");
    item.append(element("dt", t(what)), element("dd", value, "digits"));
    facts.append(item);
  };
  fact("verify.size", draw.size === null ? null : count(draw.size));
  fact("verify.commitment", draw.commitment);
  fact("verify.root", draw.root);
  fact("verify.beacon", draw.beacon && `${draw.beacon.source} · ${draw.beacon.round} · ${draw.beacon.value}`);
  fact("verify.seed", draw.seed);
  fact("verify.drawn_at", draw.drawn_at && shortMoment(draw.drawn_at));
  part.append(facts);
  return part;
}

/** @param {boolean} good @param {string} words */
function step(good, words) {
  const item = element("li", words, good ? "good" : "bad");
  item.prepend(element("strong", good ? "✓ " : "✗ "));
  find("steps").append(item);
  return good;
}

async function check() {
  const { ticket, secret } = memory.kept;
  if (!ticket) return;
  find("steps").replaceChildren();
  const [proof, draw] = await Promise.all([
    ask("GET", `/room/${show}/draw/proof/${ticket.entry}?line=${ticket.line}`),
    ask("GET", `/room/${show}/draw`),
  ]);
  if (!proof.ok) return step(false, proof.body.code === "not_found" ? t("verify.after_draw") : inWords(proof));
  if (!draw.ok) return step(false, inWords(draw));
  const { n, index, size, path, root } = proof.body;
  const public_ = draw.body.lines[ticket.line];
  const mine = await leaf(ticket.n, ticket.entry, await secretHash(secret));
  step(mine === proof.body.leaf && n === ticket.n, t("verify.step.leaf"));
  step((await rootByPath(mine, index, size, path)) === root && root === public_.root, t("verify.step.root", { size: count(size) }));
  if (!public_.beacon) return step(true, t("verify.step.waiting"));
  const made = await seed(public_.beacon.value, root, size);
  step(made === public_.seed, t("verify.step.seed"));
  const drawn = await place(made, size, ticket.n);
  step(drawn === proof.body.place, t("verify.step.place", { place: count(drawn) }));
}

const [status, draw, log] = await Promise.all([
  ask("GET", `/room/${show}/status`),
  ask("GET", `/room/${show}/draw`),
  ask("GET", `/room/${show}/log`),
]);
find("loading").hidden = true;
if (!status.ok || !draw.ok) {
  notice(inWords(status.ok ? draw : status), "error");
} else {
  find("name").textContent = status.body.name;
  const lines = Object.entries(draw.body.lines);
  find("no-draw").hidden = lines.length > 0;
  find("draws").append(...lines.map(([name, one]) => drawing(name, one)));
  find("mine").hidden = !memory.kept.ticket || lines.length === 0;
  const acts = log.ok ? log.body.acts : [];
  find("no-log").hidden = acts.length > 0;
  find("log").append(
    ...acts.map((/** @type {any} */ act) => {
      const item = element("li");
      item.append(element("time", shortMoment(act.at), "quiet small"), quoted("strong", act.what), quoted("span", act.reason));
      return item;
    }),
  );
  find("ready").hidden = false;
}
find("check").addEventListener("click", check);

/** Going on with one's place on another device: a code that carries ticket and secret, in the part of the address that
 * no server sees. */

import { find } from "../shared/words.js";

/** @param {string} show @param {import("../shared/kept.js").Kept} kept */
export async function drawMove(show, kept) {
  if (!kept.ticket) return;
  const { drawQr } = await import("../parts/qr.js");
  find("move-link").href = `${location.origin}/room/${show}#move=${kept.secret}.${kept.ticket.ticket}`;
  drawQr(find("move-code"), find("move-link").href);
}

/** Take over what another device has sent here. @param {import("../shared/kept.js").Memory} memory */
export function takeMoved(memory) {
  const moved = new URLSearchParams(location.hash.slice(1)).get("move");
  if (!moved) return;
  history.replaceState(null, "", location.pathname + location.search);
  const [secret, ...token] = moved.split(".");
  try {
    const claims = JSON.parse(atob(token[1].replaceAll("-", "+").replaceAll("_", "/")));
    // The room has the last word on all of it; a place that is drawn is learnt from it again.
    const ticket = { entry: String(claims.sub), n: Number(claims.n), line: String(claims.line), ticket: token.join(".") };
    memory.keep({ secret, ticket: { ...ticket, place: null }, pass: undefined });
  } catch {
    // An address that was cut on the way: there is nothing to take over.
  }
}

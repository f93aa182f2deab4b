/** Single requests of keys: what was asked, what came of it, and from where. */

import { count, find, shortMoment, t } from "../shared/words.js";
import { card, desk, Filters, Pages, queryOf } from "./desk.js";

/** @typedef {import("../types/api.d.ts").LogLine} Line */

const log = new Pages("log", shown);
const filters = new Filters("log-filters", openLog);

export function openLog() {
  const given = filters.read();
  if (!find("log-filters").reportValidity()) return;
  const key = desk.admin ? desk.key : "";
  return log.open((after) => `/api/admin/logs${queryOf({ ...given, key, after, limit: 50 })}`);
}

/** @param {Line} line */
function shown(line) {
  const look = line.status >= 500 ? "error" : line.status >= 400 ? "warning" : "good";
  return card(`${line.method} ${line.operation}`, {
    state: [look, String(line.status)],
    ids: line.request_id,
    facts: [
      [t("log.at"), shortMoment(line.at)],
      [t("log.took"), t("log.ms", { ms: count(line.ms) })],
      [t("log.address"), line.address],
      [t("log.agent"), line.user_agent],
      [t("log.key"), desk.admin ? line.key : ""],
    ],
  });
}

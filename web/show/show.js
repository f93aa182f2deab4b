/** The page of one show: its map or list, what is chosen, and asking for it. */

import { mark as markLive } from "../parts/live.js";
import { ask, inWords, ServerClock } from "../shared/api.js";
import { notice, say, showPaused } from "../shared/frame.js";
import { Memory } from "../shared/kept.js";
import { Live } from "../shared/live.js";
import { count, element, find, money, moment, t } from "../shared/words.js";
import { Chart } from "./chart.js";
import { Choice } from "./choice.js";
import { Hall } from "./hall.js";
import { Holding } from "./holding.js";
import { List, seatWords } from "./list.js";
import { Panel } from "./panel.js";

const ROOM_EVERY_MS = 10_000;

const show = location.pathname.split("/")[2];
const memory = new Memory(show);
const clock = new ServerClock();

/** @param {string} view map or list; it stays in the address, so that a reload and a link show the same */
function look(view) {
  const isList = view === "list";
  find("list").hidden = !isList;
  find("map").hidden = find("zoom").hidden = isList;
  find("as-list").setAttribute("aria-pressed", String(isList));
  find("as-map").setAttribute("aria-pressed", String(!isList));
  const here = new URL(location.href);
  if (isList) here.searchParams.set("view", "list");
  else here.searchParams.delete("view");
  history.replaceState(null, "", here);
}

async function start() {
  find("join").href = `/room/${show}`;
  const event = await ask("GET", `/api/events/${show}`);
  if (!event.ok) return notice(inWords(event), "error");
  clock.heard(event.body.created_at);
  document.title = find("name").textContent = event.body.name;
  find("when").textContent = moment(event.body.starts_at);
  find("where").textContent = event.body.venue_name;
  const map = await ask("GET", event.body.seat_map, { kept: true });
  if (!map.ok) return notice(inWords(map), "error");
  const hall = new Hall(map.body, event.body);
  open(event.body, hall);
}

/** @param {any} event @param {Hall} hall */
function open(event, hall) {
  /** @type {Map<number, import("./painter.js").Mark>} */
  const marks = new Map();
  const choice = new Choice(hall, event.rules);
  const many = t("show.too_many", { count: count(event.rules.seats_per_hold) });

  /** @param {string} came @param {string} words of the place */
  const answered = (came, words) => {
    if (came === "too_many") notice(many, "warning");
    else if (came === "taken") say(`${words}: ${t("show.not_free")}`);
    else say(`${words}: ${t(came === "chosen" ? "mark.chosen" : "show.dropped")}`);
    redraw();
  };
  /** @param {number} seat */
  const pressSeat = (seat) => {
    const came = choice.toggle(seat);
    const table = hall.tableOf.get(seat);
    if (came === "table" && table) pressTable(table);
    else answered(came, hall.labels[seat]);
  };
  /** @param {import("./hall.js").Table} table */
  const pressTable = (table) => {
    const came = choice.toggleTable(table);
    if (came === "seats") say(t("show.by_seat"));
    else if (came === "too_many") notice(t("show.too_many_tables", { count: count(event.rules.tables_per_hold) }), "warning");
    if (came !== "seats" && came !== "too_many") answered(came, t("show.table", { label: table.label }));
  };

  const chart = new Chart(find("canvas"), hall, marks, {
    seat: pressSeat,
    table: pressTable,
    area: (area) => find(`area-${hall.areas.indexOf(area)}`).querySelector("button:last-of-type").focus(),
    look: (seat) => say(seatWords(hall, seat, marks.get(seat))),
    areaWords: (area) => (area.left ? t("left", { count: count(area.left) }) : t("state.sold_out")),
  });
  const list = new List(hall, choice, marks, { seat: pressSeat, table: pressTable });
  const panel = new Panel(event, hall, choice, answered);
  const holding = new Holding(show, event, hall, choice, marks, memory, { redraw, show: (seats) => chart.show(seats), panel });

  /** Marks follow from what is chosen and what came of it; the rest is news that the hall has heard. @param {number[]} [news] */
  function redraw(news = []) {
    const before = [...marks.keys()];
    holding.mark();
    list.changed();
    panel.draw();
    chart.changed([...new Set([...news, ...before, ...marks.keys()])]);
  }

  /** @param {any} data @param {boolean} whole */
  const hear = (data, whole) => {
    const news = hall.hear(data.seats, whole);
    hall.hearAreas(data.areas);
    const gone = holding.asking ? [] : choice.dropTaken();
    if (gone.length) holding.lose(gone.map((seat) => ({ label: hall.labels[seat], reason: "held" })));
    panel.left(data.counts.available, data.counts.held);
    redraw(news);
  };

  const live = new Live(event.venue, show, {
    snapshot: (data) => hear(data, true),
    change: (data) => hear(data, false),
    status: (status) => {
      if (status !== "open") notice(t(status === "cancelled" ? "state.cancelled" : "state.closed"), "warning");
    },
    state: markLive,
    heard: (time) => clock.heard(time),
  });

  find("loading").hidden = true;
  find("ready").hidden = false;
  find("views").hidden = hall.size === 0;
  look(hall.size === 0 ? "none" : new URL(location.href).searchParams.get("view") ?? "map");
  if (hall.size === 0) find("map").hidden = find("zoom").hidden = true;
  find("as-map").addEventListener("click", () => look("map"));
  find("as-list").addEventListener("click", () => {
    look("list");
    list.open();
  });
  if (!find("list").hidden) list.open();
  find("zoom-in").addEventListener("click", () => chart.zoomBy(1.6));
  find("zoom-out").addEventListener("click", () => chart.zoomBy(1 / 1.6));
  find("zoom-all").addEventListener("click", () => chart.glide(() => chart.view.fit(hall.bounds)));
  redraw();
  live.start();
  holding.learnMine();
  turn(panel);
  watchRoom();
}

/** How much of the turn is left, or that there is none. @param {Panel} panel */
function turn(panel) {
  const tick = () => {
    const { pass } = memory.kept;
    const leftMs = pass ? Date.parse(pass.expiresAt) - clock.now() : 0;
    if (pass && leftMs <= 0) {
      memory.forgetPlace();
      notice(t("show.turn_over"), "warning");
    }
    panel.turn(leftMs);
  };
  tick();
  setInterval(tick, 500);
}

/** The room says whether sales are paused; and its answer is a clock. */
async function watchRoom() {
  const answer = await ask("GET", `/room/${show}/status`);
  if (answer.ok) {
    clock.heard(answer.body.server_time);
    showPaused(answer.body.phase === "paused");
  }
  setTimeout(watchRoom, ROOM_EVERY_MS);
}

const again = /** @type {HTMLButtonElement} */ (element("button", t("try_again"), "plain"));
again.type = "button";
again.addEventListener("click", () => location.reload());
await start();
if (!find("loading").hidden && !find("notice").hidden) find("notice").after(again);

// The operators' pages: every second the snapshot replaces what the server drew first.

import { explainTimes, follow } from "./link.js";

const paint = { snapshot: paintSnapshot, health: paintHealth, trouble: (text) => notes([text]) };

follow(
  () => "/ws/dashboard/",
  (message) => {
    if (!document.hidden) paint[message.type]?.(message.data);
  },
);
explainTimes();

const plots = document.getElementById("plots");
if (plots) setInterval(refreshPlots, 5000);

function paintSnapshot(data) {
  text("time", data.time);
  text("session", data.session);
  notes(data.scopes.map((s) => `Trading is ${s.state.toLowerCase()} for ${s.scope}: ${s.reason}`));
  // Without a store there are no readings: what is still shown is old, and looks it.
  document.getElementById("panels").classList.toggle("silent", data.panels.length === 0);
  for (const panel of data.panels) paintPanel(panel);
  for (const table of data.tables) paintTable(table);
}

function paintPanel(panel) {
  const section = document.querySelector(`[data-symbol="${CSS.escape(panel.symbol)}"]`);
  if (!section) {
    if (document.querySelector("#panels > .empty")) location.reload(); // the store has come back
    return;
  }
  section.querySelector("[data-price]").textContent = panel.price;
  section.querySelector("[data-price-age]").textContent = panel.price_age;
  for (const tile of panel.tiles) {
    const box = section.querySelector(`[data-tile="${CSS.escape(tile.key)}"]`);
    box.className = `tile ${tile.freshness}`;
    const value = box.querySelector(".value");
    value.textContent = tile.text;
    value.className = `value ${tile.sign > 0 ? "up" : tile.sign < 0 ? "down" : ""}`;
    box.querySelector(".age").textContent = tile.reason.replaceAll("_", " ").toLowerCase() || `${Math.round(tile.age_s)} s old, ${tile.source}`;
  }
}

function paintTable(table) {
  const shown = document.querySelector(`[data-table="${CSS.escape(table.key)}"]`);
  const written = JSON.stringify(table.rows);
  if (!shown || shown.written === written) return;
  shown.written = written;
  shown.tBodies[0].replaceChildren(...table.rows.map((cells) => row(cells, table.columns)));
  shown.classList.toggle("hidden", table.rows.length === 0);
  document.querySelector(`[data-empty="${CSS.escape(table.key)}"]`).classList.toggle("hidden", table.rows.length > 0);
  explainTimes(shown);
}

function row(cells, columns) {
  const tr = document.createElement("tr");
  tr.append(
    ...cells.map((cell, n) => {
      const td = document.createElement("td");
      td.dataset.label = columns[n].label;
      td.className = `${cell.number ? "number" : ""} ${cell.tone}`.trim();
      td.append(content(cell));
      return td;
    }),
  );
  return tr;
}

function content(cell) {
  if (!cell.at && !cell.href) return cell.text;
  const made = document.createElement(cell.at ? "time" : "a");
  if (cell.at) made.dateTime = cell.at;
  else made.href = cell.href;
  made.textContent = cell.text;
  return made;
}

function paintHealth(health) {
  const ready = document.getElementById("ready");
  if (!ready) return;
  ready.textContent = health.ready ? "ready" : "not ready";
  ready.className = `badge ${health.ready ? "ok" : "fail"}`;
  list("checks", health.checks.map((c) => [c.status, c.status, c.name, c.detail]));
  list("queues", Object.entries(health.queues).map(([name, depth]) => ["", depth ?? "—", name, ""]));
}

function list(id, rows) {
  document.getElementById(id).replaceChildren(
    ...rows.map(([tone, badge, name, detail]) => {
      const li = document.createElement("li");
      li.append(span(badge, `badge ${tone}`), " ", span(name), " ", span(detail, "dim small"));
      return li;
    }),
  );
}

function span(content, className = "") {
  const made = document.createElement("span");
  made.textContent = content;
  made.className = className;
  return made;
}

function text(name, content) {
  const shown = document.querySelector(`[data-text="${name}"]`);
  if (shown && shown.textContent !== content) shown.textContent = content;
}

function notes(lines) {
  const box = document.getElementById("scopes");
  if (!box || box.written === lines.join("\n")) return;
  box.written = lines.join("\n");
  box.replaceChildren(
    ...lines.map((line) => {
      const p = document.createElement("p");
      p.className = "note warn-note";
      p.textContent = line;
      return p;
    }),
  );
}

async function refreshPlots() {
  if (document.hidden) return;
  const answer = await fetch(plots.dataset.refresh, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok || answer.redirected) {
    plots.classList.add("silent"); // what is still shown is old, and looks it
    return;
  }
  plots.classList.remove("silent");
  const drawn = document.createElement("template");
  drawn.innerHTML = await answer.text();
  const shown = [...plots.querySelectorAll("[data-plot]")];
  const fresh = [...drawn.content.querySelectorAll("[data-plot]")];
  if (shown.length !== fresh.length) plots.replaceChildren(drawn.content);
  else shown.forEach((plot, n) => replacePlot(plot, fresh[n]));
  explainTimes(plots);
}

// An opened table stays open, and the keyboard stays where it was.
function replacePlot(shown, fresh) {
  const details = fresh.querySelector("details");
  if (details) details.open = Boolean(shown.querySelector("details[open]"));
  const hadFocus = shown.contains(document.activeElement);
  shown.replaceWith(fresh);
  if (hadFocus) fresh.querySelector("summary")?.focus({ preventScroll: true });
}

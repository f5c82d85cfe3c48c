// The members' feed: new cards on top, in the order in which the socket sends them.

import { easternTime, explainTimes, follow } from "./link.js";

const feed = document.getElementById("feed");
const template = document.getElementById("card");
let afterSeq = Number(feed.dataset.afterSeq);

const path = () => `/ws/feed/?after_seq=${afterSeq}`;
path.quietMs = 16000; // a heartbeat comes every 15 s

follow(path, (message) => {
  if (message.type === "event") {
    afterSeq = Math.max(afterSeq, message.seq);
    show(message.data);
  }
  if (message.type === "reset") location.reload(); // our place is of another feed
});
explainTimes();

function show({ card, released_at: releasedAt }) {
  if (feed.querySelector(`[data-key="${CSS.escape(card.key)}"]`)) return;
  const item = template.content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(`[data-part="${name}"]`);
  item.dataset.key = card.key;
  if (card.tone) item.classList.add(card.tone);
  part("kind").textContent = card.kind;
  part("title").textContent = card.title;
  part("key").textContent = `#${card.key}`;
  part("released").dateTime = releasedAt;
  part("released").textContent = easternTime(releasedAt);
  part("title").after(...card.badges.map((text) => element("span", text, `badge ${text.toLowerCase()}`)));
  part("fields").replaceChildren(...card.fields.map(field));
  feed.prepend(item);
  explainTimes(item);
  document.getElementById("nothing").classList.add("hidden");
}

function field([label, text]) {
  const pair = document.createElement("div");
  if (text.length > 34) pair.className = "long";
  pair.append(element("dt", label), element("dd", text));
  return pair;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

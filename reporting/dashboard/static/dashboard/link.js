// A socket that comes back by itself, and a badge that says whether what is shown is live.

const FORBIDDEN = 4403;
const STALE_MS = 4000;
const LONGEST_MS = 15000;

export function follow(path, onMessage) {
  const badge = document.getElementById("link");
  let wait = 500;
  let heard = 0;
  let socket = null;

  const say = (text, tone) => {
    if (badge.textContent !== text) {
      badge.textContent = text;
      badge.className = badge.className.replace(/\b(ok|warn|fail|off)\b/, tone);
    }
  };

  const open = () => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${path()}`);
    socket.onmessage = (message) => {
      heard = Date.now();
      wait = 500;
      say("live", "ok");
      onMessage(JSON.parse(message.data));
    };
    socket.onclose = (event) => {
      if (event.code === FORBIDDEN) {
        say("signed out or plan changed; reload", "fail");
        return;
      }
      say("stale, reconnecting", "warn");
      setTimeout(open, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, LONGEST_MS);
    };
  };

  setInterval(() => {
    if (socket.readyState === WebSocket.OPEN && heard && Date.now() - heard > STALE_MS + (path.quietMs || 0)) {
      say("stale", "warn");
    }
  }, 1000);
  // A hidden page needs no pushes; a shown one starts from a fresh snapshot.
  open();
}

export function local(iso) {
  const at = new Date(iso);
  return `${at.toLocaleString()} here · ${at.toISOString()} UTC`;
}

export function explainTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-explained])")) {
    time.title = local(time.dateTime);
    time.dataset.explained = "";
  }
}

export const easternTime = (iso) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: "America/New_York", timeStyle: "medium" }).format(new Date(iso)) + " ET";

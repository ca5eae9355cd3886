// On every page: times in the reader's own zone and kept true, buttons that copy, a menu that closes. Pages work without it.
const UNITS = [[60, "minute", 90], [3600, "hour", 36], [86400, "day", 60], [86400, "day", Infinity]];

function ago(seconds) {
  const distance = Math.abs(seconds);
  if (distance < 45) return seconds <= 0 ? "just now" : "in a moment";
  const [size, unit] = UNITS.find(([size, , most]) => Math.max(1, Math.round(distance / size)) <= most);
  const count = Math.max(1, Math.round(distance / size));
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockExactly = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function moment(at, format = clock) {
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? format.format(at) : `${day.format(at)}, ${format.format(at)}`;
}

export function showTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    element.title = whole.format(at);
    const shows = element.dataset.show;
    element.textContent = shows === "relative" ? ago((at - Date.now()) / 1000) : moment(at, shows === "seconds" ? clockExactly : clock);
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue; // browsers give it to secure pages only
  const words = button.lastChild;
  const usual = words.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.textContent = "Copied";
    setTimeout(() => { words.textContent = usual; }, 2000);
  });
}

const menu = document.querySelector("details.who");
document.addEventListener("click", (event) => { if (menu?.open && !menu.contains(event.target)) menu.open = false; });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu?.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A form is sent once: a second click while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

showTimes();
setInterval(() => showTimes(), 20000);

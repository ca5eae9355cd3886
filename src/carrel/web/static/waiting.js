// Follows one claim: its place, its steps and how long it may take, as they change, and on into the workspace when it is ready.
const version = new URL(import.meta.url).search; // or an old file might come out of the browser's cache
const { expected, ordinal, span } = await import(`./words.js${version}`);

const box = document.getElementById("waiting");
const part = (id) => document.getElementById(id);
const [heading, place, sentence, estimate, trouble, cause, tell] =
  ["heading", "place", "sentence", "estimate", "trouble", "cause", "tell"].map(part);
const called = box.dataset.called;
const icons = `/hub/static/icons.svg${version}`;
const rows = [...box.querySelectorAll(".steps > li")];
const STATES = { done: "done", now: "under way", todo: "still to come", failed: "failed" };
const TONES = { done: "good", failed: "bad" };
const ICONS = { done: "check", failed: "x", todo: "clock" };

function say(element, text) {
  element.hidden = !text;
  if (element.textContent !== text) element.textContent = text; // what stays the same is not read out again
}

// The browser's clock may be wrong, so a running step is timed from when it was first seen, on top of what the page said then.
const seen = new Map();
function running(row) {
  if (!seen.has(row)) {
    const said = /^(?:(\d+) h )?(?:(\d+) min ?)?(?:(\d+) s)?$/.exec(row.children[2].textContent) ?? [];
    const [hours, minutes, seconds] = [1, 2, 3].map((group) => Number(said[group] ?? 0));
    seen.set(row, performance.now() - 1000 * (3600 * hours + 60 * minutes + seconds));
  }
  return (performance.now() - seen.get(row)) / 1000;
}

function mark(state) {
  if (state === "now") return Object.assign(document.createElement("span"), { className: "spinner", ariaHidden: "true" });
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = icon.appendChild(document.createElementNS(icon.namespaceURI, "use"));
  use.setAttribute("href", `${icons}#${ICONS[state]}`);
  return icon;
}

function draw(row, step) {
  if (!row.classList.contains(step.state)) {
    row.className = `${step.state} ${TONES[step.state] ?? ""}`;
    if (step.state === "now") row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    row.children[0].replaceWith(mark(step.state));
    row.querySelector(".visually-hidden").textContent = `: ${STATES[step.state]}`;
    if (step.state !== "now") seen.delete(row);
  }
  const took = step.took_seconds === null ? "" : span(step.took_seconds);
  row.children[2].textContent = step.state === "now" ? span(running(row)) : took;
  const note = row.children[3] ?? row.appendChild(Object.assign(document.createElement("span"), { className: "note detail" }));
  say(note, step.note);
  drawBar(row, step);
}

function drawBar(row, step) {
  const bar = row.querySelector("progress");
  if (typeof step.fraction !== "number") return bar?.remove();
  const drawn = bar ?? row.appendChild(Object.assign(document.createElement("progress"), { className: "detail", max: 1 }));
  drawn.value = step.fraction;
  drawn.setAttribute("aria-label", step.note);
}

function show(claim) {
  const queues = claim.steps[0]?.state === "now";
  const where = queues && claim.position ? `${ordinal(claim.position)} in the queue` : "";
  say(heading, where ? `Waiting for ${called}` : `${called} is starting`);
  say(place, where && `You are ${where}.`);
  say(sentence, claim.sentence);
  say(estimate, claim.position ? expected(claim.estimate_seconds, claim.estimate_range) : "");
  trouble.hidden = !claim.trouble;
  say(cause, claim.trouble ?? "");
  claim.steps.slice(0, rows.length).forEach((step, number) => draw(rows[number], step));
  document.title = `${where || "Starting"} – ${called}`;
}

let leaves = false; // whoever pressed a button goes where that leads
addEventListener("submit", () => { leaves = true; });
addEventListener("pageshow", () => { leaves = false; });

function settle(claim) {
  if (leaves) return;
  if (claim.state === "held") {
    document.title = `Ready – ${called}`;
    if (document.hidden && tell.dataset.on) new Notification(`${called} is ready`, { icon: "/hub/static/carrel.svg" });
  }
  location.reload();
}

if ("Notification" in window && Notification.permission !== "denied") {
  tell.hidden = false;
  tell.addEventListener("click", async () => {
    const answer = await Notification.requestPermission();
    if (answer === "granted") tell.dataset.on = "yes";
    tell.disabled = true;
    tell.lastElementChild.textContent = answer === "granted" ? "You will be told" : "Your browser does not allow it";
  });
}

const source = new EventSource(box.dataset.events);
source.addEventListener("claim", (message) => show(JSON.parse(message.data)));
source.addEventListener("settled", (message) => {
  source.close();
  settle(JSON.parse(message.data));
});
source.addEventListener("error", () => {
  // Refused (signed out, or too many pages like this one): the page says why. Else the browser tries again by itself.
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});

setInterval(() => {
  for (const row of rows) if (row.classList.contains("now")) row.children[2].textContent = span(running(row));
}, 1000);

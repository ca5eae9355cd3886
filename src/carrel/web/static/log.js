// The last lines of a workspace's log, asked for again and again while somebody looks, until they pause it or it is over.
const box = document.getElementById("log");
const lines = document.getElementById("log-lines");
const state = document.getElementById("log-state");
const pause = document.getElementById("log-pause");
const EVERY = 2500;
let isPaused = false;
let timer;

function say(words) {
  if (state.textContent !== words) state.textContent = words;
}

async function tail() {
  const answer = await fetch(box.dataset.log, { headers: { accept: "application/json" } });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail ?? "The log cannot be read now.");
  return told.text;
}

function show(text) {
  const wasAtEnd = lines.hidden || lines.scrollHeight - lines.scrollTop - lines.clientHeight < 24;
  lines.hidden = false;
  if (lines.textContent !== text) lines.textContent = text;
  if (wasAtEnd) lines.scrollTop = lines.scrollHeight;
}

async function look() {
  clearTimeout(timer);
  if (isPaused || document.hidden) return;
  try {
    const text = await tail();
    if (isPaused) return;
    show(text || "It has printed nothing so far.");
    say("Live");
  } catch (error) {
    say(error instanceof TypeError ? "Carrel does not answer. Trying again." : error.message);
  }
  timer = setTimeout(look, EVERY);
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.querySelector("span").textContent = isPaused ? "Go on" : "Pause";
  say(isPaused ? "Paused" : "");
  look();
});
document.addEventListener("visibilitychange", look);
document.getElementById("log-link").hidden = true;
pause.hidden = false;
say("Asking for it");
look();

// Follows one claim: its place in the queue as it changes, and on into the workspace when it is ready.
const box = document.getElementById("waiting");
const position = document.getElementById("position");
const estimate = document.getElementById("estimate");
const latest = document.getElementById("latest");

function about(seconds) {
  if (seconds === null) return "a while";
  if (seconds < 5) return "a few seconds";
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes <= 1 ? "about a minute" : `about ${minutes} minutes`;
}

const source = new EventSource(box.dataset.events);

source.addEventListener("claim", (message) => {
  const claim = JSON.parse(message.data);
  const isWaiting = claim.state === "waiting";
  if (isWaiting !== (position !== null)) return location.reload();
  if (!isWaiting) return;
  position.textContent = claim.position;
  estimate.textContent = about(claim.estimate_seconds);
  document.title = `Number ${claim.position} – Carrel`;
});

source.addEventListener("message", (message) => {
  latest.textContent = JSON.parse(message.data).sentence;
});

source.addEventListener("settled", () => {
  source.close();
  location.reload();
});

source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});

// Counts down what was given back and may still be kept, and looks again when that is over.
const begun = performance.now();
const going = [...document.querySelectorAll("[data-left]")];

function left(element) {
  return Number(element.dataset.left) - (performance.now() - begun) / 1000;
}

function tick() {
  for (const element of going) {
    const seconds = Math.ceil(left(element));
    element.hidden = false;
    element.textContent = seconds > 0 ? `${seconds} ${seconds === 1 ? "second" : "seconds"} left` : "It is being stopped.";
  }
  if (going.some((element) => left(element) < -1)) location.reload();
  else setTimeout(tick, 250);
}

if (going.length > 0) tick();

// Keeps what is marked with data-fresh true: the page is read again now and then, and the marked parts that changed are exchanged.
// What has the focus, or a selection in it, is left alone until it has not.
const { showTimes } = await import(`./page.js${new URL(import.meta.url).search}`); // the one that runs already

const EVERY = 15_000;

function isInUse(element) {
  const selection = document.getSelection();
  const isSelected = selection && !selection.isCollapsed && element.contains(selection.anchorNode);
  return element.contains(document.activeElement) || isSelected;
}

// Times are compared as they came, not as they are shown.
function source(element) {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.replaceChildren();
  return copy.outerHTML.replace(/ title="[^"]*"/g, "");
}

async function renew() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const next = fresh.getElementById(old.id);
    if (!next || isInUse(old) || source(next) === source(old)) continue;
    old.replaceWith(next);
    showTimes(next);
  }
}

setInterval(() => renew().catch(() => {}), EVERY); // away for a moment: the next time finds it

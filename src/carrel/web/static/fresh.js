// Keeps what is marked with data-fresh true: the page is read again now and then, and the marked parts that changed are exchanged.
// What has the focus, or a selection in it, is left alone until it has not. Where a marked part is there no longer, such as what a
// workspace that ended had, the page is loaded anew.
const { showTimes } = await import(`./page.js${new URL(import.meta.url).search}`); // the one that runs already

const EVERY = 15_000;

// Somebody fills in a form, or marks something.
function isInHand() {
  return document.activeElement?.matches("input, select, textarea") || !(document.getSelection()?.isCollapsed ?? true);
}

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

// What stands on the page is to change then. Somebody who looks elsewhere is to hear of it too.
let timer;
function waitForDue() {
  clearTimeout(timer);
  const due = [...document.querySelectorAll("[data-due]")].map((element) => new Date(element.dataset.due) - Date.now());
  if (due.length > 0) timer = setTimeout(() => renew(true).catch(() => {}).finally(waitForDue), Math.min(Math.max(EVERY, Math.min(...due)), 2 ** 31 - 1));
}

function tell(old, next) {
  if (!next.dataset.tell || old.dataset.tell || !document.hidden) return;
  if (globalThis.Notification?.permission === "granted") new Notification(next.dataset.tell, { icon: "/hub/static/carrel.svg" });
}

async function renew(isDue = false) {
  if (document.hidden && !isDue) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const marked = [...document.querySelectorAll("[data-fresh]")];
  if (marked.some((old) => !fresh.getElementById(old.id)) && !isInHand()) return location.reload();
  for (const old of marked) {
    const next = fresh.getElementById(old.id);
    if (!next || isInUse(old) || source(next) === source(old)) continue;
    old.replaceWith(next);
    showTimes(next);
    tell(old, next);
  }
  document.title = fresh.title;
  if (!isDue) waitForDue();
}

waitForDue();
setInterval(() => renew().catch(() => {}), EVERY); // away for a moment: the next time finds it

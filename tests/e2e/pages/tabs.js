// Writes down where the Tab key leads. `begin` finds all that can be used, `end` tells what was not reached or not seen to have the focus.
(phase) => {
  const name = (element) => {
    const words = (element.getAttribute("aria-label") || element.textContent || element.getAttribute("name") || "").trim().replace(/\s+/g, " ");
    return `<${element.tagName.toLowerCase()}> “${words.slice(0, 50)}”`;
  };
  const look = (element) => {
    const told = [];
    for (const each of [element, element.parentElement]) {
      const style = getComputedStyle(each);
      told.push(style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow, style.borderColor, style.backgroundColor);
    }
    return told.join("|");
  };
  const isObscured = (element) => {
    const box = element.getBoundingClientRect();
    const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1);
    const hit = document.elementFromPoint(x, y);
    // A menu that somebody opened and left open may lie over what comes after it.
    const isMenu = hit && hit.closest("details[open] > :not(summary)") && getComputedStyle(hit.closest("details[open] > :not(summary)")).position === "absolute";
    return !isMenu && !(hit && (element.contains(hit) || hit.contains(element) || hit.closest("label")?.contains(element)));
  };
  // Such as the name beside a new password, which password managers look for.
  const isForProgramsAlone = (element) => element.tabIndex < 0 && element.closest(".visually-hidden") !== null;
  if (phase === "end") {
    const { stops, reached } = window.tabs;
    const groups = new Set([...reached.keys()].filter((one) => one.type === "radio").map((one) => one.name));
    const missed = stops.filter((one) => !reached.has(one) && one.isConnected && one.checkVisibility() && !(one.type === "radio" && groups.has(one.name)));
    const faults = missed.map((one) => `Tab does not reach ${name(one)}`);
    for (const [element, how] of reached) {
      if (!how.isSeen) faults.push(`nothing shows that ${name(element)} has the focus`);
      if (how.isObscured) faults.push(`something lies over ${name(element)} while it has the focus`);
    }
    return { faults: faults.slice(0, 25), missing: missed.length };
  }
  const usable = "a[href], button:not(:disabled), input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex='0']";
  const stops = [...document.querySelectorAll(usable)].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !isForProgramsAlone(one));
  const before = new Map(stops.map((one) => [one, look(one)]));
  const reached = new Map();
  window.tabs = { stops, reached };
  document.addEventListener("focusin", ({ target }) => {
    if (!before.has(target) && !target.matches(usable)) return;
    if (!reached.has(target)) reached.set(target, { isSeen: look(target) !== before.get(target), isObscured: isObscured(target) });
  });
  return stops.length;
};

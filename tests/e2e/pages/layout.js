// What is wrong with how this page is laid out, in words: too wide, cut off, overlapping, unloaded. An empty list if nothing is.
() => {
  const faults = [];
  const SLACK = 1.5;
  const say = (what, element) => faults.push(`${what}: ${name(element)}`);
  const name = (element) => {
    const words = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
    const kind = typeof element.className === "string" && element.className ? "." + element.className.trim().replace(/\s+/g, ".") : "";
    return `<${element.tagName.toLowerCase()}${kind}> “${words}”`;
  };
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
  const isAside = (element) => element.closest(".visually-hidden, .skip:not(:focus)") !== null;
  const style = (element) => getComputedStyle(element);

  const known = new Map();
  const about = (element) => {
    if (!known.has(element)) {
      const look = style(element);
      const clips = element !== document.body && element !== document.documentElement && (look.overflowX !== "visible" || look.overflowY !== "visible");
      const isTold = look.textOverflow === "ellipsis" && element.closest("[title], [aria-label], summary, a, button") !== null;
      const scrolls = (axis) => axis === "auto" || axis === "scroll";
      known.set(element, { clips, isTold, acrossScrolls: scrolls(look.overflowX), downScrolls: scrolls(look.overflowY), box: element.getBoundingClientRect() });
    }
    return known.get(element);
  };

  // The part of a rectangle that its scrolling and clipping ancestors let through; `cut` tells whether one hides the rest for good.
  const through = (rect, element) => {
    let { left, right, top, bottom } = rect;
    let cut = false;
    for (let above = element; above; above = above.parentElement) {
      const { clips, isTold, acrossScrolls, downScrolls, box } = about(above);
      if (!clips) continue;
      const isOver = left < box.left - SLACK || right > box.right + SLACK;
      const isBelow = top < box.top - SLACK || bottom > box.bottom + SLACK;
      if (((isOver && !acrossScrolls) || (isBelow && !downScrolls)) && !isTold) cut = true;
      left = Math.max(left, box.left); right = Math.min(right, box.right);
      top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom);
    }
    return { left, right, top, bottom, cut };
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element || /^(SCRIPT|STYLE|NOSCRIPT|OPTION|TITLE|TEXTAREA)$/.test(element.tagName)) continue;
    if (!shown(element) || isAside(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue;
      const seen = through(rect, element);
      if (seen.cut) say("cut off", element);
      if (seen.right > innerWidth + SLACK || seen.left < -SLACK) say("out of the window", element);
      if (seen.right - seen.left > 1 && seen.bottom - seen.top > 1) texts.push({ ...seen, element });
    }
  }

  for (const box of document.querySelectorAll("button, .button, .badge, summary, th, td, .card, .notice, .field")) {
    if (shown(box) && !isAside(box) && style(box).overflowX === "visible" && box.scrollWidth > box.clientWidth + SLACK) say("wider than its box", box);
  }

  const root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) {
    faults.push(`the page is ${root.scrollWidth} wide in a window of ${innerWidth}`);
    for (const element of document.body.querySelectorAll("*")) {
      const rect = element.getBoundingClientRect();
      const around = style(element).position === "absolute" ? element.offsetParent : element.parentElement;
      if (shown(element) && through(rect, around).right > innerWidth + SLACK) say("it is for", element);
    }
  }

  // What lies over what: by turns from the top, so that far apart things are not compared.
  const floating = (element) => element.closest("details[open] > div, dialog, [popover], svg");
  const flows = (element) => style(element).display.startsWith("inline");
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  const compare = (boxes, mayLie) => {
    boxes.sort((a, b) => a.top - b.top);
    boxes.forEach((one, index) => {
      for (let next = index + 1; next < boxes.length && boxes[next].top < one.bottom; next++) {
        const other = boxes[next];
        if (one.element === other.element || !meet(one, other) || mayLie(one.element, other.element)) continue;
        if (floating(one.element) === floating(other.element)) faults.push(`${name(one.element)} lies over ${name(other.element)}`);
      }
    });
  };
  compare(texts, (one, other) => (one.contains(other) && flows(other)) || (other.contains(one) && flows(one)));

  const places = [];
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (!shown(element) || isAside(element)) continue;
    for (const rect of element.getClientRects()) places.push({ ...through(rect, element.parentElement), element });
  }
  compare(places, (one, other) => one.contains(other) || other.contains(one));

  const header = document.querySelector("header");
  if (header) {
    const box = header.getBoundingClientRect();
    for (const across of [0.02, 0.25, 0.5, 0.75, 0.98]) {
      const hit = document.elementFromPoint(box.left + box.width * across, box.top + Math.min(box.height, innerHeight) / 2);
      if (hit && !header.contains(hit)) say("over the header", hit);
    }
  }

  for (const image of document.images) if (shown(image) && !(image.complete && image.naturalWidth > 0)) say(`not loaded (${image.getAttribute("src")})`, image);
  for (const use of document.querySelectorAll("svg use")) {
    if (shown(use.parentElement) && use.getBBox().width === 0) say(`an icon that is not there (${use.getAttribute("href")})`, use.closest("svg").parentElement);
  }
  return [...new Set(faults)].slice(0, 25);
};

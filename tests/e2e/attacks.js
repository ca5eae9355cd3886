// Every way that a page has to reach another address. Each gives back what the page got to read of the answer, "" if nothing.
// `targets` are [where to, what to send where something is sent], all attacked at once; `home` is the page's own address.
async ({ kind, targets, home }) => {
  const LONGEST = 5000;
  const HELD_BACK = 5;

  const settled = (element, read) =>
    new Promise((resolve) => {
      element.onload = () => resolve(read());
      element.onerror = () => resolve("");
    });

  const inDocument = (element, read) => {
    const done = settled(element, read);
    document.body.append(element);
    return done;
  };

  const made = (tag, properties) => Object.assign(document.createElement(tag), properties);

  const form = (url, body, target, enctype = "application/x-www-form-urlencoded") => {
    const built = made("form", { method: "POST", action: url, target, enctype });
    for (const [name, value] of new URLSearchParams(body)) built.append(made("input", { type: "hidden", name, value }));
    document.body.append(built);
    built.submit();
  };

  // A window's text, address and storage, as soon as one of them can be read.
  const spied = async (opened) => {
    for (let tries = 0, refused = 0; tries < 60 && refused < HELD_BACK; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      if (opened.closed) return "";
      try {
        const text = opened.document.body?.innerText;
        if (text && opened.location.href !== "about:blank") return text + opened.localStorage.length;
      } catch {
        refused += 1;
      }
    }
    return "";
  };

  const framed = (url, body, enctype) => {
    const frame = made("iframe", { name: `frame-${crypto.randomUUID()}` });
    document.body.append(frame);
    const done = settled(frame, () => frame.contentDocument?.body.innerText ?? "");
    form(url, body, frame.name, enctype);
    return done;
  };

  const windowed = (url, body) => {
    const name = `window-${crypto.randomUUID()}`;
    const opened = open("about:blank", name);
    form(url, body, name);
    return spied(opened);
  };

  const through = (status, url) => `${home}say?${new URLSearchParams({ status, header: `Location: ${url}` })}`;
  const text = (response) => response.text();
  const riding = { credentials: "include" };
  const simple = { ...riding, mode: "no-cors", method: "POST" };

  const attacks = {
    "fetch": (url) => fetch(url, riding).then(text),
    "fetch, no-cors": (url) => fetch(url, { ...riding, mode: "no-cors" }).then(text),
    "fetch, redirected": (url) => fetch(through(302, url), riding).then(text),
    "fetch, keepalive": (url) => fetch(url, { ...riding, keepalive: true }).then(text),
    "fetch, forged headers": (url) =>
      fetch(url, { ...riding, headers: { "X-Carrel-Door": new URL(url).pathname, Authorization: "Bearer crl_x" } }).then(text),
    "XHR": (url) =>
      new Promise((resolve) => {
        const asked = Object.assign(new XMLHttpRequest(), { withCredentials: true, onloadend: () => resolve(asked.responseText) });
        asked.open("GET", url);
        asked.send();
      }),
    "POST, no-cors": (url, body) => fetch(url, { ...simple, body }).then(text),
    "POST, text/plain": (url, body) => fetch(url, { ...simple, body, headers: { "Content-Type": "text/plain" } }).then(text),
    "POST, form by fetch": (url, body) => fetch(url, { ...simple, body: new URLSearchParams(body) }).then(text),
    "POST, redirected": (url, body) => fetch(through(307, url), { ...simple, body }).then(text),
    "POST, JSON": (url, body) =>
      fetch(url, { ...riding, method: "POST", body, headers: { "Content-Type": "application/json" } }).then(text),
    "DELETE": (url) => fetch(url, { ...riding, method: "DELETE" }).then(text),
    "PUT": (url, body) => fetch(url, { ...riding, method: "PUT", body }).then(text),
    "beacon": async (url, body) => {
      navigator.sendBeacon(url, body);
      return fetch(`${home}say?body=`).then(text);
    },
    "form in a frame": (url, body) => framed(url, body),
    "form, text/plain": (url, body) => framed(url, body, "text/plain"),
    "form in a window": (url, body) => windowed(url, body),
    "form in a window, redirected": (url, body) => windowed(through(307, url), body),
    "frame": (url) => {
      const frame = made("iframe", { src: url });
      return inDocument(frame, () => frame.contentDocument?.body.innerText ?? "");
    },
    "frame, sandboxed": (url) => {
      const frame = made("iframe", { src: url, sandbox: "allow-scripts allow-same-origin allow-forms" });
      return inDocument(frame, () => frame.contentDocument?.body.innerText ?? "");
    },
    "object": (url) => {
      const object = made("object", { data: url, type: "text/html" });
      return inDocument(object, () => object.contentDocument?.body.innerText ?? "");
    },
    "window": (url) => spied(open(url)),
    "window, redirected": (url) => spied(open(through(302, url))),
    "image": (url) => inDocument(made("img", { src: url }), () => "an image"),
    "style": (url) => {
      const link = made("link", { rel: "stylesheet", href: url });
      return inDocument(link, () => "a style");
    },
    "script": (url) => inDocument(made("script", { src: url }), () => "a script"),
    "module": (url) => import(url).then(() => "a module"),
    "prefetch": (url) => inDocument(made("link", { rel: "prefetch", href: url }), () => "prefetched"),
    "EventSource": (url) =>
      new Promise((resolve) => {
        const source = new EventSource(url, { withCredentials: true });
        const heard = (event) => (source.close(), resolve(event.data ?? ""));
        for (const name of ["message", "error", "claim", "settled"]) source.addEventListener(name, heard);
      }),
    "WebSocket": (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url.replace(/^http/, "ws"));
        socket.onopen = () => socket.send("Hello from the other side");
        socket.onmessage = (event) => (socket.close(), resolve(event.data));
        socket.onerror = () => resolve("");
      }),
    "service worker": (url) => navigator.serviceWorker.register(url).then((found) => found.scope),
  };

  const tried = async ([url, body]) => {
    try {
      return await attacks[kind](url, body);
    } catch {
      return "";
    }
  };
  const late = () => new Promise((resolve) => setTimeout(() => resolve("late"), LONGEST));
  return Promise.all(targets.map((target) => Promise.race([tried(target), late()])));
}

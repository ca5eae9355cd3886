// The one check that only a browser can make: does a WebSocket get through from where this person is?
const notice = document.querySelector("#from-here");
const PATIENCE = 5000;

function tell(text, tone) {
  notice.querySelector("p").textContent = text;
  notice.classList.add(tone);
  notice.hidden = false;
}

function look() {
  const nonce = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const began = performance.now();
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/hub/health/echo`);
  const timer = setTimeout(() => end("no answer came within five seconds"), PATIENCE);
  function end(trouble) {
    clearTimeout(timer);
    socket.onclose = socket.onmessage = null;
    socket.close();
    if (trouble) {
      tell(`From your browser no WebSocket gets through: ${trouble}. Kernels and terminals need them; look at the proxies in between.`, "bad");
    } else {
      tell(`From your browser: a WebSocket opened, and what it sent came back after ${Math.round(performance.now() - began)} ms.`, "good");
    }
  }
  socket.onopen = () => socket.send(nonce);
  socket.onmessage = (event) => end(event.data === nonce ? "" : "something else came back");
  socket.onclose = () => end("it was refused");
}

look();

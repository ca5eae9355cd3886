"""An app that believes to live at "/": everything it links to is absolute. `plain_app.py HOST PORT`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><title>plain</title><link rel="stylesheet" href="/static/plain.css">
<h1>Plain</h1><p id="script"></p><p id="fetched"></p><img id="image" src="/static/plain.svg">
<a href="/second?from=first">on</a>
<form method="post" action="/forms/send"><input name="word" value="hello"><button>Send</button></form>
<script src="/static/plain.js"></script>"""
SCRIPT = """document.getElementById("script").textContent = "the script ran";
fetch("/api/echo", { method: "POST", body: "fetched" }).then(answer => answer.text())
  .then(text => { document.getElementById("fetched").textContent = text; });"""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><rect width="30" height="30"/></svg>'
)
FILES = {
    "/": ("text/html", PAGE),
    "/static/plain.css": ("text/css", "h1 { color: rgb(1, 2, 3) }"),
    "/static/plain.js": ("text/javascript", SCRIPT),
    "/static/plain.svg": ("image/svg+xml", PICTURE),
}


class Plain(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/old":
            self.answer(302, "", ("Location", "/second"))
        elif path == "/second":
            self.answer(200, f"<title>second</title>{self.path} {self.headers.get('Cookie')}")
        elif path in FILES:
            kind, text = FILES[path]
            self.answer(200, text, ("Content-Type", kind), ("Set-Cookie", "seen=yes; Path=/"))
        else:
            self.answer(404, f"There is no {path} here.")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path == "/forms/send":
            self.answer(303, "", ("Location", f"/second?{body}"))
        else:
            self.answer(200, body)

    def answer(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers or (("Content-Type", "text/html"),):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Plain).serve_forever()

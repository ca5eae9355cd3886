"""What a browser says about a page while it shows it: errors, refusals by the page's own policy, and requests, which may go to one place only."""

import re
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response
from playwright.async_api import Page as Tab

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
"""`form-action` stands beside these: forms may lead into workspaces."""

INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "a style sheet in the page": re.compile(r"<style[\s>]", re.IGNORECASE),
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "a script in an attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script as an address": re.compile(r"""=\s*["']?\s*javascript:""", re.IGNORECASE),
}

_TELL_REFUSALS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
});
"""


@dataclass
class Watch:
    origin: str
    expected_status: int = 200
    faults: list[str] = field(default_factory=list)
    _own_address: str = ""

    def expect(self, address: str, status: int) -> None:
        """From now on this page is meant."""
        self.faults.clear()
        self._own_address, self.expected_status = address, status

    def requested(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self.faults.append(f"asked somebody else: {request.url}")

    def answered(self, response: Response) -> None:
        if response.url != self._own_address and response.status >= 400:
            self.faults.append(f"{response.status} for {response.url}")

    def said(self, message: ConsoleMessage) -> None:
        is_about_the_page = "Failed to load resource" in message.text and self.expected_status >= 400
        if message.type in ("error", "warning") and not is_about_the_page:
            self.faults.append(f"console {message.type}: {message.text}")

    def threw(self, error: Exception) -> None:
        self.faults.append(f"a script threw: {error}")


async def watched(context: BrowserContext, origin: str) -> tuple[Tab, Watch]:
    """A tab whose every word is heard."""
    watch = Watch(origin)
    await context.add_init_script(_TELL_REFUSALS)
    tab = await context.new_page()
    tab.on("request", watch.requested)
    tab.on("response", watch.answered)
    tab.on("console", watch.said)
    tab.on("pageerror", watch.threw)
    return tab, watch


def policy_faults(header: str) -> list[str]:
    """Where this Content-Security-Policy is not the strict one."""
    told = dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())
    target = told.pop("form-action", "")
    faults = [
        f"{name}: {told.get(name)!r}" for name in POLICY.keys() | told if told.get(name) != POLICY.get(name)
    ]
    if not re.fullmatch(r"'self' https?://\*\.[a-z0-9.-]+(:\d+)?", target):
        faults.append(f"form-action: {target!r}")
    return faults


def inline_faults(html: str) -> list[str]:
    return [
        f"{what}: {found.group()[:80]}"
        for what, pattern in INLINE.items()
        for found in pattern.finditer(html)
    ]

"""Take the screenshots of the README and the docs anew: starts a Carrel of its own with real JupyterLabs, looks at it in Chromium, ends it."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
BUILT_IN = ROOT / "src" / "carrel" / "builtin" / "jupyterlab.toml"
CARREL = Path(sys.executable).with_name("carrel")
LARGEST = 150_000
"""Bytes of one picture; a README is read over slow lines too."""
SHOWN = {"width": 1180, "height": 700}
PASSWORD = "only-for-the-picture"  # noqa: S105 - of a person who lives for a minute
READY_WITHIN = 180_000
"""Milliseconds. Nine JupyterLabs start on whatever machine this is."""

KINDS = {
    "jupyterlab": ("JupyterLab", "Notebooks, terminals and files.", "warm = 3\nlimit = 20"),
    "statistics": (
        "Statistics I",
        "Tuesdays at nine. The exercises are in your files.",
        "warm = 6\nlimit = 40",
    ),
    "large": ("JupyterLab, large memory", "For data that fits nowhere else.", "warm = 0\nlimit = 2"),
}


@dataclass(frozen=True)
class Running:
    link: str
    state: Path

    @property
    def hub(self) -> str:
        return self.link.partition("/hub/")[0] + "/hub/"


def configuration() -> str:
    """The built-in JupyterLab under several names."""
    recipe = BUILT_IN.read_text(encoding="utf-8")
    made = []
    for name, (title, description, policy) in KINDS.items():
        mine = recipe.replace("[templates.jupyterlab", f"[templates.{name}")
        mine = re.sub(r"^title = .*$", f'title = "{title}"', mine, count=1, flags=re.MULTILINE)
        mine = re.sub(
            r"^description = .*$", f'description = "{description}"', mine, count=1, flags=re.MULTILINE
        )
        made.append(f'{mine}\n\n[pools.{name}]\ntemplate = "{name}"\nbackend = "local"\n{policy}\n')
    return "\n".join(made)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    file, state = folder / "carrel.toml", folder / "state"
    file.write_text(configuration(), encoding="utf-8")
    ports = ["--port", str(free_port()), "--workspaces-port", str(free_port())]
    carrel = subprocess.Popen(
        [CARREL, "up", "--config", file, "--state-dir", state, "--no-open", *ports],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert carrel.stdout is not None
        links = (re.search(r"https?://\S*sign-in\?link=\S+", line) for line in carrel.stdout)
        link = next((found[0] for found in links if found), None)
        if link is None:
            raise SystemExit("Carrel did not start.")
        yield Running(link, state)
    finally:
        carrel.send_signal(signal.SIGINT)  # as Ctrl-C: the workspaces end too
        carrel.wait(60)


def of_an_admin(browser: Browser, carrel: Running) -> None:
    page = browser.new_page(viewport=SHOWN)
    page.goto(carrel.link)
    page.get_by_role("button", name="Sign in").click()
    page.goto(carrel.hub + "admin/pools/statistics")
    expect(page.locator(".stat", has_text="ready")).to_contain_text("6", timeout=READY_WITHIN)
    taken(page, "pool")


def of_a_person(browser: Browser, carrel: Running) -> None:
    subprocess.run(
        [CARREL, "user", "create", "ada", "--password-stdin", "--state-dir", carrel.state],
        input=PASSWORD,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    page = browser.new_page(viewport=SHOWN)
    page.goto(carrel.hub)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=re.compile("JupyterLab$")).click()
    page.wait_for_selector(".jp-Launcher", timeout=READY_WITHIN)
    page.goto(carrel.hub)
    taken(page, "home")


def taken(page: Page, name: str) -> None:
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path} has more than {LARGEST} bytes.")


def main() -> None:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory(prefix="carrel-pictures-") as folder,
        running(Path(folder)) as carrel,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        of_an_admin(browser, carrel)
        of_a_person(browser, carrel)
        browser.close()


if __name__ == "__main__":
    main()

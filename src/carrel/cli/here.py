"""What every noun command is handed: the Carrel it talks to, and the screen it prints on."""

from dataclasses import dataclass

from carrel.cli.reach import Place
from carrel.cli.screen import Screen
from carrel.client import Client


@dataclass(frozen=True, slots=True)
class Here:
    client: Client
    screen: Screen
    place: Place

"""From built-in values, files, environment and command line to frozen settings, or to one clear sentence per mistake."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from carrel.domain.setting import BUILT_IN, DEFAULT
from carrel.settings import sources
from carrel.settings.complaints import as_invalid
from carrel.settings.model import Settings

USUAL_FILE = "carrel.toml"


def load(config: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Without `config`: the file CARREL_CONFIG names, else `carrel.toml` here if there is one. Raises Invalid."""
    layers = sources.Layers()
    layers.add(DEFAULT, {"state_dir": _usual_state_dir(environ)})
    for tree in sources.built_in():
        layers.add(BUILT_IN, tree)
    named = _find(config, environ)
    for file in sources.files(named) if named else []:
        layers.add(file.name, file.tree, file.lines)
    for origin, tree in [*sources.environment(environ), *sources.overrides(overrides)]:
        layers.add(origin, tree)
    try:
        return Settings.model_validate(layers.tree).with_sources(layers.origins, layers.lines)
    except ValidationError as error:
        raise as_invalid(error, layers.origins) from error


def _find(config: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config is not None:
        return config
    if named := environ.get("CARREL_CONFIG"):
        return Path(named)
    usual = Path(USUAL_FILE)
    return usual if usual.is_file() else None


def _usual_state_dir(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "~") / ".local" / "state")
    return str(Path(base) / "carrel")

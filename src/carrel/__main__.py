"""The `carrel` command, also as `python -m carrel`. A Ctrl-C while its modules are still being loaded ends it in silence."""

import sys
from importlib import import_module


def main() -> None:
    try:
        import_module("carrel.cli.app").main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

"""The `carrel` command, also as `python -m carrel`. A Ctrl-C while its modules are still being loaded ends it in silence."""

import gc
import sys
from importlib import import_module


def main() -> None:
    gc.disable()  # what is loaded stays: `cli.words` turns it on once all is there, and looking for waste until then finds none
    try:
        import_module("carrel.cli.app").main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # the process ends, and its memory with it


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# install.sh VENV ARGUMENT…: `pip install` with these arguments into a virtual environment, by uv where .venv has it, which needs a fifth of the time.
set -euo pipefail

venv=$1
shift
if [[ -x .venv/bin/uv ]]; then
    .venv/bin/python tools/uv.py pip install --quiet --python "$venv/bin/python" "$@" && exit
    echo "uv could not install that; pip may."
fi
exec "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"

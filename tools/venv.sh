#!/usr/bin/env bash
# venv.sh DIR [PYTHON]: make a virtual environment with Python 3.11 or newer, or say what is missing and how to get it.
set -euo pipefail

dir=$1
wanted=${2:-}

new_enough() {
    "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${wanted:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    if [[ -n $wanted ]]; then
        echo "PYTHON=$wanted is not a Python 3.11 or newer." >&2
    else
        echo "Carrel needs Python 3.11 or newer, and there is none here (python3 is $(python3 --version 2>&1 || true))." >&2
        echo "Install one (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3.12" >&2
    fi
    return 1
}

python=$(find_python)

if [[ -x .venv/bin/uv && $dir != .venv ]] && .venv/bin/python tools/uv.py venv --quiet --seed --clear --python "$python" "$dir"; then
    exit
fi

package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"

# Debian and Ubuntu ship `venv` without `ensurepip`, which is what fails in the end.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "Installing $package …"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$package"; } >/dev/null
    else
        echo "$python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install $package" >&2
        exit 1
    fi
fi

rm -rf "$dir"
"$python" -m venv "$dir"

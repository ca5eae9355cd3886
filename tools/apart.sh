#!/usr/bin/env bash
# apart.sh COMMAND…: run it in network and mount namespaces of its own, where a private Docker engine (tests/docker_engine.py) may write firewall
# rules and mount what it likes without the machine noticing. Only loopback leads anywhere there. Without root on Linux the command runs as it is.
set -euo pipefail

can_be_apart() {
    [[ $(uname) == Linux && $(id -u) == 0 ]] && command -v ip >/dev/null && unshare --net --mount true 2>/dev/null
}

if [[ ! ${TESTS_APART:-} ]] && can_be_apart; then
    export TESTS_APART=1
    # shellcheck disable=SC2016
    exec unshare --net --mount --propagation private bash -c 'ip link set lo up && exec "$@"' apart "$@"
fi
exec "$@"

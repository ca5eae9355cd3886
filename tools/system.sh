#!/usr/bin/env bash
# Programs that some tests run for real: Chromium, PostgreSQL, a Docker engine, and the catalogue's R Shiny and desktop. As root on Debian or Ubuntu
# they are installed; otherwise this names what will be skipped and how to get it. Tests start private instances themselves.
set -euo pipefail

has_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || has_own_chromium
}

has_own_chromium() {
    .venv/bin/python -c '
import os
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    raise SystemExit(not os.path.exists(playwright.chromium.executable_path))' 2>/dev/null
}

has_postgresql() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

has_shiny() {
    command -v Rscript >/dev/null && Rscript -e 'quit(status = !requireNamespace("shiny", quietly = TRUE))' >/dev/null 2>&1
}

has_desktop() {
    local program
    for program in Xtigervnc websockify openbox xterm xauth; do command -v "$program" >/dev/null || return 1; done
    [[ -e /usr/share/novnc/vnc.html ]]
}

has_docker() {
    local program
    for program in /usr/sbin/dockerd /usr/sbin/iptables /usr/sbin/mkfs.xfs /usr/sbin/mkfs.btrfs; do
        [[ -x $program || -x ${program/sbin/bin} ]] || return 1
    done
    command -v ip >/dev/null
}

can_install() {
    [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

apt_updated=
apt_install() {
    [[ $apt_updated ]] || apt-get update >/dev/null
    apt_updated=yes
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" >/dev/null
}

install_chromium() {
    # Ubuntu's package of that name is only a pointer to a snap, which containers cannot run.
    if grep -qi '^ID=ubuntu' /etc/os-release; then
        .venv/bin/playwright install --with-deps chromium >/dev/null
    else
        apt_install chromium
    fi
}

install_postgresql() {
    # The tests make clusters of their own; the package must not start one for the whole machine.
    mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    apt_install postgresql
}

install_shiny() {
    apt_install r-cran-shiny
}

docker_packages=(docker.io iptables iproute2 xfsprogs btrfs-progs)
install_docker() {
    # The tests start engines of their own; the package must not start one for the whole machine.
    local policy=/usr/sbin/policy-rc.d made=
    if [[ ! -e $policy ]]; then
        made=yes
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    apt_install "${docker_packages[@]}" || true
    [[ ! $made ]] || rm $policy
}

desktop_packages=(tigervnc-standalone-server novnc websockify openbox xterm xauth)
install_desktop() {
    apt_install "${desktop_packages[@]}"
}

provide() {
    local what=$1 how=$2
    "has_$what" && return
    if can_install; then
        echo "Installing $what …"
        "install_$what" || true
        "has_$what" && return
        echo "$what could not be installed."
    fi
    echo "Tests that need $what will be skipped (with CI=true: fail). To run them: $how"
}

provide chromium 'sudo apt-get install chromium  (Ubuntu: .venv/bin/playwright install --with-deps chromium)'
provide postgresql 'sudo apt-get install postgresql'
provide shiny 'sudo apt-get install r-cran-shiny'
provide desktop "sudo apt-get install ${desktop_packages[*]}"
provide docker "sudo apt-get install ${docker_packages[*]}"

#!/usr/bin/env bash
# image.sh TAR: a small root file system for containers under test: Debian of this machine's own release with Python, a shell and `ps`, and somebody
# with the user id 1000. Packages come from where this machine's apt has them; they are unpacked and not set up, which takes a tenth of the time.
# Without apt or root nothing is made, and the tests of containers are skipped.
set -euo pipefail

tar=$1
packages=(base-files base-passwd bash coreutils dash findutils grep iproute2 libc-bin libstdc++6 mount procps python3 sed tar util-linux)
unneeded='/(perl|libperl|usrmerge|lib[a-z-]*-perl|dpkg|debconf|init-system-helpers|openssl|krb5)[-_]'

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Tests that start containers will be skipped: their image is made by root on Debian or Ubuntu, from their packages."
    exit 0
fi

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$work/archives/partial" "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,sys,dev,run,carrel}
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done

fetch() {
    : >"$work/installed"
    apt-get -qq --yes --no-install-recommends --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
        -o Dir::State::status="$work/installed" -o Dir::Cache::archives="$work/archives" "$@" install "${packages[@]}"
}

fetch_by_lists_of_our_own() {
    mkdir -p "$work/lists/partial"
    apt-get -qq -o Dir::State::lists="$work/lists" update && fetch -o Dir::State::lists="$work/lists"
}

echo "Making the image of a small Debian for containers under test …"
fetch >/dev/null 2>&1 || fetch_by_lists_of_our_own >/dev/null
for package in "$work"/archives/*.deb; do
    [[ $package =~ $unneeded ]] || dpkg-deb --fsys-tarfile "$package" | tar --extract --directory "$root" --keep-directory-symlink \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*'
done

cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
echo 'jovyan:x:1000:1000::/home/jovyan:/bin/bash' >>"$root/etc/passwd"
echo 'jovyan:x:1000:' >>"$root/etc/group"
install --directory --owner=1000 --group=1000 "$root/home/jovyan"
ldconfig -r "$root"

mkdir -p "$(dirname "$tar")"
tar --create --sort=name --numeric-owner --directory "$root" --file "$tar.new" .
mv "$tar.new" "$tar"

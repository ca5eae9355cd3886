#!/usr/bin/env bash
# lab_image.sh SMALL TAR: the small root file system of tools/image.sh with the JupyterLab of .lab in /opt/lab, and in /opt/python the Python it was
# installed for. Where there is no small one, nothing is made, and the tests of JupyterLab in containers are skipped.
set -euo pipefail

small=$1 tar=$2
[[ -e $small ]] || exit 0

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
root=$work/root
read -r prefix version < <(.lab/bin/python -c 'import sys; print(sys.base_prefix, "%d.%d" % sys.version_info[:2])')
mkdir -p "$root"/opt/{python,lab}/{bin,lib} "$root/usr/lib"

echo "Making the image of JupyterLab for containers under test …"
cp --dereference "$prefix/bin/python$version" "$root/opt/python/bin/"
for library in "$prefix"/lib/libpython"$version".so*; do
    [[ ! -e $library ]] || cp --dereference "$library" "$root/usr/lib/"
done
tar --create --directory "$prefix/lib" --exclude='*.opt-?.pyc' \
    --exclude="python$version/"{site-packages,dist-packages,test,'config-*',idlelib,tkinter,turtledemo,lib2to3,ensurepip} "python$version" |
    tar --extract --directory "$root/opt/python/lib"

ln -s "/opt/python/bin/python$version" "$root/opt/lab/bin/python"
printf 'home = /opt/python/bin\ninclude-system-site-packages = false\n' >"$root/opt/lab/pyvenv.cfg"
for command in jupyter:jupyter_core.command jupyter-lab:jupyterlab.labapp; do
    script=$root/opt/lab/bin/${command%:*}
    printf '#!/opt/lab/bin/python\nfrom %s import main\n\nmain()\n' "${command#*:}" >"$script"
    chmod 755 "$script"
done
# Without what no test asks for: the debugger, most languages, what builds extensions.
tar --create --directory .lab --exclude=site-packages/{pip,setuptools,pkg_resources,jedi/third_party} \
    --exclude=tests --exclude=yarn.js --exclude=debugpy --exclude='locale-data/[a-df-qs-z]*' lib share etc |
    tar --extract --directory "$root/opt/lab"

# Engines refuse an image in which a folder stands twice, so of usr/lib only what is in it.
cp "$small" "$tar.new"
mapfile -t added < <(cd "$root" && find opt usr/lib -maxdepth 1 -not -path usr/lib -not -path 'opt/*')
tar --append --sort=name --owner=0 --group=0 --numeric-owner --directory "$root" --file "$tar.new" "${added[@]}"
mv "$tar.new" "$tar"

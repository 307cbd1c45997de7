#!/usr/bin/env bash
# Installs ctcb as its users do, with `pip install .` into a new environment of a newer Python and PyTorch that has
# no k2, and transcribes the bundled clips there. Needs a network, and some minutes.
#
#   utils/try_install.sh [--python PROGRAM] [--torch VERSION] [--venv DIR]
#
#   --python PROGRAM  the Python (python3.11)
#   --torch VERSION   the PyTorch that is there before ctcb (2.13.0)
#   --venv DIR        keep the environment there (a temporary folder)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

python=python3.11
torch=2.13.0
venv=
. "$root/utils/parse_options.sh"
unset PYTHONPATH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${venv:-$work/venv}
fail() { echo "try_install: $*" >&2; exit 1; }

"$python" -m venv "$venv"
bin=$(cd "$venv/bin" && pwd)
# Errors only: with --quiet once, pip still warns of every index of the user's that lacks a package.
pip() { "$bin/python" -m pip --quiet --quiet --disable-pip-version-check --no-input "$@"; }
pip install "torch==$torch"
torch_before=$("$bin/python" -c "import torch; print(torch.__version__)")
# A copy, so that what pip builds does not lie about in the sources.
mkdir "$work/ctcb"
cp -r "$root"/{ctcb,conf,pyproject.toml,setup.py,README.md,LICENSE} "$work/ctcb"
pip install "$work/ctcb"
[ "$("$bin/python" -c "import torch; print(torch.__version__)")" = "$torch_before" ] || fail "torch $torch_before was replaced"
! "$bin/python" -c "import k2" 2>/dev/null || fail "k2 is there"

cd "$work"
demo=$root/ctcb/assets/demo
"$bin/ctcb" --version
"$bin/ctcb" decode --entities "$demo/entities.txt" --bias joint --out out "$demo/manifest.tsv"
cat out/text
[ "$(wc -l <out/text)" -eq 8 ] || fail "not every clip has a transcript"
grep -q velotoxine out/text || fail "no name of the list came out"

# A graph can be made without k2, but not searched.
"$bin/ctcb" lm "$demo/manifest.tsv" --order 2 --out lm.arpa >/dev/null 2>&1
"$bin/ctcb" graph --lm lm.arpa --out graph >/dev/null
status=0
"$bin/ctcb" decode --graph graph "$demo/manifest.tsv" 2>graph.log || status=$?
cat graph.log
{ [ "$status" -eq 1 ] && [ "$(wc -l <graph.log)" -eq 1 ] && grep -q "https://k2-fsa.github.io/k2" graph.log; } || fail "no message says how to get k2"
echo "try_install: $("$bin/python" --version), torch $torch_before, no k2: works"

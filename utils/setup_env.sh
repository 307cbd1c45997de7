#!/usr/bin/env bash
# Makes the virtual environment .venv in the repository's root: the reference set of
# utils/requirements (Python 3.10 or 3.9, torch 1.13.1, k2 1.23.4, ...) and ctcb itself, editable.
# Takes a few minutes and about 4 GB; a second run detects that nothing has changed and does nothing.
#
#   utils/setup_env.sh [--venv DIR] [--python PROGRAM]
#
#   --venv DIR        put it there instead
#   --python PROGRAM  use this Python (3.10 or 3.9) instead of searching PATH, pyenv and uv
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

venv=$root/.venv
python=
. "$root/utils/parse_options.sh"

log() { echo "setup_env $(date +%T): $*" >&2; }
die() { echo "setup_env: $*" >&2; exit 1; }

stamp=$venv/.ctcb-done     # holds the fingerprint of what is installed; written last
unfinished=$venv/.ctcb-unfinished   # there from the first step of a new environment to the last
pip_version=25.3           # 26.3 refuses the names of k2's wheels

fingerprint() {
  { echo "$root"; cat "$root"/utils/requirements/*.txt "$root/setup.py" "${BASH_SOURCE[0]}"; } | sha256sum | cut -d' ' -f1
}

# True if $1 is a Python of version $2 that runs and can make virtual environments.
fits() {
  "$1" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" >/dev/null 2>&1
}

# Every Python of version $1 that PATH, pyenv or uv know of, one a line. Some will not run: a bare
# pyenv shim is on PATH and fails.
candidates() {
  type -aP "python$1" python3 python || true
  local pyenv
  for pyenv in pyenv "${PYENV_ROOT:-$HOME/.pyenv}/bin/pyenv"; do
    command -v "$pyenv" >/dev/null || continue
    { "$pyenv" versions --bare 2>/dev/null | grep -E "^${1}\.[0-9]+$" | sort -rV || true; } |
      while read -r version; do echo "$("$pyenv" prefix "$version")/bin/python"; done
    break
  done
  if command -v uv >/dev/null; then uv python find "$1" 2>/dev/null || true; fi
}

find_python() {
  local version program
  for version in 3.10 3.9; do
    while read -r program; do
      if fits "$program" "$version"; then echo "$program"; return; fi
    done < <(candidates "$version")
  done
  if command -v uv >/dev/null; then
    log "no Python 3.10 or 3.9 here; asking uv to fetch 3.10"
    uv python install 3.10 >&2 && program=$(uv python find 3.10) && fits "$program" 3.10 && echo "$program" && return
  fi
  die "there is no working Python 3.10 or 3.9 on PATH, in pyenv or in uv.
  Install one, for example:  uv python install 3.10
                        or:  pyenv install 3.10.13
                        or:  sudo apt install python3.10 python3.10-venv python3.10-dev
  and run this again, or name one with --python."
}

# kenlm comes as source only.
check_compiler() {
  "$venv/bin/python" -c "import importlib.metadata as m; m.version('kenlm')" 2>/dev/null && return
  local missing=() header
  command -v g++ >/dev/null || missing+=("g++")
  command -v make >/dev/null || missing+=("make")
  header=$("$venv/bin/python" -c "import sysconfig; print(sysconfig.get_path('include') + '/Python.h')")
  [ -f "$header" ] || missing+=("the Python headers ($header)")
  [ ${#missing[@]} -eq 0 ] || die "kenlm is built from source and this is missing: ${missing[*]}.
  For example:  sudo apt install build-essential python3.10-dev"
}

[ "$(uname -sm)" = "Linux x86_64" ] || die "the reference set exists for Linux on x86_64 only, and this is $(uname -sm).
  Elsewhere:  pip install -e '${root}[train,test]'  (Python 3.9 to 3.13; k2 is then your own affair)"

# Two runs at once wait for one another.
exec 9<"$root/setup.py"
if command -v flock >/dev/null; then flock 9; fi

wanted=$(fingerprint)
if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -z "$python" ]; then
  exit 0
fi

# A half-made environment is made anew; a whole one that is out of date, or that somebody else made, is
# brought up to date in place.
current=$("$venv/bin/python" -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null || true)
if [ -n "$python" ] || [ -f "$unfinished" ] || { [ "$current" != 3.10 ] && [ "$current" != 3.9 ]; }; then
  if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ] && [ ! -f "$unfinished" ] && [ -n "$(ls -A "$venv")" ]; then
    die "$venv exists and is no virtual environment; remove it or name another with --venv"
  fi
  if [ -n "$python" ]; then
    fits "$python" 3.10 || fits "$python" 3.9 || die "--python $python is no working Python 3.10 or 3.9 with venv"
  else
    python=$(find_python)
  fi
  log "making $venv with $python ($("$python" --version 2>&1))"
  mkdir -p "$venv"
  touch "$unfinished"
  find "$venv" -mindepth 1 ! -path "$unfinished" -delete
  "$python" -m venv "$venv"
fi
rm -f "$stamp"
trap 'log "stopped before it was done (see above); run it again"' ERR

# Errors only: with --quiet once, pip still warns of every index of the user's that lacks a package.
pip() { "$venv/bin/python" -m pip --quiet --quiet --disable-pip-version-check --no-input "$@"; }
pip install "pip==$pip_version"
check_compiler
log "installing the reference set (about 2 GB to fetch the first time, some minutes)"
pip install -r "$root/utils/requirements/reference.txt"
log "installing k2"
pip install --no-deps --require-hashes -r "$root/utils/requirements/k2.txt"
log "installing ctcb"
pip install --no-deps --no-build-isolation -e "$root"
# What is worth doing once per environment goes here.
log "compiling the decoder (half a minute)"
"$venv/bin/python" -c "from ctcb.search.beam.decoder import warm; warm()"

echo "$wanted" >"$stamp"
rm -f "$unfinished"
log "done: $venv"

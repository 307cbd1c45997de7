#!/usr/bin/env bash
# Makes a virtual environment in the repository's root: a set of utils/requirements and ctcb itself, editable.
#
#   reference   .venv: Python 3.10 or 3.9, torch 1.13.1, k2 1.23.4, ...; every published number was measured with it
#   modern      .venv-modern: Python 3.11 to 3.13, torch 2, torchaudio and k2 for CUDA 12 or 13; recipes and steps use it
#               with CTCB_VENV=.venv-modern
#
# Takes a few minutes and 4 to 8 GB; a second run detects that nothing has changed and does nothing.
#
#   utils/setup_env.sh [--set reference|modern] [--venv DIR] [--python PROGRAM] [--torch VERSION] [--cuda VERSION]
#
#   --set SET         which set (reference)
#   --venv DIR        put it there instead
#   --python PROGRAM  use this Python instead of searching PATH, pyenv and uv
#   --torch VERSION   of the modern set (2.9.1, for which there are torchaudio and, for CUDA 12.8, k2)
#   --cuda VERSION    of the modern set: 12.6, 12.8, 13.0 (what `nvidia-smi` shows, or less), cpu, or any: what pip finds by
#                     itself (12.8)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

set=reference venv='' python='' torch=2.9.1 cuda=12.8
. "$root/utils/parse_options.sh"
case $set in
  reference) venv=${venv:-$root/.venv} versions=(3.10 3.9) choice='' ;;
  modern) venv=${venv:-$root/.venv-modern} versions=(3.11 3.12 3.13) choice="modern, torch $torch, CUDA $cuda" ;;
  *) misuse "--set is reference or modern, not $set" ;;
esac
[[ $cuda =~ ^([0-9]+\.[0-9]+|cpu|any)$ ]] || misuse "--cuda is a version such as 12.8, cpu or any, not $cuda"
wanted_python="Python ${versions[0]}$(printf ' or %s' "${versions[@]:1}")"

log() { echo "setup_env $(date +%T): $*" >&2; }
die() { echo "setup_env: $*" >&2; exit 1; }

stamp=$venv/.ctcb-done     # holds the fingerprint of what is installed; written last
unfinished=$venv/.ctcb-unfinished   # there from the first step of a new environment to the last
pip_version=25.3           # 26.3 refuses the names of k2's wheels

fingerprint() {
  { echo "$root$choice"; cat "$root"/utils/requirements/*.txt "$root"/{pyproject.toml,setup.py} "${BASH_SOURCE[0]}"; } | sha256sum | cut -d' ' -f1
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
  for version in "${versions[@]}"; do
    while read -r program; do
      if fits "$program" "$version"; then echo "$program"; return; fi
    done < <(candidates "$version")
  done
  if command -v uv >/dev/null; then
    version=${versions[0]}
    log "no $wanted_python here; asking uv to fetch $version"
    uv python install "$version" >&2 && program=$(uv python find "$version") && fits "$program" "$version" && echo "$program" && return
  fi
  version=${versions[0]}
  die "there is no working $wanted_python on PATH, in pyenv or in uv.
  Install one, for example:  uv python install $version
                        or:  pyenv install $version
                        or:  sudo apt install python$version python$version-venv python$version-dev
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
  For example:  sudo apt install build-essential python${versions[0]}-dev"
}

[ "$(uname -sm)" = "Linux x86_64" ] || die "the sets exist for Linux on x86_64 only, and this is $(uname -sm).
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
if [ -n "$python" ] || [ -f "$unfinished" ] || [[ " ${versions[*]} " != *" $current "* ]]; then
  if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ] && [ ! -f "$unfinished" ] && [ -n "$(ls -A "$venv")" ]; then
    die "$venv exists and is no virtual environment; remove it or name another with --venv"
  fi
  if [ -n "$python" ]; then
    fitting=false
    for version in "${versions[@]}"; do ! fits "$python" "$version" || fitting=true; done
    $fitting || die "--python $python is no working $wanted_python with venv"
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

install_reference() {
  pip install -r "$root/utils/requirements/reference.txt" -r "$root/utils/requirements/docs.txt"
  log "installing k2"
  pip install --no-deps --require-hashes -r "$root/utils/requirements/k2.txt"
}

# torch, torchaudio and k2 are for one version of torch and of CUDA.
install_modern() {
  local index=() wheel
  case $cuda in
    any) ;;
    cpu) index=(--index-url https://download.pytorch.org/whl/cpu) ;;
    *) index=(--index-url "https://download.pytorch.org/whl/cu${cuda/./}") ;;
  esac
  pip install "torch==$torch" "${index[@]}"
  pip install --no-deps "torchaudio==$torch" "${index[@]}" 2>/dev/null ||
    log "there is no torchaudio $torch to be had; ctcb does without, but for --model torchaudio:"
  pip install --no-deps -r "$root/utils/requirements/modern.txt"
  log "installing k2"
  if wheel=$("$venv/bin/python" "$root/utils/k2_wheel.py") && pip install --no-deps "$wheel"; then return; fi
  log "graphs are off (--method graph): no k2 for this torch could be had; see https://k2-fsa.github.io/k2/installation/from_wheels.html"
}

log "installing the $set set (2 GB or more to fetch the first time, some minutes)"
"install_$set"
log "installing ctcb"
pip install --no-deps --no-build-isolation -e "$root"
# What is worth doing once per environment goes here.
log "compiling the decoder, so that the first decoding need not (about a minute)"
"$venv/bin/python" -m ctcb doctor --no-speed --compile >/dev/null ||
  log "not all was compiled (see above); the first decoding does it"

echo "$wanted" >"$stamp"
rm -f "$unfinished"
log "done: $venv; \`source $venv/bin/activate\` puts ctcb on the PATH"

#!/usr/bin/env bash
# Builds KenLM's lmplz (estimates language models) and build_binary (makes them quick to load) from the
# source package of kenlm on PyPI, and puts them beside the Python of .venv, where `ctcb lm` finds them.
# Needs g++, make, cmake and Boost; takes some minutes. If both are installed, it does nothing.
#
#   utils/install_lmplz.sh [--venv DIR] [--jobs N] [--source FILE]
#
#   --venv DIR     the environment whose bin/ they go to, and whose pip fetches the source
#   --jobs N       compilers at a time (2)
#   --source FILE  kenlm-0.3.0.tar.gz if it is here already; nothing is fetched then
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

venv=$root/.venv
jobs=2
source=
. "$root/utils/parse_options.sh"

log() { echo "install_lmplz $(date +%T): $*" >&2; }
die() { echo "install_lmplz: $*" >&2; exit 1; }

version=0.3.0  # the same as in utils/requirements/reference.txt
sha256=c4628bb9fb63c8a6f9240035b8b037385cfc404cb72e933cf48878291edac1e8
packages="build-essential cmake libboost-program-options-dev libboost-system-dev libboost-thread-dev libboost-test-dev"
programs=(lmplz build_binary)

# True if the lmplz at $1 estimates a model.
works() { printf 'a b\nb a\n' | "$1" -o 2 --discount_fallback -S 64M 2>/dev/null | grep -q '^[\]end[\]'; }

[ -x "$venv/bin/python" ] || die "there is no environment in $venv; make it with utils/setup_env.sh, or name one with --venv"
if [ -x "$venv/bin/build_binary" ] && [ -x "$venv/bin/lmplz" ] && works "$venv/bin/lmplz"; then
  exit 0
fi

missing=()
for tool in g++ make cmake; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] || die "this is missing: ${missing[*]}.
  For example:  sudo apt install $packages"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$source" ]; then
  log "fetching the source of kenlm $version"
  echo "kenlm==$version --hash=sha256:$sha256" >"$work/wanted.txt"
  "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input download --no-deps --no-binary kenlm \
    --require-hashes -r "$work/wanted.txt" -d "$work" >"$work/pip.log" 2>&1 ||
    { tail -n 3 "$work/pip.log" >&2; die "kenlm's source could not be fetched; where there is no network, give it with --source"; }
  source=$work/kenlm-$version.tar.gz
fi
[ -f "$source" ] || die "--source $source: no such file"
echo "$sha256  $source" | sha256sum --check --status || die "$source is not the source of kenlm $version (its SHA-256 differs)"
tar -xzf "$source" -C "$work"

log "looking for Boost"
cmake -S "$work/kenlm-$version" -B "$work/build" -DCMAKE_BUILD_TYPE=Release >"$work/cmake.log" 2>&1 || {
  if grep -qi boost "$work/cmake.log"; then
    die "Boost's headers or libraries (program_options, system, thread, unit_test_framework) were not found.
  For example:  sudo apt install $packages
  Boost elsewhere:  BOOST_ROOT=DIR utils/install_lmplz.sh"
  fi
  tail -n 20 "$work/cmake.log" >&2
  die "cmake failed (see above)"
}

log "compiling"
cmake --build "$work/build" --target "${programs[@]}" --parallel "$jobs" >"$work/make.log" 2>&1 ||
  { grep -m 5 -A 3 'error' "$work/make.log" >&2 || tail -n 20 "$work/make.log" >&2; die "it does not compile (see above)"; }
works "$work/build/bin/lmplz" || die "the lmplz that was built does not run"

for program in "${programs[@]}"; do
  install -m 755 "$work/build/bin/$program" "$venv/bin/.$program.new"
  mv "$venv/bin/.$program.new" "$venv/bin/$program"
done
log "done: $venv/bin/lmplz"

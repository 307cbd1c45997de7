#!/usr/bin/env bash
# Makes a virtual environment with NeMo in a folder of its own, for tests/acoustic/test_nemo.py: NeMo needs a newer PyTorch
# than the reference set has. Takes about five minutes and 8 GB.
#
#   utils/nemo_env.sh [--python PROGRAM] [--version VERSION] DIR
#
#   --python PROGRAM   the Python (python3.10)
#   --version VERSION  of nemo_toolkit (3.0.0)
#
# Then:  CTCB_NEMO_PYTHON=DIR/bin/python utils/test.sh --slow -- tests/acoustic/test_nemo.py
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

python=python3.10
version=3.0.0
. "$root/utils/parse_options.sh"
[ $# -eq 1 ] || { echo "nemo_env: name one folder" >&2; exit 2; }

"$python" -m venv "$1"
pip() { "$1/bin/python" -m pip --quiet --disable-pip-version-check --no-input install "${@:2}"; }
pip "$1" "pip==25.3"
pip "$1" "nemo_toolkit[asr]==$version" "${root}[onnx]" onnx

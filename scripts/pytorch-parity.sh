#!/usr/bin/env bash
# Trains NN2 and NN4 a little, here and in PyTorch, from the same weights and images, and compares every gradient, loss
# and weight. See --help.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << USAGE
Example: scripts/pytorch-parity.sh
         scripts/pytorch-parity.sh --python ~/torch/bin/python --only nn4-lrn
Builds, runs short trainings (tests/parity) and repeats them in PyTorch, in double precision; prints a table of the
largest differences. The exit status is 0 when gradients, losses and weights are within 1e-3. Takes some ten minutes on
two cores, and a large download once: PyTorch and NumPy go into build/pytorch, from where pip is set up to fetch
packages.
  --record     also write what PyTorch gave at 32x32 to tests/parity/recorded, which the test program test_parity reads
  --python P   a Python that has torch and numpy, instead of the download
  --float32    PyTorch in float32 as well
  --only TEXT  only the trainings whose name contains TEXT
  --help       this text
USAGE
}

python='' only='' options=()
while [ $# -gt 0 ]; do
  case $1 in
    --record) options+=(--record "$ROOT/tests/parity/recorded") ;;
    --float32) options+=(--float32) ;;
    --python) python=${2:?--python needs a program} && shift ;;
    --only) only=${2:?--only needs a text} && shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die "there is no option '$1'" ;;
  esac
  shift
done

if [ -z "$python" ]; then
  python=$ROOT/build/pytorch/bin/python
  if ! "$python" -c 'import torch, numpy' 2> /dev/null; then
    say "Installing PyTorch and NumPy in build/pytorch"
    python3 -m venv "$ROOT/build/pytorch"
    "$python" -m pip install --quiet torch numpy >&2
  fi
fi
"$python" -c 'import torch, numpy' || die "$python has no torch and numpy"

ensure_setup
build_release test_parity
folder=$ROOT/build/parity
rm -rf "$folder"
mkdir -p "$folder"
say "Training here"
FACENET_SOURCE_DIR=$ROOT FACENET_PARITY_FOLDER=$folder FACENET_PARITY_ONLY=$only \
  "$RELEASE/tests/test_parity" '[.exchange]' >&2
say "Training in PyTorch"
"$python" "$ROOT/tests/parity/pytorch_parity.py" "$folder" "${options[@]}"

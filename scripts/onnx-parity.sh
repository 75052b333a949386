#!/usr/bin/env bash
# Compares every network exported as ONNX with what ONNX Runtime makes of it. The last line is 'N passed, N failed'.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << USAGE
Example: scripts/onnx-parity.sh
         scripts/onnx-parity.sh --networks nn2,nn4
         scripts/onnx-parity.sh --families
Builds the program, exports every network (and small ones that use every operator) as ONNX, runs the ONNX checker, and
compares ONNX Runtime's embeddings with the library's: each element must agree within 1e-4. Needs Python 3.11 or later;
puts onnx, onnxruntime and numpy (tests/parity/onnx/requirements.txt) into build/onnx-python. Takes a minute or two.
  --families    the other direction: networks of InsightFace, MobileFaceNet, facenet-pytorch, dlib, OpenFace, AdaFace and
                EdgeFace, exported by PyTorch with random weights, are imported, exported and imported again, and compared
                with ONNX Runtime (needs PyTorch too, some GB, which goes into build/onnx-families)
  --precisions  with --families: what bf16 and int8 cost these networks
  --python P    take this Python, which has all that is needed
  --networks L  only these networks, with commas between them
  --all         networks of more than 100 M parameters with both norms too
  --program P   take this facenet program and build nothing
  --help        this text
USAGE
}

program='' python='' script=compare requirements=requirements.txt environment=onnx-python options=()
while [ $# -gt 0 ]; do
  case $1 in
    --all | --precisions) options+=("$1") ;;
    --families) script=import_families requirements=families-requirements.txt environment=onnx-families ;;
    --python)
      python=${2:?--python needs a file}
      shift
      ;;
    --networks)
      options+=(--networks "${2:?--networks needs a list}")
      shift
      ;;
    --program)
      program=$(realpath "${2:?--program needs a file}")
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      die "unknown option '$1'"
      ;;
  esac
  shift
done

tests=$ROOT/tests/parity/onnx
if [ -z "$program" ]; then
  ensure_setup
  build_release facenet_program
  program=$RELEASE/examples/facenet/facenet
fi
if [ -z "$python" ]; then
  home=$ROOT/build/$environment
  python=$home/bin/python
  if ! cmp -s "$tests/$requirements" "$home/installed.txt"; then
    say "Installing $(paste -sd ' ' "$tests/$requirements") into build/$environment"
    rm -rf "$home"
    mkdir -p "$ROOT/build"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$tests/$requirements" >&2
    cp "$tests/$requirements" "$home/installed.txt"
  fi
fi
say "Comparing the library with ONNX Runtime"
exec "$python" -B "$tests/$script.py" --program "$program" "${options[@]}"

#!/usr/bin/env bash
# Compares every network exported as ONNX with what ONNX Runtime makes of it. The last line is 'N passed, N failed'.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << USAGE
Example: scripts/onnx-parity.sh
         scripts/onnx-parity.sh --networks nn2,nn4
Builds the program, exports every network (and small ones that use every operator) as ONNX, runs the ONNX checker, and
compares ONNX Runtime's embeddings with the library's: each element must agree within 1e-4. Needs Python 3.11 or later;
puts onnx, onnxruntime and numpy (tests/parity/onnx/requirements.txt) into build/onnx-python. Takes a minute or two.
  --networks L  only these networks, with commas between them
  --all         networks of more than 100 M parameters with both norms too
  --program P   take this facenet program and build nothing
  --help        this text
USAGE
}

program='' options=()
while [ $# -gt 0 ]; do
  case $1 in
    --all) options+=(--all) ;;
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
python=$ROOT/build/onnx-python
if [ -z "$program" ]; then
  ensure_setup
  build_release facenet_program
  program=$RELEASE/examples/facenet/facenet
fi
if ! cmp -s "$tests/requirements.txt" "$python/installed.txt"; then
  say "Installing $(paste -sd ' ' "$tests/requirements.txt") into build/onnx-python"
  rm -rf "$python"
  mkdir -p "$ROOT/build"
  python3 -m venv "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$tests/requirements.txt" >&2
  cp "$tests/requirements.txt" "$python/installed.txt"
fi
say "Comparing the library with ONNX Runtime"
exec "$python/bin/python" -B "$tests/compare.py" --program "$program" "${options[@]}"

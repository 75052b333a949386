#!/usr/bin/env bash
# Runs libFuzzer over everything that reads bytes from outside. See --help.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

TARGETS=(jpeg jpeg-stb png bmp exif model safetensors graph contract detector dlib pt pickle onnx npy npy-array npz
  inflate clusters codes csv landmarks lfw-pairs pairs constraints people clip-pairs cfp template-media template-pairs packed-pairs gallery gallery-change
  gallery-journal checkpoint training-options calibration int8-ranges)

usage() {
  cat << USAGE
Example: scripts/fuzz.sh --seconds 3600 jpeg
Builds the fuzz targets of tests/fuzz in build/fuzz, with Clang, libFuzzer, AddressSanitizer and
UndefinedBehaviorSanitizer, and runs them one after the other: all, or those named.
  --seconds N  for each target (60)
  --help       this text
Targets: ${TARGETS[*]}
Corpora grow in build/fuzz/corpus/TARGET, from seeds that the targets make by code. A finding ends the run with exit
status 1; its input is in build/fuzz/findings. The same targets, without libFuzzer, are the test test_fuzz.
USAGE
}

seconds=60
chosen=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds)
      seconds=${2:?--seconds needs a number}
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      [[ " ${TARGETS[*]} " == *" $1 "* ]] || { usage >&2; die "there is no target '$1'"; }
      chosen+=("$1")
      ;;
  esac
  shift
done
[ "${#chosen[@]}" -gt 0 ] || chosen=("${TARGETS[@]}")

command -v clang++ > /dev/null || die "this needs Clang, which brings libFuzzer (Debian: apt install clang libomp-14-dev)"
ensure_setup
build=$ROOT/build/fuzz
say "Building the fuzz targets in build/fuzz"
cmake -S "$ROOT" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DFACENET_BUILD_FUZZERS=ON -DFACENET_SANITIZE=address,undefined -DFACENET_BUILD_PROGRAM=OFF > /dev/null
cmake --build "$build" --parallel "$(cores)" --target facenet_fuzz facenet_fuzz_stb >&2

mkdir -p "$build/findings"
export OMP_NUM_THREADS=1 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$ROOT/tests/support/lsan.supp:print_suppressions=0
for name in "${chosen[@]}"; do
  program=$build/tests/facenet_fuzz
  [ "$name" != jpeg-stb ] || program=$build/tests/facenet_fuzz_stb
  corpus=$build/corpus/$name
  mkdir -p "$corpus"
  say "$name, $seconds s"
  # 100 megapixels are within the limits, and take a while and some memory.
  FACENET_FUZZ=${name%-stb} "$program" "$corpus" -max_total_time="$seconds" -max_len=65536 -timeout=60 \
    -rss_limit_mb=4096 -artifact_prefix="$build/findings/$name-" -print_final_stats=1 2>&1 |
    grep -E 'ERROR|SUMMARY|runtime error|^ *#[0-9]+ 0x|cov: .*DONE|DONE|number_of_executed_units|Test unit written|Done' ||
    true
  status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] || die "$name: a finding, see $build/findings"
done
say "No findings"

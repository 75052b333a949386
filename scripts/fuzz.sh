#!/usr/bin/env bash
# Runs libFuzzer over everything that reads bytes from outside. See --help.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

TARGETS=(jpeg jpeg-stb png bmp exif model safetensors graph contract detector dlib dlib-network pt pickle onnx npy npy-array npz npz-named
  inflate clusters codes csv landmarks lfw-pairs pairs constraints people clip-pairs cfp template-media template-pairs packed-pairs gallery gallery-change
  gallery-journal checkpoint training-options calibration int8-ranges partial training-log)

usage() {
  cat << USAGE
Example: scripts/fuzz.sh --seconds 3600 jpeg
Builds the fuzz targets of tests/fuzz in build/fuzz, with Clang, libFuzzer, AddressSanitizer and
UndefinedBehaviorSanitizer, and runs them: all, or those named.
  --seconds N  for each target (60)
  --minutes N  in all, shared out evenly among the targets
  --jobs N     targets run side by side (1)
  --help       this text
Targets: ${TARGETS[*]}
Corpora grow in build/fuzz/corpus/TARGET, from seeds that the targets make by code; what each run said is in
build/fuzz/logs. A finding ends the run of its target, not of the others: its input is in build/fuzz/findings, and the
exit status at the end is 1. The same targets, without libFuzzer, are the test test_fuzz.
USAGE
}

seconds=60
minutes=
jobs=1
chosen=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds | --minutes | --jobs)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "$1 wants a whole number from 1"
      printf -v "${1#--}" %s "$2"
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
[ -z "$minutes" ] || seconds=$((minutes * 60 * jobs / ${#chosen[@]}))
[ "$seconds" -gt 0 ] || die "so little time is none for a target"

command -v clang++ > /dev/null || die "this needs Clang, which brings libFuzzer (Debian: apt install clang libomp-14-dev)"
ensure_setup
build=$ROOT/build/fuzz
say "Building the fuzz targets in build/fuzz"
cmake -S "$ROOT" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DFACENET_BUILD_FUZZERS=ON -DFACENET_SANITIZE=address,undefined > /dev/null
cmake --build "$build" --parallel "$(cores)" --target facenet_fuzz facenet_fuzz_stb >&2

mkdir -p "$build/findings" "$build/logs"
export OMP_NUM_THREADS=1 UBSAN_OPTIONS=print_stacktrace=1
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # what is read by its path lies in memory: up to 300 times the executions
export LSAN_OPTIONS=suppressions=$ROOT/tests/support/lsan.supp:print_suppressions=0

fuzz() { # TARGET
  local program=$build/tests/facenet_fuzz
  [ "$1" != jpeg-stb ] || program=$build/tests/facenet_fuzz_stb
  mkdir -p "$build/corpus/$1"
  # 100 megapixels are within the limits, and take a while and some memory.
  FACENET_FUZZ=${1%-stb} exec "$program" "$build/corpus/$1" -max_total_time="$seconds" -max_len=65536 -timeout=60 \
    -rss_limit_mb=4096 -artifact_prefix="$build/findings/$1-" -print_final_stats=1 > "$build/logs/$1" 2>&1
}

say "${#chosen[@]} targets, $seconds s each, $jobs at a time"
trap 'kill $(jobs -rp) 2> /dev/null; exit 130' INT TERM
for name in "${chosen[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
  rm -f "$build/logs/$name"
  fuzz "$name" &
done
wait

found=0
total=0
row() { printf '%-18s %12s %9s %9s  %s\n' "$@"; }
row target executions coverage corpus result
for name in "${chosen[@]}"; do
  log=$build/logs/$name
  last=$(grep -aE '^#[0-9]+.* cov: ' "$log" | tail -1 || true)
  executions=$(sed -nE 's/^stat::number_of_executed_units: +//p' "$log")
  result=fine
  # A run that came to its end says so.
  grep -aq '^Done [0-9]* runs' "$log" || result="a finding, see build/fuzz/logs/$name"
  [ "$result" = fine ] || found=$((found + 1))
  total=$((total + executions))
  row "$name" "$executions" "$(sed -E 's/.* cov: ([0-9]+) .*/\1/' <<< "$last")" \
    "$(sed -E 's|.* corp: ([0-9]+)/.*|\1|' <<< "$last")" "$result"
done
echo "$total executions in all"
[ "$found" -eq 0 ] || die "findings in $found targets; their inputs are in build/fuzz/findings"
say "No findings"

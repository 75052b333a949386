#!/usr/bin/env bash
# Sets up, builds and runs all tests. The last line is 'N passed, N failed'; the exit status is 0 when none failed.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << USAGE
Example: scripts/test.sh
         scripts/test.sh --preset tsan --targets 'test_threads test_unit_base'
Sets up, builds and runs the tests. Other options go to ctest (-R EXPRESSION, -E EXPRESSION, -L LABEL, ...).
  --preset P   release (default), debug, asan (Address- and UndefinedBehaviorSanitizer) or tsan (ThreadSanitizer)
  --targets L  build and run only these test programs
  --help       this text
USAGE
}

preset=release
targets=()
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || die "--preset needs a name"
      preset=$2
      shift
      ;;
    --preset=*) preset=${1#*=} ;;
    --targets)
      [ $# -ge 2 ] || die "--targets needs a list of test programs"
      read -r -a targets <<< "$2"
      options+=(-R "^($(tr -s ' ' '|' <<< "$2"))\$")
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) options+=("$1") ;;
  esac
  shift
done

if ! { ensure_setup && build_preset "$preset" "${targets[@]}"; }; then
  echo "The $preset preset could not be built"
  echo "0 passed, 1 failed"
  exit 1
fi

say "Running the tests of the $preset preset"
log=$ROOT/build/$preset/tests.log
status=0
ctest --test-dir "$ROOT/build/$preset" --output-on-failure --no-tests=error --parallel "$(cores)" \
  "${options[@]}" < /dev/null 2>&1 | tee "$log" || status=$?

# ctest's own summary: "97% tests passed, 1 tests failed out of 38".
read -r failed total < <(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log") ||
  { failed=1 total=1; }
# What a test that passed has left out is in ctest's own log only.
grep -h '^SKIPPED: ' "$ROOT/build/$preset/Testing/Temporary/LastTest.log" | sort | uniq -c || true
echo "$((total - failed)) passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]

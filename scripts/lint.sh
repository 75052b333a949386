#!/usr/bin/env bash
# Looks at the sources without running them: format, clang-tidy, shellcheck. The exit status is 0 when all is well.
set -uo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << USAGE
Example: scripts/lint.sh
         scripts/lint.sh format shell
Looks at the sources: format (clang-format 14), tidy (clang-tidy over src/, with build/release's compile commands; takes
minutes), shell (shellcheck). Without arguments, all three. A tool that is not installed is said and counts as a failure.
  --fix     rewrite the files that clang-format would change
  --help    this text
USAGE
}

fix=false
checks=()
for argument in "$@"; do
  case $argument in
    format | tidy | shell) checks+=("$argument") ;;
    --fix) fix=true ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      die "unknown argument '$argument'"
      ;;
  esac
done
[ "${#checks[@]}" -gt 0 ] || checks=(format tidy shell)
cd "$ROOT" || exit 1

check_format() {
  local mode=(--dry-run --Werror)
  if $fix; then mode=(-i); fi
  git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format "${mode[@]}"
}

check_tidy() {
  cmake --preset release > /dev/null && cmake --build build/release --target facenet_commit > /dev/null &&
    git ls-files -z 'src/*.cpp' | xargs -0 -n 1 -P "$(cores)" clang-tidy --quiet -p build/release --extra-arg=-Wno-unknown-warning-option
}

check_shell() { git ls-files -z '*.sh' .ci/run benchmarks/peers/run | xargs -0 shellcheck --severity=warning; }

declare -A tools=([format]=clang-format [tidy]=clang-tidy [shell]=shellcheck)
status=0
for check in "${checks[@]}"; do
  tool=${tools[$check]}
  say "$check ($tool)"
  if ! command -v "$tool" > /dev/null; then
    echo "$tool is not installed (Debian: apt install ${tool})" >&2
    status=1
  elif ! "check_$check"; then
    echo "$check: see above" >&2
    status=1
  fi
done
exit "$status"

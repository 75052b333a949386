# Functions that the scripts share: source it from a script in scripts/.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # the scripts that source this file use it
RELEASE=$ROOT/build/release

# Words for people go to standard error; standard output belongs to what a script answers.
say() { printf '\n==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Cores this process may use, quota of the container included.
cores() {
  local count quota period
  count=$(nproc)
  if read -r quota period 2> /dev/null < /sys/fs/cgroup/cpu.max && [ "$quota" != max ]; then
    quota=$(((quota + period - 1) / period))
    [ "$quota" -ge "$count" ] || count=$quota
  fi
  echo "$count"
}

# Installs what is missing; does nothing, and asks for nothing, when all is there.
ensure_setup() {
  "$ROOT/scripts/setup.sh" --check > /dev/null 2>&1 || "$ROOT/scripts/setup.sh"
}

# Configures and builds a preset in build/PRESET; without targets, everything.
build_preset() { # PRESET [TARGET...]
  local preset=$1
  shift
  say "Building the $preset preset in build/$preset"
  (
    cd "$ROOT" && cmake --preset "$preset" > /dev/null &&
      cmake --build "build/$preset" --parallel "$(cores)" ${1:+--target "$@"}
  ) >&2
}

build_release() { build_preset release "$@"; }

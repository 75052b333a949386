#!/usr/bin/env bash
# Sets up, builds and shows that the program runs.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

ensure_setup
build_release
if [ -x "$RELEASE/examples/facenet/facenet" ]; then
  "$RELEASE/examples/facenet/facenet" info
fi

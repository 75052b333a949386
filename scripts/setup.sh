#!/usr/bin/env bash
# Installs what FaceNetLib needs to be built and tested: Debian packages, and oneDNN 3.2 into .deps/onednn.
# Says what it installs before it does so; run again, it does nothing. --check only looks.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

PACKAGES=(g++ cmake ninja-build git ca-certificates libeigen3-dev nlohmann-json3-dev libstb-dev libturbojpeg0-dev
  libcli11-dev catch2 libbenchmark-dev python3-venv libprotobuf-dev protobuf-compiler libonnx-dev libsqlite3-dev
  libhnswlib-dev)
ONEDNN=(onednn-devel-cpu-gomp==2023.2.0 onednn-cpu-gomp==2023.2.0)
prefix=$ROOT/.deps/onednn

usage() {
  cat << USAGE
Example: scripts/setup.sh
Installs what FaceNetLib needs to be built and tested: packages of Debian 12 by apt (as root or with sudo), and
oneDNN 3.2 from its Python wheels into .deps/onednn of the source tree.
  --check   only look: lists what is missing, and ends with status 1 if something is
  --help    this text
USAGE
}

check=false
for argument in "$@"; do
  case $argument in
    --check) check=true ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      die "unknown option '$argument'"
      ;;
  esac
done

onednn_there() { [ -e "$prefix/lib/cmake/dnnl/dnnl-config.cmake" ] && [ -e "$prefix/lib/libdnnl.so.3" ]; }

missing_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || echo "$package"
  done
}

# --- packages of the system
missing=()
if command -v apt-get > /dev/null && command -v dpkg-query > /dev/null; then
  mapfile -t missing < <(missing_packages)
else
  say "This is not Debian or Ubuntu: nothing of the system is installed here. What the build needs:
    a C++20 compiler with OpenMP (GCC 12, Clang 14 or later), CMake 3.22, Ninja, Git, Python 3 with venv,
    Eigen 3.4, nlohmann_json 3.9, stb, libjpeg-turbo (turbojpeg), CLI11 2.1, Catch2 2.13 or 3, Google Benchmark 1.7,
    protobuf 3.12 with its compiler and ONNX's onnx/onnx.proto, SQLite 3.35, hnswlib 0.6.2.
    CMake names each one that it does not find."
fi

if $check; then
  status=0
  for package in "${missing[@]}"; do
    echo "missing: package $package"
    status=1
  done
  if ! onednn_there; then
    echo "missing: oneDNN 3.2 in .deps/onednn"
    status=1
  fi
  [ "$status" -eq 0 ] && echo "nothing is missing"
  exit "$status"
fi

if [ "${#missing[@]}" -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || die "these packages are missing and need root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing by apt-get: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" < /dev/null > /dev/null
fi

# --- oneDNN
if ! onednn_there; then
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) ;;
    *) die "oneDNN's wheels are for Linux on x86-64: install oneDNN 3.2 or later (conda-forge, vcpkg, Homebrew, Spack) and add its prefix to CMAKE_PREFIX_PATH" ;;
  esac
  say "Installing oneDNN 3.2 (${ONEDNN[*]}) into .deps/onednn"
  # A virtual environment, because pip's --target would leave out the library itself. Made beside and renamed, so that an
  # interrupted run leaves nothing that looks whole.
  rm -rf "$prefix" "$prefix.new"
  python3 -m venv "$prefix.new"
  "$prefix.new/bin/pip" install --quiet --disable-pip-version-check --no-input "${ONEDNN[@]}" >&2
  mv "$prefix.new" "$prefix"
  onednn_there || die "the wheels hold no oneDNN CMake package and library where they are expected, in $prefix"
fi
say "All that FaceNetLib needs is installed"

#!/usr/bin/env bash
# One case of the package tests; tests/package/CMakeLists.txt runs each with the variables that are checked here.
set -euo pipefail
: "${SOURCE:?}" "${BUILD:?}" "${CMAKE:?}" "${GENERATOR:?}" "${CXX:?}" "${ONEDNN:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/facenet-package-XXXXXX")
trap 'rm -rf "$work"' EXIT
unset LD_LIBRARY_PATH CMAKE_PREFIX_PATH

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Runs a program with nothing in its environment.
alone() { env -i PATH=/usr/bin:/bin "$@"; }

configure() { # SOURCE BUILD OPTIONS...
  local from=$1 to=$2
  shift 2
  "$CMAKE" -S "$from" -B "$to" -G "$GENERATOR" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_COMPILER_LAUNCHER="${LAUNCHER:-}" \
    "$@" > "$to.log" 2>&1 || { cat "$to.log"; fail "configuring $from"; }
}

# An installation that has been moved after it was made: nothing in it may remember where it was.
install_and_move() {
  "$CMAKE" --install "$BUILD" --prefix "$work/first" > "$work/install.log" || fail "cmake --install"
  mkdir "$work/elsewhere"
  mv "$work/first" "$work/elsewhere/moved"
  prefix=$work/elsewhere/moved
  local remembering
  remembering=$(grep -rlF "$work/first" "$prefix" || true)
  [ -z "$remembering" ] || fail "the first place is remembered in $remembering"
  [ -s "$prefix/share/doc/FaceNetLib/LICENSE" ] || fail "no licence was installed"
}

consume() { # shared|static
  install_and_move
  configure "$SOURCE/tests/package/consumer" "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DKIND="$1" -DCMAKE_BUILD_TYPE=Release
  "$CMAKE" --build "$work/build"
  alone "$work/build/consumer" "$work/consumer.onnx"
  [ -s "$work/consumer.onnx" ] || grep -q '^FACENET_WITH_ONNX:BOOL=OFF' "$BUILD/CMakeCache.txt" || fail "no ONNX file"
  local library
  library=$(ldd "$work/build/consumer" | awk '/libdnnl/ { print $3 }')
  # A static consumer that uses nothing of oneDNN need not load it; who loads it loads the one that came along.
  [ -z "$library" ] || [ "$(realpath "$library")" = "$(realpath "$prefix"/lib*/libdnnl.so.3)" ] ||
    fail "oneDNN comes from $library, not from the moved prefix"
  if [ -x "$prefix/bin/facenet" ]; then
    alone "$prefix/bin/facenet" --version
    alone "$prefix/bin/facenet" info
  fi
}

case_shared() {
  consume shared
  local loaded
  loaded=$(ldd "$work/build/consumer")
  grep -qF "$prefix" <<< "$loaded" || fail "libfacenet is not loaded from the moved prefix: $loaded"
}

case_static() {
  consume static
  if ldd "$work/build/consumer" | grep -q libfacenet; then fail "the static consumer loads libfacenet.so"; fi
}

case_subdirectory() {
  # Without optimisation and without ONNX: the whole library is compiled again here. Warnings are not errors for those who
  # build us in.
  configure "$SOURCE/tests/package/consumer" "$work/build" -DFACENETLIB_SOURCE="$SOURCE" -DCMAKE_BUILD_TYPE=Debug \
    -Ddnnl_DIR="$ONEDNN" -DFACENET_WITH_ONNX=OFF
  "$CMAKE" --build "$work/build" --target consumer --parallel 2
  alone "$work/build/consumer" "$work/consumer.onnx" | tee "$work/words"
  grep -q FACENET_WITH_ONNX=ON "$work/words" || fail "it does not say how to get ONNX"
  if "$CMAKE" --build "$work/build" --target help | grep -qE 'test_unit|facenet_program'; then
    fail "tests or program are part of another project's build"
  fi
}

# The shared library exports facenet:: and nothing else.
case_exports() {
  install_and_move
  local names foreign
  names=$(nm -D --defined-only -C "$prefix"/lib*/libfacenet.so | cut -d' ' -f3-)
  grep -q '^facenet::version' <<< "$names" || fail "facenet::version is not exported"
  foreign=$(grep -vE '^(facenet::|(typeinfo|typeinfo name|vtable|VTT|guard variable) for facenet::|(non-virtual|virtual) thunk to facenet::)' <<< "$names" || true)
  [ -z "$foreign" ] || fail "exported beside facenet:: are"$'\n'"$foreign"
  echo "$(wc -l <<< "$names") symbols exported, all of facenet::"
  local file path
  for file in "$prefix"/lib*/libfacenet.so "$prefix"/bin/facenet; do
    [ -e "$file" ] || continue
    path=$(readelf -d "$file" | sed -n 's/.*R.*PATH.*\[\(.*\)\]/\1/p')
    [ -z "$path" ] || [[ $path =~ ^\$ORIGIN(/\.\./lib[^:]*)?$ ]] || fail "$file has the run path $path"
  done
}

# A function that several sources share (a template, an inline function) is kept once by the linker: were it compiled in
# a source for AVX-512, that copy could be the one that a processor without AVX-512 runs.
case_instruction_sets() {
  local objects object shared
  objects=$(find "$BUILD/src" -name '*_avx2.cpp.o' -o -name '*_avx512.cpp.o')
  for object in $objects; do
    shared=$(nm -C "$object" | grep -E '^[0-9a-f]+ [Wu] ' || true)
    [ -z "$shared" ] || fail "$object holds functions that are shared with other sources:"$'\n'"$shared"
  done
  echo "$(wc -w <<< "$objects") objects for a special instruction set, none shares a function with others"
}

case_refuses_onednn_2() {
  local fake=$work/fake/lib/cmake/dnnl
  mkdir -p "$fake" "$work/project"
  echo 'set(dnnl_FOUND TRUE)' > "$fake/dnnl-config.cmake"
  cat > "$fake/dnnl-config-version.cmake" << 'VERSION'
set(PACKAGE_VERSION 2.6.3)
if(NOT PACKAGE_FIND_VERSION OR PACKAGE_FIND_VERSION_MAJOR EQUAL 2)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
VERSION
  cat > "$work/project/CMakeLists.txt" << PROJECT
cmake_minimum_required(VERSION 3.22)
project(refuses LANGUAGES CXX)
set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)
set(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)
include("$SOURCE/cmake/Dependencies.cmake")
PROJECT
  local words status=0
  words=$("$CMAKE" -S "$work/project" -B "$work/build" -G "$GENERATOR" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_PREFIX_PATH="$work/fake" 2>&1) || status=$?
  echo "$words"
  [ "$status" -ne 0 ] || fail "oneDNN 2.6.3 was accepted"
  words=$(tr -s '[:space:]' ' ' <<< "$words")
  local wanted
  for wanted in "2.6.3" "needs oneDNN 3.2" "scripts/setup.sh" "libdnnl-dev"; do
    [[ $words == *"$wanted"* ]] || fail "the message does not say '$wanted'"
  done
}

declare -F "case_$1" > /dev/null || fail "there is no case '$1'"
"case_$1"
echo "passed: $1"

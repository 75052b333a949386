#!/usr/bin/env bash
# The main job from beginning to end: sets up and builds, then makes faces (or takes yours), trains a network, and tests
# it on people it has never seen. See --help.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/lib/common.sh"

usage() {
  cat << EOF
usage: scripts/demo.sh [--data DIR [--landmarks FILE]] [--minutes M] [--arch ARCH] [--out DIR]
       scripts/demo.sh --photos DIR [--threshold T] [--out DIR]

Generates faces of 400 people, trains a small network on 280 of them, calibrates it on 40 and tests it on the other 80:
verification, identification, clustering, as a table and as DIR/report.html. After setup and build it takes less than
five minutes on two cores.

  --data DIR        your own photographs instead, as DIR/person/image.jpg, one face in the middle of each
  --landmarks FILE  five points for each of them; the faces are then aligned
  --minutes M       of training (3.5)
  --arch ARCH       the network (tiny; nn4 for photographs and more minutes)
  --out DIR         where everything goes (demo-out)

With --photos nothing is trained: pretrained networks (scripts/get-models.sh, docs/pretrained.md) find the faces in a
folder of photographs, with all folders in it, and group them so that each group is one person.

  --photos DIR      photographs, with any number of faces in each
  --threshold T     up to which distance it is one person (0.14; more photographs of fewer people: up to 0.16)
EOF
}

data='' landmarks='' photos='' threshold=0.14 minutes=3.5 arch=tiny out=$ROOT/demo-out
while [ $# -gt 0 ]; do
  case $1 in
    --data) data=$(realpath "${2:?--data needs a folder}") ;;
    --landmarks) landmarks=$(realpath "${2:?--landmarks needs a file}") ;;
    --photos) photos=$(realpath "${2:?--photos needs a folder}") ;;
    --threshold) threshold=${2:?--threshold needs a number} ;;
    --minutes) minutes=${2:?--minutes needs a number} ;;
    --arch) arch=${2:?--arch needs a name} ;;
    --out) out=$(realpath -m "${2:?--out needs a folder}") ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die "there is no option '$1'" ;;
  esac
  shift 2
done

ensure_setup
build_release facenet_program
facenet=$RELEASE/examples/facenet/facenet
"$facenet" info >&2

# What is there is replaced only where this script made it.
mark=$out/.made-by-facenet-demo
if [ -n "$(ls -A "$out" 2> /dev/null)" ] && [ ! -e "$mark" ]; then
  die "$out is not empty and was not made by this script: choose another --out"
fi
case $out/ in "${data:-/nowhere}"/* | "${photos:-/nowhere}"/*) die "--out cannot lie within the photographs" ;; esac
mkdir -p "$out"
touch "$mark"

# Some of one's own images may be unusable (status 3): they are named, and the rest goes on.
lenient() { "$@" || [ $? -eq 3 ]; }

if [ -n "$photos" ]; then
  [ -z "$data" ] || die "--photos or --data, not both"
  models=$ROOT/models
  "$ROOT/scripts/get-models.sh" "$models"
  say "Finding faces, turning each into 128 numbers, grouping them: one person each"
  lenient "$facenet" cluster "$photos" -m "$models/dlib-face.fnm" --detector "$models/mtcnn.fnm" \
    --threshold "$threshold" --csv -o "$out/people.csv" --report "$out/people.html"
  say "A contact sheet for each person: $out/people.html"
  say "File, face and person, a row each: $out/people.csv"
  exit
fi

if [ -z "$data" ]; then
  say "Generating faces"
  data=$out/faces landmarks=$out/faces/landmarks.csv
  rm -rf "$data"
  "$facenet" generate "$data" --people 400 --images 12 --size 80 --seed 1
fi

say "Dividing the people: 7 of 10 to train, 1 to calibrate, 2 to test"
rm -rf "$out/train" "$out/calibrate" "$out/test"
mkdir -p "$out/train" "$out/calibrate" "$out/test"
count=0
for person in "$data"/*/; do
  case $((count % 10)) in 2) part=calibrate ;; 5 | 8) part='test' ;; *) part=train ;; esac
  ln -s "${person%/}" "$out/$part/$(basename "$person")"
  count=$((count + 1))
done
[ "$count" -ge 30 ] || die "$data holds $count people; this needs 30 or more, each in a folder of their own"
say "$(ls "$out/train" | wc -l) to train, $(ls "$out/calibrate" | wc -l) to calibrate, $(ls "$out/test" | wc -l) to test"

aligned=()
[ -z "$landmarks" ] || aligned=(--landmarks "$landmarks")
model=$out/model.fnm

say "Training $arch for $minutes minutes"
lenient "$facenet" train "$out/train" --skip-bad -o "$model" --arch "$arch" "${aligned[@]}" --minutes "$minutes" \
  --margin 0.4 --people-per-batch 24 --images-per-person 5 --optimizer adam --learning-rate 0.002 --schedule cosine \
  --average 0.99 --log "$out/train.jsonl" --eval "$out/calibrate"

say "Testing on people that were neither trained nor calibrated on"
lenient "$facenet" eval -m "$model" --lfw "$out/test" "${aligned[@]}" --flip --report "$out/report.html" \
  -o "$out/result.txt"
cat "$out/result.txt"
say "The report: $out/report.html"

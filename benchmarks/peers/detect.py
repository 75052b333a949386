"""Face detection: the facenet program against the Python MTCNN that its networks come from (facenet-pytorch).

Both read the same JPEG files, decode them, and look for faces with the same networks, thresholds, smallest size and steps
of the pyramid; the faces found must be the same. facenet-pytorch takes the photographs one by one, and in batches
of 20, which it can where all have one size. FaceNetLib's time holds the program's start and the reading of its detector.

facenet-pytorch asks for PyTorch of its year, and works with later ones:

    pip install --no-deps facenet-pytorch==2.6.0 && pip install torch torchvision pillow requests tqdm
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import common

options = common.parser(__doc__.splitlines()[0])
options.add_argument("--images", type=int, default=60, help="photographs in one repetition (60)")
options = options.parse_args()
common.prepare(options)

try:
    import facenet_pytorch
    import torch
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}.\n{__doc__.rstrip().splitlines()[-1].strip()}")
    sys.exit(0)

files = sorted((options.data / "lfw" / "images").glob("*/*.jpg"))
if not files:
    print(f"skipped: no photographs in {options.data}; see --data")
    sys.exit(0)
files = [str(path) for path in files[::max(1, len(files) // options.images)][:options.images]]

program = options.build / "examples" / "facenet" / "facenet"
scratch = tempfile.TemporaryDirectory()
detector = pathlib.Path(scratch.name) / "mtcnn.fnm"
weights = pathlib.Path(facenet_pytorch.__file__).parent / "data" / "pnet.pt"
subprocess.run([program, "import", weights, "-o", detector, "--quiet"], check=True)


def ours():
    command = [program, "detect", "--detector", detector, "--upright", "--json", "--quiet", "--threads",
               str(options.threads), "-"]
    lines = subprocess.run(command, input="\n".join(files), capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


torch.set_num_threads(options.threads)
mtcnn = facenet_pytorch.MTCNN(keep_all=True, min_face_size=40, thresholds=[0.6, 0.7, 0.7], factor=0.709, device="cpu")


def one_by_one():
    return [mtcnn.detect(Image.open(path).convert("RGB"), landmarks=True)[0] for path in files]


def in_batches(size=20):
    for begin in range(0, len(files), size):
        mtcnn.detect([Image.open(path).convert("RGB") for path in files[begin:begin + size]], landmarks=True)


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inside = max(width, 0) * max(height, 0)
    return inside / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inside)


found = {}
for face in ours():
    if face["face"] is not None:
        found.setdefault(face["file"], []).append(face["box"])
theirs = one_by_one()
least, missed, total = 1.0, 0, 0
for path, boxes in zip(files, theirs):
    for box in boxes if boxes is not None else []:
        total += 1
        best = max((overlap(box, mine) for mine in found.get(path, [])), default=0.0)
        missed += best < 0.5
        least = min(least, best) if best >= 0.5 else least
print(f"{total} faces found by facenet-pytorch in {len(files)} photographs, {sum(map(len, found.values()))} by FaceNetLib; "
      f"{missed} of the former are not among the latter, the others overlap by {least:.4f} at least")
print(f"photographs without a face: {sum(path not in found for path in files)} by FaceNetLib, "
      f"{sum(boxes is None for boxes in theirs)} by facenet-pytorch")

median = common.compare(f"detection in {len(files)} photographs of 250x250",
                        {"FaceNetLib": common.timed(ours), "facenet-pytorch, one by one": common.timed(one_by_one),
                         "facenet-pytorch, batches of 20": common.timed(in_batches)},
                        options, unit="images/s", items=len(files))

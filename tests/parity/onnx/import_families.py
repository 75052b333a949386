"""Imports networks of the families that people have, and compares what FaceNetLib and ONNX Runtime make of them.

For each family and each of its operator sets (families.py): random weights, PyTorch's exporter (the one by tracing, or
"dynamo"; "fixed": with a batch of one; "functions": with functions of the file's own), `facenet import`, then the same
images by `facenet embed` and by ONNX Runtime; then `facenet export`, ONNX Runtime again on that file, and `facenet import`
of it. The network's own answer is brought to unit length. Prints a table of what was worst; the last line is
'N passed, N failed'.
"""

import argparse
import contextlib
import io
import logging
import pathlib
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime

import compare
import families

TOLERANCE = 1e-4


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def run(path, images):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images.astype(np.float32)})[0]


def one(program, name, wording, folder, random):
    """Largest differences: import, export run elsewhere, import of the export; and how far two images' embeddings are."""
    source = folder / f"{name}.onnx"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # exporters talk
        side, prepared = families.export(name, wording, str(source))
    options = ["--template", "none", "--licence", "none", *([] if prepared else ["--mean", "127.5", "--scale", "1/128"])]
    compare.facenet(program, "import", source, "-o", folder / "a.fnm", *options)
    images = compare.draw_images(random, 3, side, side)
    files = [folder / f"{i}.png" for i in range(len(images))]
    for file, image in zip(files, images):
        compare.write_png(file, image)

    def embed(model):
        compare.facenet(program, "embed", "-m", model, "-o", folder / "e.npy", *files)
        return np.load(folder / "e.npy")

    pixels = images.transpose(0, 3, 1, 2).astype(np.float32)
    theirs = unit(np.concatenate([run(source, each if prepared else (each - 127.5) / 128) for each in np.split(pixels, 3)]))
    compare.facenet(program, "export", "-m", folder / "a.fnm", "-o", folder / "again.onnx")
    onnx.checker.check_model(folder / "again.onnx", full_check=True)
    compare.facenet(program, "import", folder / "again.onnx", "-o", folder / "b.fnm")
    results = [embed(folder / "a.fnm"), run(folder / "again.onnx", pixels), embed(folder / "b.fnm")]
    spread = min(float(np.abs(a - b).max()) for i, a in enumerate(theirs) for b in theirs[:i])
    return [float(np.linalg.norm(result - theirs, axis=1).max()) for result in results], spread


def cosines(program, name, wording, folder, random):
    """The least cosine of bf16's and of int8's embeddings with ONNX Runtime's; int8 is prepared on other images."""
    source = folder / f"{name}.onnx"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        side, prepared = families.export(name, wording, str(source))
    options = ["--template", "none", "--licence", "none", *([] if prepared else ["--mean", "127.5", "--scale", "1/128"])]
    compare.facenet(program, "import", source, "-o", folder / "a.fnm", *options)
    images = compare.draw_images(random, 32, side, side)
    for kind, part in (("ranges", images[:16]), ("faces", images[16:])):
        (folder / kind).mkdir()
        for i, image in enumerate(part):
            compare.write_png(folder / kind / f"{i:02}.png", image)
    pixels = images[16:].transpose(0, 3, 1, 2).astype(np.float32)
    theirs = unit(np.concatenate([run(source, each if prepared else (each - 127.5) / 128) for each in np.split(pixels, 16)]))
    compare.facenet(program, "quantise", folder / "ranges", "-m", folder / "a.fnm", "-o", folder / "b.fnm")
    least = []
    for model, precision in (("a.fnm", "bf16"), ("b.fnm", "int8")):
        compare.facenet(program, "embed", folder / "faces", "-m", folder / model, "--precision", precision, "-o", folder / "e.npy")
        least.append(float((unit(np.load(folder / "e.npy")) * theirs).sum(1).min()))
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the facenet program")
    parser.add_argument("--networks", help="only these, with commas between them")
    parser.add_argument("--precisions", action="store_true", help="what bf16 and int8 cost, with the last operator set of each")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    wanted = options.networks.split(",") if options.networks else list(families.FAMILIES)
    for name in wanted:
        if name not in families.FAMILIES:
            parser.error(f"there is no family '{name}': {', '.join(families.FAMILIES)}")
    if options.precisions:
        print(f"{'family':<20} {'bf16':>8} {'int8':>8}  least cosine with ONNX Runtime", flush=True)
        for name in wanted:
            with tempfile.TemporaryDirectory(prefix="facenet-onnx-") as scratch:
                wording = families.FAMILIES[name][3][-1]
                least = cosines(options.program, name, wording, pathlib.Path(scratch), np.random.default_rng(5))
            print(f"{name:<20} {least[0]:8.5f} {least[1]:8.5f}", flush=True)
        return 0
    passed = failed = 0
    row = "{:<20} {:>9} {:>9} {:>9} {:>7}  {}"
    print(row.format("family", "import", "export", "again", "spread", "operator sets"), flush=True)
    for name in wanted:
        taken, numbers = [], []
        for wording in families.FAMILIES[name][3]:
            try:
                with tempfile.TemporaryDirectory(prefix="facenet-onnx-") as scratch:
                    differences, spread = one(options.program, name, wording, pathlib.Path(scratch), np.random.default_rng(5))
                if max(differences) > TOLERANCE:
                    raise RuntimeError(f"differs by {max(differences):.1e}, more than {TOLERANCE}")
                if spread < 100 * TOLERANCE:
                    raise RuntimeError("the images' embeddings hardly differ")
            except Exception as error:  # the others go on
                failed += 1
                print(f"{name}, operator set {wording}: FAILED: {error}", flush=True)
                continue
            passed += 1
            taken.append(str(wording))
            numbers.append([*differences, spread])
        if taken:
            worst = [f"{max(each):.1e}" for each in list(zip(*numbers))[:3]]
            print(row.format(name, *worst, f"{min(each[3] for each in numbers):.3f}", ", ".join(taken)), flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

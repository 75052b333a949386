"""Exports every network as ONNX, and compares what ONNX Runtime makes of it with what FaceNetLib makes of the model.

For each network: a model file whose batch normalisations are far from 1 and 0; `facenet export`; the ONNX checker with
shape inference; then the same images by ONNX Runtime and by `facenet embed`. Prints a table; the last line is
'N passed, N failed'.
"""

import argparse
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np
import onnx
import onnxruntime

import model_file
import operators

TOLERANCE = 1e-4
LARGE = 100e6  # parameters: such a network is compared on two images, and with one norm unless --all


def facenet(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"facenet {arguments[0]} ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def network_names(program):
    """What `facenet init` lists when it is told no network."""
    words = subprocess.run([program, "init"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"a network: (.*)", words)
    if not found:
        raise RuntimeError(f"facenet init lists no networks: {words}")
    return found.group(1).split(", ")


def operator_names(program, folder):
    """What the library lists when a model asks for an operator that does not exist."""
    graph = model_file.GraphBuilder(np.random.default_rng(1), 8, 8)
    graph.add("layer", "no such operator")
    graph.write(folder / "unknown.fnm", 1)
    words = subprocess.run([program, "info", "-m", folder / "unknown.fnm"], capture_output=True, text=True, check=False)
    found = re.search(r"known are (.*)", words.stderr)
    if not found:
        raise RuntimeError(f"facenet info lists no operators: {words.stderr}")
    return set(found.group(1).strip().split(", "))


def perturb(path, random):
    """Statistics, scales, shifts and biases as a trained network has them: not 0 and 1."""
    metadata, tensors = model_file.read(path)
    for name, values in tensors.items():
        if values.ndim != 1:
            continue
        if name.endswith(("/scale", "/running_variance")):
            values *= random.uniform(0.6, 1.6, values.shape).astype(np.float32)
        else:
            values += random.uniform(-0.3, 0.3, values.shape).astype(np.float32)
    model_file.write(path, metadata, tensors)


def draw_images(random, count, height, width):
    """[N,H,W,3] bytes: patches of colour, of another size in each image, and noise."""
    images = []
    for i in range(count):
        patch = 5 + 9 * i
        patches = random.integers(0, 216, (height // patch + 1, width // patch + 1, 3))
        image = patches.repeat(patch, 0).repeat(patch, 1)[:height, :width]
        images.append((image + random.integers(0, 40, image.shape)).astype(np.uint8))
    return np.stack(images)


def write_png(path, image):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    )


def check_file(path, info):
    """What the file says of itself; raises AssertionError when something is not as documented."""
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    assert model.ir_version == 8 and [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    (given,) = model.graph.input
    (result,) = model.graph.output
    size = [info["input"]["height"], info["input"]["width"]]
    extents = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in (given, result)]
    assert (given.name, result.name) == ("input", "embedding")
    assert extents == [["N", 3, *size], ["N", info["embedding_size"]]], extents
    notes = {entry.key: entry.value for entry in model.metadata_props}
    assert notes["facenet.fingerprint"] == info["fingerprint"]
    assert json.loads(notes["facenet.contract"])["colour"] == info["input"]["colour"]
    return len(model.graph.node)


def compare(program, folder, path, images_wanted, random):
    """Largest difference of an element, largest distance between the embeddings of two images, number of nodes."""
    target = folder / "model.onnx"
    facenet(program, "export", "-m", path, "-o", target)
    info = json.loads(facenet(program, "info", "-m", path, "--json"))
    nodes = check_file(target, info)

    images = draw_images(random, images_wanted, info["input"]["height"], info["input"]["width"])
    files = [folder / f"{i}.png" for i in range(len(images))]
    for file, image in zip(files, images):
        write_png(file, image)
    facenet(program, "embed", "-m", path, "-o", folder / "embeddings.npy", *files)
    ours = np.load(folder / "embeddings.npy")

    pixels = images.transpose(0, 3, 1, 2).astype(np.float32)
    if info["input"]["colour"] == "bgr":
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(target, options, providers=["CPUExecutionProvider"])
    theirs = session.run(["embedding"], {"input": pixels})[0]
    if len(images) > 1:  # any batch
        alone = np.concatenate([session.run(["embedding"], {"input": pixels[i : i + 1]})[0] for i in range(len(images))])
        assert np.abs(alone - theirs).max() < 1e-5, "a batch differs from its images one by one"
    assert ours.shape == theirs.shape and np.isfinite(theirs).all()
    spread = max((float(np.abs(a - b).max()) for a in ours for b in ours), default=0.0)
    return float(np.abs(ours - theirs).max()), spread, nodes, info["parameters"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the facenet program")
    parser.add_argument("--networks", help="only these, with commas between them (all that the program knows)")
    parser.add_argument("--all", action="store_true", help="networks of more than 100 M parameters with both norms too")
    options = parser.parse_args()
    networks = network_names(options.program)
    wanted = options.networks.split(",") if options.networks else [*operators.NETWORKS, *networks]
    for name in wanted:
        if name not in operators.NETWORKS and name not in networks:
            parser.error(f"there is no network '{name}': {', '.join([*operators.NETWORKS, *networks])}")

    passed = failed = 0
    row = "{:<13} {:<6} {:>12} {:>6} {:>11} {:>9} {:>7}  {}"
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, numpy {np.__version__}")
    print(row.format("network", "norm", "parameters", "nodes", "difference", "spread", "seconds", ""), flush=True)

    def one(name, norm, make, images_wanted):
        nonlocal passed, failed
        start = time.monotonic()
        random = np.random.default_rng(zlib.crc32(f"{name} {norm}".encode()))
        with tempfile.TemporaryDirectory(prefix="facenet-onnx-") as scratch:
            folder = pathlib.Path(scratch)
            path = folder / "model.fnm"
            try:
                make(path, random)
                difference, spread, nodes, parameters = compare(options.program, folder, path, images_wanted, random)
                # Embeddings that hardly differ between images would agree whatever the network does.
                problem = "" if difference <= TOLERANCE else f"above {TOLERANCE}"
                if images_wanted > 1 and spread < 100 * TOLERANCE:
                    problem = "the images' embeddings hardly differ"
                numbers = [f"{parameters:,}", nodes, f"{difference:.2e}", f"{spread:.3f}"]
            except Exception as error:  # the other networks go on
                problem, numbers = str(error), ["", "", "", ""]
        passed, failed = (passed, failed + 1) if problem else (passed + 1, failed)
        seconds = f"{time.monotonic() - start:.1f}"
        print(row.format(name, norm, *numbers, seconds, f"FAILED: {problem}" if problem else "ok"), flush=True)

    used = set()
    with tempfile.TemporaryDirectory(prefix="facenet-onnx-") as scratch:
        known = operator_names(options.program, pathlib.Path(scratch))
    for name, build in operators.NETWORKS.items():
        used |= {node["op"] for node in build(np.random.default_rng(1)).nodes}
        if name in wanted:
            one(name, "", lambda path, random, build=build: build(random).write(path, operators.OUTPUTS), 3)
    if used != known:
        failed += 1
        print(f"FAILED: tests/parity/onnx/operators.py lacks {sorted(known - used)}, or has {sorted(used - known)} too many")

    def initial(network, norm):
        def make(path, random):
            facenet(options.program, "init", network, "-o", path, "--norm", norm, "--seed", 3)
            perturb(path, random)

        return make

    for network in networks:
        if network not in wanted:
            continue
        parameters = json.loads(facenet(options.program, "info", network, "--json"))["parameters"]
        for norm in ("lrn", "batch") if parameters < LARGE or options.all else ("lrn",):
            one(network, norm, initial(network, norm), 3 if parameters < LARGE else 2)

    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

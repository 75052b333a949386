"""Embedding images in float32: FaceNetLib beside ONNX Runtime and OpenVINO on the same networks.

    benchmarks/peers/run inference
    benchmarks/peers/run inference -- --networks nn2,nn4 --batches 1

NN2 and NN4 (batch norm) have initial weights and reach the peers by `facenet export`; MobileFaceNet-y1 and dlib's ResNet
are the pretrained ONNX files of the test data and reach FaceNetLib by `facenet import` (left out where they are missing).
FaceNetLib reads bytes and converts them itself; the peers get floats that are converted already. The share of the peak
counts two operations for each multiply-add of the network, also where a kernel needs fewer.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import common

PRETRAINED = {"mobilefacenet": ("mobilefacenet-y1.onnx", "arcface-112"), "dlib": ("dlib-face-resnet-v1.onnx", "dlib-mtcnn-150")}


def onnxruntime(path, threads):
    import onnxruntime as engine
    settings = engine.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3
    # Its threads must not spin while others have their turn.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "1")
    settings.add_session_config_entry("session.force_spinning_stop", "1")
    session = engine.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: (lambda: session.run(None, {name: images})[0])


def openvino(path, threads):
    import openvino as engine
    core = engine.Core()
    network = core.read_model(str(path))
    def prepare(images):
        network.reshape(list(images.shape))
        compiled = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                       "INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        return lambda: request.infer([images], share_inputs=True)[0]
    return prepare


def networks(options, folder):
    """For each network asked for: name, model file, ONNX file."""
    program = options.build / "examples" / "facenet" / "facenet"
    def facenet(*words):
        subprocess.run([program, *words], check=True, capture_output=True)
    for name in options.networks.split(","):
        model = folder / f"{name}.fnm"
        if name in PRETRAINED:
            file, template = PRETRAINED[name]
            onnx = options.data / "models" / file
            if not onnx.exists():
                print(f"\n{name}: left out, {onnx} is missing")
                continue
            facenet("import", onnx, "-o", model, "--template", template, "--colour", "rgb", "--licence", "for measuring")
        else:
            onnx = folder / f"{name}.onnx"
            facenet("init", name, "--norm", "batch", "-o", model)
            facenet("export", "-m", model, "-o", onnx)
        about = json.loads(subprocess.run([program, "info", "-m", model, "--json"], check=True, capture_output=True).stdout)
        yield name, model, onnx, about


def main():
    parser = common.parser(__doc__.split("\n")[0])
    parser.add_argument("--networks", default="nn2,nn4,mobilefacenet,dlib", help="nn2,nn4,mobilefacenet,dlib")
    parser.add_argument("--batches", default="1,32", help="images in a run (1,32)")
    options = parser.parse_args()
    common.prepare(options)
    import numpy
    machine = common.machine(options)
    print(f"peak {machine['peak_gflops']:.1f} GFLOP/s, reading {machine['read_gbs']:.1f} GB/s")
    with tempfile.TemporaryDirectory() as folder:
        for name, model, onnx, about in networks(options, pathlib.Path(folder)):
            peers = {"onnxruntime": onnxruntime(onnx, options.threads), "openvino": openvino(onnx, options.threads)}
            for batch in map(int, options.batches.split(",")):
                width, height = about["input"]["width"], about["input"]["height"]
                images = numpy.random.default_rng(1).integers(0, 256, (batch, 3, height, width)).astype(numpy.float32)
                contenders = {peer: common.timed(make(images)) for peer, make in peers.items()}
                with common.Ours(options, "peer_inference", "--model", model, "--batch", batch) as ours:
                    common.compare(f"{name}, batch {batch}", {common.OURS: ours, **contenders}, options,
                                   unit="images/s", items=batch,
                                   operations=2 * about["multiply_adds"] * batch, machine=machine)


if __name__ == "__main__":
    main()

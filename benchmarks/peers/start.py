"""From a file to the first embedding, in processes that have done nothing yet: FaceNetLib, ONNX Runtime and OpenVINO.

    benchmarks/peers/run start

Time begins where a program reads the file (libraries are loaded already) and ends with the embedding of one image. Files
are in the system's cache. The networks have initial weights and batch norm.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import common
import inference


def once(peer, onnx, side, threads):
    """The other process: one peer, once."""
    import importlib
    import numpy
    importlib.import_module(peer)
    image = numpy.zeros((1, 3, side, side), numpy.float32)
    start = time.perf_counter()
    getattr(inference, peer)(onnx, threads)(image)()
    print(json.dumps({"seconds": time.perf_counter() - start}))


def main():
    if sys.argv[1:2] == ["--once"]:
        return once(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    parser = common.parser(__doc__.split("\n")[0])
    parser.add_argument("--networks", default="nn2,nn4", help="which, with commas between them (nn2,nn4)")
    options = parser.parse_args()
    options.seconds = 0  # each turn is one process
    common.prepare(options)
    with tempfile.TemporaryDirectory() as folder:
        for name, model, onnx, about in inference.networks(options, pathlib.Path(folder)):
            def contender(*command):
                def run(count):
                    outputs = [subprocess.run(list(map(str, command)), check=True, capture_output=True) for _ in range(count)]
                    return sum(json.loads(output.stdout)["seconds"] for output in outputs)
                return run
            program = options.build / "benchmarks" / "peer_start"
            contenders = {common.OURS: contender(program, "--model", model, "--threads", options.threads)}
            for peer in "onnxruntime", "openvino":
                run = contender(sys.executable, "-B", os.path.abspath(__file__), "--once", peer, onnx, about["input"]["width"],
                                options.threads)
                try:
                    run(1)
                    contenders[peer] = run
                except subprocess.CalledProcessError as error:
                    print(f"{peer}: left out, {error.stderr.decode().splitlines()[-1]}")
            common.compare(f"{name}, from the file to the first embedding", contenders, options)


if __name__ == "__main__":
    main()

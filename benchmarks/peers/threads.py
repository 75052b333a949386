"""Threads side by side: two with an embedder of one thread each against one, at the same number of images.

    benchmarks/peers/run threads

2.00x would be twice as fast; the networks have initial weights.
"""

import pathlib
import subprocess
import tempfile

import common


def main():
    parser = common.parser(__doc__.split("\n")[0])
    parser.add_argument("--networks", default="nn2,nn4", help="which, with commas between them (nn2,nn4)")
    options = parser.parse_args()
    common.prepare(options)
    program = options.build / "examples" / "facenet" / "facenet"
    workers = options.threads
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            model = pathlib.Path(folder) / f"{name}.fnm"
            subprocess.run([program, "init", name, "--norm", "batch", "-o", model], check=True, capture_output=True)
            def contender(threads, repeat, own=1):
                return common.Ours(options, "peer_inference", "--model", model, "--workers", threads, "--repeat", repeat,
                                   "--threads", own)
            with contender(1, workers) as one, contender(workers, 1) as several, contender(1, workers, workers) as team:
                common.compare(f"{name}, one image at a time", {
                    "1 thread": one, f"{common.OURS}, {workers} threads": several,
                    f"{common.OURS}, 1 call on {workers} cores": team}, options, unit="images/s", items=workers)


if __name__ == "__main__":
    main()

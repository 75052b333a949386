"""From files to embeddings: `facenet embed` over a folder of photographs, against the network alone on decoded images.

    benchmarks/peers/run folder
    benchmarks/peers/run folder -- --images 10000 --networks nn2

Photographs are those of LFW in the test data, 250x250 JPEG; MobileFaceNet aligns them by their landmarks, NN2 and NN4 take
the centre. With --scaled-decoding those are decoded at half their size which a network sees at less. The program's time
holds its start, reading the model, and writing the result. The ratio is the share of the network's own rate.
"""

import pathlib
import subprocess
import tempfile

import common
from inference import networks


def main():
    parser = common.parser(__doc__.split("\n")[0])
    parser.add_argument("--networks", default="nn2,nn4,mobilefacenet", help="nn2,nn4,mobilefacenet,dlib")
    parser.add_argument("--images", type=int, help="photographs in one repetition (2,000; short 500)")
    options = parser.parse_args()
    common.prepare(options)
    files = sorted((options.data / "lfw" / "images").glob("*/*.jpg"))
    if not files:
        print(f"skipped: no photographs in {options.data}; see --data")
        return
    wanted = options.images or (500 if options.short else 2000)
    files = files[::max(1, len(files) // wanted)][:wanted]
    listed = "\n".join(map(str, files))
    program = options.build / "examples" / "facenet" / "facenet"
    with tempfile.TemporaryDirectory() as folder:
        for name, model, _, about in networks(options, pathlib.Path(folder)):
            command = [program, "embed", "-m", model, "--threads", str(options.threads), "--quiet", "-o",
                       pathlib.Path(folder) / "rows.npy", "-"]
            if about["input"].get("template"):
                command += ["--landmarks", options.data / "lfw" / "landmarks.csv"]
            def embed(*options):
                return common.timed(lambda: subprocess.run([*command, *options], input=listed, text=True, check=True,
                                                           capture_output=True))
            with common.Ours(options, "peer_inference", "--model", model, "--batch", 32,
                             "--repeat", max(1, len(files) // 32)) as alone:
                # The network alone embeds whole batches: seconds for as many images as there are files.
                share = len(files) / (32 * max(1, len(files) // 32))
                common.compare(f"{name}, {len(files):,} photographs", {
                    f"{common.OURS}, from files": embed(),
                    f"{common.OURS}, --scaled-decoding": embed("--scaled-decoding"),
                    "the network alone": lambda count: alone(count) * share}, options, unit="images/s", items=len(files))


if __name__ == "__main__":
    main()

"""What the scripts of this folder share: taking turns, medians, ratios, and the limits of this machine.

A script compares the same work in FaceNetLib and in what a user would pick instead. Each contender is a function that
does `count` repetitions and returns the seconds they took. `compare` lets them take turns within one run, so that a
machine that slows down slows down everybody, and prints medians, ratios and shares of the machine's limits.

    options = common.arguments("What is compared")
    machine = common.machine(options)
    with common.Ours(options, "peer_inference", "--model", path) as ours:
        common.compare("NN2, batch 1", {"FaceNetLib": ours, "onnxruntime": peer}, options, unit="images/s", items=1,
                       operations=2 * 1.6e9, machine=machine)
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = "FaceNetLib"


class Short(argparse.Action):
    """--short: less of everything. What stands after it on the command line still counts."""

    def __call__(self, _parser, options, *_):
        options.short, options.rounds, options.seconds = True, 3, 0.3


def parser(description):
    """The options every script has; a script may add its own before it parses."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="the build whose programs are measured (build/release)")
    result.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of each contender")
    result.add_argument("--rounds", type=int, default=5, help="turns that each contender takes; the median counts (5)")
    result.add_argument("--seconds", type=float, default=1.0, help="what one turn takes about (1)")
    result.add_argument("--short", action=Short, nargs=0, default=False, help="3 turns of 0.3 s, and smaller samples")
    result.add_argument("--data", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("FACENET_TEST_DATA", ROOT.parent / "shared" / "data")),
                        help="photographs and networks ($FACENET_TEST_DATA, else ../shared/data)")
    result.add_argument("--json", type=pathlib.Path, help="append one JSON object for each comparison to this file")
    return result


def arguments(description):
    return parser(description).parse_args()


def prepare(options):
    """Holds libraries with OpenMP, OpenBLAS or MKL to the same number of threads. Call it before importing them."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)


def timed(once):
    """Makes a contender of a function that does the work once."""
    def run(count):
        start = time.perf_counter()
        for _ in range(count):
            once()
        return time.perf_counter() - start
    return run


class Ours:
    """A contender that runs in a program of ours (benchmarks/peers/NAME.cpp): it waits for a count on its standard input,
    does the work that often and answers with the seconds. Its process stays, and sleeps while others have their turn."""

    def __init__(self, options, program, *words):
        path = options.build / "benchmarks" / program
        if not path.exists():
            sys.exit(f"{path} is missing: cmake -B {options.build} -DFACENET_BUILD_BENCHMARKS=ON, "
                     f"then cmake --build {options.build} --target {program}")
        command = [str(path), *map(str, words), "--threads", str(options.threads)]  # the first of a name counts
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.process.args[0]} ended with status {self.process.wait()}")
        return json.loads(answer)

    def __call__(self, count):
        return self.ask(count)["seconds"]

    def peak_memory_mb(self):
        return memory_mb(self.process.pid, "VmHWM")

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Aside:
    """A contender in a process of its own, as Ours is, from a Python script: for peers whose memory or thread pool should
    be theirs alone. The script calls `serve`."""

    def __init__(self, *command, environment=None):
        self.process = subprocess.Popen([sys.executable, *map(str, command)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})

    ask, __call__, peak_memory_mb = Ours.ask, Ours.__call__, Ours.peak_memory_mb
    close, __enter__, __exit__ = Ours.close, Ours.__enter__, Ours.__exit__


def serve(once):
    """The other end of Aside."""
    run = timed(once)
    for line in sys.stdin:
        print(json.dumps({"seconds": run(int(line))}), flush=True)


def memory_mb(process, field):
    """A field of /proc/PID/status in 2^20 bytes: VmRSS is resident now, VmHWM was at most."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return float("nan")


def machine(options):
    """{"peak_gflops", "read_gbs"}: multiply-adds (two operations each) and reading from memory, measured now."""
    with Ours(options, "peer_machine") as program:
        return program.ask(1)


def measure(contenders, options):
    """Lets the contenders take turns: {name: [seconds of one repetition, for each turn]}."""
    counts = {}
    for name, run in contenders.items():
        run(1)  # what only the first call does: compiling, filling caches
        counts[name] = max(1, round(options.seconds / max(run(1), 1e-7)))
    times = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(options.rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            times[name].append(contenders[name](counts[name]) / counts[name])
    return times


def compare(title, contenders, options, *, unit="ms", items=1, operations=None, bytes_read=None, machine=None):
    """Measures and prints a table. unit: 'ms' for one repetition (less is better), or a rate such as 'images/s' of
    `items` in a repetition. operations and bytes_read of one repetition give shares of the machine's limits. Returns
    {name: median seconds}."""
    times = measure(contenders, options)
    median = {name: statistics.median(values) for name, values in times.items()}
    others = {name: seconds for name, seconds in median.items() if not name.startswith(OURS)}
    best = min(others, key=others.get) if others else None
    print(f"\n{title} ({options.threads} threads, median of {options.rounds} turns)")
    print(f"  {'':28}{unit:>12}{'slowest':>12}{'fastest':>12}{'of peak':>10}{'of reading':>12}{'to best peer':>14}")
    for name, seconds in sorted(median.items(), key=lambda item: item[1]):
        def shown(value):
            return value * 1e3 if unit == "ms" else items / value
        peak = f"{operations / seconds / machine['peak_gflops'] / 1e9:.0%}" if operations and machine else ""
        reading = f"{bytes_read / seconds / machine['read_gbs'] / 1e9:.0%}" if bytes_read and machine else ""
        ratio = f"{others[best] / seconds:.2f}x" if best else ""
        print(f"  {name:28}{shown(seconds):12.4g}{shown(max(times[name])):12.4g}{shown(min(times[name])):12.4g}"
              f"{peak:>10}{reading:>12}{ratio:>14}")
    sys.stdout.flush()
    if options.json:
        with options.json.open("a") as file:
            json.dump({"title": title, "unit": unit, "items": items, "threads": options.threads, "seconds": times,
                       "operations": operations, "bytes_read": bytes_read, "machine": machine, "best_peer": best}, file)
            file.write("\n")
    return median

#!/usr/bin/env python3
"""Repeats in PyTorch the short trainings that test_parity wrote, and compares every gradient, loss and weight.

Nothing of FaceNetLib runs here: the graph is read from its JSON, the operators are PyTorch's, gradients are autograd's,
optimisers are torch.optim's, and triplets are chosen anew from the paper's rule. See scripts/pytorch-parity.sh.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import numpy
import torch
import torch.nn.functional as F

MASK = (1 << 64) - 1
# Of the L2 norm by which a parameter changed; for gradients, losses and weights themselves 1e-3. AdaGrad and Adam begin
# with the gradient's sign: where that is nearly 0, as that of a shift is whose effect the next batch normalisation takes
# out, the sign is rounding's.
CHANGE_LIMIT, VECTOR_CHANGE_LIMIT = 2e-2, 0.5
TIE_LIMIT = 1e-4  # how far from a tie a choice may be that FaceNetLib makes otherwise
DTYPES = {"F32": numpy.float32, "U8": numpy.uint8}


def read_safetensors(path):
    """The tensors by name, and the metadata: 8 bytes of length, a JSON header, the data."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = numpy.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, {key: json.loads(text) for key, text in metadata.items()}


# Operators -----------------------------------------------------------------------------------------------------------


def padded(x, fields, value=0.0):
    """Padding as the graph has it: top and left, bottom and right."""
    (top, left), (bottom, right) = fields["pad_begin"], fields["pad_end"]
    return F.pad(x, (left, right, top, bottom), value=value)


def image_to_tensor(f, x):
    x = x.permute(0, 3, 1, 2)
    if f["bgr"]:
        x = x.flip(1)
    return (x - x.new_tensor(f["mean"])[:, None, None]) * x.new_tensor(f["scale"])[:, None, None]


def convolution(f, x, weights, bias=None):
    return F.conv2d(padded(x, f), weights, bias, stride=f["stride"], dilation=f["dilation"], groups=f["groups"])


def batch_norm(f, x, scale, shift, mean, variance):
    return F.batch_norm(x, mean, variance, scale, shift, training=True, momentum=f["momentum"], eps=f["epsilon"])


def window(f, x):
    return (x.shape[2:], (1, 1)) if f["window"] == [0, 0] else (f["window"], f["stride"])


def average_pool(f, x):
    size, stride = window(f, x)
    sums = F.avg_pool2d(padded(x, f), size, stride, divisor_override=1)
    if f["count_padding"]:
        return sums / (size[0] * size[1])
    return sums / F.avg_pool2d(padded(torch.ones_like(x[:1, :1]), f), size, stride, divisor_override=1)


def l2_pool(f, x):
    size, stride = window(f, x)
    squares = F.avg_pool2d(padded(x * x, f), size, stride, divisor_override=1)
    # The root has no derivative at 0, which a window of zeros reaches after ReLU: 0 there.
    positive = squares > 0
    return torch.where(positive, torch.where(positive, squares, 1.0).sqrt(), 0.0)


def maxout(f, x):
    return x.unflatten(1, (f["pieces"], -1)).amax(1)


OPERATORS = {
    "image_to_tensor": image_to_tensor,
    "convolution": convolution,
    "batch_norm": batch_norm,
    "average_pool": average_pool,
    "l2_pool": l2_pool,
    "maxout": maxout,
    "local_response_norm": lambda f, x: F.local_response_norm(x, f["size"], f["alpha"], f["beta"], f["k"]),
    "linear": lambda f, x, weights, bias=None: F.linear(x.flatten(1), weights, bias),
    "concat": lambda f, *x: torch.cat(x, 1),
    "add": lambda f, *x: sum(x),
    "l2_normalize": lambda f, x: x / x.norm(dim=1, keepdim=True),
}


class Choices:
    """The ReLUs and maxima of one forward. Left alone they choose as PyTorch does. With FaceNetLib's choices given, those
    are taken, and it is written down how many differ and how near to a tie they were: where two values are nearer to
    each other than float32 can tell, either choice is right, and the gradients of the two are different ones. All
    distances are relative to the layer's root mean square."""

    def __init__(self, given=None):
        self.given = given
        self.total = self.differing = 0
        self.furthest = 0.0  # from a tie, of the choices that differ
        self.nearest = math.inf  # to a tie, of all choices; only where none are given

    def differ(self, distances, scale):
        self.differing += distances.numel()
        if distances.numel():
            self.furthest = max(self.furthest, (distances.max() / scale).item())

    def relu(self, name, x):
        values = x.detach()
        scale = values.square().mean().sqrt()
        self.total += values.numel()
        if self.given is None:
            self.nearest = min(self.nearest, (values.abs().min() / scale).item())
            return F.relu(x)
        bits = numpy.unpackbits(self.given[name], count=values.numel(), bitorder="little")
        passed = torch.from_numpy(bits).bool().reshape(values.shape)
        self.differ(values[passed != (values > 0)].abs(), scale)
        # What passes is not negative in FaceNetLib; the derivative of the first term is 1.
        return torch.where(passed, x + (values.abs() - values), 0.0)

    def max_pool(self, name, f, x):
        x = padded(x, f, -math.inf)
        size, stride = window(f, x)
        largest, places = F.max_pool2d(x, size, stride, return_indices=True)
        values = largest.detach()
        scale = values.square().mean().sqrt()
        self.total += values.numel()
        if self.given is None:
            windows = x.detach().unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1]).flatten(-2)
            first, second = windows.topk(2).values.unbind(-1)
            # Equal values are zeros that a ReLU left, or one value that two windows of the pooling before have chosen:
            # whichever is taken, the gradient ends in the same place.
            apart = first - second
            self.nearest = min(self.nearest, (apart[apart > 0].min() / scale).item())
            return largest
        row, column = (torch.arange(n) * s for n, s in zip(values.shape[2:], stride))
        given = torch.from_numpy(self.given[name].astype(numpy.int64)).reshape(values.shape)
        theirs = (row[:, None] + given // size[1]) * x.shape[3] + column + given % size[1]
        chosen = x.flatten(2).gather(2, theirs.flatten(2)).reshape(values.shape)
        self.differ((values - chosen.detach())[(theirs != places) & (values > 0)], scale)
        return chosen


def embed(graph, parameters, images, choices):
    values = {"$images": images}
    for node in graph["nodes"]:
        name, op, fields = node["name"], node["op"], node["fields"]
        sources = [values[source] for source in node["src"]] + [parameters[source] for source in node["parameters"]]
        value = choices.max_pool(name, fields, *sources) if op == "max_pool" else OPERATORS[op](fields, *sources)
        values[name] = choices.relu(name, value) if fields.get("relu") else value
    return values[graph["output"]]


# Triplets ------------------------------------------------------------------------------------------------------------


def mix(x):
    """SplitMix64, where the miner's random choices come from."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def choose_triplets(distances, labels, alpha, seed, step):
    """Section 3.2 of the paper: for every anchor and positive a negative that is further than the positive, but within
    the margin, drawn at random; where there is none, the furthest of those nearer than the positive; where all are
    beyond the margin, none. Also the smallest difference that decided anything: far above rounding, or two
    implementations may choose differently."""
    triplets, closest = [], math.inf
    for a, label in enumerate(labels):
        negatives = [j for j, other in enumerate(labels) if other != label]
        for p, other in enumerate(labels):
            if p == a or other != label:
                continue
            near, far = distances[a][p], distances[a][p] + alpha
            for j in negatives:
                closest = min(closest, abs(distances[a][j] - near), abs(distances[a][j] - far))
            within = [j for j in negatives if near < distances[a][j] < far]
            nearer = sorted(((distances[a][j], j) for j in negatives if distances[a][j] <= near), reverse=True)
            if within:
                random = mix(mix(mix(mix(seed) ^ step) ^ a) ^ mix(p))
                triplets.append((a, p, within[random * len(within) >> 64]))
            elif nearer:
                triplets.append((a, p, nearer[0][1]))
                if len(nearer) > 1:
                    closest = min(closest, nearer[0][0] - nearer[1][0])
    return triplets, closest


def triplet_loss(embeddings, triplets, alpha):
    if not triplets:
        return embeddings.sum() * 0
    anchor, positive, negative = (embeddings[list(rows)] for rows in zip(*triplets))
    d_positive = (anchor - positive).square().sum(1)
    d_negative = (anchor - negative).square().sum(1)
    return F.relu(d_positive - d_negative + alpha).mean()


# A training ----------------------------------------------------------------------------------------------------------


def make_optimizer(options, graph, parameters):
    decay, rest = [], []
    for entry in graph["parameters"]:
        if not entry["buffer"]:
            (decay if entry["decay"] else rest).append(parameters[entry["name"]])
    groups = [{"params": decay, "weight_decay": options["weight_decay"]}, {"params": rest, "weight_decay": 0.0}]
    rate = options["learning_rate"]
    if options["optimizer"] == "adagrad":
        return torch.optim.Adagrad(groups, lr=rate, eps=1e-10)
    if options["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=options["momentum"])
    if options["optimizer"] == "adam":  # decoupled decay: Loshchilov and Hutter
        return torch.optim.AdamW(groups, lr=rate, betas=(options["beta1"], options["beta2"]), eps=1e-8)
    raise ValueError(options["optimizer"])


def choices_of(tensors, step):
    """What FaceNetLib's ReLUs and maxima chose in this step; None where the file does not say."""
    prefix = f"choice/{step}/"
    return {name[len(prefix):]: value for name, value in tensors.items() if name.startswith(prefix)} or None


def train(tensors, graph, options, dtype):
    parameters = {}
    for entry in graph["parameters"]:
        value = torch.tensor(tensors["before/" + entry["name"]], dtype=dtype)
        parameters[entry["name"]] = value.requires_grad_(not entry["buffer"])
    images = torch.tensor(tensors["images"]).to(dtype)
    optimizer = make_optimizer(options, graph, parameters)
    labels, alpha = options["labels"], options["alpha"]
    losses, counts, gradients, closest, choices = [], [], {}, math.inf, []
    for step in range(options["steps"]):
        choices.append(Choices(choices_of(tensors, step)))
        embeddings = embed(graph, parameters, images, choices[-1])
        with torch.no_grad():
            distances = torch.cdist(embeddings.double(), embeddings.double(), compute_mode="donot_use_mm_for_euclid_dist")
            distances = distances.square().tolist()
        triplets, call = choose_triplets(distances, labels, alpha, options["mining_seed"], step)
        closest = min(closest, call)
        loss = triplet_loss(embeddings, triplets, alpha)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        counts.append(len(triplets))
        if step == 0:
            gradients = {name: p.grad.double().numpy().copy() for name, p in parameters.items() if p.grad is not None}
        optimizer.step()
    after = {name: p.detach().double().numpy() for name, p in parameters.items()}
    return {"losses": losses, "triplets": counts, "gradients": gradients, "after": after, "closest": closest,
            "choices": choices}


# Comparison ----------------------------------------------------------------------------------------------------------


def relative(actual, expected):
    """The largest difference over the largest value, and the difference's norm over the norm."""
    difference = numpy.abs(actual.astype(numpy.float64) - expected)
    largest, norm = numpy.abs(expected).max(), numpy.linalg.norm(expected)
    if largest == 0:
        return (0.0, 0.0) if difference.max() == 0 else (math.inf, math.inf)
    return difference.max() / largest, numpy.linalg.norm(difference) / norm


def worst(pairs, floor=0.0):
    """The largest of each of the two measures over all parameters, and the parameter with the largest first one.

    Parameters whose values are below `floor` of the largest are left out: of such a gradient (a shift that the next
    batch normalisation takes out again) nothing is left but rounding."""
    least = floor * max(numpy.linalg.norm(expected) for _, expected in pairs.values())
    kept = {name: pair for name, pair in pairs.items() if numpy.linalg.norm(pair[1]) >= least}
    measures = {name: relative(actual, expected) for name, (actual, expected) in kept.items()}
    name = max(measures, key=lambda key: measures[key][0])
    return measures[name][0], max(norm for _, norm in measures.values()), name


def digest(values):
    """As in parity_case.cpp: the L2 norm and the products with four vectors of signs."""
    values = values.astype(numpy.float64).ravel()
    x = numpy.arange(values.size, dtype=numpy.uint64) + numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    x ^= x >> numpy.uint64(31)
    sums = [numpy.linalg.norm(values)]
    for j in range(4):
        sums.append(numpy.where(x >> numpy.uint64(j) & numpy.uint64(1), values, -values).sum())
    return [float(f"{value:.7g}") for value in sums]


def record(path, options, result, before):
    changes = {name: value - before[name].astype(numpy.float64) for name, value in result["after"].items()}
    lists = {
        "losses": [float(f"{loss:.9g}") for loss in result["losses"]],
        "triplets": result["triplets"],
        "options": options,
        "torch": torch.__version__.split("+")[0],
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in lists.items()]
    for key, tensors in ("gradients", result["gradients"]), ("changes", changes):
        rows = [f"  {json.dumps(name)}: {json.dumps(digest(value))}" for name, value in sorted(tensors.items())]
        lines.append(f' "{key}": {{\n' + ",\n".join(rows) + "\n }")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def moved(before, after, graph):
    """How far the trainable weights went, all together, relative to their L2 norm."""
    names = [entry["name"] for entry in graph["parameters"] if not entry["buffer"]]
    change = sum(numpy.square(after[n] - before[n]).sum() for n in names)
    return math.sqrt(change / sum(numpy.square(before[n].astype(numpy.float64)).sum() for n in names))


def compare(name, tensors, metadata, result):
    """The cells of the table's row, and what is too different."""
    before = {n: tensors["before/" + n] for n in result["after"]}
    ours = {n: tensors["after/" + n] for n in result["after"]}
    losses, choices = result["losses"], result["choices"]
    loss = max(abs(a - b) / b if b else math.inf for a, b in zip(metadata["losses"], losses))
    gradient = worst({n: (tensors["gradient/" + n], g) for n, g in result["gradients"].items()}, 1e-6)
    weights = worst({n: (ours[n], w) for n, w in result["after"].items()})
    changes = {n: (ours[n].astype(numpy.float64) - before[n], w - before[n]) for n, w in result["after"].items()}
    signs = metadata["options"]["optimizer"] != "sgd"
    vectors = {n: pair for n, pair in changes.items() if signs and n in result["gradients"] and pair[0].ndim == 1}
    change = worst({n: pair for n, pair in changes.items() if n not in vectors})
    vector_change = worst(vectors)[1] if vectors else 0.0
    furthest = max(choice.furthest for choice in choices)
    cells = [name, str(len(losses)), f"{losses[0]:.4f}-{losses[-1]:.4f}"]
    cells += [f"{x:.1e}" for x in (loss, gradient[0], gradient[1], weights[0], weights[1], change[1], vector_change)]
    cells += [f"{moved(before, result['after'], metadata['graph']):.1e}", f"{result['closest']:.1e}"]
    if choices[0].given is None:
        cells.append(f"own; nearest {choices[0].nearest:.1e}")
    else:
        cells.append(f"{choices[0].differing}-{max(c.differing for c in choices)} of {choices[0].total}; {furthest:.1e}")

    problems = []
    if metadata["triplets"] != result["triplets"]:
        problems.append(f"triplets {metadata['triplets']} and {result['triplets']}")
    missing = {n[9:] for n in tensors if n.startswith("gradient/")} ^ set(result["gradients"])
    if missing:
        problems.append(f"gradients of {sorted(missing)} on one side only")
    for what, value, limit in (("a loss", loss, 1e-3), ("the gradient of " + gradient[2], gradient[0], 1e-3),
                               ("a gradient's L2", gradient[1], 1e-3), ("the weights of " + weights[2], weights[0], 1e-3),
                               ("weights' L2", weights[1], 1e-3), ("the change's L2", change[1], CHANGE_LIMIT), ("of vectors", vector_change, VECTOR_CHANGE_LIMIT),
                               ("a choice not near a tie", furthest, TIE_LIMIT)):
        if not value <= limit:
            problems.append(f"{what}: {value:.1e}, allowed {limit:.0e}")
    return cells, [f"{name}: {problem}" for problem in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="what test_parity wrote")
    parser.add_argument("--record", type=pathlib.Path, metavar="DIR", help="write PyTorch's digests there")
    parser.add_argument("--float32", action="store_true", help="PyTorch in float32 as well; otherwise in double")
    arguments = parser.parse_args()
    dtype = torch.float32 if arguments.float32 else torch.float64
    if arguments.record and arguments.float32:
        parser.error("--record wants double")

    print(f"FaceNetLib in float32 against PyTorch {torch.__version__} in {str(dtype)[6:]}.")
    print("Differences are relative, the worst of all parameters: largest element over largest element, and (L2) norm.")
    print("change: of the differences between last and first weights and running statistics, vectors: biases, scales and")
    print("shifts under AdaGrad and Adam. moved: how far all weights went, relative to their own (L2).")
    print("triplets: the smallest difference of distances that decided a choice of one. choices, of ReLUs and maxima:")
    print("PyTorch's own, and how near to a tie the nearest was; or FaceNetLib's, how many PyTorch would have made")
    print("otherwise in the first and the worst step, and how far from a tie the furthest of these was.\n")
    heads = ["case", "steps", "losses", "loss", "gradient", "(L2)", "weights", "(L2)", "change (L2)", "vectors", "moved", "triplets",
             "choices", "s"]
    print("| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|", flush=True)
    failed = []
    for path in sorted(arguments.folder.glob("*.safetensors")):
        begin = time.monotonic()
        tensors, metadata = read_safetensors(path)
        options = metadata["options"]
        result = train(tensors, metadata["graph"], options, dtype)
        cells, problems = compare(path.stem, tensors, metadata, result)
        failed += problems
        print("| " + " | ".join(cells + [f"{time.monotonic() - begin:.0f}"]) + " |", flush=True)
        if arguments.record and options["size"] > 0:
            before = {n: tensors["before/" + n] for n in result["after"]}
            record(arguments.record / (path.stem + ".json"), options, result, before)
    print()
    for line in failed:
        print("DIFFERENT  " + line)
    print("FAILED" if failed else "All as near as asked for.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

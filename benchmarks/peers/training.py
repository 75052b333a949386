"""A training step (forward, mining, loss, backward, AdaGrad) of NN4 and NN2 with batch normalisation, against PyTorch.

The network is the paper's table written in PyTorch's layers; its parameters are counted against ours. Each variant of
PyTorch has a process of its own, so that its peak memory is its own. Triplets are chosen by the same rule, without loops.
Ratios are to the best variant in float32. Where the processor computes with bfloat16, mixed precision is measured too, and
beside it PyTorch's (autocast) in a table of its own.
"""

import json
import subprocess
import sys

import common

BATCH = {"nn4": 64, "nn2": 32}
SIZE = {"nn4": 96, "nn2": 224}
# 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pooling, projection, stride: the paper's Table 2
TABLE = [
    (64, 96, 128, 16, 32, "max", 32, 1), (64, 96, 128, 32, 64, "l2", 64, 1), (0, 128, 256, 32, 64, "max", 0, 2),
    (256, 96, 192, 32, 64, "l2", 128, 1), (224, 112, 224, 32, 64, "l2", 128, 1), (192, 128, 256, 32, 64, "l2", 128, 1),
    (160, 144, 288, 32, 64, "l2", 128, 1), (0, 160, 256, 64, 128, "max", 0, 2), (384, 192, 384, 48, 128, "l2", 128, 1),
    (384, 192, 384, 48, 128, "max", 128, 1)]
VARIANTS = {"PyTorch": (), "PyTorch channels_last": ("channels_last",), "PyTorch compiled": ("compiled",),
            "PyTorch compiled, channels_last": ("compiled", "channels_last")}
MIXED = {"PyTorch channels_last, bf16": ("channels_last", "bf16")}


def torch_network(arch):
    import torch
    from torch import nn

    def conv(inputs, outputs, size, stride=1):
        return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs),
                             nn.ReLU(inplace=True))

    class L2Pool(nn.Module):
        def __init__(self, stride):
            super().__init__()
            self.pool = nn.AvgPool2d(3, stride, 1, divisor_override=1)

        def forward(self, x):
            return (self.pool(x * x) + 1e-12).sqrt()

    class Inception(nn.Module):
        def __init__(self, inputs, one, reduce3, three, reduce5, five, pooling, projection, stride):
            super().__init__()
            pool = nn.MaxPool2d(3, stride, 1) if pooling == "max" else L2Pool(stride)
            branches = [conv(inputs, one, 1)] if one else []
            branches.append(nn.Sequential(conv(inputs, reduce3, 1), conv(reduce3, three, 3, stride)))
            if five:
                branches.append(nn.Sequential(conv(inputs, reduce5, 1), conv(reduce5, five, 5, stride)))
            branches.append(nn.Sequential(pool, conv(inputs, projection, 1)) if projection else pool)
            self.branches = nn.ModuleList(branches)
            self.outputs = one + three + five + (projection or inputs)

        def forward(self, x):
            return torch.cat([branch(x) for branch in self.branches], 1)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1), conv(64, 64, 1), conv(64, 192, 3), nn.MaxPool2d(3, 2, 1)]
            channels = 192
            for index, row in enumerate(TABLE):
                if arch == "nn4" and index >= 7:
                    row = (*row[:3], 0, 0, *row[5:])
                block = Inception(channels, *row)
                layers.append(block)
                channels = block.outputs
            self.body = nn.Sequential(*layers)
            self.embedding = nn.Linear(channels, 128)

        def forward(self, x):
            return nn.functional.normalize(self.embedding(self.body(x).mean((2, 3))))

    return Network()


def semi_hard_loss(embeddings, positives, negatives, alpha=0.2):
    """The mean loss of a semi-hard triplet for each anchor and positive, chosen as TripletMiner chooses: one of the
    negatives within the margin, else the one that violates least; none where all are beyond the margin."""
    import torch
    with torch.no_grad():
        distances = torch.cdist(embeddings, embeddings).square()
        anchor, positive = positives
        to_positive = distances[anchor, positive][:, None]
        to_negative = distances[anchor]
        allowed = negatives[anchor]
        within = allowed & (to_negative > to_positive) & (to_negative < to_positive + alpha)
        at_random = (within * torch.rand_like(to_negative)).argmax(1)
        nearer = torch.where(allowed & (to_negative <= to_positive), to_negative, -1.0)
        some, any_nearer = within.any(1), nearer.amax(1) >= 0
        negative = torch.where(some, at_random, nearer.argmax(1))
        kept = some | any_nearer
        anchor, positive, negative = anchor[kept], positive[kept], negative[kept]
    a, p, n = embeddings[anchor], embeddings[positive], embeddings[negative]
    return torch.relu((a - p).square().sum(1) - (a - n).square().sum(1) + alpha).mean()


def serve_peer(arch, threads, variant):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    network = torch_network(arch).train()
    print(json.dumps({"parameters": sum(p.numel() for p in network.parameters())}), flush=True)
    batch, size = BATCH[arch], SIZE[arch]
    images = torch.randn(batch, 3, size, size)
    if "channels_last" in variant:
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    embed = torch.compile(network) if "compiled" in variant else network
    mixed = torch.autocast("cpu", torch.bfloat16, enabled="bf16" in variant)
    optimizer = torch.optim.Adagrad(network.parameters(), lr=0.05)
    labels = torch.arange(batch) // 4
    same = labels[:, None] == labels[None, :]
    positives = (same & ~torch.eye(batch, dtype=torch.bool)).nonzero(as_tuple=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with mixed:
            embeddings = embed(images)
        semi_hard_loss(embeddings.float(), positives, ~same).backward()
        optimizer.step()

    common.serve(step)


def main():
    if sys.argv[1:2] == ["--serve"]:
        serve_peer(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
        return
    parser = common.parser(__doc__)
    parser.add_argument("--networks", default="nn4,nn2", help="which, with commas between them (nn4,nn2)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out, which needs a C++ compiler")
    options = parser.parse_args()
    common.prepare(options)
    machine = common.machine(options)
    print(f"this machine: {machine['peak_gflops']:.0f} GFLOP/s of multiply-adds, {machine['read_gbs']:.1f} GB/s read")
    facenet = options.build / "examples" / "facenet" / "facenet"

    def info_of(*words):
        return json.loads(subprocess.run([facenet, "info", *words, "--json"], check=True, text=True,
                                         stdout=subprocess.PIPE).stdout)

    bf16 = info_of()["native_bf16"]
    for arch in options.networks.split(","):
        info = info_of(arch, "--norm", "batch")
        def ours(precision):
            return common.Ours(options, "peer_training", "--arch", arch, "--batch", BATCH[arch], "--precision", precision)

        def peers(variants):
            started = {}
            for name, variant in variants.items():
                if options.no_compile and "compiled" in variant:
                    continue
                peer = common.Aside(__file__, "--serve", arch, options.threads, *variant)
                theirs = json.loads(peer.process.stdout.readline())["parameters"]
                if theirs != info["parameters"]:
                    sys.exit(f"{arch}: {theirs} parameters in PyTorch and {info['parameters']} here: not the same network")
                started[name] = peer
            return started

        def compare(what, contenders):
            # A step is a forward and two passes of the same size back, to the sources and to the weights.
            common.compare(f"{arch} with batch normalisation, {what}, batch {BATCH[arch]}", contenders, options,
                           unit="images/s", items=BATCH[arch], operations=6 * info["multiply_adds"] * BATCH[arch],
                           machine=machine)
            for name, contender in contenders.items():
                print(f"  {name:28}{contender.peak_memory_mb():12.0f} MB at most, the whole process")
                contender.close()

        mixed = {f"{common.OURS}, bf16": ours("bf16")} if bf16 else {}
        compare("training step", {common.OURS: ours("f32"), **mixed, **peers(VARIANTS)})
        if bf16:
            compare("training step in bf16", {common.OURS: ours("bf16"), **peers(MIXED)})


if __name__ == "__main__":
    main()

"""Face networks of the families that people have, with random weights, as PyTorch's exporter writes them.

Each is the published structure with fewer channels or blocks, so that it takes a second: what counts is that each kind of
layer, and the way it is exported, is met. Batch normalisations have statistics that are not 0 and 1.
"""

import onnx
import timm
import torch
from torch import nn
from torch.nn import functional as F


def seasoned(network, seed):
    """Weights as a trained network has them: activations neither vanish nor explode, statistics are not 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm1d)):
            module.running_mean.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            if module.affine:
                module.weight.data.uniform_(0.6, 1.4, generator=generator)
                module.bias.data.uniform_(-0.2, 0.2, generator=generator)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0, fan_in**-0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.uniform_(-0.1, 0.1, generator=generator)
        elif isinstance(module, nn.LayerNorm):
            module.weight.data.uniform_(0.6, 1.4, generator=generator)
            module.bias.data.uniform_(-0.2, 0.2, generator=generator)
        elif isinstance(module, nn.PReLU):
            module.weight.data.uniform_(0.05, 0.4, generator=generator)
    return network.eval()


def conv_bn(inputs, outputs, kernel, stride=1, padding=0, groups=1, act=None, eps=1e-5):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=eps),
    ]
    return nn.Sequential(*layers, *([act] if act else []))


# InsightFace (arcface_torch, backbones/iresnet.py); AdaFace, MagFace and CosFace use the same blocks.
class IBasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = conv_bn(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else None

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    def __init__(self, blocks, width=8, features=64):
        super().__init__()
        layers = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.PReLU(width)]
        channels = width
        for stage, count in enumerate(blocks):
            for i in range(count):
                layers.append(IBasicBlock(channels, width << stage, 2 if i == 0 else 1))
                channels = width << stage
        self.body = nn.Sequential(*layers)
        self.bn2 = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(channels * 7 * 7, features)
        self.features = nn.BatchNorm1d(features)

    def forward(self, x):
        x = torch.flatten(self.bn2(self.body(x)), 1)
        return self.features(self.fc(self.dropout(x)))


# AdaFace returns the direction and the norm.
class AdaFace(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = IResNet([1, 1, 1, 1])

    def forward(self, x):
        x = self.body(x)
        norm = torch.norm(x, 2, 1, True)
        return torch.div(x, norm), norm


# MobileFaceNet (Chen et al. 2018), as arcface_torch has it.
class MobileBlock(nn.Module):
    def __init__(self, inputs, outputs, groups, stride, residual):
        super().__init__()
        self.layers = nn.Sequential(
            conv_bn(inputs, groups, 1, act=nn.PReLU(groups)),
            conv_bn(groups, groups, 3, stride, 1, groups, nn.PReLU(groups)),
            conv_bn(groups, outputs, 1),
        )
        self.residual = residual

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class MobileFaceNet(nn.Module):
    def __init__(self, width=16, features=64):
        super().__init__()
        layers = [
            conv_bn(3, width, 3, 2, 1, act=nn.PReLU(width)),
            conv_bn(width, width, 3, 1, 1, width, nn.PReLU(width)),
        ]
        channels = width
        for outputs, count in ((width, 4), (2 * width, 6), (2 * width, 2)):
            layers.append(MobileBlock(channels, outputs, 2 * channels, 2, False))
            layers += [MobileBlock(outputs, outputs, 2 * outputs, 1, True) for _ in range(count)]
            channels = outputs
        layers.append(conv_bn(channels, 128, 1, act=nn.PReLU(128)))
        self.body = nn.Sequential(*layers)
        self.gdc = conv_bn(128, 128, 7, groups=128)
        self.fc = nn.Linear(128, features, bias=False)
        self.bn = nn.BatchNorm1d(features)

    def forward(self, x):
        x = self.gdc(self.body(x))
        return self.bn(self.fc(x.view(x.size(0), -1)))


# facenet-pytorch's Inception-ResNet v1 (models/inception_resnet_v1.py): every kind of block.
def basic(inputs, outputs, kernel, stride=1, padding=0):
    return conv_bn(inputs, outputs, kernel, stride, padding, act=nn.ReLU(), eps=1e-3)


class Residual(nn.Module):
    def __init__(self, channels, branches, widths, scale, relu=True):
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.conv2d = nn.Conv2d(sum(widths), channels, 1)
        self.scale = scale
        self.relu = nn.ReLU() if relu else None

    def forward(self, x):
        x = self.conv2d(torch.cat([branch(x) for branch in self.branches], 1)) * self.scale + x
        return x if self.relu is None else self.relu(x)


class Reduction(nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList([*branches, nn.MaxPool2d(3, stride=2)])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class InceptionResnetV1(nn.Module):
    def __init__(self, w=8, features=64):
        super().__init__()
        s = nn.Sequential
        self.stem = s(basic(3, w, 3, 2), basic(w, w, 3), basic(w, 2 * w, 3, padding=1), nn.MaxPool2d(3, stride=2),
                      basic(2 * w, 3 * w, 1), basic(3 * w, 6 * w, 3), basic(6 * w, 8 * w, 3, 2))
        block35 = [
            Residual(8 * w, [basic(8 * w, w, 1), s(basic(8 * w, w, 1), basic(w, w, 3, padding=1)),
                             s(basic(8 * w, w, 1), basic(w, w, 3, padding=1), basic(w, w, 3, padding=1))],
                     [w, w, w], 0.17)
            for _ in range(2)
        ]
        mixed_6a = Reduction([basic(8 * w, 12 * w, 3, 2),
                              s(basic(8 * w, 6 * w, 1), basic(6 * w, 6 * w, 3, padding=1), basic(6 * w, 8 * w, 3, 2))])
        c = 28 * w
        block17 = [
            Residual(c, [basic(c, 4 * w, 1), s(basic(c, 4 * w, 1), basic(4 * w, 4 * w, (1, 7), padding=(0, 3)),
                                               basic(4 * w, 4 * w, (7, 1), padding=(3, 0)))],
                     [4 * w, 4 * w], 0.10)
            for _ in range(2)
        ]
        mixed_7a = Reduction([s(basic(c, 8 * w, 1), basic(8 * w, 12 * w, 3, 2)),
                              s(basic(c, 8 * w, 1), basic(8 * w, 8 * w, 3, 2)),
                              s(basic(c, 8 * w, 1), basic(8 * w, 8 * w, 3, padding=1), basic(8 * w, 8 * w, 3, 2))])
        d = 28 * w + c
        block8 = [
            Residual(d, [basic(d, 6 * w, 1), s(basic(d, 6 * w, 1), basic(6 * w, 6 * w, (1, 3), padding=(0, 1)),
                                               basic(6 * w, 6 * w, (3, 1), padding=(1, 0)))],
                     [6 * w, 6 * w], 0.20 if relu else 1.0, relu)
            for relu in (True, False)
        ]
        self.body = s(*block35, mixed_6a, *block17, mixed_7a, *block8)
        self.avgpool_1a = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.6)
        self.last_linear = nn.Linear(d, features, bias=False)
        self.last_bn = nn.BatchNorm1d(features, eps=1e-3)

    def forward(self, x):
        x = self.dropout(self.avgpool_1a(self.body(self.stem(x))))
        x = self.last_bn(self.last_linear(x.view(x.shape[0], -1)))
        return F.normalize(x, p=2, dim=1)


# dlib's ResNet (dnn_face_recognition_ex.cpp): affine layers, average-pooled shortcuts padded to what the block gives.
class Affine(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(1, channels, 1, 1) + 0.5)
        self.beta = nn.Parameter(torch.rand(1, channels, 1, 1) - 0.5)

    def forward(self, x):
        return x * self.gamma + self.beta


class DlibBlock(nn.Module):
    def __init__(self, inputs, outputs, down):
        super().__init__()
        first = nn.Conv2d(inputs, outputs, 3, 2) if down else nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.layers = nn.Sequential(first, Affine(outputs), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, 1, 1), Affine(outputs))
        self.pool = nn.AvgPool2d(2, 2) if down else None

    def forward(self, x):
        y = self.layers(x)
        if self.pool is not None:
            x = self.pool(x)
        rows = max(x.shape[2], y.shape[2])
        x = F.pad(x, (0, rows - x.shape[3], 0, rows - x.shape[2], 0, y.shape[1] - x.shape[1]))
        y = F.pad(y, (0, rows - y.shape[3], 0, rows - y.shape[2]))
        return torch.relu(x + y)


class DlibResNet(nn.Module):
    def __init__(self, w=8, features=64):
        super().__init__()
        blocks = [DlibBlock(w, w, False), DlibBlock(w, 2 * w, True), DlibBlock(2 * w, 2 * w, False),
                  DlibBlock(2 * w, 4 * w, True), DlibBlock(4 * w, 8 * w, True), DlibBlock(8 * w, 8 * w, True)]
        self.body = nn.Sequential(nn.Conv2d(3, w, 7, 2), Affine(w), nn.ReLU(), nn.MaxPool2d(3, 2), *blocks)
        self.fc = nn.Linear(8 * w, features, bias=False)
        self.register_buffer("mean", torch.tensor([122.782, 117.001, 104.298]).view(1, 3, 1, 1))

    def forward(self, x):
        x = self.body((x - self.mean) / 256)
        return self.fc(x.mean((2, 3)))


# OpenFace nn4.small2: local response normalisation, L2 and ceil-mode pools. PyTorch's exporter takes the normalisation
# apart into pooling over five axes; those of other frameworks write ONNX's own operator, and so does this.
class CrossMapNorm(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)

    @staticmethod
    def symbolic(graph, x):
        return graph.op("LRN", x, size_i=5, alpha_f=1e-4, beta_f=0.75, bias_f=1.0).setType(x.type())


class Norm(nn.Module):
    def forward(self, x):
        return CrossMapNorm.apply(x)


class L2Pool(nn.Module):
    def __init__(self, size, stride):
        super().__init__()
        self.pool = nn.AvgPool2d(size, stride)
        self.size = size

    def forward(self, x):
        return torch.sqrt(self.pool(x * x) * (self.size * self.size))


class OpenFaceBlock(nn.Module):
    def __init__(self, inputs, w, pool, stride=1):
        super().__init__()
        relu = nn.ReLU
        self.branches = nn.ModuleList([
            nn.Sequential(conv_bn(inputs, w, 1, act=relu()), conv_bn(w, 2 * w, 3, stride, 1, act=relu())),
            nn.Sequential(conv_bn(inputs, w, 1, act=relu()), conv_bn(w, w, 5, stride, 2, act=relu())),
            nn.Sequential(pool, conv_bn(inputs, w, 1, act=relu())),
        ] + ([conv_bn(inputs, w, 1, act=relu())] if stride == 1 else []))

    def forward(self, x):
        parts = [branch(x) for branch in self.branches]
        rows = max(part.shape[2] for part in parts)
        return torch.cat([F.pad(p, (0, rows - p.shape[3], 0, rows - p.shape[2])) for p in parts], 1)


class OpenFaceNN4Small2(nn.Module):
    def __init__(self, w=8, features=64):
        super().__init__()
        relu = nn.ReLU
        self.body = nn.Sequential(
            conv_bn(3, w, 7, 2, 3, act=relu()), nn.MaxPool2d(3, 2, 1), Norm(),
            conv_bn(w, w, 1, act=relu()), conv_bn(w, 3 * w, 3, 1, 1, act=relu()), Norm(),
            nn.MaxPool2d(3, 2, 1, ceil_mode=True),
            OpenFaceBlock(3 * w, w, nn.MaxPool2d(3, 1, 1)), OpenFaceBlock(5 * w, w, L2Pool(3, 3), 2),
            OpenFaceBlock(4 * w, w, nn.AvgPool2d(3, 1, 1)))
        self.pool = nn.AvgPool2d(3, 2, 1, ceil_mode=True)
        self.fc = nn.Linear(5 * w * 4 * 4, features)

    def forward(self, x):
        x = self.pool(self.body(x))
        x = self.fc(x.reshape(x.size(0), -1))
        return x / torch.sqrt((x ** 2).sum(1, keepdim=True).clamp(min=1e-12))


# What light CNNs are made of: gates of several kinds, and a head of mean and maximum.
class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels // 4, 1), nn.ReLU6(),
                                    nn.Conv2d(channels // 4, channels, 1), nn.Hardsigmoid())

    def forward(self, x):
        return x * self.layers(x)


class EdgeCnn(nn.Module):
    def __init__(self, w=16, features=64):
        super().__init__()

        def stage(inputs, outputs, act):
            return [conv_bn(inputs, inputs, 5, 2, 2, inputs, act), conv_bn(inputs, outputs, 1, act=nn.SiLU()),
                    SqueezeExcite(outputs)]

        self.body = nn.Sequential(conv_bn(3, w, 4, 4, act=nn.Hardswish()), *stage(w, 2 * w, nn.LeakyReLU(0.1)),
                                  *stage(2 * w, 4 * w, nn.Hardswish()))
        self.gate = nn.Parameter(torch.rand(4 * w) + 0.5)
        self.head = nn.Parameter(torch.randn(8 * w, features) * 0.2)
        self.bias = nn.Parameter(torch.randn(features) * 0.01)

    def forward(self, x):
        x = self.body(x).permute(0, 2, 3, 1) * self.gate
        x = x.permute(0, 3, 1, 2)
        x = torch.cat([0.2 * x.mean([-2, -1]), x.amax([-2, -1])], 1)
        return F.normalize(torch.matmul(x, self.head) + self.bias)


# EdgeFace (George et al. 2023): EdgeNeXt (Maaz et al. 2022) with linear layers of low rank.
class LoRaLin(nn.Module):
    def __init__(self, inputs, outputs, share=0.5):
        super().__init__()
        rank = max(2, int(share * min(inputs, outputs)))
        self.down = nn.Linear(inputs, rank, bias=False)
        self.up = nn.Linear(rank, outputs)

    def forward(self, x):
        return self.up(self.down(x))


class MapNorm(nn.LayerNorm):
    """Over the channels of maps."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    def __init__(self, channels, approximate):
        super().__init__()
        self.scale = nn.Parameter(torch.rand(channels) + 0.5)
        self.layers = nn.Sequential(nn.LayerNorm(channels, eps=1e-6), LoRaLin(channels, 4 * channels),
                                    nn.GELU(approximate=approximate), LoRaLin(4 * channels, channels))

    def forward(self, x):
        return self.scale * self.layers(x)


class ConvEncoder(nn.Module):
    def __init__(self, channels, kernel, approximate):
        super().__init__()
        self.spatial = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.mlp = Mlp(channels, approximate)

    def forward(self, x):
        return x + self.mlp(self.spatial(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


# Sines and cosines of where a pixel stands; counted out when the network runs, so that any size would do.
class Positions(nn.Module):
    def __init__(self, channels, waves=8):
        super().__init__()
        self.waves = waves
        self.projection = nn.Conv2d(4 * waves, channels, 1)

    def forward(self, x):
        n, _, h, w = x.shape
        ones = ~torch.zeros((n, h, w), dtype=torch.bool, device=x.device)
        parts = []
        for axis in (1, 2):
            place = ones.cumsum(axis, dtype=torch.float32)
            place = place / place.narrow(axis, place.shape[axis] - 1, 1)
            steps = torch.arange(2 * self.waves, dtype=torch.float32, device=x.device)
            angle = 6.2831853 * place[..., None] / 100 ** (torch.floor(steps / 2) / self.waves)
            parts.append(torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), dim=4).flatten(3))
        return self.projection(torch.cat(parts, dim=3).permute(0, 3, 1, 2))


# Attention between channels instead of places: its matrix is as small as a head is wide.
class CrossCovariance(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.qkv = LoRaLin(channels, 3 * channels)
        self.project = LoRaLin(channels, channels)
        self.temperature = nn.Parameter(torch.rand(heads, 1, 1) * 2 + 1)

    def forward(self, x):
        n, places, channels = x.shape
        qkv = self.qkv(x).reshape(n, places, 3, self.heads, -1).permute(2, 0, 3, 4, 1)
        q, k, v = qkv.unbind(0)
        mixed = (F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)) * self.temperature
        x = (mixed.softmax(dim=-1) @ v).permute(0, 3, 1, 2).reshape(n, places, channels)
        return self.project(x)


# Split depth-wise transpose attention: a part of the channels goes on as it is, each further one sees the one before.
class SplitEncoder(nn.Module):
    def __init__(self, channels, parts, heads, positions, approximate):
        super().__init__()
        width = -(-channels // parts)
        self.parts = parts
        self.convolutions = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1, groups=width) for _ in range(parts - 1)])
        self.positions = Positions(channels) if positions else None
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.attention = CrossCovariance(channels, heads)
        self.scale = nn.Parameter(torch.rand(channels) + 0.5)
        self.mlp = Mlp(channels, approximate)

    def forward(self, x):
        shortcut = x
        parts = list(x.chunk(self.parts, 1))
        for i, convolution in enumerate(self.convolutions):
            parts[i] = convolution(parts[i] if i == 0 else parts[i] + parts[i - 1])
        x = torch.cat(parts, 1)
        n, c, h, w = x.shape
        x = (x if self.positions is None else x + self.positions(x)).reshape(n, c, h * w).permute(0, 2, 1)
        x = x + self.scale * self.attention(self.norm(x))
        return shortcut + self.mlp(x.reshape(n, h, w, c)).permute(0, 3, 1, 2)


class EdgeFace(nn.Module):
    def __init__(self, positions=True, approximate="none", widths=(16, 24, 32, 48), features=64):
        super().__init__()
        layers = [nn.Conv2d(3, widths[0], 4, 4), MapNorm(widths[0], eps=1e-6)]
        for stage, (width, kernel) in enumerate(zip(widths, (3, 5, 7, 9))):
            if stage > 0:
                layers += [MapNorm(widths[stage - 1], eps=1e-6), nn.Conv2d(widths[stage - 1], width, 2, 2)]
            layers.append(ConvEncoder(width, kernel, approximate))
            if stage > 0:
                layers.append(SplitEncoder(width, max(2, stage + 1), 4, positions and stage == 1, approximate))
        self.body = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(widths[-1], eps=1e-6)
        self.head = nn.Linear(widths[-1], features)

    def forward(self, x):
        return self.head(self.norm(self.body(x).mean([-2, -1])))


# The same as its authors build it: of the package timm, whose linear layers but the last become pairs of low rank.
def timm_edgeface(name="edgenext_xx_small", share=0.6, features=64):
    network = timm.create_model(name, num_classes=features)
    for parent in list(network.modules()):
        for child, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear) and layer is not network.head.fc:
                setattr(parent, child, LoRaLin(layer.in_features, layer.out_features, share))
    for each, parameter in network.named_parameters():
        if each.endswith("gamma"):  # 1e-6 at first: blocks that add nothing would hide their faults
            parameter.data.uniform_(0.5, 1)
    return network


# name: network, side of the input, whether it has its own preprocessing, operator sets and how they are written
ALL = (9, 13, 17, 21)
FAMILIES = {
    "iresnet50": (lambda: IResNet([3, 4, 14, 3]), 112, False, ALL),
    "iresnet100": (lambda: IResNet([3, 13, 30, 3]), 112, False, (11, 17)),
    "adaface": (AdaFace, 112, False, (*ALL, "20 dynamo")),
    "mobilefacenet": (MobileFaceNet, 112, False, (*ALL, "18 dynamo")),
    "inception_resnet_v1": (InceptionResnetV1, 160, False, (*ALL, "20 dynamo")),
    "dlib_resnet": (DlibResNet, 150, True, (11, 13, 17, 21, "18 dynamo")),  # its Pad cannot be exported before 11
    "nn4_small2": (OpenFaceNN4Small2, 96, False, (11, 13, 17, 21)),
    "edge_cnn": (EdgeCnn, 112, False, (9, 14, 17, 21, "18 dynamo")),
    "edgeface": (EdgeFace, 112, False, tuple(range(11, 22)) + ("17 fixed", "17 functions", "18 dynamo", "21 dynamo")),
    "edgeface_plain": (lambda: EdgeFace(False, "tanh"), 112, False, (9, 10, 13, 17, 21, "20 dynamo")),
    "edgeface_timm": (timm_edgeface, 112, False, (11, 14, 17, 20, "18 dynamo", "21 dynamo")),
}


def with_functions(model):
    """Every normalisation becomes a call of a function, which calls another one."""
    sets = [onnx.helper.make_opsetid("", model.opset_import[0].version), onnx.helper.make_opsetid("ours", 1)]
    norm = onnx.helper.make_node("LayerNormalization", ["x", "g", "b"], ["y"])
    for name, kind in (("epsilon", onnx.AttributeProto.FLOAT), ("axis", onnx.AttributeProto.INT)):
        norm.attribute.append(onnx.AttributeProto(name=name, ref_attr_name=name, type=kind))
    inner = onnx.helper.make_function("ours", "Norm", ["x", "g", "b"], ["y"], [norm], sets, ["epsilon", "axis"])
    call = onnx.helper.make_node("Norm", ["x", "g", "b"], ["y"], domain="ours")
    for attribute in norm.attribute:
        call.attribute.append(attribute)
    outer = onnx.helper.make_function("ours", "Normalised", ["x", "g", "b"], ["y"], [call], sets, ["epsilon", "axis"])
    count = 0
    for node in model.graph.node:
        if node.op_type == "LayerNormalization":
            node.op_type, node.domain, count = "Normalised", "ours", count + 1
            kept = [each for each in node.attribute if each.name in ("epsilon", "axis")]
            del node.attribute[:]
            node.attribute.extend(kept)
    assert count > 0
    model.functions.extend([inner, outer])
    model.opset_import.append(sets[1])
    return model


def export(name, wording, path):
    """Writes the network; gives its input's side and whether it subtracts and scales by itself."""
    torch.manual_seed(7)
    make, side, prepared, _ = FAMILIES[name]
    operator_set, _, how = str(wording).partition(" ")
    network = seasoned(make(), 7)
    image = torch.rand(1 if how == "fixed" else 2, 3, side, side) * 2 - 1
    names = {"input_names": ["image"], "output_names": ["embedding"], "opset_version": int(operator_set)}
    if how == "dynamo":
        batch = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(network, (image,), path, dynamo=True, dynamic_shapes=batch, external_data=False,
                          verbose=False, **names)
        return side, prepared
    axes = None if how == "fixed" else {"image": {0: "batch"}}
    torch.onnx.export(network, (image,), path, dynamo=False, dynamic_axes=axes, **names)
    if how == "functions":
        onnx.save(with_functions(onnx.load(path)), path)
    return side, prepared

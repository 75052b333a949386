"""Small networks that use every operator, with the parameters that the paper's networks do not use."""

from model_file import GraphBuilder

OUTPUTS = 32


def end(graph, inputs, normalise=True):
    graph.add("embedding", "linear", (OUTPUTS, inputs), (OUTPUTS,))
    if normalise:
        graph.add("l2", "l2_normalize")


def convolutions(random):
    g = GraphBuilder(random, 13, 11, mean=(120, 110, 100), scale=(1 / 60, 1 / 65, 1 / 70), bgr=True)
    g.add("a", "convolution", (8, 3, 3, 4), (8,), stride=[2, 1], pad_begin=[1, 0], pad_end=[2, 3], relu=True)
    g.add("b", "convolution", (12, 2, 3, 2), dilation=[1, 2], groups=4, pad_begin=[0, 2], bias=False)
    g.add("norm", "batch_norm", (12,), (12,), (12,), (12,), epsilon=0.01, relu=True)
    g.add("depthwise", "convolution", (12, 1, 3, 3), (12,), groups=12, pad_begin=[1, 1], pad_end=[1, 1])
    end(g, 12 * 5 * 11)
    return g


def pools(random):
    g = GraphBuilder(random, 13, 11)
    g.add("conv", "convolution", (8, 3, 1, 1), (8,))
    shape = {"window": [2, 3], "stride": [1, 2], "pad_begin": [1, 0], "pad_end": [0, 2]}
    parts = [g.add("max", "max_pool", src="conv", **shape), g.add("l2_pool", "l2_pool", src="conv", **shape)]
    for count in (False, True):
        parts.append(g.add(f"average{count}", "average_pool", src="conv", count_padding=count, **shape))
    g.add("joined", "concat", src=parts)
    whole = [g.add(f"whole_{kind}", kind, src="joined", window=[0, 0]) for kind in ("max_pool", "average_pool", "l2_pool")]
    g.add("sum", "add", src=whole)
    end(g, 32)
    return g


def norms(random):
    g = GraphBuilder(random, 6, 7)
    g.add("conv", "convolution", (10, 3, 1, 1), (10,))
    g.add("usual", "local_response_norm", alpha=0.5)
    g.add("other", "local_response_norm", size=3, alpha=2.0, beta=0.5, k=2.0)
    g.add("pair", "add", src=["usual", "other"])
    g.add("dropout", "dropout", probability=0.3)
    g.add("relu", "relu")
    end(g, 10 * 6 * 7, normalise=False)
    g.add("last", "dropout", probability=0.3)
    return g


def maxouts(random):
    g = GraphBuilder(random, 6, 5)
    g.add("conv", "convolution", (12, 3, 3, 3), (12,))
    g.add("map", "maxout", pieces=3)
    g.add("fc", "linear", (20, 4 * 4 * 3), bias=False)
    g.add("vector", "maxout", pieces=2)
    end(g, 10)
    return g


def activations(random):
    g = GraphBuilder(random, 6, 5)
    g.add("conv", "convolution", (9, 3, 2, 2), (9,))
    g.add("map", "prelu", (9,))
    g.add("one", "prelu", (1,))
    parts = [g.last, g.add("sigmoid", "sigmoid"), g.add("clip", "clip", min=0.3, max=0.7)]
    parts += [g.add(f"softmax{axis}", "softmax", src="map", axis=axis) for axis in (1, 3)]
    g.add("joined", "concat", src=parts)
    g.add("fc", "linear", (20, 45 * 5 * 4), (20,))
    g.add("vector", "prelu", (20,))
    g.add("relu", "relu")
    end(g, 20)
    return g


def arithmetic(random):
    g = GraphBuilder(random, 6, 5)
    conv = g.add("conv", "convolution", (8, 3, 1, 1), (8,))
    sigmoid = g.add("sigmoid", "sigmoid")
    limits = g.add("limits", "clip", min=0.2, max=0.9)
    g.add("scaled", "multiply", (8, 1, 1), src=conv, constant=True)
    g.add("moved", "add", (1, 8, 6, 1), constant=True)
    g.add("left", "subtract", (5,), constant=True)
    right = g.add("right", "subtract", (8, 6, 1), constant=True, reversed=True)
    parts = [g.add(f"{op}_pair", op, src=[right, limits]) for op in ("add", "subtract", "multiply", "divide")]
    parts.append(g.add("over", "divide", (1, 1, 5), src=limits, constant=True, reversed=True))
    mean = g.add("mean", "reduce_mean", src=sigmoid, axes=[1], keep=True)
    parts.append(g.add("broadcast", "multiply", src=[conv, mean]))
    g.add("three", "add", src=[parts[0], parts[2], parts[5]])
    g.add("joined", "concat", src=[*parts, "three"])
    end(g, 56 * 6 * 5)
    return g


def shapes(random):
    g = GraphBuilder(random, 6, 5)
    g.add("conv", "convolution", (8, 3, 1, 1), (8,))
    g.add("pad", "pad", pad_begin=[1, 0], pad_end=[2, 3], value=0.7)  # 8x9x8
    turned = g.add("turned", "transpose", permutation=[0, 3, 1, 2])  # 8x8x9
    g.add("sum", "reduce_sum", axes=[2], keep=True)  # 8x1x9
    g.add("vector", "reshape", target=[0, -1])
    a = g.add("first", "linear", (16, 72), (16,))
    g.add("max", "reduce_max", src=turned, axes=[3, 1], keep=False)  # 8
    b = g.add("second", "linear", (16, 8), (16,))
    g.add("map", "reshape", src=turned, target=[0, 4, 0, 18])
    g.add("mean", "reduce_mean", axes=[2, 3], keep=False)  # 4
    c = g.add("third", "linear", (16, 4), (16,))
    g.add("all", "add", src=[a, b, c])
    end(g, 16)
    return g


def attention(random):
    g = GraphBuilder(random, 6, 5)
    conv = g.add("conv", "convolution", (8, 3, 1, 1), (8,))
    parts = [g.add(f"gelu{tanh}", "gelu", src=conv, tanh=tanh) for tanh in (False, True)]
    parts += [g.add("erf", "erf", src=conv), g.add("tanh", "tanh", src=conv)]
    g.add("sigmoid", "sigmoid", src=conv)
    parts.append(g.add("root", "square_root"))
    g.add("wide", "concat", src=parts, axis=3)  # 8x6x25
    g.add("map", "reshape", target=[0, 8, -1])
    tokens = g.add("tokens", "transpose", permutation=[0, 2, 1])  # 150x8
    g.add("norm", "layer_norm", (8,), (8,), axis=2, epsilon=0.01)
    g.add("both", "layer_norm", (150, 8), axis=1, shift=False)
    qkv = g.add("qkv", "linear", (24, 8), (24,), rows=True)
    q, k, v = (g.add(name, "slice", src=qkv, axis=2, begin=8 * i, count=8) for i, name in enumerate("qkv"))
    q, v = (g.add(f"{name}_turned", "transpose", src=name, permutation=[0, 2, 1]) for name in (q, v))
    q = g.add("q_unit", "l2_normalize", src=q, axis=2)
    k = g.add("k_unit", "l2_normalize", src=k, axis=1)
    g.add("product", "matmul", src=[q, k])
    g.add("shares", "softmax", axis=2)
    g.add("mixed", "matmul", src=["shares", v])  # 8x150
    g.add("back", "transpose", permutation=[0, 2, 1])
    g.add("projected", "linear", (8, 8), rows=True, bias=False)
    g.add("residual", "add", src=[tokens, "projected"])
    g.add("some", "slice", axis=1, begin=1, count=50, step=3)
    end(g, 400)
    return g


NETWORKS = {
    build.__name__: build for build in (convolutions, pools, norms, maxouts, activations, arithmetic, shapes, attention)
}

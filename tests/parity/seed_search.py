#!/usr/bin/env python3
"""Looks for images with which no ReLU or maximum of the first step is near a tie, for the recorded cases.

Only PyTorch's double-precision forward is asked: neither a gradient nor anything that FaceNetLib computed. With the
seed printed last, the nearest choice is as far from a tie as any of the seeds tried."""

import argparse
import pathlib

import numpy
import torch

import pytorch_parity as parity


def mix(x):
    x = x + numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def hashed(a, b):
    return mix(mix(numpy.asarray(a, numpy.uint64)) ^ numpy.asarray(b, numpy.uint64))


def images(shape, labels, seed):
    """parity_images() of parity_case.cpp."""
    count, height, width, channels = shape
    i, y, x, channel = numpy.indices(shape)
    seed *= 10000
    person, image = seed + 1000 + numpy.asarray(labels)[i], seed + 2000 + i
    patch = (y // 12 * 1000 + x // 12) * 3 + channel
    position = numpy.arange(count * height * width * channels).reshape(shape)
    parts = ((hashed(person + 5000, channel), 64), (hashed(image + 5000, channel), 32), (hashed(person, patch), 64),
             (hashed(image, patch), 32), (hashed(seed + 3000, position), 64))
    return sum(value % numpy.uint64(bound) for value, bound in parts).astype(numpy.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path, help="a case that test_parity wrote")
    parser.add_argument("--seeds", type=int, default=40)
    arguments = parser.parse_args()
    tensors, metadata = parity.read_safetensors(arguments.file)
    graph, options = metadata["graph"], metadata["options"]
    shape, labels = tensors["images"].shape, options["labels"]
    assert (images(shape, labels, options["seed"]) == tensors["images"]).all()
    parameters = {e["name"]: torch.tensor(tensors["before/" + e["name"]]).double() for e in graph["parameters"]}
    best = 0.0
    for seed in range(1, arguments.seeds + 1):
        batch = torch.from_numpy(images(shape, labels, seed)).double()
        choices = parity.Choices()
        with torch.no_grad():
            parity.embed(graph, parameters, batch, choices)
        if choices.nearest > best:
            best = choices.nearest
            print(f"{arguments.file.stem}: seed {seed}, nearest tie {best:.1e}", flush=True)


if __name__ == "__main__":
    with numpy.errstate(over="ignore"):
        main()

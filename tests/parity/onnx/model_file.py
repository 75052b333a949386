"""Model files as docs/file-formats.md describes them, read and written without FaceNetLib."""

import hashlib
import json
import struct

import numpy as np


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def read(path):
    """The metadata (strings by key) and the tensors (arrays by name, in the file's order)."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        metadata = header.pop("__metadata__")
        data = file.read()
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).copy()
    return metadata, tensors


def write(path, metadata, tensors):
    """Writes the model with its fingerprint and checksum. `tensors` stand in the order of the graph's parameters."""
    fingerprint = hashlib.sha256()
    for key in ("facenet.graph", "facenet.contract"):
        text = metadata[key].encode()
        fingerprint.update(b"%d:" % len(text) + text)
    for values in tensors.values():
        fingerprint.update(np.ascontiguousarray(values, "<f4"))
    metadata = dict(metadata, **{"facenet.format": "1", "facenet.fingerprint": fingerprint.hexdigest()})
    metadata.pop("facenet.checksum", None)
    checksum = hashlib.sha256()
    for key, text in sorted(metadata.items()):
        checksum.update(b"%s:%d:" % (key.encode(), len(text.encode())) + text.encode())
    metadata["facenet.checksum"] = checksum.hexdigest()

    header = {"__metadata__": metadata}
    at = 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + 4 * values.size]}
        at += 4 * values.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values, "<f4"))


class GraphBuilder:
    """A network put together layer by layer, with weights drawn from `random`."""

    def __init__(self, random, height, width, mean=(127.5,) * 3, scale=(1 / 128,) * 3, bgr=False):
        self.random = random
        self.size = (height, width)
        self.preprocessing = {
            "mean": [float(np.float32(v)) for v in mean],
            "scale": [float(np.float32(v)) for v in scale],
            "bgr": bgr,
        }
        self.nodes = []
        self.tensors = {}
        self.last = "$images"
        self.add("input", "image_to_tensor", **self.preprocessing)

    def add(self, name, op, *shapes, src=None, **fields):
        """Appends a layer on `src` (one or several, the last layer by default) with parameters of these shapes."""
        sources = [self.last] if src is None else [src] if isinstance(src, str) else list(src)
        parameters = []
        for i, shape in enumerate(shapes):
            parameters.append(f"{name}/parameter{i}")
            self.tensors[parameters[-1]] = self.draw(op, i, shape).astype(np.float32)
        self.nodes.append({"name": name, "op": op, "src": sources, "parameters": parameters, "fields": fields})
        self.last = name
        return name

    def draw(self, op, index, shape):
        if op == "batch_norm" and index in (0, 3):  # scale and variance
            return self.random.uniform(0.5, 2, shape)
        inputs = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        return self.random.standard_normal(shape) * np.sqrt((2 if len(shape) > 1 else 0.3) / inputs)

    def write(self, path, outputs):
        """Writes a model whose last layer gives [N,outputs]."""
        buffers = {f"{n['name']}/parameter{i}" for n in self.nodes if n["op"] == "batch_norm" for i in (2, 3)}
        graph = {
            "input": [1, *self.size, 3],
            "parameters": [
                {"name": name, "shape": list(values.shape), "buffer": name in buffers, "decay": False}
                for name, values in self.tensors.items()
            ],
            "nodes": self.nodes,
            "output": self.last,
        }
        contract = {
            "width": self.size[1],
            "height": self.size[0],
            "mean": self.preprocessing["mean"],
            "scale": self.preprocessing["scale"],
            "colour": "bgr" if self.preprocessing["bgr"] else "rgb",
            "alignment": None,
            "crop_fraction": 1.0,
            "embedding_size": outputs,
            "normalised": self.nodes[-1]["op"] == "l2_normalize",
        }
        write(path, {"facenet.graph": compact(graph), "facenet.contract": compact(contract)}, self.tensors)

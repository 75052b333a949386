#!/usr/bin/env python3
"""Draws training logs beside each other: health-curves.py nn1.jsonl nn2.jsonl ... > curves.svg

Each log is what `facenet train --log` wrote. Lines are means over 20 steps; Python's standard library is all it needs.
"""

import json
import pathlib
import sys

PANELS = [
    ("variance", "variance of the embeddings (1: spread over the sphere, 0: one point)", 1.0),
    ("loss", "loss (the margin is 0.2)", 0.25),
    ("gradient_norm", "norm of the gradient", 4.0),
]
COLOURS = ["#1b6ca8", "#c0392b", "#27864a", "#8e44ad", "#d08700", "#444444"]
WIDTH, HEIGHT, LEFT, GAP, WINDOW = 760, 150, 50, 46, 20


def means(values):
    return [sum(values[max(0, i - WINDOW + 1) : i + 1]) / len(values[max(0, i - WINDOW + 1) : i + 1]) for i in range(len(values))]


def main(paths):
    if not paths:
        sys.exit(__doc__)
    logs = {pathlib.Path(p).stem: [json.loads(line) for line in open(p, encoding="utf-8")] for p in paths}
    steps = max(len(log) for log in logs.values())
    total = len(PANELS) * (HEIGHT + GAP) + 40
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{total}" fill="white"/>',
    ]
    span = WIDTH - LEFT - 20
    for row, (key, title, top) in enumerate(PANELS):
        y0 = 24 + row * (HEIGHT + GAP)
        out.append(f'<text x="{LEFT}" y="{y0 - 8}">{title}</text>')
        out.append(f'<rect x="{LEFT}" y="{y0}" width="{span}" height="{HEIGHT}" fill="none" stroke="#bbb"/>')
        for value, y in ((top, y0 + 10), (0, y0 + HEIGHT)):
            out.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{value:g}</text>')
        for colour, log in zip(COLOURS, logs.values()):
            values = means([line[key] if line[key] is not None else top for line in log])
            points = " ".join(
                f"{LEFT + span * i / steps:.1f},{y0 + HEIGHT * (1 - min(v, top) / top):.1f}"
                for i, v in enumerate(values)
                if i % max(1, steps // 250) == 0
            )
            out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.4" points="{points}"/>')
    y = total - 18
    for i, (colour, name) in enumerate(zip(COLOURS, logs)):
        out.append(f'<text x="{LEFT + 90 * i}" y="{y}" fill="{colour}" font-weight="bold">{name}</text>')
    out.append(f'<text x="{WIDTH - 20}" y="{y}" text-anchor="end">{steps} steps</text></svg>')
    print("\n".join(out))


main(sys.argv[1:])

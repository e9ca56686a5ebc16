#!/usr/bin/env python3
"""The card's table: both models on frames of vtest.avi, in which a van and a car stand still. Prints Markdown rows.

  vtest.py     needs Debian's opencv-doc and ffmpeg, and what check.py needs
"""
import subprocess

import numpy as np

import check

CLIP = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
WIDTH, HEIGHT = 768, 576
PARKED = {"van": (650, 44, 722, 99), "car": (735, 49, 768, 94)}
VEHICLES = ("car", "truck", "bus")
SCORES = (0.25, 0.35, 0.5)
SAME = 0.5  # IoU from which on two boxes are of one thing


def frames():
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", CLIP, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"], check=True, capture_output=True).stdout
    every = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    return [every[round(i * (len(every) - 1) / 39)] for i in range(40)]


def iou(a, b):
    both = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def of(found, names, floor):
    return [d for d in found if check.NAMES[d[0]] in names and d[1] >= floor]


def best(found, where):
    return max((d for d in of(found, VEHICLES, 0.0) if iou(d[2:], where) >= SAME), key=lambda d: d[1], default=None)


def main():
    pictures, seen = frames(), {}
    for name in ("nanodet_g_416", "nanodet_g_416_int8"):
        net = check.session(check.HERE.parent / name / "model.onnx")
        seen[name] = [check.detect(net, picture, 0.05) for picture in pictures]
        print(f"{name}, {len(pictures)} frames")
        for thing, where in PARKED.items():
            hits = [best(found, where) for found in seen[name]]
            scores = np.array([hit[1] if hit else 0.0 for hit in hits])
            shares = " / ".join(f"{(scores >= floor).mean():.2f}" for floor in SCORES)
            print(f"| {thing}: least / median / most | {scores.min():.2f} / {np.median(scores):.2f} / {scores.max():.2f} |")
            print(f"| {thing} found, share of frames at {SCORES} | {shares} |")
            feet = np.array([[(hit[2] + hit[4]) / 2, hit[5]] for hit in hits if hit and hit[1] >= 0.35])
            (x0, y0), (x1, y1) = feet.min(0), feet.max(0)
            print(f"| {thing}, bottom centre at 0.35 | x {x0:.0f} to {x1:.0f}, y {y0:.0f} to {y1:.0f} |")
        strangers = sum(all(iou(d[2:], where) < 0.3 for where in PARKED.values()) for found in seen[name] for d in of(found, VEHICLES, 0.3))
        print(f"| other vehicles at 0.3 and above | {strangers} |")
        print(f"| boxes of persons at {SCORES} | {' / '.join(str(sum(len(of(found, ('person',), floor)) for found in seen[name])) for floor in SCORES)} |")
        others = {}
        for found in seen[name]:
            for kind in {check.NAMES[d[0]] for d in found if d[1] >= 0.35} - {"person", *VEHICLES}:
                others[kind] = others.get(kind, 0) + 1
        print(f"| frames with other names at 0.35 | {others} |")
    pairs = []
    for wide, narrow in zip(*seen.values()):
        for d in of(wide, ("person", "car", "truck"), 0.35):
            same = [o for o in narrow if o[0] == d[0] and o[1] >= 0.25 and iou(o[2:], d[2:]) > SAME]
            pairs.append((d, max(same, key=lambda o: iou(o[2:], d[2:]), default=None)))
    both = [(d, o) for d, o in pairs if o]
    apart = np.array([o[1] - d[1] for d, o in both])
    print(f"| int8 beside fp32: persons, cars, trucks of 0.35 found again at 0.25 | {len(both)} of {len(pairs)} |")
    print(f"| mean IoU, score apart | {np.mean([iou(d[2:], o[2:]) for d, o in both]):.2f}, {apart.mean():+.2f} +- {apart.std():.2f} |")


if __name__ == "__main__":
    main()

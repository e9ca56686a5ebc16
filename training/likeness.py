#!/usr/bin/env python3
"""How alike crops look to a verifier: cosines of its output `look`, of the same thing under other light and of different things.

  likeness.py --verifier street_verifier/model.onnx --garbage DIR [--things 60]
Of every picture of val at most one thing, its largest; crops as the product makes them (fuse.py).
"""
import argparse
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

import data
import encoder
import fuse
import measure
from net import OWN

SHARES = (0, 5, 50, 95, 99)


def things(scenes, count):
    """(class, picture, square) of `count` things, evenly from all scenes that show one."""
    found = []
    for scene in scenes:
        picture = scene.read()
        h, w = picture.shape[:2]
        boxes = sorted(scene.labels, key=lambda row: -(row[3] - row[1]) * (row[4] - row[2]))
        if boxes and (cut := fuse.square(boxes[0][1:] * [w, h, w, h], w, h)):
            found.append((OWN[int(boxes[0][0])], picture, cut))
    return [found[i * len(found) // count] for i in range(count)]


def look(session, picture, x, y, side):
    crop, _ = data.letterbox(picture[y:y + side, x:x + side], fuse.CROP)
    tokens = session.run(["look"], {"images": encoder.normalised(crop[None]).numpy()})[0][0]
    return tokens / np.linalg.norm(tokens)


def changed(picture, cut):
    """The same place as another frame shows it: the square moved by up to 6 px, other light, coded hard."""
    x, y, side = cut
    h, w = picture.shape[:2]
    for dx, dy in ((6, 0), (-6, 4), (0, -6)):
        yield picture, min(max(x + dx, 0), w - side), min(max(y + dy, 0), h - side), side
    for light in (0.6, 1.4):
        yield np.clip(picture * np.float32(light), 0, 255).astype(np.uint8), x, y, side
    yield cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR), x, y, side


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("verifier", "garbage"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--things", type=int, default=60)
    a = p.parse_args()
    session = measure.opened(a.verifier, 2)
    some = things(data.scenes(a.garbage / "val"), a.things)
    looks = [look(session, picture, *cut) for _, picture, cut in some]
    rows = {
        "the same crop, moved, in other light, coded": [float(look(session, *other) @ mine) for (_, picture, cut), mine in zip(some, looks) for other in changed(picture, cut)],
        "another thing of the same class": [float(x @ y) for (i, x), (j, y) in combinations(enumerate(looks), 2) if some[i][0] == some[j][0]],
        "another thing": [float(x @ y) for x, y in combinations(looks, 2)],
    }
    print(f"percentiles {SHARES} of the cosine")
    for name, cosines in rows.items():
        print(f"| {name} ({len(cosines)}) | {' | '.join(f'{v:.2f}' for v in np.percentile(cosines, SHARES))} |; from 0.95 on: {np.mean(np.array(cosines) >= 0.95):.3f}")


if __name__ == "__main__":
    main()

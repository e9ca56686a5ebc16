"""Small figures while training runs, and pictures to look at. The figures of a model card come from `xunjie eval`, not from here."""
import json

import cv2
import numpy as np

from data import letterbox
from net import CLASSES, COCO, KEPT, OWN, SIDE, STRIDES

FLOOR = 0.01
NMS_IOU = 0.6
START = [0, 1, 2, 3, 4, *(5 + i for i in COCO.values())]  # columns of the starting network's output that are kept


def opened(path, threads=1):
    """An ONNX file, ready to run."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def runner(path, columns=None):
    """Tensor -> output of an ONNX file on one thread, or some of its columns."""
    session = opened(path)
    name = session.get_inputs()[0].name
    if columns is None:
        return lambda x: session.run(None, {name: x})[0]
    return lambda x: session.run(None, {name: x})[0][..., columns]


def grid_of(side, strides=STRIDES):
    """Column, line and stride of every cell, in the order of the outputs."""
    parts = []
    for stride in strides:
        line, column = np.divmod(np.arange((side // stride) ** 2), side // stride)
        parts.append(np.stack([column, line, np.full_like(column, stride)], 1))
    return np.concatenate(parts).astype(np.float32)


def corners(out, grid):
    """Boxes of one picture's undecoded output [cells, 5 + classes]."""
    centre = (out[:, :2] + grid[:, :2]) * grid[:, 2:]
    half = np.exp(np.minimum(out[:, 2:4], 8)) * grid[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], 1)


def nms(boxes, scores, limit=NMS_IOU):
    keep, rest = [], np.argsort(-scores, kind="stable")
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), 1)
    while rest.size:
        first, rest = rest[0], rest[1:]
        keep.append(first)
        lo, hi = np.maximum(boxes[first, :2], boxes[rest, :2]), np.minimum(boxes[first, 2:], boxes[rest, 2:])
        both = np.prod(np.maximum(hi - lo, 0), 1)
        rest = rest[both / (area[first] + area[rest] - both + 1e-9) <= limit]
    return keep


def read(out, grid, k=1.0, size=None, floor=FLOOR, limit=100):
    """[(class, score, x0, y0, x1, y1)] of one output with sigmoids, best first, in pixels of a picture `k` times smaller than the tensor."""
    boxes, scores = corners(out, grid) / k, out[:, 4:5] * out[:, 5:]
    if size:
        boxes = np.clip(boxes, 0, [*size] * 2)
    found = []
    for c in range(scores.shape[1]):
        some = np.flatnonzero(scores[:, c] >= floor)
        some = some[np.argsort(-scores[some, c])[:300]]
        found += [(c, float(scores[some[i], c]), *map(float, boxes[some[i]])) for i in nms(boxes[some], scores[some, c])]
    return sorted(found, key=lambda d: -d[1])[:limit]


def detect(run, picture, floor=FLOOR, limit=100):
    """What a network of `run` (tensor -> output with sigmoids) sees in a picture."""
    tensor, k = letterbox(picture, SIDE)
    out = run(tensor.astype(np.float32).transpose(2, 0, 1)[None])[0]
    return read(out, grid_of(SIDE), k, (picture.shape[1], picture.shape[0]), floor, limit)


def average_precision(hits, truths):
    """Area under the precision envelope of [(score, right)]."""
    if not truths or not hits:
        return 0.0
    right = np.array([r for _, r in sorted(hits, key=lambda h: -h[0])], float)
    recall, precision = right.cumsum() / truths, right.cumsum() / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * envelope).sum())


def iou(a, b):
    both = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both + 1e-9)


def table(found, clean):
    """`found`: [(detections with classes 0.. of ours, labels [x0 y0 x1 y1 class])]; `clean`: detections on pictures without any."""
    hits, truths = {c: [] for c in OWN}, dict.fromkeys(OWN, 0)
    best = {c: [] for c in OWN}
    for seen, rows in found:
        for own, name in enumerate(OWN):
            labels = [row[:4] for row in rows if int(row[4]) == own]
            truths[name] += len(labels)
            mine, free = [d for d in seen if d[0] == own], set(range(len(labels)))
            for d in mine:
                fit = max(free, key=lambda i: iou(d[2:], labels[i]), default=None)
                right = fit is not None and iou(d[2:], labels[fit]) >= 0.5
                free -= {fit} if right else set()
                hits[name].append((d[1], right))
            best[name].append((max((d[1] for d in mine), default=0.0), bool(labels)))
    alarms = [max((d[1] for d in seen if OWN[d[0]] == "garbage"), default=0.0) for seen in clean]
    ap50 = {c: average_precision(hits[c], truths[c]) for c in OWN}
    image = {c: average_precision(best[c], sum(y for _, y in best[c])) for c in OWN}
    there = sorted((s for s, y in best["garbage"] if y), reverse=True)
    threshold = there[int(np.ceil(0.9 * len(there))) - 1]
    return {
        "ap50": {c: round(v, 4) for c, v in ap50.items()},
        "map50": round(float(np.mean(list(ap50.values()))), 4),
        "image_ap": {c: round(v, 4) for c, v in image.items()},
        "threshold_at_90_recall": round(threshold, 4),
        "alarms_per_100_clean": round(100 * float(np.mean([a >= threshold for a in alarms])), 2) if alarms else None,
        "pictures": len(found),
        "clean": len(alarms),
    }


def measure(run, streets, clean):
    ours = lambda scene: [(d[0] - KEPT, *d[1:]) for d in detect(run, scene.read()) if d[0] >= KEPT]

    def labels(scene):
        h, w = scene.read().shape[:2]
        return np.array([[*(row[1:] * [w, h, w, h]), row[0]] for row in scene.labels]).reshape(-1, 5)
    return table([(ours(s), labels(s)) for s in streets], [ours(s) for s in clean])


def held(run, start, scenes, sure=0.4, seen=0.25):
    """How much of what the start sees is still seen: per class [boxes of the start, found again, new sure boxes without one]."""
    counts = {c: [0, 0, 0] for c in CLASSES[:KEPT]}
    for scene in scenes:
        picture = scene.read()
        theirs, ours = detect(start, picture, seen), detect(run, picture, seen)
        same = lambda d, others: any(o[0] == d[0] and iou(o[2:], d[2:]) > 0.5 for o in others)
        for d in theirs:
            if d[1] >= sure:
                counts[CLASSES[d[0]]][0] += 1
                counts[CLASSES[d[0]]][1] += same(d, ours)
        for d in ours:
            if d[0] < KEPT and d[1] >= sure:
                counts[CLASSES[d[0]]][2] += not same(d, theirs)
    return counts


def seen_by(start, scenes, sure=0.5, kept=None):
    """What the start is sure of in the scenes: {class: [(scene, [class x0 y0 x1 y1] in shares)]}. `start` answers in our classes.

    The file `kept` holds it from one call to the next.
    """
    if kept is not None and kept.exists():
        of = {str(scene.path): scene for scene in scenes}
        return {name: [(of[path], np.array(row, np.float32)) for path, row in rows] for name, rows in json.loads(kept.read_text()).items()}
    seen = {}
    for scene in scenes:
        picture = scene.read()
        h, w = picture.shape[:2]
        for kind, score, *box in detect(start, picture, sure):
            row = np.array([kind, *np.array(box) / [w, h, w, h]], np.float32)
            if kind < KEPT and score >= sure:
                seen.setdefault(CLASSES[kind], []).append((scene, row))
    if kept is not None:
        kept.write_text(json.dumps({name: [(str(scene.path), row.tolist()) for scene, row in rows] for name, rows in seen.items()}))
    return seen


def draw(picture, found, floor=0.3):
    for c, s, *box in found:
        if s < floor:
            continue
        x0, y0, x1, y1 = map(round, box)
        colour = (0, 0, 255) if c >= KEPT else (255, 160, 0)
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2)
        cv2.putText(picture, f"{CLASSES[c]} {s:.2f}", (x0, max(y0 - 3, 10)), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1)
    return picture


def main():
    """measure.py MODEL.onnx PICTURE... OUT.png: draws what is seen, pictures side by side."""
    import sys

    run = runner(sys.argv[1])
    tiles = []
    for path in sys.argv[2:-1]:
        picture = cv2.imread(path)
        tiles.append(letterbox(draw(picture, detect(run, picture)), 400)[0])
    tiles += [np.full_like(tiles[0], 114)] * (-len(tiles) % 4)
    cv2.imwrite(sys.argv[-1], np.vstack([np.hstack(tiles[i:i + 4]) for i in range(0, len(tiles), 4)]))


if __name__ == "__main__":
    main()

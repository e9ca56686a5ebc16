#!/usr/bin/env python3
"""Reference decoder for nanodet_g_416: numpy, OpenCV and onnxruntime only.

  check.py PICTURE [OUT.png]     prints one detection a line: class score x0 y0 x1 y1 (source pixels)
"""
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

HERE = Path(__file__).resolve().parent
CARD = tomllib.loads((HERE / "model.toml").read_text())
SIDE = CARD["input"]["width"]
MEAN = np.array(CARD["input"]["mean"], np.float32)
STD = np.array(CARD["input"]["std"], np.float32)
NAMES, NET = CARD["detector"]["classes"], CARD["detector"]["nanodet"]
PAD, CENTRE = CARD["input"]["pad"], CARD["input"]["letterbox"] == "centre"
OFFSET = NET["centre_offset"]


def session(path=None, threads=1):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(path or HERE / CARD["file"]), options, providers=["CPUExecutionProvider"])


def letterbox(bgr, pad=PAD, centre=CENTRE):
    """Scales by one factor into SIDE x SIDE. Returns tensor, factor, left, top."""
    h, w = bgr.shape[:2]
    k = min(SIDE / w, SIDE / h)
    nw, nh = round(w * k), round(h * k)
    left, top = ((SIDE - nw) // 2, (SIDE - nh) // 2) if centre else (0, 0)
    canvas = np.full((SIDE, SIDE, 3), pad, np.uint8)
    canvas[top:top + nh, left:left + nw] = cv2.resize(bgr, (nw, nh), interpolation=cv2.INTER_LINEAR)
    return ((canvas.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)[None], k, left, top


def nms(boxes, scores, limit):
    keep, rest = [], np.argsort(-scores, kind="stable")
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    while rest.size:
        first, rest = rest[0], rest[1:]
        keep.append(first)
        lo, hi = np.maximum(boxes[first, :2], boxes[rest, :2]), np.minimum(boxes[first, 2:], boxes[rest, 2:])
        both = np.prod(np.maximum(hi - lo, 0), axis=1)
        rest = rest[both / (area[first] + area[rest] - both + 1e-9) <= limit]
    return keep


def detect(net, bgr, score=0.25, iou=0.6, pad=PAD, centre=CENTRE, offset=OFFSET):
    """[(class index, score, x0, y0, x1, y1)] in source pixels, best first. NMS is per class."""
    tensor, k, left, top = letterbox(bgr, pad, centre)
    out = NET
    values = net.run(out["class_scores"] + out["boxes"], {CARD["input"]["name"]: tensor})
    boxes, scores = [], []
    for stride, cls, reg in zip(out["strides"], values[:3], values[3:]):
        side = SIDE // stride
        row, col = np.divmod(np.arange(side * side), side)
        bins = reg[0].reshape(-1, 4, out["reg_max"] + 1)
        bins = np.exp(bins - bins.max(axis=2, keepdims=True))
        reach = (bins / bins.sum(axis=2, keepdims=True)) @ np.arange(out["reg_max"] + 1) * stride
        x, y = (col + offset) * stride, (row + offset) * stride
        boxes.append(np.stack([x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3]], axis=1))
        scores.append(cls[0])
    boxes, scores = np.concatenate(boxes), np.concatenate(scores)
    boxes = (boxes - [left, top, left, top]) / k
    boxes = np.clip(boxes, 0, [bgr.shape[1], bgr.shape[0]] * 2)
    found = []
    for c in range(scores.shape[1]):
        some = np.flatnonzero(scores[:, c] >= score)
        found += [(c, float(scores[some[i], c]), *map(float, boxes[some[i]])) for i in nms(boxes[some], scores[some, c], iou)]
    return sorted(found, key=lambda d: -d[1])


def draw(bgr, found):
    for c, s, *box in found:
        x0, y0, x1, y1 = map(round, box)
        cv2.rectangle(bgr, (x0, y0), (x1, y1), (0, 0, 255), 1)
        cv2.putText(bgr, f"{NAMES[c]} {s:.2f}", (x0, max(y0 - 3, 9)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
    return bgr


if __name__ == "__main__":
    picture = cv2.imread(sys.argv[1])
    for c, s, *box in (hits := detect(session(), picture)):
        print(f"{NAMES[c]:14s} {s:.4f} " + " ".join(f"{v:.2f}" for v in box))
    if len(sys.argv) > 2:
        cv2.imwrite(sys.argv[2], draw(picture, hits))

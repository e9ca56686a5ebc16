#!/usr/bin/env python3
"""Fits how a detector's and a verifier's score become one: prints the [verify] section for the verifier's manifest.

  fuse.py --detector street_640/model.onnx --verifier street_verifier/model.onnx --garbage DIR --facades DIR
Proposals come from val and the held-out facades; crops and scores are made as the product makes them (src/analysis/verify.rs). Half of the pictures
(every other one) set the numbers, the other half says what they are worth.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

import data
import encoder
import measure
from head import STRIDES
from net import KEPT, OWN

SIDE_BOXES, SIDE_MIN = 2.5, 96
IOU_MIN, INSIDE_MIN, FLOOR = 0.3, 0.5, 0.05
CROP = 224
BINS = ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.7, 0.9), (0.8, 1.001))
SURE = 1.0  # log odds of the first line where the second begins: chosen after a look at all of val


def square(box, width, height):
    """The crop around a proposal, as src/analysis/verify.rs makes it: left, top, side. None for a box beside the picture.

    fixtures/score/squares.json holds both to the same numbers.
    """
    nearest = lambda value: int(np.floor(value + 0.5))  # halves go up, not to the even one
    x0, y0, x1, y1 = (np.float32(min(max(v, 0), end)) for v, end in zip(box, (width, height, width, height)))
    if x1 <= x0 or y1 <= y0:
        return None
    wanted = nearest(max(max(x1 - x0, y1 - y0) * np.float32(SIDE_BOXES), SIDE_MIN))
    side = max(min(wanted, width, height), 1)
    edge = lambda middle, length: min(max(nearest(middle - np.float32(side) / 2), 0), length - side)
    return edge((x0 + x1) / 2, width), edge((y0 + y1) / 2, height), side


def second_score(session, picture, kind, box):
    cut = square(box, picture.shape[1], picture.shape[0])
    if cut is None:
        return FLOOR
    x, y, side = cut
    crop, k = data.letterbox(picture[y:y + side, x:x + side], CROP)
    out = session.run(["output"], {"images": encoder.normalised(crop[None]).numpy()})[0][0]
    here, best = np.array(box) - [x, y, x, y], FLOOR
    area = lambda b: max(b[2] - b[0], 0) * max(b[3] - b[1], 0)
    for found, score, *other in measure.read(out, measure.grid_of(CROP, STRIDES), k, (side, side), FLOOR):
        both = area([*np.maximum(here[:2], other[:2]), *np.minimum(here[2:], other[2:])])
        if found == kind and (measure.iou(here, other) >= IOU_MIN or both > INSIDE_MIN * area(other)):
            best = max(best, score)
    return best


def proposals(run, session, scene):
    """(class, detector's score, verifier's, right) of one picture."""
    picture = scene.read()
    h, w = picture.shape[:2]
    labels = [] if scene.clean else [(int(row[0]), row[1:] * [w, h, w, h]) for row in scene.labels]
    for kind, score, *box in measure.detect(run, picture, 0.1):
        if kind >= KEPT:
            right = any(c == kind - KEPT and measure.iou(box, other) >= 0.5 for c, other in labels)
            yield kind - KEPT, score, second_score(session, picture, kind - KEPT, box), right


logit = lambda p: np.log(np.clip(p, 1e-4, 1 - 1e-4) / (1 - np.clip(p, 1e-4, 1 - 1e-4)))


def regression(columns, right):
    """Logistic regression, weights kept at 0 or above; the last number is added."""
    x = torch.tensor(np.stack(columns, 1), dtype=torch.float64)
    y = torch.tensor(right, dtype=torch.float64)
    raw = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([raw], max_iter=200)

    def loss():
        solver.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(x @ raw[:2].abs() + raw[2], y) + 1e-3 * raw[:2].square().sum()
        value.backward()
        return value
    solver.step(loss)
    return [*raw[:2].abs().tolist(), raw[2].item()]


def both_logits(rows):
    return logit(np.array([row[1] for row in rows])), logit(np.array([row[2] for row in rows]))


def fitted(rows):
    """w_detector, w_verifier, bias, sure_from, sure_gain: a line through both log odds, then a second line from `SURE` on that meets it there."""
    a, b = both_logits(rows)
    right = np.array([float(row[3]) for row in rows])
    v, w, bias = regression((a, b), right)
    line = v * a + w * b + bias
    slope, gain, shift = regression((line, np.maximum(line - SURE, 0)), right)
    return [v * slope, w * slope, bias * slope + shift, SURE * slope + shift, gain / slope]


def fused(numbers, rows):
    """Log odds, as src/analysis/verify.rs makes them."""
    v, w, bias, sure_from, sure_gain = numbers
    a, b = both_logits(rows)
    line = v * a + w * b + bias
    return line + sure_gain * np.maximum(line - sure_from, 0)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("detector", "verifier", "garbage", "facades"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    run, session = measure.runner(a.detector), measure.opened(a.verifier, a.threads)
    _, held_out = data.facades(a.facades / "train")
    halves = [[], []]
    for number, scene in enumerate(data.scenes(a.garbage / "val") + held_out):
        halves[number % 2] += proposals(run, session, scene)
    numbers = fitted(halves[0])
    for kind, name in enumerate(OWN):
        rows = [row for row in halves[1] if row[0] == kind]
        truths = max(sum(row[3] for row in rows), 1)
        order = lambda scores: measure.average_precision([(score, row[3]) for score, row in zip(scores, rows)], truths)
        by = (order(some) for some in (*both_logits(rows), fused(numbers, rows)))
        print(f"{name}: {len(rows)} proposals, {truths} right; AP of their order by the detector {next(by):.3f}, by the verifier {next(by):.3f}, by both {next(by):.3f}", flush=True)
    said = 1 / (1 + np.exp(-fused(numbers, halves[1])))
    right = np.array([float(row[3]) for row in halves[1]])
    for low, high in BINS:
        some = (said >= low) & (said < high)
        print(f"fused {low:.2f} to {high:.2f}: {some.sum()} proposals, {said[some].mean():.3f} said, {right[some].mean():.3f} right")
    tenth = np.minimum((said * 10).astype(int), 9)
    apart = sum((tenth == i).mean() * abs(said[tenth == i].mean() - right[tenth == i].mean()) for i in range(10) if (tenth == i).any())
    print(f"calibration error (ten bins) {apart:.3f}")
    print(json.dumps(dict(zip(("w_detector", "w_verifier", "bias", "sure_from", "sure_gain"), (round(v, 3) for v in numbers)))))


if __name__ == "__main__":
    main()

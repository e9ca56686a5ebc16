#!/usr/bin/env python3
"""Trains a detector of what hangs on houses (sign boards, signs that stick out, advertising in windows); goes on from the last checkpoint of the run folder.

  train_surfaces.py --start yolox_nano_416.onnx --facades DIR --run RUN [--epochs 60] [--sides 320,416] [--batch 16] ...
  train_surfaces.py --run RUN --models DIR     writes surfaces_640 and surfaces_416, in 32 bits
The network and its start are those of train.py, its classes these three alone. Every fifth facade is held out, and measured by.
"""
import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

import data
import export
import loop
import loss as losses
import measure
import net as nets
import train

CLASSES = {3: "signboard", 1: "cantilever", 4: "win_ad"}  # class numbers of facades.tar


WINDOW, IN_WINDOW = 0, 2  # of facades.tar; which of ours hangs in one


@dataclass
class Facade(data.Scene):
    windows: np.ndarray | None = None  # [n, x0 y0 x1 y1], shares of the picture


def labelled(scene):
    """The facade with the labels of our classes, numbered as ours are."""
    of = {number: own for own, number in enumerate(CLASSES)}
    rows = [[of[int(row[0])], *row[1:]] for row in scene.labels if int(row[0]) in of]
    return Facade(scene.path, np.array(rows, np.float32).reshape(-1, 5), windows=scene.labels[scene.labels[:, 0] == WINDOW, 1:])


class Walls(data.Mixer):
    """A facade near or far, or four of them; boards of other houses are hung onto it, each class as often as another and what belongs into windows into windows,
    and are as good as its own."""

    def __init__(self, houses):
        super().__init__(houses, houses)
        self.of_class = [[(scene, row) for scene in houses for row in scene.labels if int(row[0]) == own] for own in range(len(CLASSES))]

    def make(self, scene, side, rng):
        canvas = np.full((side, side, 3), data.GREY, np.uint8)
        if rng.random() < 0.5:
            scene = self.dressed(scene, rng)
        if rng.random() < 0.3:
            labels = self.mosaic(canvas, scene, side, rng)
        else:
            zoom, stretch = np.exp(rng.uniform(np.log(0.5), np.log(2.0))), np.exp(rng.uniform(-0.2, 0.2))
            labels = data.place(canvas, (0, 0, side, side), scene.read(), scene.labels, rng, zoom, stretch)
            if rng.random() < 0.5:
                labels = self.strew(canvas, (0, 0, side, side), labels, rng, ["ours"] * rng.randint(1, 3))
        if rng.random() < 0.5:
            canvas = np.ascontiguousarray(canvas[:, ::-1])
            labels = [[side - x1, y0, side - x0, y1, kind] for x0, y0, x1, y1, kind in labels]
        return data.spoil(canvas, rng), np.array(labels, np.float32).reshape(-1, 5)

    def piece(self, kind, rng):
        scene, row = rng.choice(self.of_class[rng.randrange(len(CLASSES))])
        return data.piece_of(scene, rng, [row]), 0.25

    def dressed(self, scene, rng):
        """The facade with advertising of other houses in some of its windows."""
        picture, rows = scene.read().copy(), list(scene.labels)
        h, w = picture.shape[:2]
        for x0, y0, x1, y1 in rng.sample(list(scene.windows), min(rng.randint(1, 4), len(scene.windows))):
            other, row = rng.choice(self.of_class[IN_WINDOW])
            found = data.piece_of(other, rng, [row])
            wide, high = ((far - near) * side * rng.uniform(0.4, 0.95) for near, far, side in ((x0, x1, w), (y0, y1, h)))
            if not found or min(wide, high) < 8:
                continue
            left, top = (near * side + rng.uniform(0, (far - near) * side - size) for near, far, side, size in ((x0, x1, w, wide), (y0, y1, h, high)))
            left, top, wide, high = (int(v) for v in (left, top, wide, high))
            under = picture[top:top + high, left:left + wide].astype(np.float32)
            small = cv2.resize(found[1], under.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
            picture[top:top + high, left:left + wide] = np.clip(small + 0.5 * rng.random() * (under.mean() - small.mean()), 0, 255)
            rows.append(np.array([IN_WINDOW, left / w, top / h, (left + wide) / w, (top + high) / h], np.float32))
        return data.Scene(scene.path, np.array(rows, np.float32).reshape(-1, 5), held=picture)


def student_of(teacher):
    """The teacher's weights, and new classes that start improbable."""
    net = nets.Detector(len(CLASSES))
    state = teacher.state_dict()
    for key, value in net.state_dict().items():
        if ".cls." in key:
            state[key] = torch.full_like(value, -3.0) if key.endswith("bias") else torch.randn_like(value) * 0.01
    net.load_state_dict(state)
    return net


def figures(mean, held_out):
    """AP50 of each class on the held-out facades."""
    run, hits, truths = train.run_of(mean), {c: [] for c in CLASSES.values()}, dict.fromkeys(CLASSES.values(), 0)
    for scene in held_out:
        picture = scene.read()
        h, w = picture.shape[:2]
        found = measure.detect(run, picture)
        for own, name in enumerate(CLASSES.values()):
            boxes = [row[1:] * [w, h, w, h] for row in scene.labels if int(row[0]) == own]
            truths[name] += len(boxes)
            free = set(range(len(boxes)))
            for kind, score, *box in found:
                if kind == own:
                    fit = max(free, key=lambda i: measure.iou(box, boxes[i]), default=None)
                    right = fit is not None and measure.iou(box, boxes[fit]) >= 0.5
                    free -= {fit} if right else set()
                    hits[name].append((score, right))
    return {"ap50": {name: round(measure.average_precision(hits[name], truths[name]), 4) for name in hits}, "boxes": truths}


def ship(a):
    state = torch.load(a.run / "last.pt", map_location="cpu", weights_only=True)
    net = nets.Detector(len(CLASSES))
    net.load_state_dict(state["mean"])
    folder = a.models / "surfaces_640"
    folder.mkdir(parents=True, exist_ok=True)
    export.write(net, folder / "model.onnx")
    export.manifests(a.models, folder.name, folder.name, state["epoch"], classes=list(CLASSES.values()), by="train_surfaces.py")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--run", type=Path, required=True)
    for name in ("start", "facades", "models"):
        p.add_argument(f"--{name}", type=Path)
    loop.options(p)
    a = p.parse_args()
    if a.models:
        ship(a)
        return
    a.clean = 0  # every facade has its labels
    a.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    learnt, held_out = ([labelled(scene) for scene in some] for some in data.facades(a.facades / "train"))
    like = dict(device="cuda" if torch.cuda.is_available() else "cpu", memory_format=torch.channels_last)
    net = student_of(nets.load_start(str(a.start))).to(**like)

    def loss(net, x, labels):
        return losses.own_loss(net(x), nets.cells(x.shape[-1], x.device), labels)

    run = loop.Run(a, net, nets.Detector(len(CLASSES)).to(**like), train.groups(net), loss)
    run.train(loop.Batches(Walls(learnt), [], a), lambda mean: figures(mean, held_out))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains the dense head on what features.py wrote down: boxes of garbage, garbage_bin and overflow from the frozen encoder's tokens.

  head.py --features DIR --run RUN [--passes train_0,composed_0] [--epochs 12]
The head is convolutional: it is trained on 32 x 32 tokens and runs on any grid.
"""
import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import loss as losses
import measure
from encoder import PATCH, WIDTH
from net import OWN, cells
from train import pause

STRIDES = (PATCH, 2 * PATCH)


class Level(nn.Module):
    """Answers of one grid: box, objectness and classes of each cell."""

    def __init__(self, width, classes):
        super().__init__()
        part = lambda: nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, groups=width), nn.Conv2d(width, width, 1), nn.SiLU())
        self.cls_convs, self.reg_convs = nn.Sequential(part(), part()), nn.Sequential(part(), part())
        self.cls, self.reg, self.obj = nn.Conv2d(width, classes, 1), nn.Conv2d(width, 4, 1), nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.cls.bias, -2.0)
        nn.init.constant_(self.obj.bias, -4.0)

    def forward(self, x):
        reg = self.reg_convs(x)
        return torch.cat([self.reg(reg), self.obj(reg), self.cls(self.cls_convs(x))], 1).flatten(2).transpose(1, 2)


class Dense(nn.Module):
    """Tokens [n, 384, h, w] -> [n, cells of strides 14 and 28, 5 + classes], logits, boxes undecoded."""

    def __init__(self, width=160, classes=len(OWN)):
        super().__init__()
        self.squeeze = nn.Sequential(nn.Conv2d(WIDTH, width, 1), nn.SiLU())
        mix = lambda: nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, groups=width), nn.Conv2d(width, width, 1), nn.SiLU())
        self.around = nn.ModuleList(mix() for _ in range(2))
        self.coarse = nn.Sequential(nn.Conv2d(width, width, 3, 2, 1, groups=width), nn.Conv2d(width, width, 1), nn.SiLU())
        self.levels = nn.ModuleList(Level(width, classes) for _ in STRIDES)

    def forward(self, tokens):
        x = self.squeeze(tokens)
        for around in self.around:
            x = x + around(x)
        return torch.cat([level(y) for level, y in zip(self.levels, (x, self.coarse(x)))], 1)


def loss_of(out, grid, labels):
    """SimOTA as for the detector; every cell without a label is background."""
    found = losses.boxes(out, grid)
    obj, box, cls, own = torch.zeros_like(out[..., 4]), 0.0, 0.0, 0
    for i, rows in enumerate(labels):
        kinds = rows[:, 4].long()
        owner, overlap = losses.assign(out[i, :, 5:], out[i, :, 4], found[i], grid, rows[:, :4], kinds)
        mine = owner >= 0
        who = owner[mine]
        obj[i, mine] = 1.0
        own += len(who)
        if len(who):
            box = box + (1 - losses.giou(found[i, mine], rows[who, :4])).sum()
            wanted = F.one_hot(kinds[who], len(OWN)) * overlap[mine, None]
            cls = cls + F.binary_cross_entropy_with_logits(out[i, mine, 5:], wanted, reduction="sum")
    seen = F.binary_cross_entropy_with_logits(out[..., 4], obj, reduction="sum")
    return (5 * box + seen + cls) / max(own, 1)


class Features:
    def __init__(self, folder, name):
        about = json.loads((folder / f"{name}.json").read_text())
        self.side, self.labels = about["side"], [torch.tensor(rows, dtype=torch.float32).reshape(-1, 5) for rows in about["labels"]]
        self.tokens = np.load(folder / f"{name}.npy", mmap_mode="r")

    def __len__(self):
        return len(self.labels)

    def get(self, i):
        n = self.side // PATCH
        return torch.from_numpy(np.array(self.tokens[i])).float().T.reshape(WIDTH, n, n), self.labels[i]


def spoiled(tokens, labels, side, rng):
    """Half of the time mirrored; sometimes a part of the tokens is lost, so that no single one decides."""
    if rng.random() < 0.5:
        tokens, labels = tokens.flip(-1), labels[:, [2, 1, 0, 3, 4]].clone()
        labels[:, [0, 2]] = side - labels[:, [0, 2]]
    if rng.random() < 0.5:
        tokens = tokens + torch.randn_like(tokens) * 0.15 * tokens.std()
    return tokens, labels


def answers(net, features, batch=16):
    """Undecoded outputs with sigmoids, picture by picture."""
    net.eval()
    with torch.no_grad():
        for i in range(0, len(features), batch):
            out = net(torch.stack([features.get(j)[0] for j in range(i, min(i + batch, len(features)))]))
            yield from torch.cat([out[..., :4], out[..., 4:].sigmoid()], -1).numpy()
    net.train()


def figures(net, val, clean):
    """AP50 and image AP of val, alarms on clean pictures; all in pixels of the tensor."""
    grid = cells(val.side, strides=STRIDES).numpy()
    found = []
    for features in (val, clean):
        found.append([measure.read(out, grid) for out in answers(net, features)])
    return measure.table([(d, l.numpy()) for d, l in zip(found[0], val.labels)], found[1])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--features", type=Path, required=True)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--passes", default="train_0,composed_0", help="which written passes are learnt from; an epoch goes over all of them")
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--width", type=int, default=160)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(a.threads)
    torch.manual_seed(7)
    passes = [Features(a.features, name) for name in a.passes.split(",")]
    every = [(features, i) for features in passes for i in range(len(features))]
    val, clean = Features(a.features, "val"), Features(a.features, "clean")
    net, mean = Dense(a.width), Dense(a.width)
    mean.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=a.rate, weight_decay=0.05)
    grid, step = cells(val.side, strides=STRIDES), 0
    total = a.epochs * (len(every) // a.batch)
    for epoch in range(a.epochs):
        rng, began, summed = random.Random(epoch), time.time(), 0.0
        order = list(every)
        rng.shuffle(order)
        for i in range(0, len(order) - a.batch + 1, a.batch):
            pause()
            got = [spoiled(*features.get(j), val.side, rng) for features, j in order[i:i + a.batch]]
            value = loss_of(net(torch.stack([t for t, _ in got])), grid, [l for _, l in got])
            for group in optimiser.param_groups:
                group["lr"] = a.rate * min(1, (step + 1) / 100) * (0.02 + 0.98 * (1 + math.cos(math.pi * step / total)) / 2)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
            optimiser.step()
            step, summed = step + 1, summed + value.item()
            keep = min(0.995, (1 + step) / (10 + step))
            with torch.no_grad():
                for mine, new in zip(mean.parameters(), net.parameters()):
                    mine.lerp_(new, 1 - keep)
        line = {"epoch": epoch + 1, "loss": round(summed / (len(order) // a.batch), 3), "seconds": round(time.time() - began)}
        if epoch % 3 == 2 or epoch == a.epochs - 1:
            line |= figures(mean, val, clean)
            torch.save({"head": mean.state_dict(), "width": a.width, "epoch": epoch + 1}, a.run / "head.pt")
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes folders of examples for `xunjie model teach` of labelled pictures, a frame each thing.

  few_shot.py bins --garbage DIR --out OUT [--examples 5,10,20,40] [--held-out 120]
  few_shot.py surfaces --facades DIR --out OUT [--examples 5,10,20,40] [--held-out 20]
`bins`: closed and overflowing ones, which the encoder was trained to tell apart. `surfaces`: what stands on a wall, which nobody ever named to it.
OUT/examples_N and OUT/held_out have a folder a class, N and --held-out things in each. Examples come from what was trained on, what is told from what was
not. A picture gives one thing, of 48 px or more.
"""
import argparse
import random
import shutil
from pathlib import Path

import data
from net import OWN

FACADES = ("window", "cantilever", "arch", "signboard", "win_ad", "door")  # class numbers of facades.tar
CLASSES = {"bins": ("garbage_bin", "overflow"), "surfaces": ("signboard", "cantilever", "door")}
SIDE_MIN = 48


def things(scenes, names, classes, rng):
    """By class: (picture, label line), in an order of their own; the rarest class chooses first."""
    seen = []
    for scene in scenes:
        h, w = scene.read().shape[:2]
        large = [row for row in scene.labels if min((row[3] - row[1]) * w, (row[4] - row[2]) * h) >= SIDE_MIN and names[int(row[0])] in classes]
        seen += [(scene.path, large)] if large else []
    count = lambda name: sum(any(names[int(row[0])] == name for row in large) for _, large in seen)
    found = {name: [] for name in classes}
    rng.shuffle(seen)
    for path, large in seen:
        kinds = sorted({names[int(row[0])] for row in large}, key=lambda name: (len(found[name]), count(name)))
        _, x0, y0, x1, y1 = rng.choice([row for row in large if names[int(row[0])] == kinds[0]])
        found[kinds[0]].append((path, f"0 {(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}\n"))
    return found


def write(found, count, folder):
    shutil.rmtree(folder, ignore_errors=True)
    for name, rows in found.items():
        if len(rows) < count:
            raise SystemExit(f"{folder.name}: {count} of {name} wanted, {len(rows)} found")
        (folder / name).mkdir(parents=True)
        for path, line in rows[:count]:
            shutil.copy(path, folder / name / path.name)
            (folder / name / path.name).with_suffix(".txt").write_text(line)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=CLASSES)
    for name in ("garbage", "facades", "out"):
        p.add_argument(f"--{name}", type=Path)
    p.add_argument("--examples", default="5,10,20,40")
    p.add_argument("--held-out", type=int)
    a = p.parse_args()
    rng = random.Random(7)
    if a.what == "bins":
        names, learnt, told = OWN, data.scenes(a.garbage / "train"), data.scenes(a.garbage / "val")
    else:
        names, (learnt, told) = FACADES, data.facades(a.facades / "train")
    learnt, told = (things(scenes, names, CLASSES[a.what], rng) for scenes in (learnt, told))
    print({name: (len(learnt[name]), len(told[name])) for name in learnt})
    write(told, a.held_out or {"bins": 120, "surfaces": 20}[a.what], a.out / "held_out")
    for count in a.examples.split(","):
        write(learnt, int(count), a.out / f"examples_{count}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Composes views in which what the models take for rubbish comes again and again beside true heaps: for `xunjie eval teach`.

  compose_again.py --garbage DIR --facades DIR --start yolox_nano_416.onnx --detector street_640/model.onnx --verifier street_verifier/model.onnx --out OUT
      [--views 10] [--half 1] [--rounds 14] [--stay 420] [--round 600] [--seed 1] [--parts FILE] [--drawn]
OUT/NNN/ gets clip.mp4, scene.toml and timeline.toml; the look-alikes stand in the timeline as [[look_alikes]]. A look-alike is a piece of a facade, a part of one
or of a vehicle, a bin, or goods under a sheet that detector and verifier together pass as rubbish, or as an overflowing bin, at its spot in that view. A view has two of
them: in most rounds the same thing in other light, a little moved and scaled; in some another of its kind ("akin"), whether it is passed or not. Nothing shown was trained on:
val of the garbage set and every fifth facade. --half 0 and 1 share no background, no look-alike and no heap: one to choose on, one to measure on.
With --drawn the heaps are those of drawn.py and the look-alikes pieces of facades (CC0), so that the clip may be passed on.
"""
import argparse
import random
import subprocess
from pathlib import Path

import cv2
import numpy as np

import compose
import data
import drawn
import fuse
import measure
from net import KEPT, OWN
from verifier import FUSION

EVERY = 30  # seconds from one frame to the next
MATTER = {"garbage": "exposed_garbage", "overflow": "bin_overflow"}
LEAST = {"garbage": 0.3, "overflow": 0.3}  # anchor.score_min of the matters
ACCEPT = 0.5  # their verify.accept_min
METRES = {"garbage_bin": (1.0, 1.3), "piece": (0.5, 1.2), "part": (0.4, 1.1), "cloth": (0.4, 1.0)}


def passes(run, second, picture, box):
    """As which class of ours detector and verifier together would pass what lies in the box; None where they would not."""
    for kind, score, *found in measure.detect(run, picture, 0.1, side=640):
        name = OWN[kind - KEPT] if kind >= KEPT else None
        if name in MATTER and score >= LEAST[name] and measure.iou(found, box) >= 0.3:
            both = fuse.fused(FUSION, [(kind, score, fuse.second_score(second, picture, kind - KEPT, found))])
            if both[0] >= fuse.logit(ACCEPT):
                return name
    return None


def shown(ground, cut, box, rng):
    canvas = ground.copy()
    compose.draw(canvas, cut, box, False)
    canvas += np.random.default_rng(rng.getrandbits(32)).normal(0, 3, canvas.shape[:2] + (1,))
    coded = cv2.imencode(".jpg", np.clip(canvas, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)


def facade_pieces(houses):
    """Every labelled part of the facades: signs, baskets, awnings, windows."""
    found = []
    for scene in houses:
        picture = scene.read()
        h, w = picture.shape[:2]
        for row in scene.labels[:6]:
            pixels = compose.silhouette(picture, row[1:] * [w, h, w, h])
            if pixels is not None:
                found.append(compose.Cut(*pixels, f"piece of {scene.path.stem}"))
    return found


def part_of(cut, rng):
    """A piece of a thing, as it sticks out from behind something."""
    h, w = cut.mask.shape
    ph, pw = int(h * rng.uniform(0.4, 0.8)), int(w * rng.uniform(0.35, 0.7))
    y, x = rng.randrange(h - ph + 1), rng.randrange(w - pw + 1)
    return compose.Cut(cut.pixels[y:y + ph, x:x + pw], cut.mask[y:y + ph, x:x + pw], f"part of {cut.kind}")


def cloth(rng):
    """Goods or a machine under a sheet."""
    size, noise = 160, np.random.default_rng(rng.getrandbits(32))
    pixels, mask = drawn.bag(size, rng.choice([(50, 48, 46), (70, 60, 40), (45, 70, 45), (110, 80, 40), (60, 60, 60)]), rng, noise)
    low = int(size * rng.uniform(0.25, 0.45))  # without the knot
    wide = int(size * rng.uniform(1.0, 2.2))
    return compose.Cut(cv2.resize(pixels[low:], (wide, size - low)).astype(np.uint8), cv2.resize(mask[low:], (wide, size - low)), "cloth")


def found(things, ground, run, second, rng, count=2, tries=250):
    """Things and spots of one view that are passed there, whatever the light: (cut, kind, as what, box)."""
    some, taken = [], []
    for _ in range(tries):
        if len(some) == count:
            break
        kind = rng.choice([kind for kind in METRES if things[kind]])
        cut = rng.choice(things[kind])
        box = compose.spot(cut, rng.uniform(*METRES[kind]), rng, taken)
        if not box:
            continue
        look = lambda here: passes(run, second, shown(ground * rng.uniform(0.75, 1.1), compose.harmonised(cut, ground, here, rng), here, rng), here)
        name = look(box)
        if name and sum(look(jittered(box, rng)) == name for _ in range(3)) >= 2:
            some.append((cut, kind, name, box))
            taken.append((box[0] - 30, box[1] - 10, box[2] + 30, box[3] + 10))
    return some


def jittered(box, rng):
    """The usual spot, a little moved and scaled."""
    x0, y0, x1, y1 = box
    k, w, h = rng.uniform(0.93, 1.07), x1 - x0, y1 - y0
    dx, dy = rng.uniform(-0.2, 0.2) * w, rng.uniform(-0.06, 0.06) * h
    return (int(x0 + dx), int(y1 + dy - h * k), int(x0 + dx + w * k), int(y1 + dy))


def view(number, house, things, a, run, second, rng):
    """One view; returns how many heaps and look-alikes its timeline has."""
    ground = compose.background(house, rng).astype(np.float32)
    usual = found(things, ground, run, second, rng)
    if len(usual) < 2:
        return 0, 0
    taken = [(box[0] - 30, box[1] - 10, box[2] + 30, box[3] + 10) for *_, box in usual]
    stays = []  # (cut, box, since, until, matter, true, akin)
    for turn in range(a.rounds):
        since = turn * a.round + EVERY
        for cut, kind, name, box in usual:
            akin = rng.random() < 0.25
            again = rng.choice([other for other in things[kind] if other is not cut]) if akin else cut
            here = jittered(box, rng)
            if akin:  # as high as the other, as wide as it is itself
                here = (here[0], here[1], here[0] + int((here[3] - here[1]) * again.pixels.shape[1] / again.pixels.shape[0]), here[3])
            stays.append((compose.harmonised(again, ground, here, rng), here, since, since + a.stay, MATTER[name], False, akin))
        standing = list(taken)
        for _ in range(2):
            cut = rng.choice(things["garbage"])
            box = compose.spot(cut, rng.uniform(0.6, 1.1), rng, standing)
            if box:
                standing.append(box)
                stays.append((compose.harmonised(cut, ground, box, rng), box, since, since + a.stay, MATTER[cut.kind], True, False))
    noise = np.random.default_rng(rng.getrandbits(32))
    folder = a.out / f"{number:03}"
    folder.mkdir(parents=True, exist_ok=True)
    coder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{compose.W}x{compose.H}", "-r", f"1/{EVERY}", "-i", "-", "-an", "-c:v", "libx264",
         "-preset", "veryfast", "-crf", str(33 if a.drawn else rng.randint(24, 30)), "-g", "1", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact", str(folder / "clip.mp4")], stdin=subprocess.PIPE)
    light, falls = 1.0, None
    for second in range(0, a.rounds * a.round, EVERY):
        if second % a.round == 0:
            light = rng.uniform(0.7, 1.15)
            falls = compose.weather(rng)[1] if rng.random() < 0.5 else None
        canvas = ground.copy()
        for cut, box, since, until, *_ in sorted(stays, key=lambda s: s[1][3]):
            if since <= second < until:
                compose.draw(canvas, cut, box, False)
        canvas *= light * rng.uniform(0.97, 1.03)
        if falls:
            falls(canvas, 0.5)
        canvas += noise.normal(0, 0.8 if a.drawn else 3, (compose.H // 2, compose.W // 2, 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)
        dx, dy = (rng.uniform(-0.8, 0.8) for _ in "xy")
        canvas = cv2.warpAffine(np.clip(canvas, 0, 255).astype(np.uint8), np.float32([[1, 0, dx], [0, 1, dy]]), (compose.W, compose.H), borderMode=cv2.BORDER_REPLICATE)
        coder.stdin.write(canvas.tobytes())
    coder.stdin.close()
    if coder.wait():
        raise SystemExit(f"ffmpeg could not write {folder}/clip.mp4")
    (folder / "scene.toml").write_text(
        f'# Composed by training/compose_again.py, half {a.half}, seed {a.seed}; look-alikes: {", ".join(cut.kind for cut, *_ in usual)}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "again-{number:03}"\nname = "合成路面 {number:03}"\nmatters = ["exposed_garbage", "bin_overflow"]\nrevisit_s = {EVERY}\n\n'
        '[[zones]]\nname = "路面"\nkind = "strict"\npolygon = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]\n')
    rows = []
    for number, (cut, box, since, until, matter, true, akin) in enumerate(stays):
        share = ", ".join(f"{min(max(v, 0), 1):.4f}" for v in (box[0] / compose.W, box[1] / compose.H, box[2] / compose.W, box[3] / compose.H))
        rows.append(f'[[{"incidents" if true else "look_alikes"}]]\nname = "{cut.kind}, {number}"\nmatter = "{matter}"\nfrom_s = {since}.0\nuntil_s = {until}.0\nbox = [{share}]\n'
                    + ("" if true else f"akin = {str(akin).lower()}\n"))
    (folder / "timeline.toml").write_text("\n".join(rows))
    return sum(s[5] for s in stays), sum(not s[5] for s in stays)


def drawn_parts(houses, every):
    return {"garbage": [drawn.heap(200, every) for _ in range(12)], "garbage_bin": [], "piece": facade_pieces(houses), "part": [], "cloth": [cloth(every) for _ in range(20)]}


def cut_parts(a, houses, every):
    streets = data.scenes(a.garbage / "val")[a.half::2]
    parts = {
        "garbage": compose.cuts(streets, {"garbage"}, every, 70),
        "garbage_bin": compose.cuts(streets, {"garbage_bin"}, every, 120),
        "piece": facade_pieces(houses),
    }
    whole = parts["piece"] + compose.vehicles(houses, measure.runner(a.start, measure.START), 60)
    parts["part"] = [part_of(every.choice(whole), every) for _ in range(150)]
    parts["cloth"] = [cloth(every) for _ in range(40)]
    return parts


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("garbage", "facades", "start", "detector", "verifier", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--views", type=int, default=10)
    p.add_argument("--half", type=int, default=1, choices=(0, 1))
    p.add_argument("--rounds", type=int, default=14)
    p.add_argument("--round", type=int, default=600, help="seconds of a round")
    p.add_argument("--stay", type=int, default=420, help="seconds of a stay in it")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--drawn", action="store_true", help="show nothing that may not be passed on")
    p.add_argument("--parts", type=Path, help="file that keeps the things cut out, from one call to the next")
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(a.seed * 2 + a.half)
    run, second = measure.runner(a.detector), measure.opened(a.verifier)
    _, held_out = data.facades(a.facades / "train")
    houses = held_out[a.half::2]
    every = random.Random(a.seed)  # of its own: views are the same whether the parts were kept or not
    parts = compose.kept(a.parts, lambda: drawn_parts(houses, every) if a.drawn else cut_parts(a, houses, every))
    print(", ".join(f"{name} {len(some)}" for name, some in parts.items()), flush=True)
    wide = [s for s in houses if s.read().shape[1] > 1.3 * s.read().shape[0]]
    heaps, falses, number = 0, 0, 0
    for _ in range(4 * a.views):
        more = view(number, rng.choice(wide), parts, a, run, second, rng)
        number += more != (0, 0)
        heaps, falses = heaps + more[0], falses + more[1]
        print(f"\r{number}/{a.views} views, {heaps} heaps, {falses} look-alikes", end="", flush=True)
        if number == a.views:
            break
    print()
    if number < a.views:
        raise SystemExit(f"only {number} views have two things that are passed there")


if __name__ == "__main__":
    main()

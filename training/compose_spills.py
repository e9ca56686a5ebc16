#!/usr/bin/env python3
"""Composes street clips in which lorries drive by and one loses a part of its load, for `xunjie eval clips`: no labelled street set with spills is at hand.

  compose_spills.py --garbage DIR --facades DIR --start yolox_nano_416.onnx --out OUT [--clips 12] [--seed 1] [--minutes 5] [--fps 2] [--half 0|1]
  compose_spills.py --facades DIR --drawn --seed 5 --clips 1 --out OUT
Lorries and what falls off them are drawn here in varied forms; houses, cars, walkers and bins are cut from pictures that nothing was trained on, as in compose.py, and left out with
--drawn, so that what is made may be passed on. What is no spill comes too: lorries that lose nothing, cars, the same on the road where no lorry was, leaves, wet or mended ground,
shadows that wander, light, people, a bin.
"""
import argparse
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

import compose
import compose_stalls
import data
import measure
import newness
from compose import FOOT, H, W
from compose_stalls import METAL, S, Sheet, size_at

PAINTS = [(40, 90, 190), (30, 120, 210), (150, 80, 40), (60, 130, 60), (205, 205, 205), (60, 60, 175), (120, 130, 135)]
EARTH = [(60, 90, 125), (45, 65, 85), (75, 110, 150), (95, 105, 110)]


def wheel(sheet, x, r):
    at = (int(x * S), int(sheet.h - 1 - r * S))
    for share, colour in ((1.0, (22, 22, 24)), (0.6, (105, 105, 110)), (0.5, (70, 70, 75)), (0.2, (130, 130, 135))):
        cv2.circle(sheet.pixels, at, int(share * r * S), colour, -1, cv2.LINE_AA)
    cv2.circle(sheet.mask, at, int(r * S), 1.0, -1)


def lorry(rng):
    """A tipper from the side, its cab on the right."""
    long, paint, bed = rng.uniform(7.2, 8.8), rng.choice(PAINTS), rng.choice(PAINTS)
    sheet, r = Sheet(long + 0.3, 3.4, rng), rng.uniform(0.48, 0.55)
    cab, floor = long - 2.1, 1.15
    sheet.box(0.5, 0.75, long - 0.9, 0.32, METAL[2], (1.0, 0.5))
    sheet.box(2.6, 0.5, 1.2, 0.5, (70, 72, 78), (1.0, 0.6))
    # The bed: high sides with ribs, its load on top.
    high = rng.uniform(1.25, 1.6)
    if rng.random() < 0.7:
        earth, top = rng.choice(EARTH), floor + high
        hill = [(0.5, top - 0.1)] + [(x, top + 0.3 * np.sin((x - 0.5) / (cab - 0.9) * 3.1) + rng.uniform(-0.05, 0.05)) for x in np.arange(0.6, cab - 0.4, 0.25)] + [(cab - 0.3, top - 0.1)]
        sheet.fill(hill, earth, (1.15, 0.85))
    sheet.fill([(0.15, floor + 0.1), (0.35, floor), (cab - 0.15, floor), (cab - 0.15, floor + high + 0.15), (0.1, floor + high)], bed, (1.1, 0.7))
    for rib in np.arange(0.6, cab - 0.4, rng.uniform(0.6, 0.9)):
        sheet.box(rib, floor, 0.09, high, tuple(0.75 * c for c in bed), (1.0, 0.7))
    sheet.box(0.1, floor + high, cab - 0.25, 0.12, tuple(0.85 * c for c in bed))
    # The cab: roof, door, windows, lights.
    sheet.fill([(cab, 0.6), (long, 0.6), (long + 0.05, 1.5), (long - 0.12, 2.6), (long - 0.35, 2.8), (cab, 2.8)], paint, (1.15, 0.75))
    sheet.fill([(cab + 0.75, 1.75), (long - 0.08, 1.7), (long - 0.22, 2.5), (cab + 0.75, 2.55)], (70, 62, 55), (1.5, 0.8))
    sheet.box(cab + 0.6, 0.75, 0.04, 1.9, tuple(0.6 * c for c in paint))
    sheet.box(cab + 0.25, 1.8, 0.3, 0.65, (75, 66, 58), (1.4, 0.8))
    sheet.box(long - 0.15, 0.85, 0.17, 0.22, (190, 220, 235))
    sheet.box(long - 0.35, 0.5, 0.42, 0.2, (50, 50, 55))
    sheet.box(long + 0.02, 1.7, 0.1, 0.45, (35, 35, 38))
    for x in (1.2, 2.25, cab + 0.95):
        cv2.circle(sheet.pixels, (int(x * S), int(sheet.h - 1 - (r + 0.06) * S)), int((r + 0.1) * S), (30, 30, 34), -1)
        wheel(sheet, x, r)
    return sheet.cut("lorry")


@dataclass
class Lost:
    """What lies on the road: its own pixels over the ground, the share to which it covers it, and its box."""
    pixels: np.ndarray
    cover: np.ndarray
    box: tuple

    def lie(self, canvas):
        """As it is where the ground is seen now."""
        canvas[:] = canvas * (1 - self.cover) + self.pixels * self.cover


def lost(ground, rng, apart):
    """Earth on the carriageway in a flat strip, as a lorry from the side loses it; None where none came out. `apart`: boxes that it keeps clear of."""
    for _ in range(40):
        sheet = SimpleNamespace(pixels=ground.copy(), covered=None)
        sheet.mark = lambda x, y, mask, kind: setattr(sheet, "covered", (y, mask))
        newness.spill(sheet, rng)
        if sheet.covered is None:
            continue
        top, mask = sheet.covered
        ys, xs = np.nonzero(mask)
        if len(ys) < 200:
            continue
        (left, right), (up, down) = np.percentile(xs, [1, 99]).astype(int), np.percentile(ys, [1, 99]).astype(int) + top
        wide, high, metre = right - left, down - up, size_at(down / H)
        if wide < 1.6 * high or not 0.9 * metre < wide < 0.5 * W or left < 40 or right > W - 40 or not 0.62 * H < down < 0.93 * H or high < 20:
            continue
        if any(left < o[2] + 60 and o[0] < right + 60 and up < o[3] + 20 and o[1] < down + 20 for o in apart):
            continue
        changed = np.abs(sheet.pixels - ground).max(2)
        cover = cv2.GaussianBlur((changed > 3).astype(np.float32), (3, 3), 0)[..., None]
        return Lost(sheet.pixels, cover, (int(left), int(up), int(right), int(down)))
    return None


@dataclass
class Drive:
    """A vehicle that crosses the view: when its front comes in, where its wheels are, how fast in metres a second."""
    cut: compose.Cut
    metres: float  # high
    since: float
    foot: float  # share of the height
    speed: float
    left: bool  # bound

    def size(self):
        high = self.metres * size_at(self.foot)
        return high * self.cut.pixels.shape[1] / self.cut.pixels.shape[0], high

    def box(self, second):
        """Where it is then; None outside of the view."""
        (wide, high), way = self.size(), self.speed * size_at(self.foot) * (second - self.since)
        x = W - way if self.left else way - wide
        if second < self.since or way > W + wide:
            return None
        return int(x), int(self.foot * H - high), int(x + wide), int(self.foot * H)

    def passed(self, box):
        """When its rear is past the box."""
        wide, _ = self.size()
        way = (W - box[0] if self.left else box[2]) + wide
        return self.since + way / (self.speed * size_at(self.foot))


def clip(number, parts, a, rng):
    end = a.minutes * 60
    house = rng.choice(parts["backgrounds"])
    ground = compose.background(house, rng).astype(np.float32)
    drives, spills, truths, also = [], [], [], []
    late = lambda low, high: rng.uniform(low * end, high * end)

    def drive(since, foot, cut=None, metres=None):
        cut = cut or lorry(rng)
        drives.append(Drive(cut, metres or len(cut.pixels) / S, since, foot, rng.uniform(3.5, 7.5) * min(a.fps / 2, 1), rng.random() < 0.5))
        return drives[-1]

    kind = "a spill" if a.drawn else rng.choice(["a spill", "a spill", "a lorry that loses nothing", "earth where no lorry was"])
    fallen = None if kind == "a lorry that loses nothing" else lost(ground, rng, [])
    if kind == "earth where no lorry was" and fallen:
        spills.append((late(0.3, 0.45), fallen))
        also.append(kind)
    elif fallen:
        low = fallen.box[3] / H + rng.uniform(0.0, 0.35) * (fallen.box[3] - fallen.box[1]) / H
        leaves = drive(late(0.3, 0.4), min(low, 0.96))
        since = leaves.passed(fallen.box)
        spills.append((since, fallen))
        truths.append((since, fallen.box))
    apart = [fallen.box] if fallen else []
    if kind == "a lorry that loses nothing" or rng.random() < 0.5:  # on a lane of its own
        feet = [foot for foot in (0.66, 0.74, 0.82, 0.9) if all(abs(foot * H - box[3]) > 0.09 * H for box in apart)]
        drive(late(0.1, 0.7), rng.choice(feet) if feet else 0.6)
        also.append("a lorry that loses nothing")
    stains = []
    if a.drawn or rng.random() < 0.5:  # earth that lies there before a lorry comes, once the reference picture is taken
        before = lost(ground, rng, apart)
        if before:
            apart.append(before.box)
            came = late(0.02, 0.06)
            spills.append((came, before))
            drive(max(came + 0.3 * end, late(0.45, 0.75)), min(before.box[3] / H + 0.01, 0.96))
            also.append("earth that lay there before a lorry came")
    for _ in range(rng.choice([0, 1, 2])):
        stains.append((late(0.05, 0.7), compose.litter_free(rng)))
        also.append("leaves, or wet or mended ground")
    for _ in range(rng.choice([1, 2, 3])):
        if parts["vehicle"]:
            drive(late(0.02, 0.9), rng.uniform(0.62, 0.92), rng.choice(parts["vehicle"]), 1.5)
    light, shine = ("dry", lambda canvas, second: None) if a.drawn else compose_stalls.ground_light(rng, end)
    sky, falls = ("dry", lambda canvas, share: None) if a.drawn else compose.weather(rng)
    drift, phase, shake = 0.03 if a.drawn else rng.uniform(0.02, 0.15), rng.uniform(0, 6.3), 0 if a.drawn else rng.choice([0.3, 0.8, 1.6])
    grain, quality = (0.5, 37) if a.drawn else (3, rng.randint(24, 30))
    noise = np.random.default_rng(rng.getrandbits(32))
    folder = a.out if a.drawn and a.clips == 1 else a.out / f"{number:03}"
    folder.mkdir(parents=True, exist_ok=True)
    coder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{W}x{H}", "-r", str(a.fps), "-i", "-", "-an", "-c:v", "libx264",
         "-preset", "veryfast", "-crf", str(quality), "-g", str(a.fps * (60 if a.drawn else 10)), "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact", str(folder / "clip.mp4")], stdin=subprocess.PIPE)
    walker = None
    for frame in range(end * a.fps):
        second = frame / a.fps
        for one in [one for one in stains if one[0] <= second]:
            one[1](ground)
            stains.remove(one)
        canvas = ground.copy()
        for since, fell in spills:
            if second >= since:
                fell.lie(canvas)
        shine(canvas, second)
        if parts["walker"] and rng.random() < 0.05 / a.fps * 2:
            walker = (rng.choice(parts["walker"]), second, rng.uniform(0.6, 0.9), rng.uniform(0.8, 1.6), rng.uniform(0.1, 0.8) * W)
        there = [(one.cut, box, one.left) for one in drives if (box := one.box(second))]
        if walker and second < walker[1] + 12:
            cut, since, foot, speed, x = walker
            high = 1.7 * size_at(foot)
            at = x + speed * size_at(foot) * (second - since)
            there.append((cut, (int(at), int(foot * H - high), int(at + high * cut.pixels.shape[1] / cut.pixels.shape[0]), int(foot * H)), False))
        for cut, box, flip in sorted(there, key=lambda one: one[1][3]):
            compose.draw(canvas, cut, box, flip)
        share = second / end
        canvas *= 1 + drift * np.sin(phase + 6.3 * share)
        falls(canvas, share)
        canvas += noise.normal(0, grain, (H // 2, W // 2, 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)
        dx, dy = (rng.uniform(-shake, shake) for _ in "xy")
        canvas = np.clip(canvas, 0, 255).astype(np.uint8)
        if shake:
            canvas = cv2.warpAffine(canvas, np.float32([[1, 0, dx], [0, 1, dy]]), (W, H), borderMode=cv2.BORDER_REPLICATE)
        coder.stdin.write(canvas.tobytes())
    coder.stdin.close()
    if coder.wait():
        raise SystemExit(f"ffmpeg could not write {folder}/clip.mp4")
    (folder / "scene.toml").write_text(
        f'# {f"Drawn before the facade {house.path.name} (CC0)" if a.drawn else "Composed"} by training/compose_spills.py, seed {a.seed}; weather: {sky}, ground: {light}; also there: {", ".join(also) or "nothing"}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "spills-{number:03}"\nname = "合成道路 {number:03}"\nmatters = ["muck_spill"]\n\n'
        f'[[zones]]\nname = "车行道"\nkind = "strict"\npolygon = [[0.0, {FOOT + 0.02:.2f}], [1.0, {FOOT + 0.02:.2f}], [1.0, 1.0], [0.0, 1.0]]\n')
    (folder / "timeline.toml").write_text("".join(
        f'[[incidents]]\nname = "{i + 1}号遗撒"\nmatter = "muck_spill"\nfrom_s = {since:.1f}\n'
        f"box = [{', '.join(f'{v:.4f}' for v in (b[0] / W, b[1] / H, b[2] / W, b[3] / H))}]\n\n" for i, (since, b) in enumerate(truths)))
    return len(truths)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("facades", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--garbage", type=Path)
    p.add_argument("--start", type=Path)
    p.add_argument("--clips", type=int, default=12)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--minutes", type=int, default=5)
    p.add_argument("--fps", type=int, default=2)
    p.add_argument("--half", type=int, choices=(0, 1), help="take only the first or the second of every two houses: choose on one half, measure on the other")
    p.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    p.add_argument("--parts", type=Path, help="file that keeps the things cut out, from one call to the next")
    p.add_argument("--drawn", action="store_true", help="nothing that may not be passed on: a house and drawn things alone")
    a = p.parse_args()
    if not a.drawn and not (a.garbage and a.start):
        p.error("--garbage and --start are needed for what is cut from pictures")
    a.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(a.seed)
    trained, houses = data.facades(a.facades / "train")
    if a.drawn:
        parts, houses = {"vehicle": [], "walker": []}, trained
    else:
        parts = compose.kept(a.parts, lambda: {"vehicle": compose.vehicles(houses, measure.runner(a.start, measure.START)), "walker": compose.walkers()})
    parts["backgrounds"] = compose.wide(houses, a.half)
    compose.all_of(clip, parts, a, a.clips, "spills")


if __name__ == "__main__":
    main()

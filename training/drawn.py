#!/usr/bin/env python3
"""Draws the scenes of fixtures/scenes/heap and stall: a CC0 facade, drawn ground, and a drawn heap of bags and cartons, or a trader's things, that appear
and are taken away.

  drawn.py --facades DIR --out fixtures/scenes/heap [--seed 3]
  drawn.py --facades DIR --what stall --seed 5 --out fixtures/scenes/stall
The stall has no trader: the test lays one in, from a clip that may not be passed on. Beside it the city's own furniture stands from the beginning.
Nothing of it comes from a picture that may not be passed on, and no network was trained on anything drawn here.
"""
import argparse
import json
import random
import subprocess
from pathlib import Path

import cv2
import numpy as np

import compose
import compose_stalls
import data

MINUTES, EVERY = 12, 5  # of the clip; seconds between its frames
SINCE, UNTIL = 90, 600  # seconds at which the heap is put down and taken away
SCENES = {
    "heap": {"about": "a heap, and leaves and a wet patch that are no rubbish", "view": "东墙根", "matters": ["exposed_garbage", "bin_overflow"], "name": "一堆袋装垃圾", "crf": "33"},
    "stall": {"about": "a trader's things, furniture that was there before, leaves and a wet patch", "view": "东墙外", "matters": ["stall"], "name": "一个摊点", "crf": "37"},
}
BAGS = [(40, 38, 36), (46, 44, 42), (60, 55, 50), (215, 220, 222), (190, 200, 205), (60, 60, 170), (150, 90, 40), (60, 140, 70), (80, 170, 210)]
SCRAPS = [(235, 235, 235), (60, 110, 170), (40, 60, 200), (200, 120, 50), (90, 190, 220), (120, 160, 190), (60, 160, 90)]


def bag(size, colour, rng, noise):
    """A tied bag with folds, lit from above. Pixels and mask."""
    yy, xx = np.mgrid[-1:1:size * 1j, -1:1:size * 1j]
    turn = np.arctan2(yy, xx)
    lump = 1 + 0.08 * np.sin(3 * turn + rng.uniform(0, 6)) + 0.05 * np.sin(7 * turn + rng.uniform(0, 6))
    far = np.hypot(xx / (0.9 * lump), (yy - 0.12) / (0.8 * lump))
    knot = (np.abs(xx) < 0.12 + 0.1 * np.abs(yy + 0.75)) & (yy < -0.55) & (yy > -0.95)
    depth = np.sqrt(np.clip(1 - far**2, 0, 1))
    folds = sum(share * np.sin(k * turn + rng.uniform(0, 6) + 3 * far) for k, share in ((9, 0.25), (17, 0.2), (31, 0.12)))
    fine = cv2.resize(noise.normal(0, 1, (max(size // 4, 2),) * 2).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    light = 0.35 + 0.65 * np.clip(-0.5 * yy - 0.3 * xx + 0.75 * depth + 0.35 * folds * (0.3 + far) + 0.12 * fine, 0, 1.3)
    shine = np.clip(folds * 0.8 + fine * 0.5 - 0.9, 0, 1) * depth
    pixels = np.clip(np.array(colour, np.float32) * light[..., None] + 140 * shine[..., None], 0, 255)
    return pixels, cv2.GaussianBlur(((far < 1) | knot).astype(np.float32), (3, 3), 0)


def scrap(width, rng, noise):
    """A carton, a bottle, a piece of paper: a turned rectangle with a fold. Pixels and mask."""
    w, h = (max(int(width * rng.uniform(*share)), 2) for share in ((0.03, 0.12), (0.02, 0.08)))
    size = int(np.hypot(w, h)) + 4
    corners = cv2.boxPoints(((size / 2, size / 2), (w, h), rng.uniform(0, 180))).astype(np.int32)
    mask = np.zeros((size, size), np.float32)
    cv2.fillConvexPoly(mask, corners, 1.0)
    colour = np.array(rng.choice(SCRAPS), np.float32) * rng.uniform(0.6, 1)
    pixels = colour + noise.normal(0, 14, (size, size, 3)).astype(np.float32)
    cv2.line(pixels, tuple(map(int, corners[0])), tuple(map(int, corners[2])), tuple(map(float, colour * 0.6)), 1)
    return np.clip(pixels, 0, 255), cv2.GaussianBlur(mask, (3, 3), 0)


def heap(width, rng):
    """Bags and scraps, piled up."""
    noise, height = np.random.default_rng(rng.getrandbits(32)), int(width * 0.6)
    canvas, whole = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)

    def put(pixels, mask, x, y):
        h, w = mask.shape
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if right > left and bottom > top:
            part, at = (slice(top - y, bottom - y), slice(left - x, right - x)), (slice(top, bottom), slice(left, right))
            canvas[at] += (pixels[part] - canvas[at]) * mask[part][..., None]
            whole[at] = np.maximum(whole[at], mask[part])

    for _ in range(rng.randint(7, 11)):
        size, aside = int(width * rng.uniform(0.22, 0.36)), rng.uniform(-1, 1)
        put(*bag(size, rng.choice(BAGS), rng, noise), int(width / 2 + aside * width * 0.36 - size / 2), int(height - size - (1 - abs(aside)) * height * 0.32 * rng.random() - 2))
        for _ in range(rng.randint(2, 5)):
            pixels, mask = scrap(width, rng, noise)
            size, aside = len(mask), rng.uniform(-1, 1)
            put(pixels, mask, int(width / 2 + aside * width * 0.46 - size / 2), int(height - size - rng.random() * (1 - abs(aside)) * height * 0.5))
    return compose.Cut(canvas.astype(np.uint8), whole, "garbage")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--facades", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--what", choices=SCENES, default="heap")
    p.add_argument("--seed", type=int, default=3)
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(a.seed)
    trained, _ = data.facades(a.facades / "train")
    house = rng.choice([s for s in trained if s.read().shape[1] > 1.3 * s.read().shape[0]])
    ground = compose.background(house, rng).astype(np.float32)
    if a.what == "heap":
        cut, kept = heap(200, rng), None
        box = compose.spot(cut, rng.uniform(0.8, 1.1), rng, [])
    else:
        cut, kept = compose_stalls.stall(rng), compose_stalls.furniture(rng)
        box = compose.spot(cut, len(cut.pixels) / compose_stalls.S, rng, [])
        beside = compose.spot(kept, len(kept.pixels) / compose_stalls.S, rng, [box])
        compose.draw(ground, compose.harmonised(kept, ground, beside, rng), beside, False)
    cut = compose.harmonised(cut, ground, box, rng)
    # What comes and is no rubbish: leaves at the beginning, a wet patch later on.
    grounds = [(30, compose.litter_free(random.Random(a.seed + 1))), (240, compose.litter_free(random.Random(a.seed + 2)))]
    noise = np.random.default_rng(a.seed)
    coder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{compose.W}x{compose.H}", "-r", f"1/{EVERY}", "-i", "-", "-an", "-c:v", "libx264",
         "-preset", "fast", "-crf", SCENES[a.what]["crf"], "-g", "6", "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact", str(a.out / "clip.mp4")], stdin=subprocess.PIPE)
    painted = ground.copy()
    for second in range(0, MINUTES * 60, EVERY):
        for since, paint in grounds:
            if second == since:
                paint(painted)
        canvas = painted.copy()
        if SINCE <= second < UNTIL:
            compose.draw(canvas, cut, box, False)
        canvas *= 1 + 0.08 * np.sin(6.3 * second / MINUTES / 60)
        canvas += noise.normal(0, 0.8, (compose.H // 2, compose.W // 2, 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)
        coder.stdin.write(np.clip(canvas, 0, 255).astype(np.uint8).tobytes())
    coder.stdin.close()
    if coder.wait():
        raise SystemExit(f"ffmpeg could not write {a.out}/clip.mp4")
    share = ", ".join(f"{v:.4f}" for v in (box[0] / compose.W, box[1] / compose.H, box[2] / compose.W, box[3] / compose.H))
    (a.out / "scene.toml").write_text(
        f'# Drawn by training/drawn.py, seed {a.seed}, before the facade {house.path.name} (CC0): {SCENES[a.what]["about"]}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "{a.what}"\nname = "{SCENES[a.what]["view"]}"\nmatters = {json.dumps(SCENES[a.what]["matters"])}\nrevisit_s = 30\n\n'
        '[[zones]]\nname = "路面"\nkind = "strict"\npolygon = [[0.0, 0.55], [1.0, 0.55], [1.0, 1.0], [0.0, 1.0]]\n')
    (a.out / "timeline.toml").write_text(
        f'[[incidents]]\nname = "{SCENES[a.what]["name"]}"\nmatter = "{SCENES[a.what]["matters"][0]}"\nfrom_s = {SINCE}.0\nuntil_s = {UNTIL}.0\nbox = [{share}]\n')


if __name__ == "__main__":
    main()

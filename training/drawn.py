#!/usr/bin/env python3
"""Draws the scenes of fixtures/scenes/heap, stall and board: a CC0 facade, drawn ground, and a drawn heap of bags and cartons, or a trader's things, that appear
and are taken away; or the sign of another CC0 facade that is hung up and stays.

  drawn.py --facades DIR --out fixtures/scenes/heap [--seed 3]
  drawn.py --facades DIR --what stall --seed 5 --out fixtures/scenes/stall
  drawn.py --facades DIR --what board --seed 38 --out fixtures/scenes/board
The stall has no trader: the test lays one in, from a clip that may not be passed on. Beside it the city's own furniture stands from the beginning.
Nothing of it comes from a picture that may not be passed on, and no network was trained on anything drawn here. House and sign of the board are of the facades
that no network was trained on.
"""
import argparse
import json
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

import compose
import compose_boards
import compose_stalls
import data


@dataclass(frozen=True)
class Kind:
    """What a scene is about. Times in seconds; those of a board are six times as long: it has to hang for twenty-five minutes to be one."""
    about: str
    view: str
    zone: str
    ground: bool  # the zone is the ground, or the wall
    matters: tuple
    name: str
    crf: int
    pace: int = 1
    every: int = 5  # between frames
    revisit: int = 30


END, SINCE, UNTIL = 720, 90, 600  # of the clip; when it comes, and when it is taken away; all times the pace
SCENES = {
    "heap": Kind("a heap, and leaves and a wet patch that are no rubbish", "东墙根", "路面", True, ("exposed_garbage", "bin_overflow"), "一堆袋装垃圾", 33),
    "stall": Kind("a trader's things, furniture that was there before, leaves and a wet patch", "东墙外", "路面", True, ("stall",), "一个摊点", 37),
    "board": Kind("a sign that is hung up, a window that is lit, the house's own signs, leaves and a wet patch", "沿街铺面", "沿街立面", False, ("outdoor_ad",), "一块新挂的招牌", 37, 6, 50, 300),
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


def scenery(a, rng):
    """The house, the clip's unchanging ground, what comes and where; and what comes besides and is none of it: (time, cut, box)."""
    trained, held_out = data.facades(a.facades / "train")
    wide = [s for s in (held_out if a.what == "board" else trained) if s.read().shape[1] > 1.3 * s.read().shape[0]]
    house = rng.choice([s for s in wide if a.what != "board" or compose_boards.WINDOW in dict(compose_boards.openings(s))])
    ground, besides = compose.background(house, rng).astype(np.float32), []
    if a.what == "heap":
        cut = heap(200, rng)
        box = compose.spot(cut, rng.uniform(0.8, 1.1), rng, [])
    elif a.what == "stall":
        cut, kept = compose_stalls.stall(rng), compose_stalls.furniture(rng)
        box = compose.spot(cut, len(cut.pixels) / compose_stalls.S, rng, [])
        beside = compose.spot(kept, len(kept.pixels) / compose_stalls.S, rng, [box])
        compose.draw(ground, compose.harmonised(kept, ground, beside, rng), beside, False)
    else:
        taken = []
        besides = [(0.3, *compose_boards.change("lit window", compose_boards.openings(house), taken, rng))]
        kind, cut = rng.choice([one for one in compose_boards.boards(held_out) if min(one[1].pixels.shape[:2]) >= 40])
        box = compose_boards.hung(rng, taken, *compose_boards.sized(kind, cut, rng))
    return house, ground, compose.harmonised(cut, ground, box, rng), box, besides


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--facades", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--what", choices=SCENES, default="heap")
    p.add_argument("--seed", type=int, default=3)
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    kind, rng = SCENES[a.what], random.Random(a.seed)
    house, ground, cut, box, besides = scenery(a, rng)
    # What comes and is no rubbish: leaves at the beginning, a wet patch later on.
    grounds = [(30, compose.litter_free(random.Random(a.seed + 1))), (240, compose.litter_free(random.Random(a.seed + 2)))]
    noise = np.random.default_rng(a.seed)
    coder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{compose.W}x{compose.H}", "-r", f"1/{kind.every}", "-i", "-", "-an", "-c:v", "libx264",
         "-preset", "fast", "-crf", str(kind.crf), "-g", "6", "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact", str(a.out / "clip.mp4")], stdin=subprocess.PIPE)
    painted = ground.copy()
    for second in range(0, END * kind.pace, kind.every):
        for since, paint in grounds:
            if second == since * kind.pace:
                paint(painted)
        canvas = painted.copy()
        for since, other, where in besides:
            if second >= since * END * kind.pace:
                compose.draw(canvas, other, where, False, shadow=False)
        if SINCE * kind.pace <= second < UNTIL * kind.pace:
            compose.draw(canvas, cut, box, False, shadow=kind.ground)
        canvas *= 1 + 0.08 * np.sin(6.3 * second / END / kind.pace)
        canvas += noise.normal(0, 0.8, (compose.H // 2, compose.W // 2, 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)
        coder.stdin.write(np.clip(canvas, 0, 255).astype(np.uint8).tobytes())
    coder.stdin.close()
    if coder.wait():
        raise SystemExit(f"ffmpeg could not write {a.out}/clip.mp4")
    share = ", ".join(f"{v:.4f}" for v in (box[0] / compose.W, box[1] / compose.H, box[2] / compose.W, box[3] / compose.H))
    top, foot = (0.55, 1.0) if kind.ground else (0.0, compose.FOOT)
    (a.out / "scene.toml").write_text(
        f'# Drawn by training/drawn.py, seed {a.seed}, before the facade {house.path.name} (CC0): {kind.about}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "{a.what}"\nname = "{kind.view}"\nmatters = {json.dumps(kind.matters)}\nrevisit_s = {kind.revisit}\n\n'
        f'[[zones]]\nname = "{kind.zone}"\nkind = "strict"\npolygon = [[0.0, {top}], [1.0, {top}], [1.0, {foot}], [0.0, {foot}]]\n')
    (a.out / "timeline.toml").write_text(
        f'[[incidents]]\nname = "{kind.name}"\nmatter = "{kind.matters[0]}"\nfrom_s = {SINCE * kind.pace}.0\nuntil_s = {UNTIL * kind.pace}.0\nbox = [{share}]\n')


if __name__ == "__main__":
    main()

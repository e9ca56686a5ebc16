#!/usr/bin/env python3
"""Composes street clips in which boards are put up on houses and taken down, for `xunjie eval clips`.

  compose_boards.py --garbage DIR --facades DIR --start yolox_nano_416.onnx --out OUT [--clips 24] [--seed 1] [--minutes 60] [--every 60] [--half 0|1]
Boards are the labelled signs of real houses (sign boards, signs that stick out of the wall, advertising in windows), hung onto other houses of the same half at the
size that they have there. What is no board and comes too: shutters that close, windows that are lit, awnings that are let down, doors that stand open; people who wait,
vehicles and bins before the wall; light, shadows and weather as in compose_stalls.py. A frame of the clip stands for `--every` seconds.
"""
import cv2
import numpy as np

import compose
import compose_stalls as stalls
import data
from compose import FOOT, H, W

KINDS = {1: ("sign that sticks out", 0.5, 1.2), 3: ("sign board", 1.2, 4.0), 4: ("advertising in a window", 0.7, 1.8)}  # facades.tar: name, metres wide
FLAT = 5  # sides of a board, at most so unlike: what is flatter is a line of letters, a few pixels high from a pole
FIRST_FLOOR = (0.05, FOOT - 0.1)  # where on the wall they hang, in shares of the height: two metres above the ground at least
WINDOW, DOOR = 0, 5  # of facades.tar
CHANGES = {"shutter": (WINDOW, DOOR), "lit window": (WINDOW,), "awning": (WINDOW, DOOR), "open door": (DOOR,)}  # and where


def boards(houses):
    """The labelled signs, whole rectangles."""
    found = []
    for scene in houses:
        picture = scene.read()
        h, w = picture.shape[:2]
        for row in scene.labels:
            x0, y0, x1, y1 = (row[1:] * [w, h, w, h]).round().astype(int)
            if int(row[0]) in KINDS and min(x1 - x0, y1 - y0) >= 14 and max(x1 - x0, y1 - y0) <= FLAT * min(x1 - x0, y1 - y0):
                found.append((int(row[0]), compose.Cut(picture[y0:y1, x0:x1], np.ones((y1 - y0, x1 - x0), np.float32), KINDS[int(row[0])][0])))
    return found


def free(box, taken):
    """Whether the box is well apart from all others."""
    return all(box[2] + 16 < o[0] or o[2] + 16 < box[0] or box[3] + 16 < o[1] or o[3] + 16 < box[1] for o in taken)


def hung(rng, taken, wide, high):
    """Where a flat thing of so many metres hangs on the wall; None where no room is left."""
    metre = stalls.size_at(FOOT)
    w, h = wide * metre, high * metre
    for _ in range(60):
        x, y = rng.uniform(0.03 * W, 0.97 * W - w), rng.uniform(FIRST_FLOOR[0] * H, max(FIRST_FLOOR[1] * H - h, FIRST_FLOOR[0] * H + 1))
        box = (int(x), int(y), int(x + w), int(y + h))
        if box[3] < FIRST_FLOOR[1] * H + 2 and free(box, taken):
            taken.append(box)
            return box
    return None


def sized(kind, cut, rng):
    """Metres wide and high of a sign of that class."""
    wide = rng.uniform(*KINDS[kind][1:])
    return wide, wide * cut.pixels.shape[0] / cut.pixels.shape[1]


def board(street):
    kind, cut = street.rng.choice(street.parts["board"])
    box = hung(street.rng, street.taken, *sized(kind, cut, street.rng))
    if box is None:
        return
    since = street.late(0.05, 0.3)
    until = street.end + 60 if street.rng.random() < 0.7 else since + street.late(0.62, 0.68)
    street.stand(cut, box, since, until, shadow=False)
    street.figures[-1].flip = False
    street.truths.append((cut.kind, since, until, box))


def openings(scene):
    """Windows and doors of a house where `compose.background` shows them: [(class, box)]."""
    h, w = scene.read().shape[:2]
    k, foot = W / w, round(FOOT * H)
    above = max(round(h * k), foot) - foot
    boxes = [(int(row[0]), (row[1:] * [W, h * k, W, h * k] - [0, above, 0, above]).round().astype(int)) for row in scene.labels]
    return [(kind, tuple(map(int, box))) for kind, box in boxes if kind in (WINDOW, DOOR) and box[1] > 0.02 * H and box[3] < foot + 8 and box[2] - box[0] > 20]


def change(kind, places, taken, rng):
    """What a house does by itself, at a window or a door: what is seen then, and where. None where there is no such place."""
    fit = [box for place, box in places if place in CHANGES[kind] and free(box, taken)]
    if not fit:
        return None
    box = rng.choice(fit)
    taken.append(box)
    if kind == "awning":  # let down before the upper part, wider than it
        x0, y0, x1, y1 = box
        box = (int(x0 - 0.15 * (x1 - x0)), int(y0 - 0.05 * (y1 - y0)), int(x1 + 0.15 * (x1 - x0)), int(y0 + rng.uniform(0.25, 0.45) * (y1 - y0)))
    wide, high = box[2] - box[0], box[3] - box[1]
    h, w = 160, max(int(160 * wide / high), 8)
    rows, columns = np.mgrid[0:h, 0:w].astype(np.float32)
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 4, (h, w, 1))
    tone = np.array([rng.uniform(50, 190)] * 3) * rng.uniform(0.9, 1.1)
    if kind == "shutter":
        pixels = tone + 14 * (rows // 6 % 2)[..., None] + noise
    elif kind == "lit window":
        pixels = np.array([120, 190, 235]) * rng.uniform(0.7, 1.05) * (1 - 0.4 * (np.abs(columns / w - 0.5) < 0.03))[..., None] + noise
    elif kind == "awning":
        other = np.array(rng.choice(stalls.CLOTHS), np.float32)
        pixels = np.where((columns // max(w // 12, 2) % 2)[..., None] > 0, other, (210, 215, 220)) * (1.1 - 0.4 * rows / h)[..., None] + noise
    else:
        pixels = np.array([28, 30, 34]) + 25 * rng.random() * (rows / h)[..., None] + noise
    return compose.Cut(np.clip(pixels, 0, 255).astype(np.uint8), np.ones((h, w), np.float32), kind), box


def clip(number, parts, a, rng):
    house = rng.choice(parts["backgrounds"])
    ground = compose.background(house, rng).astype(np.float32)
    street = stalls.Street(rng, parts, ground, a.minutes * 60)
    for _ in range(rng.choice([0, 1, 1, 2])):
        board(street)
    for kind in rng.sample(sorted(CHANGES), rng.randint(1, 3)):
        changed = change(kind, openings(house), street.taken, rng)
        if changed:
            since = street.late(0.05, 0.5)
            street.stand(*changed, since, street.end + 60 if rng.random() < 0.6 else since + street.late(0.2, 0.5), shadow=False)
            street.also.append(kind)
    walls, street.taken = street.taken, []
    for kind in rng.sample(["waits", "delivery", "vehicle", "bin", "bicycle"], rng.randint(1, 3)):
        street.lawful(kind)
    street.taken += walls
    folder = a.out / f"{number:03}"
    sky, light = stalls.film(street, folder, a, rng)
    (folder / "scene.toml").write_text(
        f'# Composed by training/compose_boards.py, seed {a.seed}; weather: {sky}, ground: {light}; also there: {", ".join(street.also) or "nothing"}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "boards-{number:03}"\nname = "合成立面 {number:03}"\nmatters = ["outdoor_ad"]\nrevisit_s = {a.every}\n\n'
        f'[[zones]]\nname = "沿街立面"\nkind = "strict"\npolygon = [[0.0, 0.0], [1.0, 0.0], [1.0, {FOOT}], [0.0, {FOOT}]]\n')
    stalls.timeline(folder, "outdoor_ad", street)
    return len(street.truths)


def main():
    a = stalls.options(60, 60, __doc__).parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    _, houses = data.facades(a.facades / "train")
    parts = stalls.kept_parts(a, houses)
    parts["backgrounds"] = compose.wide(houses, a.half)
    parts["board"] = boards(houses if a.half is None else houses[a.half::2])
    compose.all_of(clip, parts, a, a.clips, "boards")


if __name__ == "__main__":
    main()

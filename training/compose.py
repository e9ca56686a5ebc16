#!/usr/bin/env python3
"""Composes street clips whose true incidents are known: wide views in which rubbish appears, stays and is taken away.

  compose.py --garbage DIR --facades DIR --start yolox_nano_416.onnx --out OUT [--clips 40 | --stills 1500] [--seed 1] [--minutes 30] [--every 5]
--stills writes labelled single pictures for training, of pictures that may be trained on. Otherwise OUT/NNN/ gets clip.mp4, scene.toml and timeline.toml for `xunjie eval clip`. Everything shown in clips comes from pictures that nothing was
trained on: val of the garbage set, every fifth facade, and walkers of vtest.avi (Debian's opencv-doc). A frame of the clip stands for `--every` seconds.
"""
import argparse
import multiprocessing
import os
import pickle
import random
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

import data
import measure
from net import CLASSES, OWN

W, H = 1280, 720
HORIZON = 0.30  # share of the height at which things are without size
FOOT = 0.56  # share of the height at which house and ground meet
METRE = 0.16  # share of the height of a metre at the lower border
CLIP = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
MATTERS = {"garbage": "exposed_garbage", "overflow": "bin_overflow"}


@dataclass
class Cut:
    """A thing without its surroundings."""
    pixels: np.ndarray
    mask: np.ndarray  # 0..1
    kind: str


@dataclass
class Stay:
    """A thing that stands at a spot for some time. `matter` is none where it is lawful or stays too short."""
    cut: Cut
    box: tuple
    since: float
    until: float
    matter: str | None
    flip: bool = False


def silhouette(picture, box):
    """The thing in the box by GrabCut; None where no body comes out."""
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = (int(v) for v in box)
    mx, my = (x1 - x0) // 6 + 4, (y1 - y0) // 6 + 4
    left, top, right, bottom = max(x0 - mx, 0), max(y0 - my, 0), min(x1 + mx, w), min(y1 + my, h)
    around = picture[top:bottom, left:right]
    rect = (x0 - left, y0 - top, x1 - x0, y1 - y0)
    if min(rect[2:]) < 24 or rect[2] * rect[3] > 0.92 * around.shape[0] * around.shape[1]:
        return None
    k = min(1.0, 200 / max(around.shape[:2]))
    small = cv2.resize(around, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
    mask = np.zeros(small.shape[:2], np.uint8)
    cv2.setRNGSeed(1)
    try:
        cv2.grabCut(small, mask, tuple(max(int(v * k), 1) for v in rect), np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return None
    body = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    body = cv2.morphologyEx(body, cv2.MORPH_OPEN, np.ones((3, 3)))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(body)
    if count < 2:
        return None
    largest = 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
    body = np.isin(parts, [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 0.1 * stats[largest, cv2.CC_STAT_AREA]])
    share = body.sum() / (rect[2] * rect[3] * k * k)
    if not 0.3 < share < 1.0:
        return None
    ys, xs = np.nonzero(body)
    x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    mask = cv2.GaussianBlur(body[y0:y1, x0:x1].astype(np.float32), (3, 3), 0)
    return small[y0:y1, x0:x1], mask


def cuts(scenes, kinds, rng, count):
    """Things of the labelled kinds, at most two a picture."""
    found, order = [], list(scenes)
    rng.shuffle(order)
    for scene in order:
        picture = scene.read()
        h, w = picture.shape[:2]
        rows = [row for row in scene.labels if OWN[int(row[0])] in kinds]
        for row in rng.sample(rows, min(2, len(rows))):
            cut = silhouette(picture, row[1:] * [w, h, w, h])
            if cut is not None:
                found.append(Cut(*cut, OWN[int(row[0])]))
        if len(found) >= count:
            break
    return found


def pieces(scenes, count=90):
    """Parts of facades: what does not belong on the ground and is no rubbish."""
    found = []
    for scene in scenes:
        if len(found) >= count:
            break
        picture = scene.read()
        h, w = picture.shape[:2]
        cut = silhouette(picture, scene.labels[-1][1:] * [w, h, w, h]) if len(scene.labels) else None
        if cut is not None:
            found.append(Cut(*cut, "piece of a facade"))
    return found


def vehicles(scenes, start, count=60, kinds=("car", "truck", "bus", "bicycle", "motorcycle"), least=40):
    """What the starting network sees of these kinds, at least so many pixels wide."""
    found = []
    for scene in scenes:
        if len(found) >= count:
            break
        picture = scene.read()
        for kind, score, *box in measure.detect(start, picture, 0.55):
            if CLASSES[kind] in kinds and box[2] - box[0] > least:
                cut = silhouette(picture, box)
                if cut is not None:
                    found.append(Cut(*cut, CLASSES[kind]))
    return found


def walkers():
    """People of vtest.avi in front of its empty scene."""
    video, frames = cv2.VideoCapture(CLIP), []
    while True:
        good, frame = video.read()
        if not good:
            break
        frames.append(frame)
    if not frames:
        raise SystemExit(f"{CLIP} cannot be read: install Debian's opencv-doc")
    empty = np.median(np.stack(frames[::20]), 0).astype(np.uint8)
    found = []
    for frame in frames[::25]:
        apart = cv2.GaussianBlur(cv2.absdiff(frame, empty).max(2), (5, 5), 0)
        body = cv2.morphologyEx((apart > 28).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 5)))
        count, parts, stats, _ = cv2.connectedComponentsWithStats(body)
        for i in range(1, count):
            x, y, w, h, area = stats[i]
            if 45 < h < 140 and 1.6 < h / w < 4 and area > 0.45 * w * h and 2 < x and x + w < 766 and y + h < 574:
                found.append(Cut(frame[y:y + h, x:x + w], cv2.GaussianBlur((parts[y:y + h, x:x + w] == i).astype(np.float32), (3, 3), 0), "person"))
    return found


def background(scene, rng):
    """A facade behind a street: the real house above, drawn ground in perspective before it, as a camera on a pole shows it."""
    picture = scene.read()
    k = W / picture.shape[1]
    foot = round(FOOT * H)
    big = cv2.resize(picture, (W, max(round(picture.shape[0] * k), foot)), interpolation=cv2.INTER_CUBIC)
    canvas = np.zeros((H, W, 3), np.uint8)
    canvas[:foot] = big[len(big) - foot:]
    noise = np.random.default_rng(rng.getrandbits(32))
    # The ground as seen from above, 8 pixels to a decimetre of paving, then laid down.
    tone = 0.5 * big[-20:].mean((0, 1)) + 0.5 * np.array([rng.randint(95, 150)] * 3)
    grain = sum(cv2.resize(noise.normal(0, s, (800 // c, 1600 // c)).astype(np.float32), (1600, 800)) for c, s in ((1, 7), (4, 6), (40, 7)))
    flat = tone + grain[..., None]
    if rng.random() < 0.6:
        step = rng.choice([32, 48, 64])
        flat[::step] -= 18
        flat[:, ::step] -= 12
    if rng.random() < 0.7:  # the kerb, and a carriageway before it
        kerb = rng.randint(200, 400)
        flat[kerb:] = 0.55 * flat[kerb:] + 0.45 * rng.randint(60, 90)
        flat[kerb:kerb + 8] += 50
        if rng.random() < 0.5:
            for x in range(0, 1600, 200):
                flat[kerb + 180:kerb + 190, x:x + 110] += 70
    flat = np.clip(flat, 0, 255).astype(np.uint8)
    lean = rng.uniform(-150, 150)
    laid = cv2.getPerspectiveTransform(np.float32([[0, 0], [1600, 0], [1600, 800], [0, 800]]), np.float32([[0, foot], [W, foot], [1.6 * W + lean, H], [-0.6 * W + lean, H]]))
    cv2.warpPerspective(flat, laid, (W, H), dst=canvas, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT)
    # The foot of the house, so that no hard edge parts real from drawn.
    canvas[foot - 2:foot + 3] = cv2.GaussianBlur(canvas[foot - 6:foot + 7], (1, 5), 0)[4:9]
    return canvas


def spot(cut, metres, rng, taken):
    """Where a thing of that height stands: further up is further away. None where no room is left."""
    for _ in range(40):
        foot = rng.uniform(FOOT + 0.04, 0.985)
        height = metres * METRE * H * (foot - HORIZON) / (1 - HORIZON)
        width = height * cut.pixels.shape[1] / cut.pixels.shape[0]
        if not 22 <= width <= 0.3 * W or height < 14:
            continue
        x = rng.uniform(0.03 * W, 0.97 * W - width)
        box = (int(x), int(foot * H - height), int(x + width), int(foot * H))
        apart = lambda o: box[2] + 12 < o[0] or o[2] + 12 < box[0] or box[3] + 6 < o[1] or o[3] + 6 < box[1]
        if all(apart(o) for o in taken):
            return box
    return None


def draw(canvas, cut, box, flip, shadow=True):
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    way = cv2.INTER_AREA if w < cut.mask.shape[1] else cv2.INTER_CUBIC
    pixels, mask = cv2.resize(cut.pixels, (w, h), interpolation=way), cv2.resize(cut.mask, (w, h), interpolation=way).clip(0, 1)
    if flip:
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, W), min(y1, H)
    if right - left < 2 or bottom - top < 2:
        return
    if shadow:
        dark = np.zeros((h // 3 + 8, w + 16), np.float32)
        cv2.ellipse(dark, (w // 2 + 8, h // 6 + 4), (w // 2, max(h // 10, 2)), 0, 0, 360, 0.45, -1)
        lay(canvas, x0 - 8, y1 - h // 6 - 4, None, cv2.GaussianBlur(dark, (0, 0), max(h / 14, 1)))
    lay(canvas, x0, y0, pixels, mask)


def lay(canvas, x, y, pixels, mask):
    """Blends pixels (black when none) into the canvas, cut at its borders."""
    h, w = mask.shape
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, W), min(y + h, H)
    if right <= left or bottom <= top:
        return
    part = (slice(top - y, bottom - y), slice(left - x, right - x))
    m = mask[part][..., None]
    under = canvas[top:bottom, left:right]
    over = 0 if pixels is None else pixels[part]
    canvas[top:bottom, left:right] = under * (1 - m) + over * m


def harmonised(cut, canvas, box, rng):
    """The light and the sharpness of the place."""
    x0, y0, x1, y1 = box
    around = canvas[max(y0, 0):y1, max(x0, 0):x1]
    pixels = cut.pixels.astype(np.float32)
    gain = np.clip((0.55 * around.mean() + 0.45 * pixels.mean()) / max(pixels.mean(), 1), 0.6, 1.5)
    return Cut(np.clip(pixels * gain, 0, 255).astype(np.uint8), cut.mask, cut.kind)


def stain(rng):
    """A puddle, a shadow or leaves: what is new on the ground and is no rubbish. Kind and a painter."""
    kind = rng.choice(["shadow", "puddle", "leaves"])
    w, h = rng.randint(60, 240), rng.randint(20, 60)
    x, y = rng.randint(20, W - w - 20), rng.randint(int((FOOT + 0.06) * H), H - h - 4)
    shape = np.zeros((h, w), np.float32)
    for _ in range(4):
        cv2.ellipse(shape, (rng.randint(w // 4, 3 * w // 4), h // 2), (rng.randint(w // 8, w // 4), rng.randint(h // 5, h // 2)), rng.randint(0, 30), 0, 360, 1, -1)
    shape = cv2.GaussianBlur(shape, (0, 0), 3 if kind != "shadow" else 8)
    dots = [(rng.randint(2, w - 3), rng.randint(2, h - 3), rng.randint(1, 3), (rng.randint(20, 60), rng.randint(60, 120), rng.randint(90, 170))) for _ in range(w * h // 120)]

    def paint(canvas):
        if kind == "leaves":
            for dx, dy, r, colour in dots:
                if shape[dy, dx] > 0.3:
                    cv2.circle(canvas, (x + dx, y + dy), r, colour, -1)
        else:
            above = canvas[max(y - 3 * h, 0):max(y - 3 * h, 0) + h, x:x + w][::-1]
            lay(canvas, x, y, cv2.GaussianBlur(above, (0, 0), 4) * 0.8 if kind == "puddle" else None, shape * (0.75 if kind == "puddle" else 0.4))
    return kind, (x, y, x + w, y + h), paint


def litter_free(rng):
    """Other ground that is no rubbish, of any size: strewn leaves, wet patches, mended asphalt, grates. A painter."""
    kind = rng.choice(["leaves", "leaves", "wet", "mended", "grate"])
    far = rng.uniform(FOOT + 0.03, 0.97)
    size = METRE * H * (far - HORIZON) / (1 - HORIZON)  # pixels of a metre there
    w, h = int(size * rng.uniform(0.5, 3.5)) + 12, int(size * rng.uniform(0.15, 0.7)) + 6
    x, y = rng.randint(-w // 4, W - w // 2), min(int(far * H), H - h - 1)
    noise = np.random.default_rng(rng.getrandbits(32))
    blob = cv2.resize(noise.random((4, 7)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    yy, xx = np.mgrid[-1:1:h * 1j, -1:1:w * 1j]
    shape = np.clip((blob + 0.9 - 1.3 * (xx**2 + yy**2)) * 3, 0, 1).astype(np.float32)
    season = np.array(rng.choice([(30, 110, 170), (40, 140, 200), (35, 75, 110), (50, 110, 80)]), np.float32)

    def paint(canvas):
        if kind == "leaves":
            ground = np.zeros((h, w, 3), np.float32)
            mask = np.zeros((h, w), np.float32)
            many = int(w * h * rng.uniform(0.01, 0.12) / max(size / 40, 1))
            for _ in range(min(many, 900)):
                cx, cy = rng.randrange(w), rng.randrange(h)
                if shape[cy, cx] > rng.random():
                    r = max(size * rng.uniform(0.02, 0.06), 0.8)
                    axes = (max(int(r), 1), max(int(r * rng.uniform(0.3, 0.7)), 1))
                    colour = tuple(float(v) for v in np.clip(season * rng.uniform(0.5, 1.4) + noise.normal(0, 12, 3), 0, 255))
                    cv2.ellipse(ground, (cx, cy), axes, rng.uniform(0, 180), 0, 360, colour, -1)
                    cv2.ellipse(mask, (cx, cy), axes, 0, 0, 360, 1.0, -1)
            soft = cv2.GaussianBlur(mask, (3, 3), 0)
            lay(canvas, x, y, cv2.GaussianBlur(ground, (3, 3), 0) / np.maximum(soft, 0.05)[..., None], soft)
        elif kind == "wet":
            top = max(y - 3 * h, 0)
            above = cv2.resize(canvas[top:top + h, max(x, 0):max(x, 0) + w][::-1], (w, h))
            lay(canvas, x, y, cv2.GaussianBlur(above, (0, 0), 4) * rng.uniform(0.6, 1.1), shape * rng.uniform(0.3, 0.8))
        elif kind == "mended":
            lay(canvas, x, y, np.full((h, w, 3), rng.uniform(40, 130), np.float32) + noise.normal(0, 8, (h, w, 1)), np.full((h, w), rng.uniform(0.4, 0.9), np.float32))
        else:
            bars = np.where(np.arange(w) // max(w // 14, 2) % 2, 35.0, 110.0).astype(np.float32)
            lay(canvas, x, y, np.repeat(np.tile(bars, (h, 1))[..., None], 3, 2), np.full((h, w), 0.85, np.float32))
    return paint


def weather(rng):
    """A painter for the whole clip; most are dry."""
    kind = rng.choices(["dry", "rain", "fog", "dusk"], (0.6, 0.13, 0.13, 0.14))[0]
    noise = np.random.default_rng(rng.getrandbits(32))

    def paint(canvas, share):
        if kind == "fog":
            far = np.linspace(0.45, 0.2, H, dtype=np.float32)[:, None, None]
            canvas[:] = canvas * (1 - far) + 200 * far
        elif kind == "dusk":
            canvas[:] = canvas * (1 - 0.6 * share)
        elif kind == "rain":
            streaks = (noise.random((H // 2, W // 2)) > 0.996).astype(np.float32)
            streaks = cv2.resize(cv2.filter2D(streaks, -1, np.eye(9, dtype=np.float32)), (W, H))
            canvas[:] = canvas * 0.92 + 60 * streaks[..., None].clip(0, 1)
    return kind, paint


def clip(number, parts, a, rng):
    """One clip; returns what the two files beside it say."""
    end = a.minutes * 60
    ground = background(rng.choice(parts["backgrounds"]), rng).astype(np.float32)
    stays, taken = [], []

    def stand(kind, metres, since, until, matter):
        cut = rng.choice(parts[kind])
        box = spot(cut, metres, rng, taken)
        if box:
            taken.append(box)
            stays.append(Stay(harmonised(cut, ground, box, rng), box, since, until, matter, rng.random() < 0.5))

    late = lambda lo, hi: rng.uniform(lo * end, hi * end)
    for _ in range(rng.choice([0, 1, 1, 2])):
        kind = rng.choices(["garbage", "overflow"], (0.75, 0.25))[0]
        since = late(0.08, 0.4)
        until = end + 60 if rng.random() < 0.4 else since + late(0.4, 0.55)
        stand(kind, rng.uniform(0.5, 1.1) if kind == "garbage" else rng.uniform(1.0, 1.5), since, until, MATTERS[kind])
    for _ in range(rng.choice([0, 1])):  # put down and taken away again
        since = late(0.1, 0.7)
        stand("garbage", rng.uniform(0.5, 0.9), since, since + rng.uniform(40, 150), None)
    for _ in range(rng.choice([1, 2, 2])):  # lawful things that stay
        kind = rng.choice(["garbage_bin", "vehicle", "piece"])
        since = -1 if rng.random() < 0.3 else late(0.05, 0.6)
        stand(kind, {"garbage_bin": 1.2, "vehicle": 1.6, "piece": rng.uniform(0.6, 1.4)}[kind], since, end + 60, None)
    stains = [(late(0.05, 0.6), *stain(rng)) for _ in range(rng.choice([0, 1, 1]))]
    kind, falls = weather(rng)
    drift, phase, shake = rng.uniform(0.05, 0.25), rng.uniform(0, 6.3), rng.choice([0.3, 0.8, 1.6])
    noise = np.random.default_rng(rng.getrandbits(32))
    folder = a.out / f"{number:03}"
    folder.mkdir(parents=True, exist_ok=True)
    coder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{W}x{H}", "-r", f"1/{a.every}", "-i", "-", "-an", "-c:v", "libx264",
         "-preset", "veryfast", "-crf", str(rng.randint(24, 32)), "-g", "2", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact", str(folder / "clip.mp4")], stdin=subprocess.PIPE)
    for second in range(0, end, a.every):
        canvas = ground.copy()
        for since, _, _, paint in stains:
            if second >= since:
                paint(canvas)
        for stay in sorted(stays, key=lambda s: s.box[3]):
            if stay.since <= second < stay.until:
                draw(canvas, stay.cut, stay.box, stay.flip)
        for _ in range(rng.choices([0, 1, 2, 3], (0.35, 0.35, 0.2, 0.1))[0]):  # who passes by
            mover = rng.choice(parts["vehicle" if rng.random() < 0.25 else "walker"])
            box = spot(mover, 1.7 if mover.kind == "person" else 1.6, rng, [])
            if box:
                draw(canvas, mover, box, rng.random() < 0.5)
        share = second / end
        canvas *= 1 + drift * np.sin(phase + 6.3 * share)
        falls(canvas, share)
        canvas += noise.normal(0, 3, (H // 2, W // 2, 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)
        dx, dy = (rng.uniform(-shake, shake) for _ in "xy")
        canvas = cv2.warpAffine(np.clip(canvas, 0, 255).astype(np.uint8), np.float32([[1, 0, dx], [0, 1, dy]]), (W, H), borderMode=cv2.BORDER_REPLICATE)
        coder.stdin.write(canvas.tobytes())
    coder.stdin.close()
    if coder.wait():
        raise SystemExit(f"ffmpeg could not write {folder}/clip.mp4")
    (folder / "scene.toml").write_text(
        f'# Composed by training/compose.py, seed {a.seed}; weather: {kind}; also there: {", ".join([s.cut.kind for s in stays if not s.matter] + [k for _, k, _, _ in stains]) or "nothing"}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "composed-{number:03}"\nname = "合成路面 {number:03}"\nmatters = ["exposed_garbage", "bin_overflow"]\nrevisit_s = {2 * a.every}\n\n'
        '[[zones]]\nname = "路面"\nkind = "strict"\npolygon = [[0.0, 0.55], [1.0, 0.55], [1.0, 1.0], [0.0, 1.0]]\n')
    truth = [s for s in stays if s.matter]
    (folder / "timeline.toml").write_text("".join(
        f'[[incidents]]\nname = "{i + 1}号{s.matter}"\nmatter = "{s.matter}"\nfrom_s = {s.since:.1f}\n' + (f"until_s = {s.until:.1f}\n" if s.until < end else "")
        + f"box = [{', '.join(f'{v:.4f}' for v in (s.box[0] / W, s.box[1] / H, s.box[2] / W, s.box[3] / H))}]\n\n" for i, s in enumerate(truth)))
    return len(truth)


def still(number, parts, a, rng):
    """One labelled picture of a street at one moment, for training."""
    canvas = background(rng.choice(parts["backgrounds"]), rng).astype(np.float32)
    taken, stood = [], []
    for _ in range(rng.choice([0, 1, 2, 3, 5])):
        (litter_free(rng) if rng.random() < 0.7 else stain(rng)[2])(canvas)
    clean = rng.random() < 0.2  # a street on which nothing is wrong
    kinds = rng.choices(["garbage", "overflow", "garbage_bin", "vehicle", "piece", "walker"], (0, 0, 4, 1, 3, 2) if clean else (4, 2, 3, 1, 2, 2), k=rng.randint(2, 8))
    metres = {"garbage": (0.4, 1.3), "overflow": (0.9, 1.6), "garbage_bin": (0.8, 1.5), "vehicle": (1.2, 1.8), "piece": (0.4, 1.5), "walker": (1.5, 1.9)}
    for kind in kinds:
        cut = rng.choice(parts[kind])
        box = spot(cut, rng.uniform(*metres[kind]), rng, taken)
        if box:
            taken.append(box)
            stood.append((harmonised(cut, canvas, box, rng), box, rng.random() < 0.5))
    for cut, box, flip in sorted(stood, key=lambda s: s[1][3]):
        draw(canvas, cut, box, flip)
    weather(rng)[1](canvas, rng.random())
    name = a.out / f"{number:05}"
    cv2.imwrite(f"{name}.jpg", np.clip(canvas, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])
    rows = [(OWN.index(cut.kind), (b[0] + b[2]) / 2 / W, (b[1] + b[3]) / 2 / H, (b[2] - b[0]) / W, (b[3] - b[1]) / H) for cut, b, _ in stood if cut.kind in OWN]
    Path(f"{name}.txt").write_text("".join(f"{k} {x:.5f} {y:.5f} {w:.5f} {h:.5f}\n" for k, x, y, w, h in rows))
    return len(rows)


def parts_of(streets, houses, start, many, rng):
    """What is set down in the streets."""
    return {
        "garbage": cuts(streets, {"garbage"}, rng, 70 * many),
        "overflow": cuts(streets, {"overflow"}, rng, 40 * many),
        "garbage_bin": cuts(streets, {"garbage_bin"}, rng, 40 * many),
        "vehicle": vehicles(houses, start),
        "walker": walkers(),
        "piece": pieces(houses),
    }


def coded(cut, quality=92, levels=255):
    """As bytes: 92 shows no loss in the pixels, 255 levels none in the mask."""
    step = 255 // levels
    mask = np.round(cut.mask * levels).clip(0, levels).astype(np.uint8) * np.uint8(step)
    return cut.kind, cv2.imencode(".webp", cut.pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes(), cv2.imencode(".png", mask)[1].tobytes()


def decoded(row, levels=255):
    kind, pixels, mask = row
    return Cut(picture_of(pixels), picture_of(mask, cv2.IMREAD_GRAYSCALE) / np.float32(levels * (255 // levels)), kind)


def picture_of(some, how=cv2.IMREAD_COLOR):
    return cv2.imdecode(np.frombuffer(some, np.uint8), how)


def keep(parts, path):
    path.write_bytes(pickle.dumps({name: [coded(cut) for cut in some] for name, some in parts.items()}))


def opened(path):
    return {name: [decoded(row) for row in some] for name, some in pickle.loads(path.read_bytes()).items()}


def kept(path, make):
    """What the file has; where it is not there it is made. What was kept has lost a little, so it is read back: the second call shows what the first did."""
    if path is None:
        return make()
    if not path.exists():
        keep(make(), path)
    return opened(path)


def wide(houses, half=None):
    """Those that fill a view, or the first or the second of every two of them."""
    found = [s for s in houses if s.read().shape[1] > 1.3 * s.read().shape[0]]
    return found if half is None else found[half::2]


def all_of(make, parts, a, count, what, at_once=1):
    """Every clip or picture that is asked for, each from a seed of its own, so that it is the same however many processes make it."""
    print(", ".join(f"{k} {len(v)}" for k, v in parts.items()), flush=True)
    made = 0
    with multiprocessing.get_context("fork").Pool(a.workers) as pool:
        for number, more in enumerate(pool.imap(partial(seeded, make, parts, a), range(count), at_once), 1):
            made += more
            print(f"\r{number}/{count}, {made} {what}", end="", flush=True)
    print()


def seeded(make, parts, a, number):
    return make(number, parts, a, random.Random(a.seed * 100_000 + number))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("garbage", "facades", "start", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--clips", type=int, default=40)
    p.add_argument("--stills", type=int, default=0, help="write so many labelled pictures instead, of what may be trained on")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--parts", type=Path, help="file that keeps the things cut out, from one call to the next")
    p.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    p.add_argument("--minutes", type=int, default=30)
    p.add_argument("--every", type=int, default=5, help="seconds between frames")
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(a.seed)
    trained, held_out = data.facades(a.facades / "train")
    streets, houses = (data.scenes(a.garbage / "train"), trained) if a.stills else (data.scenes(a.garbage / "val"), held_out)
    many = 8 if a.stills else 1
    parts = kept(a.parts, lambda: parts_of(streets, houses, measure.runner(a.start, measure.START), many, rng))
    parts["backgrounds"] = wide(houses)
    if a.stills:
        all_of(still, parts, a, a.stills, "labels", 4)
    else:
        all_of(clip, parts, a, a.clips, "incidents")


if __name__ == "__main__":
    main()

"""Pictures and labels, and what is done to them so that a close-up teaches a camera on a pole."""
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

cv2.setNumThreads(1)
GREY = 114
HELD_OUT = 5  # every fifth facade is never trained on: the clean pictures for measuring


@dataclass
class Scene:
    path: Path
    labels: np.ndarray  # [n, class x0 y0 x1 y1], shares of the picture
    clean: bool = False  # a facade: its labels are pieces, not our classes
    wide: bool = False  # a composed street, seen from a pole: a part of it may fill the picture
    held: np.ndarray | None = None  # its pixels, where `hold` has read them already

    def read(self):
        if self.held is not None:
            return self.held
        picture = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{self.path} is no picture that can be read: restore it, or take it out of the folder")
        return picture


def labels_of(path):
    rows = []
    for number, line in enumerate(path.read_text().split("\n") if path.exists() else [], 1):
        if not line.strip():
            continue
        try:
            kind, x, y, w, h = (float(v) for v in line.split())
        except ValueError:
            raise SystemExit(f"{path}, line {number}: {line!r} is not `class x y width height`: correct it") from None
        rows.append((kind, max(x - w / 2, 0), max(y - h / 2, 0), min(x + w / 2, 1), min(y + h / 2, 1)))
    rows = np.array(rows, np.float32).reshape(-1, 5)
    return rows[(rows[:, 3] > rows[:, 1]) & (rows[:, 4] > rows[:, 2])]


def scenes(folder, clean=False, wide=False):
    found = [Scene(p, labels_of(p.with_suffix(".txt")), clean, wide) for p in sorted(Path(folder).glob("*.jpg"))]
    if not found:
        raise SystemExit(f"{folder} has no pictures (*.jpg): unpack the data set there")
    return found


def hold(scenes):
    """Reads the pictures once and for all: for machines with more memory than time."""
    with ThreadPoolExecutor() as several:
        for scene, picture in zip(scenes, several.map(Scene.read, scenes)):
            scene.held = picture


def facades(folder):
    """Those to train on and those held out."""
    every = scenes(folder, True)
    return [s for i, s in enumerate(every) if i % HELD_OUT], every[::HELD_OUT]


def letterbox(picture, side):
    """As the product does it: one factor, top left, the rest grey. Returns tensor pixels and the factor."""
    h, w = picture.shape[:2]
    k = min(side / w, side / h)
    canvas = np.full((side, side, 3), GREY, np.uint8)
    nw, nh = max(round(w * k), 1), max(round(h * k), 1)
    canvas[:nh, :nw] = cv2.resize(picture, (nw, nh), interpolation=cv2.INTER_LINEAR)
    return canvas, k


def place(canvas, region, picture, labels, rng, zoom, stretch):
    """Draws the picture into a region of the canvas at a random place; gives the labels in canvas pixels."""
    x0, y0, x1, y1 = region
    h, w = picture.shape[:2]
    k = zoom * min((x1 - x0) / w, (y1 - y0) / h)
    nw, nh = max(int(w * k * stretch), 8), max(int(h * k / stretch), 8)
    small = cv2.resize(picture, (nw, nh), interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR)
    dx, dy = (int(rng.uniform(min(0, room), max(0, room))) for room in (x1 - x0 - nw, y1 - y0 - nh))
    left, top, right, bottom = x0 + max(dx, 0), y0 + max(dy, 0), min(x0 + dx + nw, x1), min(y0 + dy + nh, y1)
    canvas[top:bottom, left:right] = small[top - y0 - dy:bottom - y0 - dy, left - x0 - dx:right - x0 - dx]
    out = []
    for kind, *box in labels:
        full = np.array(box) * [nw, nh, nw, nh] + [x0 + dx, y0 + dy] * 2
        cut = np.clip(full, [left, top] * 2, [right, bottom] * 2)
        area = lambda b: max(b[2] - b[0], 0) * max(b[3] - b[1], 0)
        # Less than a third left of a thing says too little of what it is; larger parts are labels.
        if area(cut) > 0.33 * area(full) and min(cut[2] - cut[0], cut[3] - cut[1]) >= 3:
            out.append([*cut, kind])
    return out


def piece_of(scene, rng, rows=None):
    """A labelled thing (or one of `rows`) cut out. Returns its class and pixels."""
    rows = scene.labels if rows is None else rows
    if not len(rows):
        return None
    kind, x0, y0, x1, y1 = rows[rng.randrange(len(rows))]
    picture = scene.read()
    h, w = picture.shape[:2]
    piece = picture[int(y0 * h):int(np.ceil(y1 * h)), int(x0 * w):int(np.ceil(x1 * w))]
    return (int(kind), piece) if min(piece.shape[:2]) >= 12 else None


def paste(canvas, area, piece, rng, widest=0.25):
    """Blends a piece in, from 3 % of the width on, into the lower two thirds. Returns its box."""
    x0, y0, x1, y1 = area
    h, w = piece.shape[:2]
    nw = int((x1 - x0) * np.exp(rng.uniform(np.log(0.03), np.log(widest))))
    nh = int(nw * h / w * rng.uniform(0.8, 1.25))
    low = y0 + (y1 - y0) // 3
    if nw < 6 or nh < 6 or nh >= y1 - low or nw >= x1 - x0:
        return None
    left, top = rng.randrange(x0, x1 - nw), rng.randrange(low, y1 - nh)
    small = cv2.resize(piece, (nw, nh), interpolation=cv2.INTER_AREA).astype(np.float32)
    under = canvas[top:top + nh, left:left + nw].astype(np.float32)
    # The light of the place: half of the difference in brightness is taken over.
    small += 0.5 * rng.random() * (under.mean() - small.mean())
    yy, xx = np.mgrid[-1:1:nh * 1j, -1:1:nw * 1j]
    power = rng.uniform(2, 8)
    mask = np.clip((1.08 - (np.abs(xx) ** power + np.abs(yy) ** power)) * rng.uniform(2, 8), 0, 1)[..., None]
    canvas[top:top + nh, left:left + nw] = np.clip(under * (1 - mask) + small * mask, 0, 255)
    return [left, top, left + nw, top + nh]


def rained(picture, rng):
    """Streaks of any length, slant, brightness and number behind a thin veil."""
    h, w = picture.shape[:2]
    drops = (np.random.default_rng(rng.getrandbits(32)).random((h, w)) < np.exp(rng.uniform(np.log(0.001), np.log(0.015)))).astype(np.float32)
    length, slant = rng.randint(5, max(h // 14, 6)), rng.uniform(-0.5, 0.5)
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (int(length * (0.5 - slant / 2)), 0), (int(length * (0.5 + slant / 2)), length - 1), 1.0)
    share = np.clip(cv2.filter2D(drops, -1, kernel), 0, 1)[..., None] * rng.uniform(0.2, 0.7)
    veil = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.1, 1.5)) * rng.uniform(0.7, 1.0)
    return np.clip(veil * (1 - share) + rng.uniform(150, 235) * share + rng.uniform(0, 25), 0, 255).astype(np.uint8)


def fogged(picture, rng):
    h, w = picture.shape[:2]
    cloud = cv2.resize(np.random.default_rng(rng.getrandbits(32)).random((4, 4)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    share = np.clip(rng.uniform(0.1, 0.7) + 0.3 * (cloud - 0.5), 0, 0.9)[..., None]
    return (picture * (1 - share) + rng.uniform(160, 235) * share).astype(np.uint8)


def coarsened(picture, rng):
    """As if it had been taken from further off and enlarged."""
    h, w = picture.shape[:2]
    k = np.exp(rng.uniform(np.log(0.25), np.log(0.8)))
    small = cv2.resize(picture, (max(int(w * k), 8), max(int(h * k), 8)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (w, h), interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))


def spoil(picture, rng):
    """Light, colour, weather, blur, noise and compression."""
    if rng.random() < 0.15:
        picture = coarsened(picture, rng)
    draw = rng.random()
    if draw < 0.1:
        picture = rained(picture, rng)
    elif draw < 0.16:
        picture = fogged(picture, rng)
    if rng.random() < 0.8:
        hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.int16)
        hsv += np.array([rng.randint(-6, 6), rng.randint(-35, 35), rng.randint(-35, 35)], np.int16)
        hsv[..., 0] %= 180
        picture = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR)
    if rng.random() < 0.25:
        curve = (np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.6, 0.8)) * 255).astype(np.uint8)
        picture = cv2.LUT(picture, curve)
    if rng.random() < 0.15:
        size = rng.choice([3, 3, 5, 5, 9])
        kernel = np.full((size, size), 1 / size**2) if rng.random() < 0.5 else np.eye(size) / size
        picture = cv2.filter2D(picture, -1, kernel)
    if rng.random() < 0.15:
        noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(3, 14), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(20, 80)])[1]
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return picture


class Mixer:
    """Turns scene number i into one training picture of `side` pixels, the same one for the same seed.

    `seen` is what the starting network sees in the scenes: {class: [(scene, [class x0 y0 x1 y1])]}. Pieces of it are strewn in,
    each class as often as another, so that those which are rare in the scenes are not forgotten.
    """

    def __init__(self, streets, clean, seen=None):
        self.streets, self.clean, self.seen = streets, clean, seen or {}
        self.with_piece = [s for s in streets if len(s.labels)]

    def make(self, scene, side, rng):
        canvas = np.full((side, side, 3), GREY, np.uint8)
        draw, whole = rng.random(), (0, 0, side, side)
        stretch = lambda: np.exp(rng.uniform(-0.35, 0.35))
        if scene.wide:
            labels = place(canvas, whole, scene.read(), scene.labels, rng, np.exp(rng.uniform(0, np.log(3.5))), np.exp(rng.uniform(-0.15, 0.15)))
        elif scene.clean or draw < 0.12:
            labels = self.pole(canvas, scene, side, rng)
        elif draw < 0.3:
            labels = self.mosaic(canvas, scene, side, rng)
        else:
            zoom = rng.uniform(0.85, 1.15) if rng.random() < 0.5 else np.exp(rng.uniform(np.log(0.3), np.log(1.6)))
            labels = place(canvas, whole, scene.read(), scene.labels, rng, zoom, stretch() if rng.random() < 0.7 else 1.0)
            if self.seen and rng.random() < 0.3:
                labels = self.strew(canvas, whole, labels, rng, ["seen"] * rng.randint(1, 2))
        if rng.random() < 0.5:
            canvas = np.ascontiguousarray(canvas[:, ::-1])
            labels = [[side - x1, y0, side - x0, y1, kind] for x0, y0, x1, y1, kind in labels]
        return spoil(canvas, rng), np.array(labels, np.float32).reshape(-1, 5)

    def mosaic(self, canvas, scene, side, rng):
        cx, cy = (int(side * rng.uniform(0.3, 0.7)) for _ in "xy")
        labels = []
        for i, region in enumerate([(0, 0, cx, cy), (cx, 0, side, cy), (0, cy, cx, side), (cx, cy, side, side)]):
            other = scene if i == 0 else rng.choice(self.streets if rng.random() < 0.85 else self.clean)
            zoom = np.exp(rng.uniform(np.log(0.7), np.log(2.0)))
            labels += place(canvas, region, other.read(), [] if other.clean else other.labels, rng, zoom, np.exp(rng.uniform(-0.3, 0.3)))
        return labels

    def pole(self, canvas, scene, side, rng):
        """A wide view with small things in it: ours, and others that do not belong there and are not ours."""
        ground = scene if scene.clean else rng.choice(self.clean)
        picture = ground.read()
        h, w = picture.shape[:2]
        k = min(side / w, side / h)
        nw, nh = int(w * k), int(h * k)
        canvas[:nh, :nw] = cv2.resize(picture, (nw, nh), interpolation=cv2.INTER_AREA)
        labels = []
        if scene.clean and rng.random() < 0.3:
            return labels
        kinds = rng.choices(("ours", "foreign", "seen"), (0.5, 0.3, 0.2 if self.seen else 0.0), k=rng.randint(1, 5))
        return self.strew(canvas, (0, 0, nw, nh), labels, rng, kinds)

    def piece(self, kind, rng):
        """Something of that kind cut out, as `piece_of` does, and how wide it may be, as a share of where it is pasted."""
        if kind == "seen":
            scene, row = rng.choice(self.seen[rng.choice(sorted(self.seen))])
            return piece_of(scene, rng, [row]), 0.45
        return piece_of(rng.choice(self.clean if kind == "foreign" else self.with_piece), rng), 0.25

    def strew(self, canvas, area, labels, rng, kinds):
        """Blends things into the area, one of each kind in turn; returns the labels that are left and added."""
        for kind in kinds:
            found, widest = self.piece(kind, rng)
            box = found and paste(canvas, area, found[1], rng, widest)
            if not box:
                continue
            # A later piece may hide an earlier one: then the earlier is no label.
            hidden = lambda b: max(min(b[2], box[2]) - max(b[0], box[0]), 0) * max(min(b[3], box[3]) - max(b[1], box[1]), 0)
            labels = [r for r in labels if hidden(r) < 0.4 * (r[2] - r[0]) * (r[3] - r[1])]
            if kind == "ours":
                labels.append([*box, found[0]])
        return labels

"""What is new beside the reference picture, patch by patch: the comparison head, and composed pairs of pictures to teach it by."""
import random
from dataclasses import dataclass, field

import cv2
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

import compose
import compose_boards as walls
import compose_stalls as stalls
import encoder as encoders
from compose import FOOT, H, HORIZON, METRE, W

# Two networks that share nothing, in one file: what stands on the ground is not learnt anew when what hangs on walls is.
HEADS = {"ground": ["thing", "rubbish", "bin", "person", "vehicle", "spill"], "walls": ["board"]}
CLASSES = [name for names in HEADS.values() for name in names]
WIDE, HIGH = 644, 364  # what the encoder sees of a view
COLUMNS, ROWS = WIDE // encoders.PATCH, HIGH // encoders.PATCH
BLOCKS = 9  # of the encoder's twelve: its tokens are compared
LOCAL = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
NONE = -1  # shows no class
FILLED, TOUCHED = 0.35, 0.08  # from this share of a patch on it is of a class; between the two nothing is said


class Comparison(nn.Module):
    """Patches of the frame and of the reference picture laid onto it, each of unit length, [n, 384, h, w] both ->
    likelihoods [n, classes, h, w] that something of the class is there and was not before. Shake of a patch is allowed for."""

    def __init__(self, classes, width=128, squeezed=80):
        super().__init__()
        self.squeeze = nn.Conv2d(encoders.WIDTH, squeezed, 1)
        self.mix = nn.Conv2d(3 * squeezed + 4, width, 1)
        part = lambda spread: nn.Sequential(nn.Conv2d(width, width, 3, 1, spread, spread, width), nn.Conv2d(width, width, 1), nn.SiLU(), nn.Conv2d(width, width, 1))
        self.around = nn.ModuleList(part(spread) for spread in (1, 2, 1, 3))
        self.say = nn.Conv2d(width, classes, 1)
        nn.init.constant_(self.say.bias, -4.0)

    def logits(self, now, before):
        h, w = now.shape[2:]
        wide = F.pad(before, (1, 1, 1, 1))
        likeness = torch.cat([(now * wide[:, :, 1 + dy:1 + dy + h, 1 + dx:1 + dx + w]).sum(1, keepdim=True) for dy, dx in LOCAL], 1)
        likest = likeness.amax(1, keepdim=True)
        known = (before.abs().sum(1, keepdim=True) > 0).to(now.dtype)
        a, b = (self.squeeze(x * encoders.WIDTH ** 0.5) for x in (now, before))
        x = torch.cat([a, b, (a - b).abs(), likeness[:, 4:5], likest, likest - likest.mean((2, 3), keepdim=True), known], 1)
        x = F.silu(self.mix(x))
        for around in self.around:
            x = x + around(x)
        return self.say(x)

    def forward(self, now, before):
        return self.logits(now, before).sigmoid()


class Comparisons(nn.ModuleDict):
    """What all HEADS say, one after the other."""

    def __init__(self):
        super().__init__({head: Comparison(len(names)) for head, names in HEADS.items()})

    def forward(self, now, before):
        return torch.cat([head(now, before) for head in self.values()], 1)


class Tokens(nn.Module):
    """Pictures as bytes B G R [n, HIGH, WIDE, 3] -> patches of unit length [n, 384, ROWS, COLUMNS]: the encoder of a verifier's 8-bit file, as floats."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(str(path)).graph
        arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        state = {name.removeprefix("encoder."): arrays[name] for name in arrays if name.startswith("encoder.")}
        # The export has folded the two summands of the first token into one.
        folded = next(array for name, array in arrays.items() if array.shape == (1, 1, encoders.WIDTH))
        state |= {"whole": folded, "first": np.zeros_like(folded)}
        for node in graph.node:
            if node.op_type == "MatMulInteger" and node.name.startswith("/encoder/"):
                name = node.input[1].removesuffix("_quantized")
                weight = (arrays[node.input[1]].astype(np.float32) - arrays[f"{name}_zero_point"]) * arrays[f"{name}_scale"]
                state[".".join(node.name.split("/")[2:-1]) + ".weight"] = weight.T
        self.encoder = encoders.Encoder()
        self.encoder.blocks, self.encoder.norm = self.encoder.blocks[:BLOCKS], nn.Identity()
        self.encoder.load_state_dict({name: torch.from_numpy(np.asarray(state[name], np.float32).copy()) for name in self.encoder.state_dict()})
        self.register_buffer("mean", torch.tensor(encoders.MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(encoders.STD)[:, None, None])

    def forward(self, x):
        x = (x.permute(0, 3, 1, 2).flip(1).float() / 255 - self.mean) / self.std
        tokens = F.normalize(self.encoder(x)[:, 1:].float(), dim=2)
        return tokens.transpose(1, 2).reshape(len(x), encoders.WIDTH, x.shape[2] // encoders.PATCH, x.shape[3] // encoders.PATCH)


def shrunk(picture):
    """As the product does it: one factor, top left, the rest grey."""
    k = min(WIDE / picture.shape[1], HIGH / picture.shape[0])
    w, h = round(picture.shape[1] * k), round(picture.shape[0] * k)
    canvas = np.full((HIGH, WIDE, 3), 114, np.uint8)
    canvas[:h, :w] = cv2.resize(picture, (w, h), interpolation=cv2.INTER_LINEAR)
    return canvas


@dataclass
class Parts:
    """What pairs are composed of."""
    houses: list  # data.Scene: those that stand behind drawn ground
    streets: list  # pictures whose own ground is used
    cuts: dict  # kind -> things without their surroundings
    boards: list  # (class, cut), as compose_boards.boards gives them
    forms: tuple = ("table", "cloth", "crates", "cart", "tricycle", "rail")
    shades: bool = True  # parasols


@dataclass
class Picture:
    """One of the two pictures in the making: pixels, and which class stands where."""
    pixels: np.ndarray
    kinds: np.ndarray = field(default_factory=lambda: np.full((H, W), NONE, np.int8))

    def stand(self, cut, box, flip, kind, shadow):
        compose.draw(self.pixels, cut, box, flip, shadow)
        x0, y0, x1, y1 = box
        mask = cv2.resize(cut.mask, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA) > 0.4
        self.mark(x0, y0, mask[:, ::-1] if flip else mask, kind)

    def mark(self, x, y, mask, kind):
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + mask.shape[1], W), min(y + mask.shape[0], H)
        if right > left and bottom > top:
            part = self.kinds[top:bottom, left:right]
            part[mask[top - y:bottom - y, left - x:right - x]] = kind


def retextured(cut, parts, rng):
    """The same outline filled with something else, so that outlines and fillings teach apart."""
    other = rng.choice(parts.streets)
    h, w = cut.mask.shape[:2]
    side = rng.randint(24, max(25, min(other.shape[:2]) - 1))
    y, x = rng.randint(0, other.shape[0] - side), rng.randint(0, other.shape[1] - side)
    filling = cv2.resize(other[y:y + side, x:x + side], (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
    share = rng.uniform(0.4, 1.0)
    return compose.Cut(np.clip(cut.pixels * (1 - share) + filling * share, 0, 255).astype(np.uint8), cut.mask, cut.kind)


def thing(parts, rng):
    """Something that does not belong there: what a trader sets up, what a shop puts out, or anything else."""
    kind = rng.random()
    if kind < 0.55:
        wide = rng.uniform(0.7, 2.6)
        sheet = stalls.Sheet(wide + 1.2, 2.7, rng)
        form = rng.choice(parts.forms)
        if parts.shades and rng.random() < 0.35:
            stalls.parasol(sheet, 0.4, wide, rng)
        getattr(stalls, form)(sheet, 0.4, wide, rng)
        if "crates" in parts.forms and rng.random() < 0.4:
            stalls.crates(sheet, rng.choice([0.0, max(wide - 0.1, 0)]), 0.9, rng)
        if rng.random() < 0.3:
            stalls.stool(sheet, rng.choice([0.05, wide + 0.6]), rng)
        cut = sheet.cut(form)
        metres = len(cut.pixels) / stalls.S
    elif kind < 0.68:
        cut = stalls.furniture(rng) if rng.random() < 0.6 else stalls.broom_cart(rng)
        metres = len(cut.pixels) / stalls.S
    else:
        cut = rng.choice(parts.cuts["piece of a facade"] + parts.cuts["garbage_bin"] if kind > 0.85 else parts.cuts["piece of a facade"])
        cut = compose.Cut(cut.pixels, cut.mask, "piece")
        metres = rng.uniform(0.4, 2.0)
    if rng.random() < 0.35 or cut.kind == "piece" and rng.random() < 0.7:
        cut = retextured(cut, parts, rng)
    return cut, metres


def spill(picture, rng):
    """Earth, sand or gravel lost on the way: dust and lumps in a strip of the ground, as wide and as long as that is. Seen from 4.4 m above."""
    noise = np.random.default_rng(rng.getrandbits(32))
    focus = 1.0 * W
    size = METRE * H * (np.arange(H) / H - HORIZON) / (1 - HORIZON)  # pixels of a metre in each line
    foot = rng.uniform(FOOT + 0.05, 0.95)
    middle, turn = rng.uniform(0.1, 0.9) * W, rng.choice([0.0, rng.uniform(-0.4, 0.4), rng.uniform(-1.5, 1.5)])
    length, half = rng.uniform(0.8, 9.0), rng.uniform(0.2, 1.0)
    at = METRE * H * (foot - HORIZON) / (1 - HORIZON)
    top = int(FOOT * H) + 2
    ys, xs = np.mgrid[top:H, 0:W]
    scale = size[top:H][:, None]
    across, away = (xs - W / 2) / scale - (middle - W / 2) / at, focus / scale - focus / at
    u, v = across * np.cos(turn) + away * np.sin(turn), away * np.cos(turn) - across * np.sin(turn)
    coarse, fine = (cv2.resize(noise.normal(0, 1, (max((H - top) // c, 2), W // c)).astype(np.float32), (W, H - top), interpolation=cv2.INTER_CUBIC) for c in (24, 5))
    density = np.clip(1.25 - (v / half) ** 2 - np.maximum(np.abs(u) - length / 2, 0) ** 2 + 0.45 * coarse + 0.25 * fine - 0.35, 0, 1).astype(np.float32)
    if density.max() < 0.3:
        return
    tone = np.array(rng.choice([(60, 90, 125), (75, 110, 150), (45, 65, 85), (95, 105, 110), (120, 150, 180), (50, 75, 110)]), np.float32) * rng.uniform(0.75, 1.2)
    under = picture.pixels[top:H]
    cover = (density * rng.uniform(0.35, 0.95))[..., None]
    grain = noise.normal(0, 10, (H - top, W, 1)).astype(np.float32) + 9 * fine[..., None]
    light = np.clip(under.mean(2, keepdims=True) / 110, 0.5, 1.4)
    under[:] = under * (1 - cover) + (tone + grain) * light * cover
    lines, columns = np.nonzero(density > 0.25)
    for i in noise.integers(0, len(lines), min(int(len(lines) / max(at, 8) ** 2 * rng.uniform(10, 60)) + 3, 350)):
        y, x = int(lines[i]) + top, int(columns[i])
        r = max(size[y] * rng.uniform(0.015, 0.09), 0.7)
        lump = tone * rng.uniform(0.6, 1.15) * float(light[lines[i], columns[i], 0])
        cv2.ellipse(picture.pixels, (x, y + max(int(r / 3), 1)), (max(int(r), 1), max(int(r * 0.5), 1)), 0, 0, 360, tuple(float(c) * 0.5 for c in lump), -1)
        cv2.ellipse(picture.pixels, (x, y), (max(int(r), 1), max(int(r * 0.7), 1)), rng.uniform(0, 90), 0, 360, tuple(float(c) for c in lump), -1)
    picture.mark(0, top, density * cover[..., 0].max() > 0.3, CLASSES.index("spill"))


def shadows(canvas, rng):
    """Hard and soft ones of houses, masts and trees, over house and ground."""
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        shape = np.zeros((H // 2, W // 2), np.float32)
        x, wide, lean = rng.uniform(-0.2, 1.0) * W / 2, rng.choice([0.02, 0.1, 0.3]) * W / 2 * rng.uniform(0.6, 1.5), rng.uniform(-0.6, 0.6) * W / 2
        top = rng.choice([0.0, FOOT]) * H / 2
        cv2.fillPoly(shape, [np.int32([[x, top], [x + wide, top], [x + wide + lean, H / 2], [x + lean, H / 2]])], 1.0)
        if rng.random() < 0.3:  # the leaves of a tree
            shape *= cv2.resize(np.random.default_rng(rng.getrandbits(32)).random((H // 30, W // 30)).astype(np.float32), (W // 2, H // 2)) > 0.45
        shape = cv2.resize(cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.7, 8)), (W, H))
        canvas *= 1 - rng.uniform(0.2, 0.6) * shape[..., None]


def windows(canvas, rng):
    """Shutters, lit windows and doors that open: the house changes, too."""
    for _ in range(rng.choice([0, 0, 1, 3])):
        w, h = rng.randint(20, 130), rng.randint(30, 130)
        x, y = rng.randint(0, W - w), rng.randint(0, int(FOOT * H) - h)
        part = canvas[y:y + h, x:x + w]
        if rng.random() < 0.5:
            part *= rng.uniform(0.4, 1.7)
        else:
            part[:] = 0.2 * part + 0.8 * (rng.uniform(60, 190) + 12 * (np.arange(h) // 5 % 2)[:, None, None])


def seen(canvas, rng, shake):
    """As a camera gives it: light, weather, noise, shake, coding. What moved is given as a matrix."""
    _, falls = compose.weather(rng)
    falls(canvas, rng.random())
    noise = np.random.default_rng(rng.getrandbits(32))
    gain = rng.choice([1.0, rng.uniform(0.7, 1.3), rng.uniform(0.35, 1.4)])
    canvas = np.clip(canvas / 255, 0, 1.2) ** rng.uniform(0.8, 1.25) * 255 * gain * np.float32([rng.uniform(0.92, 1.08) for _ in "bgr"])
    canvas += noise.normal(0, rng.uniform(0.5, 6), (H // 2, W // 2, 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)
    if rng.random() < 0.25:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 2.0))
    k = 1 + rng.uniform(-1, 1) * 0.004 * shake
    moved = np.float32([[k, 0, rng.uniform(-1, 1) * 5 * shake], [0, k, rng.uniform(-1, 1) * 5 * shake]])
    canvas = cv2.warpAffine(np.clip(canvas, 0, 255).astype(np.uint8), moved, (W, H), borderMode=cv2.BORDER_REPLICATE)
    coded = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(30, 92)])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR), moved


def pair(parts, rng):
    """Frame and reference picture as the encoder takes them; for each class and patch [classes, ROWS, COLUMNS] 1 where it is new, 0 where not,
    2 where nothing can be said; and which forms of things are new."""
    ground = before_which(parts, rng)
    both = [Picture(ground.copy()), Picture(ground.copy())]  # reference, frame
    for picture in both:
        changed_ground(picture.pixels, rng)
    if rng.random() < 0.4:
        once = rng.choice([(1,), (1,), (0, 1), (0,)])
        state = rng.getstate()
        for index in once:
            rng.setstate(state)
            spill(both[index], rng)
    standing, forms = comers(parts, ground, rng)
    return (*as_seen(both, standing, rng), forms)


def as_seen(both, standing, rng):
    """The two pictures with who and what stands there, as the camera gives them, and what is to be said of their patches."""
    for one in sorted(standing, key=lambda one: one.box[3]):
        for index in one.where:
            both[index].stand(one.cut, one.box, one.flip, one.kind, one.shadow)
    out = []
    for picture in both:
        shadows(picture.pixels, rng)
        pixels, moved = seen(picture.pixels, rng, rng.choice([0.2, 1.0]))
        kinds = cv2.warpAffine(picture.kinds, moved, (W, H), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=NONE)
        out.append((shrunk(pixels), filled(kinds)))
    (before, was), (now, there) = out
    return now, before, said_of(was, there)


def pair_of_walls(parts, rng):
    """The same of a house at which boards are hung up and taken down. What else changes on it is none: shutters, lit windows, awnings, doors, another house's
    windows and doors in the place of the wall; and what stands before it."""
    house = rng.choice(parts.houses)
    ground = compose.background(house, rng).astype(np.float32)
    both = [Picture(ground.copy()), Picture(ground.copy())]
    for picture in both:
        changed_ground(picture.pixels, rng)
    taken, hanging, forms = [], [], []

    def hang(cut, box, kind):
        where = rng.choice([(1,), (1,), (0, 1), (0,)])  # comes, stays, goes
        hanging.append(Comer(compose.harmonised(cut, ground, box, rng), box, False, kind, where, False))
        if kind != NONE and where == (1,):
            forms.append(cut.kind)

    for name in rng.sample(sorted(walls.CHANGES), rng.randint(0, 3)):
        changed = walls.change(name, walls.openings(house), taken, rng)
        if changed:
            hang(*changed, NONE)
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        kind, cut = rng.choice(parts.boards)
        box = walls.hung(rng, taken, *walls.sized(kind, cut, rng))
        if box:
            hang(retextured(cut, parts, rng) if rng.random() < 0.2 else cut, box, CLASSES.index("board"))
    for _ in range(rng.choice([0, 0, 1, 2])):
        cut = opening_of(rng.choice(parts.houses), rng)
        wide = rng.uniform(0.7, 1.6)
        box = cut and walls.hung(rng, taken, wide, wide * cut.pixels.shape[0] / cut.pixels.shape[1])
        if box:
            hang(cut, box, NONE)
    standing, _ = comers(parts, ground, rng)
    return (*as_seen(both, hanging + standing, rng), forms)


def opening_of(house, rng):
    """A window or a door of it, whole; None where it has none that is large enough."""
    picture = house.read()
    h, w = picture.shape[:2]
    boxes = [(row[1:] * [w, h, w, h]).round().astype(int) for row in house.labels if int(row[0]) in (walls.WINDOW, walls.DOOR)]
    boxes = [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes if min(x1 - x0, y1 - y0) >= 14 and y1 - y0 < 3 * (x1 - x0)]
    if not boxes:
        return None
    x0, y0, x1, y1 = rng.choice(boxes)
    return compose.Cut(picture[y0:y1, x0:x1], np.ones((y1 - y0, x1 - x0), np.float32), "opening")


def before_which(parts, rng):
    """The scene that both pictures show: a street of its own ground, or a house before drawn ground."""
    if parts.streets and rng.random() < 0.4:
        ground = cv2.resize(rng.choice(parts.streets), (W, H), interpolation=cv2.INTER_CUBIC)
    else:
        ground = compose.background(rng.choice(parts.houses), rng)
    if rng.random() < 0.5:
        ground = np.ascontiguousarray(ground[:, ::-1])
    return ground.astype(np.float32)


def changed_ground(canvas, rng):
    """What comes and goes and is nothing: shutters, leaves, puddles, wet ground."""
    windows(canvas, rng)
    for _ in range(rng.choice([0, 0, 1, 2])):
        compose.litter_free(rng)(canvas)
    if rng.random() < 0.3:
        compose.stain(rng)[2](canvas)
    _, shine = stalls.ground_light(rng, 600)
    shine(canvas, rng.uniform(0, 600))


@dataclass
class Comer:
    """Something that stands in the reference picture (0), in the frame (1) or in both."""
    cut: compose.Cut
    box: tuple
    flip: bool
    kind: int
    where: tuple
    shadow: bool


def comers(parts, ground, rng):
    """Who and what stands there, and the forms of the things that come."""
    taken, standing, forms = [], [], []

    def put(cut, metres, kind, where, apart=True):
        box = compose.spot(cut, metres, rng, taken if apart else [])
        if box:
            if apart:
                taken.append(box)
            standing.append(Comer(compose.harmonised(cut, ground, box, rng), box, rng.random() < 0.5, CLASSES.index(kind), where, rng.random() < 0.8))

    where = lambda: rng.choice([(1,), (1,), (1,), (0, 1), (0,)])  # comes, stays, goes
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        (cut, metres), there = thing(parts, rng), where()
        put(cut, metres, "thing", there)
        forms += [cut.kind] if there == (1,) else []
    for kind, name, low, high, many in (("rubbish", "garbage", 0.4, 1.3, (0, 0, 1)), ("rubbish", "overflow", 0.9, 1.4, (0, 0, 0, 1)), ("bin", "garbage_bin", 0.8, 1.3, (0, 0, 1)),
                                        ("vehicle", "vehicle", 1.2, 2.2, (0, 1, 1, 2))):
        for _ in range(rng.choice(many)):
            cut = stalls.bicycle(rng) if name == "vehicle" and rng.random() < 0.25 else rng.choice(parts.cuts[name])
            put(cut, 1.05 if cut.kind == "bicycle" else rng.uniform(low, high), kind, where())
    for _ in range(rng.choice([0, 1, 2, 4])):
        put(rng.choice(parts.cuts["person"]), rng.uniform(1.5, 1.85), "person", rng.choice([(0,), (1,), (1,)]), False)
    return standing, forms


def said_of(was, there):
    """What is to be said of each patch, of the shares that the classes fill in the reference picture and in the frame."""
    said = np.where(there >= FILLED, 1, np.where(there > TOUCHED, 2, 0)).astype(np.uint8)
    # The same class at the same spot of the reference picture: it stood there before, or another one in its place.
    same = (was >= TOUCHED) & (there > TOUCHED)
    said[same] = np.where((was >= FILLED) & (there >= FILLED), 0, 2)[same]
    for kind in map(CLASSES.index, ("person", "vehicle")):  # another one in its place: whether it is new is not to be told
        said[kind][(was[kind] > TOUCHED) & (there[kind] > TOUCHED)] = 2
    return said


def filled(kinds):
    """The share of each patch that each class fills."""
    k = min(WIDE / W, HIGH / H)
    w, h = round(W * k), round(H * k)
    out = np.zeros((len(CLASSES), ROWS, COLUMNS), np.float32)
    for kind in range(len(CLASSES)):
        if (kinds == kind).any():
            whole = np.zeros((HIGH, WIDE), np.float32)
            whole[:h, :w] = cv2.resize((kinds == kind).astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)
            out[kind] = cv2.resize(whole, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return out

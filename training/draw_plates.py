"""Draws number plates by the layout of the Chinese standard (GA 36) onto facades, several frames of each, for measuring how they
are read.

    python draw_plates.py FACADES_DIR OUT [--count N] [--frames N] [--width PX] [--seed N]

Blue (seven characters), yellow (seven, the last may be 学 or 挂), green (new energy, eight). 440 or 480 by 140 mm, characters 90 mm
high and 45 wide, 57 mm apart, the dot behind the second. The standard's own typeface is not free, so a bold sans serif
stands for it. OUT/labels.json lists each plate's number and its frames with corners. Numbers are drawn at random.
"""

import argparse
import json
import pathlib
import random

import cv2
import numpy
from PIL import Image, ImageDraw, ImageFont

FONT, SIMPLIFIED = "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
PX_PER_MM = 2
SIZE_PX = (640, 480)


def number(rng):
    kind = rng.choice(["blue", "blue", "yellow", "green"])
    head = rng.choice(PROVINCES) + rng.choice(LETTERS)
    mixed = lambda n: "".join(rng.choice("0123456789" * 2 + LETTERS) for _ in range(n))
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))
    if kind == "green":
        return kind, head + rng.choice("DF") + digits(5)
    if kind == "yellow" and rng.random() < 0.4:
        return kind, head + digits(4) + rng.choice("学挂")
    return kind, head + mixed(2) + digits(3)


def glyph(character, width, height, ink):
    """A character stretched to its cell, as plates have it."""
    face = ImageFont.truetype(FONT, 200, index=SIMPLIFIED)
    box = face.getbbox(character)
    image = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    ImageDraw.Draw(image).text((-box[0], -box[1]), character, font=face, fill=255)
    narrow = width if character not in "1" else width // 3
    image = image.resize((narrow, height), Image.LANCZOS)
    cell = Image.new("L", (width, height), 0)
    cell.paste(image, ((width - narrow) // 2, 0))
    return cell


def plate(kind, text):
    wide = 480 if kind == "green" else 440
    w, h = wide * PX_PER_MM, 140 * PX_PER_MM
    paper, ink = {"blue": ((20, 62, 160), (245, 245, 245)), "yellow": ((238, 178, 20), (20, 20, 20)), "green": ((120, 200, 130), (20, 20, 20))}[kind]
    image = Image.new("RGB", (w, h), paper)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((6, 6, w - 7, h - 7), radius=16, outline=ink, width=4)
    step = 57 if len(text) == 7 else 52
    char_w = 45 if len(text) == 7 else 43
    x = 15.5
    for i, character in enumerate(text):
        if i == 2:
            if kind != "green":
                draw.ellipse([(x + 4) * PX_PER_MM, 65 * PX_PER_MM, (x + 14) * PX_PER_MM, 75 * PX_PER_MM], fill=ink)
            x += 22 if kind != "green" else 36
        cell = glyph(character, char_w * PX_PER_MM, 90 * PX_PER_MM, ink)
        image.paste(ink, (round(x * PX_PER_MM), 25 * PX_PER_MM), cell)
        x += step
    return cv2.cvtColor(numpy.array(image), cv2.COLOR_RGB2BGR)


def frame(rng, wall, drawn, width_px):
    """One view of a plate on a bumper before a wall."""
    x, y = rng.randrange(0, wall.shape[1] - SIZE_PX[0] + 1), rng.randrange(0, wall.shape[0] - SIZE_PX[1] + 1)
    bgr = wall[y : y + SIZE_PX[1], x : x + SIZE_PX[0]].copy()
    scale = width_px / drawn.shape[1]
    h = drawn.shape[0] * scale
    left, top = rng.uniform(120, SIZE_PX[0] - 120 - width_px), rng.uniform(200, SIZE_PX[1] - 120)
    body = rng.choice([(40, 40, 44), (180, 180, 182), (220, 222, 224), (30, 30, 120), (90, 60, 40)])
    cv2.rectangle(bgr, (round(left - width_px * 1.1), round(top - h * 3)), (round(left + width_px * 2.1), round(top + h * 2)), body, -1)
    cv2.rectangle(bgr, (round(left - width_px * 0.3), round(top - h * 0.5)), (round(left + width_px * 1.3), round(top + h * 1.5)), tuple(v // 2 for v in body), -1)
    jitter = lambda s: rng.uniform(-s, s)
    shear = jitter(0.12) * width_px
    corners = numpy.array([[left, top], [left + width_px, top + shear], [left + width_px, top + shear + h], [left, top + h]], numpy.float32)
    corners += numpy.array([[jitter(0.03) * width_px, jitter(0.06) * h] for _ in range(4)], numpy.float32)
    small = cv2.resize(drawn, None, fx=max(scale * 2, 0.2), fy=max(scale * 2, 0.2), interpolation=cv2.INTER_AREA)
    sh, sw = small.shape[:2]
    matrix = cv2.getPerspectiveTransform(numpy.array([[0, 0], [sw, 0], [sw, sh], [0, sh]], numpy.float32), corners)
    warped = cv2.warpPerspective(small, matrix, SIZE_PX, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(numpy.full((sh, sw), 255, numpy.uint8), matrix, SIZE_PX)[..., None] / 255
    light = rng.uniform(0.6, 1.1)
    bgr = numpy.clip(bgr * (1 - mask) + numpy.clip(warped * light, 0, 255) * mask, 0, 255).astype(numpy.uint8)
    if rng.random() < 0.5:  # a moving car
        length = rng.randrange(2, 5)
        bgr = cv2.blur(bgr, (length, 1))
    bgr = cv2.GaussianBlur(bgr, (0, 0), rng.uniform(0.3, 1.0))
    noise = numpy.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(1, 8), bgr.shape)
    return numpy.clip(bgr + noise, 0, 255).astype(numpy.uint8), corners


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("facades", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--seed", type=int, default=4)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    walls = sorted(asked.facades.rglob("*.jpg"))
    if not walls:
        parser.error(f"{asked.facades} holds no .jpg")
    asked.out.mkdir(parents=True, exist_ok=True)
    said = []
    for i in range(asked.count):
        kind, text = number(rng)
        drawn = plate(kind, text)
        wall = cv2.imread(str(rng.choice(walls)))
        grow = max(1.0, SIZE_PX[0] / wall.shape[1], SIZE_PX[1] / wall.shape[0])
        wall = cv2.resize(wall, None, fx=grow + 0.01, fy=grow + 0.01)
        frames = []
        for j in range(asked.frames):
            bgr, corners = frame(rng, wall, drawn, asked.width)
            name = f"{i:04}_{j}.jpg"
            cv2.imwrite(str(asked.out / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(60, 96)])
            frames.append({"file": name, "quad": corners.astype(float).round(1).tolist()})
        said.append({"kind": kind, "number": text, "frames": frames})
    rows = ",\n".join(" " + json.dumps(one, ensure_ascii=False) for one in said)
    (asked.out / "labels.json").write_text("[\n" + rows + "\n]\n", "utf-8")


if __name__ == "__main__":
    main()

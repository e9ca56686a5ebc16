"""Composes stickers and banners onto clean walls, for measuring how text is found and read.

    python compose_text.py FACADES_DIR OUT [--count N] [--seed N] [--hard]      (opencv-python-headless, numpy, pillow, fonts-noto-cjk)

Each picture carries two stickers (a service and an invented mobile number) and one banner, with letters of one height, put
on with perspective, blur, noise and JPEG. OUT/labels.json lists what stands where. Heights go round, so that each
has the same number of pictures. The words are made up here, the numbers drawn at random; composed pictures are for measuring only and are never published.
"""

import argparse
import json
import pathlib
import random

import cv2
import numpy
from PIL import Image, ImageDraw, ImageFont

HEIGHTS_PX = [12, 14, 16, 20, 24, 32, 40]
FONTS = [f"/usr/share/fonts/opentype/noto/Noto{face}CJK-{weight}.ttc" for face in ("Sans", "Serif") for weight in ("Regular", "Bold")]
SIMPLIFIED = 2  # the face of these collections that draws simplified letters
SERVICES = ["专业开锁", "管道疏通", "办证刻章", "小额贷款", "高价回收", "搬家服务", "房屋招租", "防水补漏", "家电维修", "疏通下水道",
            "开锁换锁修锁", "无抵押贷款", "旧房拆除", "空调移机"]
SLOGANS = ["热烈庆祝本店盛大开业", "全场商品一律八折优惠", "年终清仓大甩卖最后三天", "学区房首付八万起火热认购", "新店开张免费试听欢迎咨询",
           "品质家装到您身边满意付款", "周末团购专场名额有限", "招聘服务员收银员待遇从优"]
SIDE_PX = 960


def font(rng, size):
    return ImageFont.truetype(rng.choice(FONTS), size, index=SIMPLIFIED)


def number(rng):
    digits = "1" + rng.choice("3578") + "".join(rng.choice("0123456789") for _ in range(9))
    return rng.choice([digits, f"{digits[:3]}-{digits[3:7]}-{digits[7:]}", f"{digits[:3]} {digits[3:7]} {digits[7:]}"])


def colours(rng, banner):
    if banner:
        return rng.choice([((196, 22, 28), (255, 240, 90)), ((190, 20, 26), (250, 250, 250)), ((24, 70, 160), (250, 250, 250))])
    return rng.choice([((248, 246, 238), (30, 30, 36)), ((252, 226, 70), (180, 20, 24)), ((245, 245, 245), (200, 24, 30)),
                       ((236, 240, 248), (24, 56, 150))])


def patch(rng, lines, letter_px, banner):
    """The drawn patch, and the corners of each line in it. A letter is as high as the box of the line's ink."""
    paper, ink = colours(rng, banner)
    supersampling = 3
    face = font(rng, letter_px * supersampling)
    scale = letter_px * supersampling / (face.getbbox("国")[3] - face.getbbox("国")[1])
    face = ImageFont.truetype(face.path, round(letter_px * supersampling * scale), index=SIMPLIFIED)
    boxes = [face.getbbox(line) for line in lines]
    pad = round(letter_px * supersampling * (0.8 if banner else 0.5))
    step = round(letter_px * supersampling * 1.45)
    width = max(box[2] for box in boxes) + 2 * pad
    height = step * (len(lines) - 1) + letter_px * supersampling + 2 * pad
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    places = []
    for i, (line, box) in enumerate(zip(lines, boxes)):
        y = pad + i * step
        draw.text((pad, y - box[1]), line, font=face, fill=ink)
        places.append([(pad + box[0], y), (pad + box[2], y), (pad + box[2], y + box[3] - box[1]), (pad + box[0], y + box[3] - box[1])])
    size = (round(width / supersampling), round(height / supersampling))
    small = cv2.resize(numpy.array(image), size, interpolation=cv2.INTER_AREA)
    return small, [[(x / supersampling, y / supersampling) for x, y in place] for place in places]


def put(rng, wall, drawn, places, letter_px, taken, hard):
    """Puts a patch onto the wall by a perspective; returns the lines' corners, or None where there is no room."""
    height, width = drawn.shape[:2]
    angle = rng.uniform(*((-18, 18) if hard else (-6, 6))) * numpy.pi / 180
    tilt = [rng.uniform(-0.12, 0.12) if hard else rng.uniform(-0.05, 0.05) for _ in range(4)]
    square = numpy.array([[0, 0], [width, 0], [width, height], [0, height]], numpy.float32)
    turned = square @ numpy.array([[numpy.cos(angle), numpy.sin(angle)], [-numpy.sin(angle), numpy.cos(angle)]], numpy.float32)
    turned[:, 1] += numpy.array(tilt, numpy.float32) * height * 2
    turned -= turned.min(axis=0)
    w, h = numpy.ceil(turned.max(axis=0)).astype(int) + 2
    if w >= wall.shape[1] - 4 or h >= wall.shape[0] - 4:
        return None
    for _ in range(60):
        x, y = rng.randrange(2, wall.shape[1] - w), rng.randrange(2, wall.shape[0] - h)
        box = (x - letter_px, y - letter_px, x + w + letter_px, y + h + letter_px)
        if all(box[2] < t[0] or t[2] < box[0] or box[3] < t[1] or t[3] < box[1] for t in taken):
            break
    else:
        return None
    taken.append(box)
    to = turned + numpy.array([x, y], numpy.float32)
    matrix = cv2.getPerspectiveTransform(square, to.astype(numpy.float32))
    warped = cv2.warpPerspective(drawn, matrix, wall.shape[1::-1], flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(numpy.full(drawn.shape[:2], 255, numpy.uint8), matrix, wall.shape[1::-1], flags=cv2.INTER_LINEAR)
    shade = rng.uniform(0.35 if hard else 0.7, 1.0)
    alpha = (mask.astype(numpy.float32) / 255)[..., None]
    wall[:] = (wall * (1 - alpha) + warped * shade * alpha).astype(numpy.uint8)
    return [cv2.perspectiveTransform(numpy.array([place], numpy.float32), matrix)[0].astype(float).round(1).tolist() for place in places]


def compose(rng, path, letter_px, hard):
    bgr = cv2.imread(str(path))
    factor = SIDE_PX / max(bgr.shape[:2])
    wall = cv2.cvtColor(cv2.resize(bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB)
    labels, taken = [], []
    for kind in ("banner", "small_ad", "small_ad"):
        lines = [rng.choice(SLOGANS)] if kind == "banner" else [rng.choice(SERVICES), number(rng)]
        drawn, places = patch(rng, lines, letter_px, kind == "banner")
        corners = put(rng, wall, drawn, places, letter_px, taken, hard)
        if corners:
            labels += [{"kind": kind, "text": t, "letter_px": letter_px, "quad": q} for t, q in zip(lines, corners)]
    blur = rng.uniform(0, (0.09 if hard else 0.03) * letter_px)
    if blur > 0.2:
        wall = cv2.GaussianBlur(wall, (0, 0), blur)
    noise = numpy.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(0, 12 if hard else 5), wall.shape)
    wall = numpy.clip(wall + noise, 0, 255).astype(numpy.uint8)
    return cv2.cvtColor(wall, cv2.COLOR_RGB2BGR), labels


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("facades", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=140)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--hard", action="store_true", help="steeper, darker, blurred up to 0.09 heights, JPEG from 30")
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    walls = sorted(asked.facades.rglob("*.jpg"))
    if not walls:
        parser.error(f"{asked.facades} holds no .jpg")
    rng.shuffle(walls)
    asked.out.mkdir(parents=True, exist_ok=True)
    said = {}
    for i in range(asked.count):
        bgr, labels = compose(rng, walls[i % len(walls)], HEIGHTS_PX[i % len(HEIGHTS_PX)], asked.hard)
        name = f"{i:04}.jpg"
        cv2.imwrite(str(asked.out / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(30 if asked.hard else 60, 96)])
        said[name] = labels
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(labels, ensure_ascii=False)}" for name, labels in said.items())
    (asked.out / "labels.json").write_text("{\n" + rows + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Composes street clips in which traders set up, stay and leave, for `xunjie eval clips`: no labelled street set with stalls is at hand.

  compose_stalls.py --garbage DIR --facades DIR --start yolox_nano_416.onnx --out OUT [--clips 24] [--seed 1] [--minutes 20] [--every 10] [--shops N] [--half 0|1]
What a trader sets up is drawn here in varied forms (parasols, tables, crates, cloths with goods, carts, tricycles, rails of clothes), and so is what a
shop puts out before its door; houses, walkers, vehicles and bins are cut from pictures that nothing was trained on, as in compose.py. What is no stall and comes too: people who pass, a queue,
somebody who waits, parked bicycles (drawn) and vehicles, a sweeper with a cart, a delivery, a bin, furniture that the reference picture shows, a market outside of
the zone, shadows that wander, wet ground, light. A frame of the clip stands for `--every` seconds.
"""
import argparse
import os
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

import compose
import data
import measure
from compose import FOOT, H, HORIZON, METRE, W

S = 120  # pixels of a metre on a drawn thing
GOODS = [(40, 60, 200), (40, 150, 230), (60, 170, 60), (190, 90, 60), (200, 200, 210), (150, 60, 150), (60, 200, 220), (90, 110, 140), (30, 30, 40)]
CLOTHS = [(160, 60, 40), (60, 60, 170), (70, 120, 60), (190, 190, 190), (50, 50, 60), (120, 160, 200)]
WOOD = [(70, 110, 150), (90, 130, 170), (60, 80, 110)]
METAL = [(150, 150, 155), (110, 115, 120), (80, 80, 90)]


class Sheet:
    """Something drawn: pixels and mask, the ground at its lower border."""

    def __init__(self, wide, high, rng):
        self.h, self.w, self.rng = int(high * S), int(wide * S), rng
        self.pixels, self.mask = np.zeros((self.h, self.w, 3), np.float32), np.zeros((self.h, self.w), np.float32)

    def fill(self, points, colour, light=(1.1, 0.75)):
        """A polygon in metres from the lower left, lit from above."""
        corners = np.int32([[x * S, self.h - 1 - y * S] for x, y in points])
        part = np.zeros((self.h, self.w), np.uint8)
        cv2.fillPoly(part, [corners], 1, cv2.LINE_AA)
        top, bottom = corners[:, 1].min(), max(corners[:, 1].max(), corners[:, 1].min() + 1)
        shade = np.interp(np.arange(self.h), [top, bottom], light)[:, None, None]
        self.pixels = np.where(part[..., None] > 0, np.array(colour, np.float32) * shade, self.pixels)
        self.mask = np.maximum(self.mask, part)

    def box(self, x, y, w, h, colour, light=(1.1, 0.75)):
        self.fill([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, light)

    def ball(self, x, y, r, colour):
        at, px = (int(x * S), int(self.h - 1 - y * S)), max(int(r * S), 1)
        cv2.circle(self.pixels, at, px, tuple(0.75 * c for c in colour), -1, cv2.LINE_AA)
        cv2.circle(self.pixels, (at[0] - px // 3, at[1] - px // 3), max(px // 2, 1), tuple(min(1.2 * c, 255) for c in colour), -1, cv2.LINE_AA)
        cv2.circle(self.mask, at, px, 1.0, -1)

    def wheel(self, x, r):
        at = (int(x * S), int(self.h - 1 - r * S))
        cv2.circle(self.pixels, at, int(r * S), (25, 25, 28), 5, cv2.LINE_AA)
        cv2.circle(self.mask, at, int(r * S), 1.0, 5)
        for turn in range(0, 180, 30):
            dx, dy = int(r * S * np.cos(np.radians(turn))), int(r * S * np.sin(np.radians(turn)))
            for plane, colour in ((self.pixels, (120, 120, 120)), (self.mask, 1.0)):
                cv2.line(plane, (at[0] - dx, at[1] - dy), (at[0] + dx, at[1] + dy), colour, 1)

    def heap(self, x, y, w, h):
        """Goods of one or two kinds, piled up."""
        kinds, rng = self.rng.sample(GOODS, 2), self.rng
        form = rng.choice(["balls", "boxes", "bags"])
        for _ in range(int(max(w * h, 0.08) * 130)):
            dx, dy = rng.uniform(0, w), rng.uniform(0, h) * rng.random()
            tone = tuple(c * rng.uniform(0.8, 1.2) for c in rng.choice(kinds))
            if form == "balls":
                self.ball(x + dx, y + dy + 0.04, rng.uniform(0.035, 0.06), tone)
            elif form == "boxes":
                self.box(x + dx - 0.06, y + dy, rng.uniform(0.08, 0.2), rng.uniform(0.06, 0.14), tone)
            else:
                self.fill([(x + dx - 0.08, y + dy), (x + dx + 0.1, y + dy), (x + dx + 0.06, y + dy + 0.16), (x + dx - 0.05, y + dy + 0.15)], tone, (1.2, 0.7))

    def cut(self, kind):
        grain = np.random.default_rng(self.rng.getrandbits(32)).normal(0, 7, (self.h // 2 + 1, self.w // 2 + 1, 1)).astype(np.float32)
        grey = self.pixels.mean(2, keepdims=True)
        pixels = grey + (self.pixels - grey) * self.rng.uniform(0.3, 0.9) + np.repeat(np.repeat(grain, 2, 0), 2, 1)[:self.h, :self.w]
        mask = cv2.GaussianBlur(self.mask.clip(0, 1), (3, 3), 0)
        ys, xs = np.nonzero(mask > 0.3)
        part = (slice(ys.min(), self.h), slice(xs.min(), xs.max() + 1))
        return compose.Cut(np.clip(pixels, 0, 255).astype(np.uint8)[part], mask[part], kind)


def table(sheet, x, w, rng):
    top = rng.uniform(0.65, 0.85)
    if rng.random() < 0.5:
        sheet.box(x, 0.02, w, top, rng.choice(CLOTHS), (1.1, 0.6))
        for fold in np.arange(x + 0.1, x + w, rng.uniform(0.12, 0.3)):
            sheet.box(fold, 0.02, 0.015, top - 0.05, (30, 30, 35), (0.8, 0.5))
    else:
        for leg in (x + 0.04, x + w - 0.08):
            sheet.box(leg, 0, 0.04, top, rng.choice(METAL))
    sheet.box(x - 0.03, top, w + 0.06, 0.05, rng.choice(WOOD + CLOTHS))
    sheet.heap(x + 0.05, top + 0.05, w - 0.1, rng.uniform(0.15, 0.35))


def cloth(sheet, x, w, rng):
    sheet.fill([(x, 0), (x + w, 0), (x + 0.85 * w, 0.4), (x + 0.12 * w, 0.4)], rng.choice(CLOTHS), (0.9, 1.1))
    for _ in range(3):
        sheet.heap(x + rng.uniform(0.1, 0.6) * w, rng.uniform(0.03, 0.2), 0.3 * w, 0.12)


def crates(sheet, x, w, rng):
    at = x
    while at < x + w - 0.4:
        for floor in range(rng.randint(1, 3)):
            colour = rng.choice(WOOD + [(180, 120, 40), (60, 60, 190), (60, 140, 70)])
            sheet.box(at, floor * 0.28, 0.42, 0.26, colour)
            for slat in (0.06, 0.14):
                sheet.box(at, floor * 0.28 + slat, 0.42, 0.015, (40, 40, 45))
        sheet.heap(at + 0.04, floor * 0.28 + 0.26, 0.32, 0.14)
        at += rng.uniform(0.44, 0.55)


def cart(sheet, x, w, rng):
    bed = rng.uniform(0.45, 0.6)
    for wheel in (x + 0.25, x + w - 0.25):
        sheet.wheel(wheel, 0.24)
    sheet.box(x, bed, w, 0.3, rng.choice(METAL + [(60, 110, 40), (150, 90, 40)]))
    if rng.random() < 0.5:  # a cabinet of glass under a small roof
        sheet.box(x + 0.1, bed + 0.3, w - 0.2, 0.5, (190, 200, 205), (1.1, 0.9))
        sheet.heap(x + 0.2, bed + 0.3, w - 0.4, 0.2)
        sheet.box(x, bed + 0.85, w, 0.1, rng.choice(CLOTHS))
    else:
        sheet.heap(x + 0.08, bed + 0.28, w - 0.16, 0.35)


def tricycle(sheet, x, w, rng):
    cart(sheet, x, w * 0.65, rng)
    sheet.wheel(x + w * 0.9, 0.28)
    frame = rng.choice([(60, 110, 40), (150, 70, 40), (40, 40, 160)])
    for x0, y0, x1, y1 in ((0.6, 0.5, 0.9, 0.3), (0.6, 0.5, 0.84, 0.95), (0.84, 0.95, 0.9, 0.3)):
        sheet.fill([(x + w * x0, y0), (x + w * x0 + 0.05, y0), (x + w * x1 + 0.05, y1), (x + w * x1, y1)], frame)
    sheet.box(x + w * 0.78, 0.93, 0.2, 0.05, (30, 30, 30))


def rail(sheet, x, w, rng):
    for post in (x, x + w - 0.04):
        sheet.box(post, 0, 0.04, 1.6, rng.choice(METAL))
    sheet.box(x, 1.56, w, 0.04, METAL[1])
    at = x + 0.08
    while at < x + w - 0.2:
        wide, low = rng.uniform(0.1, 0.22), rng.uniform(0.5, 0.85)
        sheet.fill([(at, low), (at + wide, low), (at + wide, 1.45), (at + wide / 2, 1.56), (at, 1.45)], rng.choice(GOODS + CLOTHS), (1.1, 0.8))
        at += wide * rng.uniform(0.8, 1.1)


def parasol(sheet, x, w, rng):
    pole, top, colours = x + w / 2, rng.uniform(2.1, 2.5), rng.sample(CLOTHS + GOODS, 2)
    sheet.box(pole - 0.025, 0, 0.05, top, METAL[1])
    wide, high, parts = w * rng.uniform(0.9, 1.2), rng.uniform(0.35, 0.55), 8
    for i in range(parts):
        a, b = i / parts, (i + 1) / parts
        sheet.fill([(pole + (a - 0.5) * wide, top - high + 0.05 * (i % 2)), (pole + (b - 0.5) * wide, top - high + 0.05 * (1 - i % 2)), (pole, top)], colours[i % 2], (1.2, 0.8))


def stool(sheet, x, rng):
    colour, high = rng.choice([(40, 40, 190), (190, 110, 40), (60, 150, 70)] + WOOD), rng.uniform(0.3, 0.45)
    for leg in (x, x + 0.22):
        sheet.box(leg, 0, 0.04, high, colour)
    sheet.box(x - 0.02, high, 0.3, 0.06, colour)


def stall(rng):
    """What one trader sets up."""
    wide = rng.uniform(1.3, 2.6)
    sheet = Sheet(wide + 1.2, 2.7, rng)
    forms = [table, cloth, crates, cart, tricycle, rail]
    form = rng.choice(forms)
    if rng.random() < 0.4:
        parasol(sheet, 0.4, wide, rng)
    form(sheet, 0.4, wide, rng)
    if rng.random() < 0.5:
        crates(sheet, rng.choice([0.0, wide - 0.1]), 0.9, rng)
    if rng.random() < 0.4:
        stool(sheet, rng.choice([0.05, wide + 0.6]), rng)
    return sheet.cut(form.__name__)


def furniture(rng):
    """What the city put there: a bench with a plant, or a kiosk of papers."""
    sheet = Sheet(2.6, 2.2, rng)
    if rng.random() < 0.5:
        for leg in (0.2, 1.6):
            sheet.box(leg, 0, 0.08, 0.42, METAL[2])
        for board in (0.42, 0.6, 0.75):
            sheet.box(0.1, board, 1.7, 0.08, WOOD[0])
        sheet.box(1.95, 0, 0.4, 0.4, (90, 100, 120))
        sheet.heap(1.95, 0.4, 0.4, 0.5)
    else:
        sheet.box(0.2, 0, 1.8, 1.7, (120, 100, 60))
        sheet.box(0.3, 0.7, 1.6, 0.8, (60, 70, 80))
        sheet.heap(0.35, 0.75, 1.4, 0.4)
        sheet.box(0.05, 1.7, 2.1, 0.15, CLOTHS[0])
    return sheet.cut("furniture of the city")


def broom_cart(rng):
    sheet = Sheet(1.2, 1.2, rng)
    sheet.wheel(0.4, 0.2)
    sheet.box(0.15, 0.25, 0.6, 0.7, (60, 140, 60))
    sheet.box(0.85, 0.05, 0.04, 1.1, WOOD[0])
    return sheet.cut("a sweeper's cart")


def bicycle(rng):
    sheet, colour = Sheet(2.0, 1.2, rng), rng.choice([(40, 40, 160), (160, 90, 40), (60, 60, 60), (60, 140, 200), (200, 200, 200)])
    for wheel in (0.5, 1.5):
        sheet.wheel(wheel, 0.33)
    for x0, y0, x1, y1 in ((0.5, 0.33, 0.85, 0.36), (0.85, 0.36, 0.7, 0.85), (0.5, 0.33, 0.72, 0.75), (0.72, 0.75, 1.32, 0.8), (0.85, 0.36, 1.32, 0.8), (1.32, 0.95, 1.5, 0.33)):
        sheet.fill([(x0, y0), (x0 + 0.035, y0), (x1 + 0.035, y1), (x1, y1)], colour)
    sheet.box(0.6, 0.85, 0.22, 0.06, (30, 30, 30))
    sheet.box(1.25, 0.95, 0.2, 0.04, (40, 40, 45))
    if rng.random() < 0.4:
        sheet.box(1.42, 0.62, 0.3, 0.24, rng.choice(METAL))
    return sheet.cut("bicycle")


def size_at(foot):
    """Pixels of a metre where the ground lies at that share of the height."""
    return METRE * H * (foot - HORIZON) / (1 - HORIZON)


@dataclass
class Figure:
    """Something drawn into each frame: where, and in which share of the frames of its time."""
    cut: compose.Cut
    box: tuple
    since: float
    until: float
    share: float = 1.0
    sway: float = 0.0  # pixels
    speed: float = 0.0  # pixels a second
    flip: bool = False
    shadow: bool = True


@dataclass
class Street:
    """A clip in the making."""
    rng: random.Random
    parts: dict
    ground: np.ndarray
    end: float
    taken: list = field(default_factory=list)
    figures: list = field(default_factory=list)
    also: list = field(default_factory=list)
    truths: list = field(default_factory=list)
    market: bool = False  # traders are lawful to the right of 0.64 of the width

    def late(self, low, high):
        return self.rng.uniform(low * self.end, high * self.end)

    def room(self, cut, metres, right=False):
        for _ in range(60):
            box = compose.spot(cut, metres, self.rng, self.taken)
            if box and box[1] > 0.3 * H and (not self.market or (box[0] > 0.66 * W if right else box[2] < 0.62 * W)):
                return box
        return None

    def stand(self, cut, box, since, until, **more):
        self.figures.append(Figure(compose.harmonised(cut, self.ground, box, self.rng), box, since, until, flip=self.rng.random() < 0.5, **more))

    def person(self, x, foot, since, until, **more):
        """Somebody whose feet are there."""
        cut = self.rng.choice(self.parts["walker"])
        high = self.rng.uniform(1.6, 1.8) * size_at(foot)
        wide = high * cut.pixels.shape[1] / cut.pixels.shape[0]
        self.stand(cut, (int(x - wide / 2), int(foot * H - high), int(x + wide / 2), int(foot * H)), since, until, **more)

    def trader(self, right=False):
        """A stall with its trader, and customers now and then. Lawful to the right of a market's border."""
        cut = stall(self.rng)
        box = self.room(cut, cut.pixels.shape[0] / S, right)
        if box is None:
            return
        self.taken.append((box[0] - 30, box[1], box[2] + 30, box[3]))
        since = self.late(0.08, 0.35)
        until = self.end + 60 if self.rng.random() < 0.4 else since + self.late(0.4, 0.6)
        self.stand(cut, box, since, until)
        foot, metre = box[3] / H, size_at(box[3] / H)
        side = self.rng.choice([box[0] - 0.3 * metre, box[2] + 0.3 * metre, self.rng.uniform(box[0], box[2])])
        self.person(side, foot - 0.012 * self.rng.random(), since, until, share=self.rng.uniform(0.75, 0.95), sway=0.25 * metre)
        for _ in range(self.rng.randint(1, 5)):
            come = self.rng.uniform(since, min(until, self.end))
            self.person(self.rng.uniform(box[0], box[2]), min(foot + 0.02, 0.99), come, come + self.rng.uniform(30, 150), sway=0.1 * metre)
        (self.also if right else self.truths).append(f"a lawful market stall: {cut.kind}" if right else (cut.kind, since, until, box))

    def shop(self):
        """A shop that puts its goods out before its door."""
        sheet = Sheet(2.6, 1.8, self.rng)
        form = self.rng.choice([table, crates, rail])
        form(sheet, 0.2, self.rng.uniform(1.2, 2.2), self.rng)
        cut = sheet.cut(f"goods before a shop ({form.__name__})")
        for _ in range(40):
            foot, high = self.rng.uniform(FOOT + 0.025, FOOT + 0.06), len(cut.pixels) / S
            tall = high * size_at(foot)
            wide, x = tall * cut.pixels.shape[1] / len(cut.pixels), self.rng.uniform(0.05, 0.8) * W
            box = (int(x), int(foot * H - tall), int(x + wide), int(foot * H))
            if all(box[2] + 20 < o[0] or o[2] + 20 < box[0] or foot * H + 6 < o[1] for o in self.taken):
                break
        else:
            return
        self.taken.append(box)
        since = self.late(0.08, 0.35)
        until = self.end + 60 if self.rng.random() < 0.4 else since + self.late(0.4, 0.6)
        self.stand(cut, box, since, until)
        for _ in range(self.rng.randint(1, 4)):
            come = self.rng.uniform(since, min(until, self.end))
            self.person(self.rng.uniform(box[0], box[2]), foot + 0.02, come, come + self.rng.uniform(30, 120), sway=8)
        self.truths.append((cut.kind, since, until, box))

    def lawful(self, kind):
        """Something that comes and is no stall."""
        rng, end = self.rng, self.end
        if kind == "queue":
            foot, x, metre = rng.uniform(0.68, 0.92), rng.uniform(0.1, 0.5) * W, size_at(rng.uniform(0.68, 0.92))
            since, count = self.late(0.1, 0.6), rng.randint(4, 6)
            for place in range(count):
                at = since
                while at < since + rng.uniform(240, 480):  # those before move up: another one stands there
                    self.person(x + place * 0.6 * metre, foot, at, at + (step := rng.uniform(40, 110)), sway=0.06 * metre)
                    at += step
        elif kind == "waits":
            at = self.late(0.1, 0.6)
            self.person(rng.uniform(0.08, 0.9) * W, rng.uniform(0.64, 0.95), at, at + rng.uniform(240, 600), sway=6)
        elif kind == "sweeper":
            foot, at = rng.uniform(0.66, 0.95), self.late(0.1, 0.7)
            metre, speed = size_at(foot), rng.uniform(1.5, 4)
            x = rng.uniform(0, 0.4) * W
            cut = broom_cart(rng)
            high = 1.1 * metre
            wide = high * cut.pixels.shape[1] / cut.pixels.shape[0]
            self.stand(cut, (int(x), int(foot * H - high), int(x + wide), int(foot * H)), at, at + 240, speed=speed)
            self.person(x - 0.3 * metre, foot, at, at + 240, speed=speed)
        elif kind == "delivery":
            sheet = Sheet(1.6, 1.0, rng)
            crates(sheet, 0.1, 1.2, rng)
            cut = sheet.cut("a delivery")
            box = self.room(cut, cut.pixels.shape[0] / S)
            if box:
                at = self.late(0.1, 0.8)
                self.stand(cut, box, at, at + rng.uniform(40, 130))
                self.person(box[2], box[3] / H, at, at + 120, sway=15)
        elif kind == "furniture":
            cut = furniture(rng)
            box = self.room(cut, cut.pixels.shape[0] / S)
            if box:
                self.taken.append(box)
                self.stand(cut, box, -1, end + 60)
                at = self.late(0.1, 0.5)
                self.person((box[0] + box[2]) / 2, min(box[3] / H + 0.015, 0.99), at, at + rng.uniform(240, 600), sway=8)
        else:
            cut = bicycle(rng) if kind == "bicycle" else rng.choice(self.parts["vehicle" if kind == "vehicle" else "garbage_bin"])
            box = self.room(cut, {"bicycle": 1.05, "vehicle": 1.6, "bin": 1.1}[kind])
            if box:
                self.taken.append(box)
                self.stand(cut, box, self.late(0.05, 0.5), end + 60)
        self.also.append(kind)


def ground_light(rng, end):
    """A shadow that wanders or ground that gets wet; a painter of a second, and its name."""
    kind = rng.choice(["dry", "dry", "shadow", "wet"])
    x, wide, speed, dark, since = rng.uniform(-0.2, 0.8) * W, rng.uniform(0.15, 0.5) * W, rng.uniform(-0.12, 0.12), rng.uniform(0.25, 0.5), rng.uniform(0.1, 0.5) * end

    def paint(canvas, second):
        if kind == "shadow":
            left = x + speed * second
            shape = np.zeros((H, W), np.float32)
            cv2.fillPoly(shape, [np.int32([[left, FOOT * H], [left + wide, FOOT * H], [left + 1.4 * wide, H], [left + 0.3 * wide, H]])], 1.0)
            compose.lay(canvas, 0, 0, None, cv2.GaussianBlur(shape, (0, 0), 6) * dark)
        elif kind == "wet" and second > since:
            top = int(FOOT * H)
            share = min((second - since) / 120, 1) * 0.5
            above = cv2.GaussianBlur(canvas[top - (H - top):top][::-1], (0, 0), 5)
            canvas[top:] = canvas[top:] * (0.75 * share + 1 - share) * (1 - 0.35 * share) + above[:H - top] * 0.35 * share
    return kind, paint


def film(street, folder, a, rng):
    """Writes FOLDER/clip.mp4: who stands there when, who passes, and what light, weather, camera and coding do. Gives the names of weather and ground."""
    parts, ground, end = street.parts, street.ground, street.end
    light, shine = ground_light(rng, end)
    sky, falls = compose.weather(rng)
    drift, phase, shake, crowd = rng.uniform(0.05, 0.25), rng.uniform(0, 6.3), rng.choice([0.3, 0.8, 1.6]), rng.choice([0.5, 1, 2])
    noise = np.random.default_rng(rng.getrandbits(32))
    folder.mkdir(parents=True, exist_ok=True)
    coder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{W}x{H}", "-r", f"1/{a.every}", "-i", "-", "-an", "-c:v", "libx264",
         "-preset", "veryfast", "-crf", str(rng.randint(24, 30)), "-g", "1", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact", str(folder / "clip.mp4")], stdin=subprocess.PIPE)
    for second in range(0, end, a.every):
        canvas = ground.copy()
        shine(canvas, second)
        passing = []
        for _ in range(min(int(rng.expovariate(1 / crowd)), 4)):
            mover = rng.choice(parts["vehicle" if rng.random() < 0.2 else "walker"])
            box = compose.spot(mover, 1.7 if mover.kind == "person" else 1.6, rng, [])
            if box:
                passing.append(Figure(mover, box, second, second + 1))
        there = [one for one in street.figures if one.since <= second < one.until and rng.random() < one.share]
        for one in sorted(there + passing, key=lambda f: f.box[3]):
            aside = int(rng.gauss(0, one.sway) if one.sway else 0) + int(one.speed * (second - one.since))
            x0, y0, x1, y1 = one.box
            compose.draw(canvas, one.cut, (x0 + aside, y0, x1 + aside, y1), one.flip != (one.sway > 0 and rng.random() < 0.5), one.shadow)
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
    return sky, light


def timeline(folder, matter, street):
    end = street.end
    (folder / "timeline.toml").write_text("".join(
        f'[[incidents]]\nname = "{i + 1}号{kind}"\nmatter = "{matter}"\nfrom_s = {since:.1f}\n' + (f"until_s = {until:.1f}\n" if until < end else "")
        + f"box = [{', '.join(f'{min(max(v, 0), 1):.4f}' for v in (b[0] / W, b[1] / H, b[2] / W, b[3] / H))}]\n\n" for i, (kind, since, until, b) in enumerate(street.truths)))


def clip(number, parts, a, rng):
    end = a.minutes * 60
    ground = compose.background(rng.choice(parts["backgrounds"]), rng).astype(np.float32)
    street = Street(rng, parts, ground, end, market=rng.random() < 0.3)
    for kind in rng.sample(["queue", "waits", "sweeper", "delivery", "furniture", "bicycle", "vehicle", "bin"], rng.randint(2, 4)):
        street.lawful(kind)
    before_shops = a.shops > 0 and number % a.shops == a.shops - 1
    for _ in range(rng.choice([0, 1, 1, 2])):
        street.shop() if before_shops else street.trader()
    if street.market and not before_shops:
        street.trader(right=True)
    folder = a.out / f"{number:03}"
    sky, light = film(street, folder, a, rng)
    right = 0.64 if street.market and not before_shops else 1.0
    matter, zone, far, near = ("shop_spill", "店前", 0.42, FOOT + 0.09) if before_shops else ("stall", "禁止设摊路段", 0.5, 1.0)
    (folder / "scene.toml").write_text(
        f'# Composed by training/compose_stalls.py, seed {a.seed}; weather: {sky}, ground: {light}; also there: {", ".join(street.also) or "nothing"}.\n'
        f'start = "2026-11-23T09:00:00+08:00"\ncode = "stalls-{number:03}"\nname = "合成摊点 {number:03}"\nmatters = ["{matter}"]\nrevisit_s = {2 * a.every}\n\n'
        f'[[zones]]\nname = "{zone}"\nkind = "strict"\npolygon = [[0.0, {far}], [{right}, {far}], [{right}, {near}], [0.0, {near}]]\n')
    timeline(folder, matter, street)
    return len(street.truths)


def kept_parts(a, houses):
    """What comes and goes, cut from pictures that nothing was trained on."""
    rng = random.Random(a.seed)
    return compose.kept(a.parts, lambda: {
        "garbage_bin": compose.cuts(data.scenes(a.garbage / "val"), {"garbage_bin"}, rng, 25),
        "vehicle": compose.vehicles(houses, measure.runner(a.start, measure.START)),
        "walker": compose.walkers(),
    })


def options(minutes, every, about):
    """The arguments of composers of streets by halves of the houses."""
    p = argparse.ArgumentParser(description=about.split("\n")[0])
    for name in ("garbage", "facades", "start", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--clips", type=int, default=24)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--minutes", type=int, default=minutes)
    p.add_argument("--every", type=int, default=every, help="seconds between frames")
    p.add_argument("--half", type=int, choices=(0, 1), help="take only the first or the second of every two houses: choose on one half, measure on the other")
    p.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    p.add_argument("--parts", type=Path, help="file that keeps the things cut out, from one call to the next, of either composer")
    return p


def main():
    p = options(20, 10, __doc__)
    p.add_argument("--shops", type=int, default=0, help="every so many clips one shows goods before shops, of the matter shop_spill, instead of stalls")
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    _, houses = data.facades(a.facades / "train")
    parts = kept_parts(a, houses)
    parts["backgrounds"] = compose.wide(houses, a.half)
    compose.all_of(clip, parts, a, a.clips, "stalls")


if __name__ == "__main__":
    main()

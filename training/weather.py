#!/usr/bin/env python3
"""Writes a labelled folder anew under darkness, rain, fog, motion blur and heavy JPEG, five severities each, for `xunjie eval pictures`.

  weather.py --from DIR --out OUT [--severities 3]
OUT/KIND_SEVERITY/ holds every picture of DIR with its labels. Severity 3 is the middle one.
"""
import argparse
import shutil
from pathlib import Path

import cv2
import numpy as np

# What each severity (1 to 5) means.
DARK = (0.6, 0.45, 0.32, 0.22, 0.14)  # share of the light that is left, in linear light; sensor noise grows with the gain
RAIN = (0.002, 0.004, 0.007, 0.011, 0.016)  # share of pixels at which a drop begins
FOG = (0.25, 0.4, 0.55, 0.68, 0.8)  # share of grey
BLUR = (5, 9, 13, 19, 27)  # length in pixels of a picture 640 wide
JPEG = (40, 25, 15, 9, 5)  # quality


def dark(picture, s, rng):
    light = (picture / 255.0) ** 2.2 * DARK[s]
    seen = rng.poisson(light * 3000 * DARK[s]) / (3000 * DARK[s])
    return (np.clip(seen, 0, 1) ** (1 / 2.2)) * 255


def rain(picture, s, rng):
    h, w = picture.shape[:2]
    drops = (rng.random((h, w)) < RAIN[s]).astype(np.float32)
    length = max(h // 30, 5)
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (length // 3, 0), (2 * length // 3, length - 1), 1.0)
    streaks = np.clip(cv2.filter2D(drops, -1, kernel), 0, 1)[..., None]
    veil = cv2.GaussianBlur(picture, (0, 0), 0.4 + 0.3 * s).astype(np.float32)
    return veil * (0.95 - 0.05 * s) * (1 - 0.55 * streaks) + 205 * 0.55 * streaks + 6 * s


def fog(picture, s, rng):
    h, w = picture.shape[:2]
    cloud = cv2.resize(rng.random((5, 5)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC) - 0.5
    depth = np.linspace(1.12, 0.88, h, dtype=np.float32)[:, None]  # what lies further up is further away
    share = np.clip(FOG[s] * depth + 0.15 * cloud, 0, 0.95)[..., None]
    return picture * (1 - share) + 215 * share


def motion(picture, s, rng):
    length = max(int(BLUR[s] * picture.shape[1] / 640), 3)
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    c, d = (length - 1) / 2, (length - 1) / 2 * np.array([np.cos(angle), np.sin(angle)])
    cv2.line(kernel, tuple(int(round(v)) for v in c - d), tuple(int(round(v)) for v in c + d), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def jpeg(picture, s, rng):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG[s]])[1], cv2.IMREAD_COLOR)


KINDS = {"dark": dark, "rain": rain, "fog": fog, "motion": motion, "jpeg": jpeg}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--from", dest="source", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--severities", default="1,2,3,4,5")
    a = p.parse_args()
    pictures = sorted(a.source.glob("*.jpg"))
    if not pictures:
        raise SystemExit(f"{a.source} has no pictures (*.jpg)")
    for kind, spoil in KINDS.items():
        for severity in map(int, a.severities.split(",")):
            folder = a.out / f"{kind}_{severity}"
            folder.mkdir(parents=True, exist_ok=True)
            for number, path in enumerate(pictures):
                picture = cv2.imread(str(path))
                if picture is None:
                    raise SystemExit(f"{path} is no picture that can be read")
                spoiled = spoil(picture, severity - 1, np.random.default_rng(number))
                cv2.imwrite(str(folder / path.name), np.clip(spoiled, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])
                if path.with_suffix(".txt").exists():
                    shutil.copy(path.with_suffix(".txt"), folder)


if __name__ == "__main__":
    main()

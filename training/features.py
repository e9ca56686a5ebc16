#!/usr/bin/env python3
"""Writes down what the frozen encoder sees in each picture, once, so that heads can be trained on it in minutes.

  features.py --encoder encoder_448_int8.onnx --garbage DIR --facades DIR --out DIR [--seed 0] [--side 448]
OUT/train_SEED.npy (composed_SEED.npy) holds [pictures, cells, 384] half floats, train_SEED.json their labels; val.npy and clean.npy likewise, unspoiled.
It goes on where it stopped, and sleeps between pictures while the file named by XUNJIE_PAUSE_FILE exists.
"""
import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import data
import encoder
import measure
from train import pause


def letterboxed(scene, side):
    picture = scene.read()
    h, w = picture.shape[:2]
    small, k = data.letterbox(picture, side)
    rows = [] if scene.clean else [[*(row[1:] * [w * k, h * k, w * k, h * k]), row[0]] for row in scene.labels]
    return small, np.array(rows, np.float32).reshape(-1, 5)


def write(name, out, count, side, make, run):
    """Fills NAME.npy picture by picture; NAME.json is written at the end."""
    cells = (side // encoder.PATCH) ** 2
    path, mark = out / f"{name}.npy", out / f"{name}.done"
    done = int(mark.read_text()) if mark.exists() and path.exists() else 0
    array = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float16, shape=(count, cells, encoder.WIDTH))
    labels, began = [], time.time()
    for i in range(count):
        picture, rows = make(i, done > i)
        labels.append(rows.tolist())
        if i < done:
            continue
        pause()
        array[i] = run(picture)
        if i % 20 == 19 or i == count - 1:
            array.flush()
            mark.write_text(str(i + 1))
            print(f"{name} {i + 1}/{count} {(time.time() - began) / (i + 1 - done):.2f} s/picture", flush=True)
    (out / f"{name}.json").write_text(json.dumps({"side": side, "labels": labels}))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("encoder", "garbage", "facades", "out"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--composed", type=Path, help="a pass over the labelled street pictures of `compose.py --stills`, in place of the scenes")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--side", type=int, default=448)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    net = measure.opened(a.encoder, a.threads)
    run = lambda picture: net.run(None, {"images": encoder.normalised(picture[None]).numpy()})[0][0, 1:]
    streets, val = data.scenes(a.garbage / "train"), data.scenes(a.garbage / "val")
    clean, held_out = data.facades(a.facades / "train")
    for name, scenes in (("val", val), ("clean", held_out)):
        write(name, a.out, len(scenes), a.side, lambda i, skip, s=scenes: letterboxed(s[i], a.side), run)
    mixer, rng = data.Mixer(streets, clean), random.Random(a.seed)
    order, name = (data.scenes(a.composed, wide=True), "composed") if a.composed else (streets + clean, "train")
    rng.shuffle(order)
    seeds = [rng.getrandbits(32) for _ in order]
    write(f"{name}_{a.seed}", a.out, len(order), a.side, lambda i, _: mixer.make(order[i], a.side, random.Random(seeds[i])), run)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How much of what the starting network is sure of a trained one still sees, by class of COCO: in val and the held-out facades.

  held.py --start yolox_nano_416.onnx --model street_416/model.onnx --garbage DIR --facades DIR
"""
import argparse
from pathlib import Path

import data
import measure


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("start", "model", "garbage", "facades"):
        p.add_argument(f"--{name}", type=Path, required=True)
    a = p.parse_args()
    _, held_out = data.facades(a.facades / "train")
    counts = measure.held(measure.runner(a.model), measure.runner(a.start, measure.START), data.scenes(a.garbage / "val") + held_out)
    for name, (sure, again, new) in counts.items():
        print(f"{name}: {sure} sure boxes of the start, {again} found again; {new} sure ones without one")


if __name__ == "__main__":
    main()

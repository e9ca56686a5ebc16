#!/usr/bin/env python3
"""Processor time of model files on one thread, in turns in one run.

  cost.py MODEL.onnx@WIDTHxHEIGHT... [--turns 40]
Prints the median in ms of each, and its ratio to the first.
"""
import argparse
import time

import numpy as np

import measure


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("models", nargs="+", metavar="MODEL.onnx@WIDTHxHEIGHT")
    p.add_argument("--turns", type=int, default=40)
    a = p.parse_args()
    runs = []
    for word in a.models:
        path, _, size = word.rpartition("@")
        try:
            width, height = (int(v) for v in size.split("x"))
        except ValueError:
            raise SystemExit(f"{word} is not MODEL.onnx@WIDTHxHEIGHT") from None
        session = measure.opened(path)
        runs.append((word, session, {session.get_inputs()[0].name: np.random.default_rng(0).random((1, 3, height, width), np.float32)}, []))
    for turn in range(a.turns + 3):
        for _, session, fed, took in runs:
            began = time.process_time()
            session.run(None, fed)
            if turn >= 3:  # the first ones allocate
                took.append(time.process_time() - began)
    first = np.median(runs[0][3])
    for word, _, _, took in runs:
        print(f"{1000 * np.median(took):7.1f} ms {np.median(took) / first:5.2f}  {word}")


if __name__ == "__main__":
    main()

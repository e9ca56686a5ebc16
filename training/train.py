#!/usr/bin/env python3
"""Trains the street detector; goes on from the last checkpoint of the run folder when there is one.

  train.py --start yolox_nano_416.onnx --garbage DIR --facades DIR --run RUN [--epochs 30] [--sides 320] ...
DIR of --garbage holds train/ and val/, that of --facades train/, each with NAME.jpg and NAME.txt (YOLO).
With XUNJIE_PAUSE_FILE set, it sleeps between batches while that file exists.
"""
import argparse
from pathlib import Path

import torch

import data
import loop
import loss as losses
import measure
import net as nets


def groups(net):
    """What edges look like is known already: the early part moves at a tenth of the rate."""
    parts = [(net.early_parts(), 0.1), (net.late_parts(), 1.0)]
    return [{"params": [p for m in modules for p in m.parameters() if (p.ndim > 1) == matrices], "weight_decay": 0.02 if matrices else 0.0, "factor": factor}
            for modules, factor in parts for matrices in (True, False)]


def run_of(net):
    """A network as `measure` wants it: tensor -> output with sigmoids."""
    whole = nets.Exported(net).eval()
    device = next(net.parameters()).device

    def run(tensor):
        with torch.no_grad():
            return whole(torch.from_numpy(tensor).to(device)).cpu().numpy()
    return run


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("start", "garbage", "facades", "run"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--composed", type=Path, help="labelled street pictures of `compose.py --stills`")
    loop.options(p)
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    clean, held_out = data.facades(a.facades / "train")
    streets, val = data.scenes(a.garbage / "train"), data.scenes(a.garbage / "val")
    composed = data.scenes(a.composed, wide=True) if a.composed else []
    start = measure.runner(a.start, measure.START)
    seen = measure.seen_by(start, streets + clean, kept=a.run / "seen.json")
    print("strewn in: " + ", ".join(f"{k} {len(v)}" for k, v in sorted(seen.items())), flush=True)
    like = dict(device="cuda" if torch.cuda.is_available() else "cpu", memory_format=torch.channels_last)
    teacher = nets.load_start(str(a.start))
    net = nets.student_of(teacher).to(**like)
    teacher = teacher.to(**like).requires_grad_(False)

    def loss(net, x, labels):
        with torch.no_grad():
            taught = teacher(x)
        return losses.loss_of(net(x), taught, nets.cells(x.shape[-1], x.device), labels)

    def figures(mean):
        run = run_of(mean)
        return measure.measure(run, val, held_out) | {"coco_held": measure.held(run, start, val + held_out)}

    run = loop.Run(a, net, nets.Detector().to(**like), groups(net), loss)
    run.train(loop.Batches(data.Mixer(streets, clean, seen), composed, a), figures)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains the street detector; goes on from the last checkpoint of the run folder when there is one.

  train.py --start yolox_nano_416.onnx --garbage DIR --facades DIR --run RUN [--epochs 30] [--side 320] ...
DIR of --garbage holds train/ and val/, that of --facades train/, each with NAME.jpg and NAME.txt (YOLO).
With XUNJIE_PAUSE_FILE set, it sleeps between batches while that file exists.
"""
import argparse
import json
import math
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

import data
import loss as losses
import measure
import net as nets


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("start", "garbage", "facades", "run"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--composed", type=Path, help="labelled street pictures of `compose.py --stills`")
    p.add_argument("--composed-share", type=int, default=800, help="of those in an epoch")
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--side", type=int, default=320, help="pixels of a training picture, a multiple of 32")
    p.add_argument("--last-side", type=int, default=416, help="pixels in the last fifth of the epochs")
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--clean", type=int, default=300, help="facades in an epoch")
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--measure-every", type=int, default=2, help="epochs")
    p.add_argument("--save-every", type=int, default=50, help="batches; also after each epoch")
    p.add_argument("--freeze", action="store_true", help="keep the stem and the first two stages as the start has them: cheaper, but then these are not ours")
    p.add_argument("--overfit", type=int, default=0, help="learn this many unspoiled pictures by heart, for so many steps, and stop")
    return p.parse_args()


def pause():
    path = os.environ.get("XUNJIE_PAUSE_FILE")
    while path and os.path.exists(path):
        time.sleep(2)


class Run:
    def __init__(self, a):
        self.a = a
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(a.threads)
        torch.manual_seed(a.seed)
        like = dict(device=self.device, memory_format=torch.channels_last)
        teacher = nets.load_start(str(a.start))
        self.net = nets.student_of(teacher).to(**like)
        self.mean = nets.Detector().to(**like).requires_grad_(False)
        self.mean.load_state_dict(self.net.state_dict())
        self.teacher = teacher.to(**like).requires_grad_(False)
        if a.freeze:
            self.net.freeze_early()
        # What edges look like is known already: the early part moves at a tenth of the rate.
        parts = [(self.net.early_parts(), 0.1), (self.net.late_parts(), 1.0)]
        groups = [
            {"params": weights, "weight_decay": 0.02 if matrices else 0.0, "factor": factor}
            for modules, factor in parts for matrices in (True, False)
            if (weights := [p for m in modules for p in m.parameters() if p.requires_grad and (p.ndim > 1) == matrices])]
        self.optimiser, self.since = torch.optim.AdamW(groups, lr=a.rate, betas=(0.9, 0.99)), 0
        # Of the epoch under way: batches learnt, and the sums of its losses.
        self.step, self.epoch, self.batches, self.sums = 0, 0, 0, {}

    def learn(self, pictures, labels, rate):
        x = torch.stack([torch.from_numpy(p) for p in pictures]).permute(0, 3, 1, 2).to(self.device).float()
        x = x.contiguous(memory_format=torch.channels_last)
        grid = nets.cells(x.shape[-1], self.device)
        with torch.no_grad():
            shared = self.teacher.early(x)
            taught = self.teacher.late(shared)
        out = self.net(x) if not self.a.freeze else self.net.late(shared)
        value, parts = losses.loss_of(out, taught, grid, [torch.from_numpy(l) for l in labels])
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimiser.step()
        self.step, self.since = self.step + 1, self.since + 1
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mine, new in zip(self.mean.parameters(), self.net.parameters()):
                mine.lerp_(new, 1 - keep)
        return value.item(), parts

    def save(self):
        path = self.a.run / "last.pt"
        state = {"net": self.net.state_dict(), "mean": self.mean.state_dict(), "optimiser": self.optimiser.state_dict(),
                 "step": self.step, "since": self.since, "epoch": self.epoch, "batches": self.batches, "sums": self.sums, "arguments": {k: str(v) for k, v in vars(self.a).items()}}
        torch.save(state, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def resume(self):
        path = self.a.run / "last.pt"
        if path.exists():
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            if len(state["optimiser"]["param_groups"]) == len(self.optimiser.param_groups):
                self.optimiser.load_state_dict(state["optimiser"])
                self.since = state["since"]
            else:
                print("other weights are learnt than before: the optimiser begins anew", flush=True)
            self.step, self.epoch = state["step"], state["epoch"]
            self.batches, self.sums = state.get("batches", 0), state.get("sums", {})
            print(f"goes on after epoch {self.epoch} and {self.batches} batches", flush=True)

    def forward(self):
        """The averaged weights as `measure` wants them."""
        whole = nets.Exported(self.mean).eval()

        def run(tensor):
            with torch.no_grad():
                return whole(torch.from_numpy(tensor).to(self.device)).cpu().numpy()
        return run


def overfit(run, mixer, a):
    shots = [(data.letterbox(s.read(), a.side), s) for s in mixer.with_piece[:a.batch]]
    pictures = [p for (p, _), _ in shots]
    labels = [[[*(row[1:] * ([s.read().shape[1] * k, s.read().shape[0] * k] * 2)), row[0]] for row in s.labels] for (_, k), s in shots]
    labels = [data.np.array(l, "float32") for l in labels]
    for step in range(a.overfit):
        value, parts = run.learn(pictures, labels, a.rate)
        if step % 10 == 0 or step == a.overfit - 1:
            print(step, round(value, 3), parts, flush=True)
    print(json.dumps(measure.measure(run.forward(), [s for _, s in shots], [])))


def main():
    a = arguments()
    a.run.mkdir(parents=True, exist_ok=True)
    clean, held_out = data.facades(a.facades / "train")
    streets = data.scenes(a.garbage / "train")
    start = measure.runner(a.start, measure.START)
    seen = {} if a.overfit else measure.seen_by(start, streets + clean, kept=a.run / "seen.json")
    print("strewn in: " + ", ".join(f"{k} {len(v)}" for k, v in sorted(seen.items())), flush=True)
    mixer = data.Mixer(streets, clean, seen)
    val = data.scenes(a.garbage / "val")
    run = Run(a)
    if a.overfit:
        return overfit(run, mixer, a)
    run.resume()
    composed = data.scenes(a.composed, wide=True) if a.composed else []
    per_epoch = (len(mixer.streets) + a.clean + min(a.composed_share, len(composed))) // a.batch
    warm, total = min(100, per_epoch), per_epoch * a.epochs
    ahead = ThreadPoolExecutor(1)
    while run.epoch < a.epochs:
        # Seeded by the epoch, so that a resumed run sees what an unbroken one would have seen.
        rng = random.Random(a.seed * 1000 + run.epoch)
        order = mixer.streets + rng.sample(clean, min(a.clean, len(clean))) + rng.sample(composed, min(a.composed_share, len(composed)))
        rng.shuffle(order)
        side = a.last_side if run.epoch >= 0.8 * a.epochs else a.side
        began, first, run.step = time.time(), run.batches, per_epoch * run.epoch + run.batches
        seeds = [rng.getrandbits(32) for _ in order]

        def batch(i):
            picked = slice(i * a.batch, (i + 1) * a.batch)
            return [mixer.make(s, side, random.Random(seed)) for s, seed in zip(order[picked], seeds[picked])]

        coming = ahead.submit(batch, first)
        for i in range(first, per_epoch):
            pause()
            made, coming = coming.result(), ahead.submit(batch, i + 1)
            rate = a.rate * min(1, (run.since + 1) / warm) * (0.02 + 0.98 * (1 + math.cos(math.pi * run.step / total)) / 2)
            value, parts = run.learn([p for p, _ in made], [l for _, l in made], rate)
            if not math.isfinite(value):
                raise SystemExit(f"the loss is {value} at step {run.step}: lower --rate, and begin again from the last checkpoint")
            for key, v in {"loss": value, **parts}.items():
                run.sums[key] = run.sums.get(key, 0) + v
            run.batches = i + 1
            if run.batches % a.save_every == 0:
                run.save()
            if i % 20 == 19:
                took = (time.time() - began) / (i + 1 - first) / a.batch
                print(f"epoch {run.epoch} {i + 1}/{per_epoch} rate {rate:.2g} {1000 * took:.0f} ms/picture " + " ".join(f"{k} {v / (i + 1):.3f}" for k, v in run.sums.items()), flush=True)
        sums = run.sums
        run.epoch, run.batches, run.sums = run.epoch + 1, 0, {}
        run.save()
        line = {"epoch": run.epoch, "side": side, "seconds": round(time.time() - began), **{k: round(v / per_epoch, 4) for k, v in sums.items()}}
        if run.epoch % a.measure_every == 0 or run.epoch == a.epochs:
            line |= measure.measure(run.forward(), val, held_out)
            line["coco_held"] = measure.held(run.forward(), start, val + held_out)
        print(json.dumps(line), flush=True)
        with (a.run / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

"""What every training here shares: pictures made ahead by workers, averaged weights, a falling rate, checkpoints that a later call goes on from."""
import json
import math
import os
import random
import time
from functools import lru_cache

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

import data


def options(p):
    """The arguments that every training takes."""
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--minutes", type=float, help="ends after so long, and the rate falls with the clock instead of the epochs")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--sides", default="320", help="pixels of a batch's pictures, one of these at random")
    p.add_argument("--last-side", type=int, help="pixels in the last fifth of the epochs")
    p.add_argument("--clean", type=int, default=300, help="facades in an epoch")
    p.add_argument("--composed-share", type=int, default=800, help="composed streets in an epoch")
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--hold", action="store_true", help="keep all pictures in memory, about 6 GB")
    p.add_argument("--workers", type=int, default=1, help="processes that make pictures")
    p.add_argument("--measure-every", type=int, default=2, help="epochs")
    p.add_argument("--save-every", type=int, default=50, help="batches")


def pause():
    path = os.environ.get("XUNJIE_PAUSE_FILE")
    while path and os.path.exists(path):
        time.sleep(2)


def padded(labels):
    """Rows of each picture as one array [pictures, rows, 5]; a class of -1 fills up."""
    full = np.full((len(labels), max(1, *(len(rows) for rows in labels)), 5), -1, np.float32)
    for i, rows in enumerate(labels):
        full[i, :len(rows)] = rows
    return full


class Batches(Dataset):
    """All batches of a run. Each is seeded by its epoch, so that a resumed run sees what an unbroken one would have seen."""

    def __init__(self, mixer, composed, a):
        self.mixer, self.composed, self.a = mixer, composed, a
        self.sides = [int(side) for side in a.sides.split(",")]
        every = len(mixer.streets) + min(a.clean, len(mixer.clean)) + min(a.composed_share, len(composed))
        self.per_epoch = every // a.batch
        if a.hold:
            data.hold(mixer.streets + mixer.clean + composed)

    def __len__(self):
        return self.per_epoch * self.a.epochs

    @lru_cache(2)
    def order(self, epoch):
        rng = random.Random(self.a.seed * 1000 + epoch)
        some = lambda scenes, count: rng.sample(scenes, min(count, len(scenes)))
        order = self.mixer.streets + some(self.mixer.clean, self.a.clean) + some(self.composed, self.a.composed_share)
        rng.shuffle(order)
        return [(scene, rng.getrandbits(32)) for scene in order]

    def __getitem__(self, number):
        epoch, i = divmod(number, self.per_epoch)
        picked = self.order(epoch)[i * self.a.batch:(i + 1) * self.a.batch]
        side = random.Random(picked[0][1]).choice(self.sides)
        if self.a.last_side and epoch >= 0.8 * self.a.epochs:
            side = self.a.last_side
        made = [self.mixer.make(scene, side, random.Random(seed)) for scene, seed in picked]
        return torch.from_numpy(np.stack([p for p, _ in made])), torch.from_numpy(padded([l for _, l in made]))


class Run:
    """A network under training and the average of its weights. `groups` is what the optimiser takes; a group's `factor` scales the rate."""

    def __init__(self, a, net, mean, groups, loss):
        self.a, self.net, self.mean, self.loss = a, net, mean.requires_grad_(False), loss
        self.device = next(net.parameters()).device
        torch.backends.cudnn.benchmark = True
        self.mean.load_state_dict(net.state_dict())
        self.optimiser = torch.optim.AdamW(groups, lr=a.rate, betas=(0.9, 0.99), fused=self.device.type == "cuda")
        self.step, self.epoch, self.batches, self.spent, self.sums = 0, 0, 0, 0.0, {}

    def learn(self, pictures, labels, rate):
        x = pictures.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        value, parts = self.loss(self.net, x, labels.to(self.device, non_blocking=True))
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimiser.step()
        self.step += 1
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.parameters()), list(self.net.parameters()), 1 - min(0.998, (1 + self.step) / (10 + self.step)))
        for key, v in {"loss": value, **parts}.items():
            self.sums[key] = self.sums.get(key, 0) + v.detach().float()

    def save(self):
        path = self.a.run / "last.pt"
        state = {"net": self.net.state_dict(), "mean": self.mean.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step,
                 "epoch": self.epoch, "batches": self.batches, "spent": self.spent, "sums": self.sums, "arguments": {k: str(v) for k, v in vars(self.a).items()}}
        torch.save(state, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def resume(self):
        path = self.a.run / "last.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.epoch, self.batches, self.spent, self.sums = (state[k] for k in ("step", "epoch", "batches", "spent", "sums"))
        print(f"goes on after epoch {self.epoch} and {self.batches} batches", flush=True)

    def train(self, batches, figures):
        """Goes on to the end. `figures` of the averaged weights go into the log now and then."""
        a, per_epoch, warm = self.a, batches.per_epoch, 100
        self.a.run.mkdir(parents=True, exist_ok=True)
        self.resume()
        first = self.epoch * per_epoch + self.batches
        loader = DataLoader(Subset(batches, range(first, len(batches))), batch_size=None, num_workers=a.workers, prefetch_factor=4 if a.workers else None, pin_memory=self.device.type == "cuda")
        before = time.time() - self.spent
        for pictures, labels in loader:
            pause()
            self.spent = time.time() - before
            share = min(self.spent / 60 / a.minutes if a.minutes else self.step / len(batches), 1.0)
            rate = a.rate * min(1, (self.step + 1) / warm) * (0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)
            self.learn(pictures, labels, rate)
            self.batches += 1
            ends = share >= 1 and a.minutes
            if self.step % 20 == 0 and not math.isfinite(self.sums["loss"]):
                raise SystemExit(f"the loss is no number at step {self.step}: lower --rate, and go on from the last checkpoint")
            last = ends or self.step == len(batches)
            if self.step % a.save_every == 0:
                print(f"epoch {self.epoch} {self.batches}/{per_epoch} rate {rate:.2g} {1000 * self.spent / self.step / a.batch:.2f} ms/picture " + self.means(), flush=True)
            if self.batches == per_epoch or last:
                self.finish(figures if last or (self.epoch + 1) % a.measure_every == 0 else None)
            if last or self.step % a.save_every == 0:
                self.save()
            if ends:
                break

    def means(self):
        return " ".join(f"{k} {float(v) / self.batches:.3f}" for k, v in self.sums.items())

    def finish(self, figures):
        line = {"epoch": self.epoch + 1, "spent_s": round(self.spent), **{k: round(float(v) / self.batches, 4) for k, v in self.sums.items()}}
        self.epoch, self.batches, self.sums = self.epoch + 1, 0, {}
        if figures:
            line |= figures(self.mean)
        print(json.dumps(line), flush=True)
        with (self.a.run / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")

#!/usr/bin/env python3
"""Trains the comparison head: which patches of a view show something that its reference picture does not, and what it is.

  train_newness.py parts --garbage DIR --facades DIR --start yolox_nano_416.onnx --parts FILE [--sets train,val]
  train_newness.py train --verifier street_verifier/model.onnx --parts FILE --run RUN [--of ground|walls] [--pairs 9000] [--minutes 5] [--passes 14] [--without tricycle,rail,parasol]
  train_newness.py export --run RUN --models DIR
  train_newness.py measure --verifier street_verifier/model.onnx --model street_newness/model.onnx --parts FILE [--val 576] [--batch 8]
`parts` gathers what pairs are composed of: to learn by of pictures that may be trained on, to measure by of the others. Pairs are composed ahead, their
tokens kept in memory (1.8 MB a pair): made for a GPU. `train` learns what comes on the ground or what comes on walls; `export` takes that in, and leaves the other as
the file has it. --without leaves forms out of what is learnt and says how they are found all the same.
"""
import argparse
import hashlib
import json
import multiprocessing
import pickle
import random
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

import compose
import compose_boards
import data
import encoder as encoders
import measure
import newness
from newness import CLASSES, HEADS

BATCH = 32
MASK_LEVELS = 31
FORMS = ("table", "cloth", "crates", "cart", "tricycle", "rail")
MANIFEST = """name = "street_newness"
kind = "comparison"
file = "model.onnx"
sha256 = "{sha256}"
licence = "Apache-2.0"
origin = "trained by training/train_newness.py on patches of street_verifier; see CARD.md"

[comparison]
patches_of = "street_verifier_wide"
now = "now"
before = "before"
output = "newness"
classes = {classes}
"""


def coded(picture, longest):
    k = min(1, longest / max(picture.shape[:2]))
    return cv2.imencode(".webp", cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA), [cv2.IMWRITE_WEBP_QUALITY, 72])[1].tobytes()


def cut_coded(cut):
    return compose.coded(cut, 88, MASK_LEVELS)


def gathered(a):
    """Two sets of parts, "train" and "val", pictures coded."""
    trained, held_out = data.facades(a.facades / "train")
    start = measure.runner(a.start, measure.START)
    out = {}
    for name, houses, share in (("train", trained, 1.0), ("val", held_out, 0.3)):
        if name not in a.sets.split(","):
            continue
        rng = random.Random(5)
        streets = data.scenes(a.garbage / name)
        rng.shuffle(streets)
        many = lambda count: int(count * share)
        cuts = {kind: compose.cuts(streets, {kind}, rng, many(count)) for kind, count in (("garbage", 160), ("garbage_bin", 110), ("overflow", 60))}
        cuts["piece of a facade"] = compose.pieces(houses, many(130))
        both = streets[many(900):] + houses
        rng.shuffle(both)
        cuts["vehicle"] = compose.vehicles(both, start, many(160))
        cuts["person"] = compose.walkers() if name == "val" else compose.vehicles(both, start, 150, ("person",), 20)
        wide = [s for s in houses if s.read().shape[1] > 1.3 * s.read().shape[0]]
        boards = compose_boards.boards(houses)
        out[name] = {"houses": [(coded(s.read(), 640), s.labels) for s in wide], "streets": [coded(s.read(), 448) for s in streets[:many(330)]],
                     "cuts": {kind: [cut_coded(cut) for cut in some] for kind, some in cuts.items()}, "boards": [(kind, cut_coded(cut)) for kind, cut in boards]}
        print(name, {key: len(value) for key, value in cuts.items()}, len(wide), "houses", len(boards), "boards", flush=True)
    a.parts.write_bytes(pickle.dumps(out))


def opened(path, name, without=()):
    part = pickle.loads(path.read_bytes())[name]
    picture = compose.picture_of
    cut = lambda row: compose.decoded(row, MASK_LEVELS)
    return newness.Parts([data.Scene(Path(), labels, held=picture(some)) for some, labels in part["houses"]], [picture(some) for some in part["streets"]],
                         {kind: [cut(row) for row in some] for kind, some in part["cuts"].items()}, [(kind, cut(row)) for kind, row in part["boards"]],
                         tuple(form for form in FORMS if form not in without), "parasol" not in without)


PARTS = None
PAIRS = {"ground": newness.pair, "walls": newness.pair_of_walls}


def begin(path, name, without):
    global PARTS
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    PARTS = opened(path, name, without)


def made(of, seed):
    now, before, said, forms = PAIRS[of](PARTS, random.Random(seed))
    return now, before, said[[CLASSES.index(kind) for kind in HEADS[of]]], forms


def pairs(a, of, name, without, seeds, tokens, device, minutes=None):
    """Tokens of both pictures in half precision, what is to be said of each patch, and the forms, of as many pairs as fit the time."""
    ends, now, before, said, forms = time.time() + 60 * (minutes or 1e6), [], [], [], []

    def encoded(some):
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            x = torch.from_numpy(np.concatenate([np.stack([row[i] for row in some]) for i in (0, 1)])).to(device)
            both = tokens(x).half()
        now.append(both[:len(some)])
        before.append(both[len(some):])
        said.append(torch.from_numpy(np.stack([row[2] for row in some])).to(device))
        forms.extend(row[3] for row in some)

    with multiprocessing.get_context("spawn").Pool(a.workers, partial(begin, a.parts, name, without)) as pool:
        batch = []
        for row in pool.imap_unordered(partial(made, of), seeds, 4):
            batch.append(row)
            if len(batch) == a.batch:
                encoded(batch)
                batch = []
                if time.time() > ends:
                    break
        pool.terminate()
    print(f"{name}: {len(forms)} pairs of {of}", flush=True)
    return torch.cat(now), torch.cat(before), torch.cat(said), forms


def answers(net, set_, size=64):
    with torch.no_grad():
        return torch.cat([net(set_[0][i:i + size].float(), set_[1][i:i + size].float()) for i in range(0, len(set_[0]), size)])


def ap(scores, truth):
    order = scores.argsort(descending=True)
    right = truth[order].float()
    precision = right.cumsum(0) / torch.arange(1, len(right) + 1, device=right.device)
    return float((precision * right).sum() / right.sum().clamp(min=1))


def figures(net, set_, kinds):
    """Average precision of patches a class, beside that of 1 - cosine for the first of them, and the share of its patches found at one half, by form."""
    net.eval()
    out, said, found = answers(net, set_), set_[2], {}
    for i, kind in enumerate(kinds):
        known = said[:, i] < 2
        found[kind] = round(ap(out[:, i][known], said[:, i][known] == 1), 3)
    cosine = torch.cat([1 - likest(now.float()[None], before.float()[None]) for now, before in zip(set_[0], set_[1])])
    known = said[:, 0] < 2
    found[f"{kinds[0]} by cosine"] = round(ap(cosine[known], said[:, 0][known] == 1), 3)
    found[f"{kinds[0]} found at 0.5"] = round(float((out[:, 0][said[:, 0] == 1] >= 0.5).float().mean()), 3)
    found[f"nothing new called a {kinds[0]}"] = round(float((out[:, 0][said[:, 0] == 0] >= 0.5).float().mean()), 5)
    by_form = {}
    for n, forms in enumerate(set_[3]):
        if len(forms) == 1:
            here = out[n, 0][said[n, 0] == 1]
            by_form.setdefault(forms[0], []).extend([float((here >= 0.5).float().mean())] if len(here) else [])
    found["by form"] = {form: (round(float(np.mean(shares)), 2), len(shares)) for form, shares in sorted(by_form.items()) if shares}
    return found


def likest(now, before):
    h, w = now.shape[2:]
    wide = F.pad(before, (1, 1, 1, 1))
    return torch.stack([(now * wide[:, :, 1 + dy:1 + dy + h, 1 + dx:1 + dx + w]).sum(1) for dy, dx in newness.LOCAL]).amax(0)


def roughened(now, before, said, step):
    """The same pairs, a bit otherwise each time."""
    if step % 2:
        now, before, said = now.flip(3), before.flip(3), said.flip(3)
    # What 8 bits cost the tokens, here and in what is kept of a reference picture.
    now, before = (F.normalize(x + torch.randn_like(x) * (0.05 / encoders.WIDTH ** 0.5), dim=1) * (x.abs().sum(1, keepdim=True) > 0) for x in (now, before))
    if step % 3 == 0:  # the frame reaches beyond the reference picture
        before = before.clone()
        side, edge = random.randrange(4), random.randint(1, 3)
        rows, columns = ((slice(edge), slice(None)), (slice(-edge, None), slice(None)), (slice(None), slice(edge)), (slice(None), slice(-edge, None)))[side]
        before[:, :, rows, columns] = 0
    return now, before, said


def loss(net, now, before, said):
    """Per patch and class; surely right patches count little, those beyond the reference picture nothing."""
    with torch.autocast(now.device.type, torch.bfloat16, enabled=now.device.type == "cuda"):
        out = net.logits(now, before).float()
    each = F.binary_cross_entropy_with_logits(out, (said == 1).float(), reduction="none")
    likely = out.sigmoid()
    miss = torch.where(said == 1, 1 - likely, likely).detach()
    known = (said < 2) & (before.abs().sum(1, keepdim=True) > 0)
    return (each * miss * torch.where(said == 1, 2.0, 1.0) * known).sum() / len(now) / 40


def fitted(a, set_, device):
    """A head that learnt the pairs, weights averaged."""
    torch.manual_seed(a.seed)
    random.seed(a.seed)
    net, mean = (newness.Comparison(len(HEADS[a.of])).to(device) for _ in "ab")
    mean.load_state_dict(net.state_dict())
    steps = a.passes * len(set_[0]) // BATCH
    adam = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, 3e-3, max(steps, 2), pct_start=0.1)
    for step in range(steps):
        pick = torch.randint(0, len(set_[0]), (BATCH,), device=device)
        now, before, said = (part[pick] for part in set_[:3])
        value = loss(net, *roughened(now.float(), before.float(), said, step))
        adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        adam.step()
        rate.step()
        keep = min(0.998, (1 + step) / (10 + step))
        with torch.no_grad():
            for m, w in zip(mean.parameters(), net.parameters()):
                m.lerp_(w, 1 - keep)
        if step % 500 == 0:
            print(f"{step}/{steps} {float(value.detach()):.4f}", flush=True)
    return mean.eval()


def train(a):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    a.run.mkdir(parents=True, exist_ok=True)
    tokens = newness.Tokens(a.verifier).to(device).eval()
    val = pairs(a, a.of, "val", (), range(10**9, 10**9 + a.val), tokens, device)
    learnt = pairs(a, a.of, "train", tuple(a.without.split(",")), range(a.pairs), tokens, device, a.minutes)
    net = fitted(a, learnt, device)
    said = figures(net, val, HEADS[a.of])
    print(json.dumps(said, indent=1))
    torch.save({"mean": {name: value.cpu() for name, value in net.state_dict().items()}, "of": a.of, "pairs": len(learnt[3]), "without": a.without}, a.run / "last.pt")
    (a.run / "figures.json").write_text(json.dumps({"of": a.of, "pairs": len(learnt[3]), "without": a.without, "val": said}, indent=1))


class File(torch.nn.Module):
    """A head's file in the place of one of its networks."""

    def __init__(self, path, of):
        super().__init__()
        self.session, self.rows = measure.opened(path, 2), [CLASSES.index(kind) for kind in HEADS[of]]

    def forward(self, now, before):
        one = lambda a, b: self.session.run(None, {"now": a[None].numpy(), "before": b[None].numpy()})[0][:, self.rows]  # the file takes a pair at a time
        return torch.from_numpy(np.concatenate([one(a, b) for a, b in zip(now, before)]))


def measured(a):
    """What `train` prints at its end, of a file."""
    tokens = newness.Tokens(a.verifier).eval()
    for of, kinds in HEADS.items():
        val = pairs(a, of, "val", (), range(10**9, 10**9 + a.val), tokens, "cpu")
        for kind, value in figures(File(a.model, of), val, kinds).items():
            print(f"{kind}: {value}")


def export(a):
    torch.manual_seed(7)
    net = newness.Comparisons().eval()
    folder = a.models / "street_newness"
    folder.mkdir(parents=True, exist_ok=True)
    weights = {}
    if (folder / "model.onnx").exists():
        weights = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in onnx.load(str(folder / "model.onnx")).graph.initializer}
    if a.run:
        state = torch.load(a.run / "last.pt", map_location="cpu", weights_only=True)
        weights |= {f"{state['of']}.{name}": value for name, value in state["mean"].items()}
    unknown = sorted({name.split(".")[0] for name in net.state_dict()} - {name.split(".")[0] for name in weights})
    if unknown and weights:
        raise SystemExit(f"{folder / 'model.onnx'} has no head {', '.join(unknown)} and {a.run} is none: train it, or restore the file")
    if weights:
        net.load_state_dict({name: weights[name] for name in net.state_dict()})
    blank = torch.rand(1, encoders.WIDTH, newness.ROWS, newness.COLUMNS)
    sides = {2: "rows", 3: "columns"}
    torch.onnx.export(net, (blank, blank), str(folder / "model.onnx"), opset_version=17, input_names=["now", "before"], output_names=["newness"],
                      dynamic_axes={name: sides for name in ("now", "before", "newness")}, dynamo=False)
    session = measure.opened(folder / "model.onnx")
    for h, w in ((newness.ROWS, newness.COLUMNS), (16, 30)):
        now, before = (F.normalize(torch.randn(1, encoders.WIDTH, h, w), dim=1) for _ in "ab")
        with torch.no_grad():
            apart = np.abs(net(now, before).numpy() - session.run(None, {"now": now.numpy(), "before": before.numpy()})[0]).max()
        print(f"{w}x{h} patches: file and network at most {apart:.1e} apart")
    sha256 = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "model.toml").write_text(MANIFEST.format(sha256=sha256, classes=json.dumps(CLASSES)))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=("parts", "train", "export", "measure"))
    for name in ("garbage", "facades", "start", "parts", "verifier", "run", "models", "model"):
        p.add_argument(f"--{name}", type=Path)
    p.add_argument("--of", default="ground", choices=HEADS, help="what is learnt")
    p.add_argument("--pairs", type=int, default=9000)
    p.add_argument("--sets", default="train,val", help="what is gathered: to learn by, to measure by")
    p.add_argument("--val", type=int, default=576, help="pairs to measure by; full batches count")
    p.add_argument("--minutes", type=float, help="composing ends after so long")
    p.add_argument("--passes", type=int, default=14)
    p.add_argument("--batch", type=int, default=32, help="pairs whose tokens are made at once")
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--without", default="", help="forms that are not learnt")
    p.add_argument("--seed", type=int, default=7)
    a = p.parse_args()
    {"parts": gathered, "train": train, "export": export, "measure": measured}[a.what](a)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains the verifier, the picture encoder and the dense head on it, end to end; goes on from the last checkpoint of the run folder.

  train_verifier.py --encoder vit_s.onnx --garbage DIR --facades DIR --run RUN [--composed DIR] [--sides 224,448] [--minutes 9] ...
Made for a GPU: a pass takes seconds there and hours on two cores. Sides are multiples of 28.
"""
import argparse
from pathlib import Path

import torch

import data
import encoder as encoders
import loop
import loss as losses
import measure
import net as nets
from head import STRIDES
from verifier import Verifier

DECAY = 0.8  # of the rate from each layer of the encoder to the one below
ENCODER_RATE = 0.1  # of its last layer's rate to the head's
DROP = 0.1  # share of pictures for which the last layer is left out while learning; lower ones are left out less


def groups(net):
    """The head learns at the full rate, the encoder's layers the slower the lower they are: they know pictures already."""
    found = {}
    for name, weight in net.named_parameters():
        layer = encoders.LAYERS if ".norm." in name else int(name.split(".")[2]) if ".blocks." in name else -1
        factor = 1.0 if name.startswith("head.") else ENCODER_RATE * DECAY ** (encoders.LAYERS - 1 - layer)
        decay = 0.05 if weight.ndim in (2, 4) and "position" not in name else 0.0
        found.setdefault((factor, decay), []).append(weight)
    return [{"params": weights, "weight_decay": decay, "factor": factor} for (factor, decay), weights in found.items()]


def prepared(x):
    """Bytes B G R as floats -> what the encoder takes."""
    mean, std = (torch.tensor(v, device=x.device)[:, None, None] for v in (encoders.MEAN, encoders.STD))
    return (x.flip(1) / 255 - mean) / std


def loss(net, x, labels):
    with torch.autocast(x.device.type, torch.bfloat16, enabled=x.device.type == "cuda"):
        grid = net.tokens(prepared(x))
    return losses.own_loss(net.head(grid.float()), nets.cells(x.shape[-1], x.device, STRIDES), labels)


def run_of(net):
    """A network as `measure` wants it: a tensor of bytes B G R -> output with sigmoids."""
    whole, device = net.eval(), next(net.parameters()).device

    def run(tensor):
        with torch.no_grad():
            return whole(prepared(torch.from_numpy(tensor).to(device)))[0].float().cpu().numpy()
    return run


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("encoder", "garbage", "facades", "run"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--composed", type=Path, help="labelled street pictures of `compose.py --stills`")
    loop.options(p)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    clean, held_out = data.facades(a.facades / "train")
    streets, val = data.scenes(a.garbage / "train"), data.scenes(a.garbage / "val")
    composed = data.scenes(a.composed, wide=True) if a.composed else []
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net, mean = (Verifier(encoders.load(a.encoder)).to(device) for _ in "ab")
    net.requires_grad_(True).train()
    for layer, block in enumerate(net.encoder.blocks):
        block.drop = DROP * layer / (encoders.LAYERS - 1)
    figures = lambda mean: measure.measure(run_of(mean), val, held_out, 448, STRIDES, 0)
    loop.Run(a, net, mean, groups(net), loss).train(loop.Batches(data.Mixer(streets, clean), composed, a), figures)


if __name__ == "__main__":
    main()

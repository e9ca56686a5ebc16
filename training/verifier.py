#!/usr/bin/env python3
"""The verifier, encoder and dense head in one: a detector that also says how the middle of its picture looks. Writes its model folders.

  verifier.py --encoder vit_s.onnx [--run RUN] --models DIR [--name street_verifier]
Without --run the head is untrained. Sides of the picture must be multiples of 28.
"""
import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

import encoder as encoders
import head as heads
import measure
from net import OWN

MANIFEST = """name = "{name}"
kind = "detector"
{weights}
sha256 = "{sha256}"
licence = "Apache-2.0"
origin = "trained by training/train_verifier.py from DINOv2 ViT-S/14 (Meta, Apache-2.0; file {source}); see CARD.md"

[input]
name = "images"
layout = "nchw"
colour = "rgb"
width = {width}
height = {height}
mean = {mean}
std = {std}
scale = 0.00392156862745098
pad = 114.0
letterbox = "top_left"

[detector]
score_floor = 0.05
nms_iou = {nms}
detections_max = 100
classes = {classes}
appearance = "look"

[detector.yolox]
output = "output"
strides = {strides}
scores_are_sigmoid = true
{patches}
# training/fuse.py, proposals of street_640, a crop of 224 px.
[verify]
w_detector = {fusion[0]}
w_verifier = {fusion[1]}
bias = {fusion[2]}
sure_from = {fusion[3]}
sure_gain = {fusion[4]}
"""

PATCHES = """
# {what} is found in the encoder's tokens after nine of its twelve blocks.
[detector.patches]
tensor = "/encoder/blocks.8/Add_2_output_0"
patch_px = {patch}
leading_tokens = 1
"""
# Folder after the name: sides of the picture, and what is found in its patches.
FORMS = {"": (224, 224, None), "_448": (448, 448, None), "_crop": (224, 224, "What the encoder was not trained for"),
         "_wide": (644, 364, "What is new beside the reference picture")}
FUSION = (0.837, 0.605, -0.391, 0.454, 1.375)


class Verifier(nn.Module):
    """Pictures as the encoder takes them -> boxes as the head gives them, scores with sigmoid; and the mean of the middle quarter's tokens."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.head = encoder, heads.Dense()

    def tokens(self, images):
        h, w = images.shape[2] // encoders.PATCH, images.shape[3] // encoders.PATCH
        return self.encoder(images)[:, 1:].transpose(1, 2).reshape(images.shape[0], encoders.WIDTH, h, w)

    def forward(self, images):
        grid = self.tokens(images)
        h, w = grid.shape[2:]
        out = self.head(grid)
        look = grid[:, :, h // 4:h - h // 4, w // 4:w - w // 4].mean((2, 3))
        return torch.cat([out[..., :4], out[..., 4:].sigmoid()], -1), look


def write(net, path):
    with tempfile.TemporaryDirectory() as tmp:
        wide = f"{tmp}/wide.onnx"
        sides = {2: "height", 3: "width"}
        torch.onnx.export(net, torch.zeros(1, 3, 448, 448), wide, opset_version=17, input_names=["images"], output_names=["output", "look"],
                          dynamic_axes={"images": sides, "output": {1: "cells"}}, dynamo=False)
        # The encoder's matrices only: the head is small, and boxes want its precision.
        quantize_dynamic(wide, str(path), weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"], per_channel=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--encoder", type=Path, required=True)
    p.add_argument("--run", type=Path)
    p.add_argument("--models", type=Path, required=True)
    p.add_argument("--name", default="street_verifier")
    a = p.parse_args()
    torch.manual_seed(7)
    net = Verifier(encoders.load(a.encoder)).eval()
    if a.run:
        net.load_state_dict(torch.load(a.run / "last.pt", map_location="cpu", weights_only=True)["mean"])
    folder = a.models / a.name
    folder.mkdir(parents=True, exist_ok=True)
    write(net, folder / "model.onnx")
    made, apart = measure.opened(folder / "model.onnx"), {}
    for h, w in ((224, 224), (448, 448), (364, 644)):
        x = torch.randn(1, 3, h, w)
        with torch.no_grad():
            want = net(x)[1].numpy()
        got = made.run(["look"], {"images": x.numpy()})[0]
        apart[f"{w}x{h}"] = round(float((want * got).sum() / np.linalg.norm(want) / np.linalg.norm(got)), 5)
    print("cosine of the 8-bit look to the 32-bit one:", json.dumps(apart))
    sha256 = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    for ending, (w, h, found) in FORMS.items():
        name = a.name + ending
        weights = 'file = "model.onnx"' + (f'\nweights_of = "{a.name}"' if ending else "")
        patches = PATCHES.format(what=found, patch=encoders.PATCH) if found else ""
        (a.models / name).mkdir(parents=True, exist_ok=True)
        (a.models / name / "model.toml").write_text(MANIFEST.format(
            name=name, weights=weights, sha256=sha256, source=encoders.ORIGIN[:12], width=w, height=h, mean=list(encoders.MEAN), std=list(encoders.STD),
            patches=patches, nms=measure.NMS_IOU, classes=json.dumps(OWN), strides=list(heads.STRIDES), fusion=FUSION))


if __name__ == "__main__":
    main()

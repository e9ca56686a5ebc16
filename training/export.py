#!/usr/bin/env python3
"""Turns a run's averaged weights into model folders, 32 and 8 bits, and prints small figures of both beside the start's.

  export.py --start yolox_nano_416.onnx --garbage DIR --facades DIR --run RUN --models DIR [--name street_416]
Pictures of the training part only set the 8-bit ranges; none of them enters a file.
"""
import argparse
import hashlib
import json
import random
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import data
import measure
import net as nets

MANIFEST = """name = "{name}"
kind = "detector"
{weights}
sha256 = "{sha256}"
licence = "Apache-2.0"
origin = "trained by training/{by}, epoch {epoch}, from COCO weights of YOLOX-Nano (Megvii, Apache-2.0); see CARD.md{rounded}"

[input]
name = "images"
layout = "nchw"
colour = "bgr"
width = {width}
height = {height}
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
pad = {pad}
letterbox = "top_left"

[detector]
score_floor = {floor}
nms_iou = {nms}
detections_max = 100
classes = {classes}

[detector.yolox]
output = "output"
strides = {strides}
scores_are_sigmoid = true
"""


class Calibration(CalibrationDataReader):
    def __init__(self, scenes):
        self.scenes = iter(scenes)

    def get_next(self):
        scene = next(self.scenes, None)
        return scene and {"images": tensor(scene)}


def tensor(scene):
    return data.letterbox(scene.read(), nets.SIDE)[0].astype(np.float32).transpose(2, 0, 1)[None]


def write(net, path):
    torch.onnx.export(
        nets.Exported(net).eval(), torch.zeros(1, 3, nets.SIDE, nets.SIDE), str(path), opset_version=17,
        input_names=["images"], output_names=["output"], dynamic_axes={"images": {2: "height", 3: "width"}, "output": {1: "cells"}}, dynamo=False)
    onnx.checker.check_model(onnx.load(path))


def answers(path):
    """Names of the last convolutions, which no other follows, and of all behind them.

    These stay in 32 bits: boxes run over tens, scores over 0..1, and they share one output tensor.
    """
    graph = onnx.load(path).graph
    consumers = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)

    def leads_to_conv(node, seen):
        if node.name not in seen:
            seen[node.name] = False
            after = [n for out in node.output for n in consumers.get(out, [])]
            seen[node.name] = any(n.op_type == "Conv" or leads_to_conv(n, seen) for n in after)
        return seen[node.name]

    seen = {}
    return [node.name for node in graph.node if not leads_to_conv(node, seen)]


def wide(path):
    """Names of the first stages, whose values run over a range too wide for 8 bits (the stem's from -74 to 89)."""
    return [node.name for node in onnx.load(path).graph.node if any(part in node.name for part in ("/net/stem/", "/dark2/", "/dark3/dark3.0/"))]


def round_to_8_bits(path, out, scenes):
    with tempfile.TemporaryDirectory() as tmp:
        ready = f"{tmp}/ready.onnx"
        quant_pre_process(str(path), ready, skip_symbolic_shape=True)
        quantize_static(
            ready, str(out), Calibration(scenes), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=answers(ready) + wide(ready),
            extra_options={"CalibMovingAverage": True})


# One graph for sides that are multiples of 32: wide for cameras, square for the pictures that it is measured on.
SHAPES = {"640": (640, 384), "416": (416, 416)}


def manifests(models, name, weights_in, epoch, rounded="", classes=nets.CLASSES, by="train.py"):
    """A folder for each shape; all but the first use the first one's weights."""
    sha256 = hashlib.sha256((models / weights_in / "model.onnx").read_bytes()).hexdigest()
    for shape, (width, height) in SHAPES.items():
        folder = models / name.replace("640", shape)
        folder.mkdir(parents=True, exist_ok=True)
        weights = 'file = "model.onnx"' if folder.name == weights_in else f'file = "model.onnx"\nweights_of = "{weights_in}"'
        (folder / "model.toml").write_text(MANIFEST.format(
            name=folder.name, weights=weights, sha256=sha256, epoch=epoch, width=width, height=height, pad=data.GREY, floor=0.1, nms=measure.NMS_IOU,
            classes=json.dumps(classes), strides=list(nets.STRIDES), rounded=rounded, by=by))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("start", "garbage", "facades", "run", "models"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--name", default="street_640")
    p.add_argument("--calibration", type=int, default=600, help="pictures")
    a = p.parse_args()
    state = torch.load(a.run / "last.pt", map_location="cpu", weights_only=True)
    net = nets.Detector()
    net.load_state_dict(state["mean"])
    full, small = a.models / a.name, a.models / f"{a.name}_int8"
    for folder in (full, small):
        folder.mkdir(parents=True, exist_ok=True)
    write(net, full / "model.onnx")
    with torch.no_grad():
        noise = torch.rand(1, 3, nets.SIDE, nets.SIDE) * 255
        apart = np.abs(nets.Exported(net)(noise).numpy() - measure.runner(full / "model.onnx")(noise.numpy())).max()
    if apart > 1e-3:
        raise SystemExit(f"the exported graph differs by {apart:.2g} from the weights: nothing may be shipped before that is understood")
    clean, held_out = data.facades(a.facades / "train")
    picks = random.Random(1).sample(data.scenes(a.garbage / "train"), a.calibration * 3 // 4) + clean[:a.calibration // 4]
    round_to_8_bits(full / "model.onnx", small / "model.onnx", picks)
    manifests(a.models, a.name, full.name, state["epoch"])
    manifests(a.models, small.name, small.name, state["epoch"], "; rounded to 8 bits by training/export.py")
    val = data.scenes(a.garbage / "val")
    start = measure.runner(a.start, measure.START)
    for folder in (full, small):
        run = measure.runner(folder / "model.onnx")
        figures = measure.measure(run, val, held_out) | {"coco_held": measure.held(run, start, val + held_out)}
        print(folder.name, json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()

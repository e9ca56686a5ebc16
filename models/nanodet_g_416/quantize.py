#!/usr/bin/env python3
"""Makes ../nanodet_g_416_int8/model.onnx from model.onnx: static QDQ, every op, per channel, U8 activations, S8 weights, min-max.

  quantize.py PICTURES_DIR...     needs onnxruntime 1.32, onnx, sympy and what check.py needs
The pictures only set activation ranges; none of them enters the file.
"""
import sys
import tempfile
from pathlib import Path

import cv2
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import check


class Pictures(CalibrationDataReader):
    def __init__(self, roots):
        self.files = iter(sorted(p for r in roots for p in Path(r).rglob("*") if p.suffix in {".png", ".jpg"}))

    def get_next(self):
        path = next(self.files, None)
        return path and {check.CARD["input"]["name"]: check.letterbox(cv2.imread(str(path)))[0]}


with tempfile.TemporaryDirectory() as tmp:
    ready = f"{tmp}/ready.onnx"
    quant_pre_process(str(check.HERE / "model.onnx"), ready, skip_symbolic_shape=True)
    quantize_static(ready, str(check.HERE.parent / "nanodet_g_416_int8" / "model.onnx"), Pictures(sys.argv[1:]), quant_format=QuantFormat.QDQ,
                    per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)

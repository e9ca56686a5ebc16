#!/usr/bin/env python3
"""Writes fixtures/detections/NAME_vtest.json, for tests/detector_reference.rs to hold the product against: add a test there with the model.

  reference.py NAME [MODELS_DIR]     ffmpeg and Debian's opencv-doc must be there
"""
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime

import measure
import net as nets

CLIP = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
WIDTH, HEIGHT = 768, 576
ROOT = Path(__file__).resolve().parent.parent


def main():
    name = sys.argv[1]
    model = (Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "models") / name / "model.onnx"
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    frames = []
    for frame in (0, 204, 550):
        raw = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", CLIP, "-vf", f"select=eq(n\\,{frame})", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
            check=True, capture_output=True).stdout
        picture = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3)
        found = [
            {"class": nets.CLASSES[c], "score": round(s, 4), "box": [round(v, 2) for v in box]}
            for c, s, *box in measure.detect(lambda x: session.run(None, {"images": x})[0], picture, 0.3)]
        frames.append({"frame": frame, "width": WIDTH, "height": HEIGHT, "bgr_sha256": hashlib.sha256(raw).hexdigest(), "detections": found})
    about = (f"Detections of training/reference.py (numpy, OpenCV, onnxruntime {onnxruntime.__version__}) on frames of vtest.avi from Debian's "
             f"opencv-doc, decoded by ffmpeg. Score 0.3 and above, NMS per class at IoU {measure.NMS_IOU}. Boxes x0 y0 x1 y1 in pixels of the frame.")
    text = json.dumps({"about": about, "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "frames": frames}, indent=1)
    (ROOT / "fixtures/detections" / f"{name}_vtest.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

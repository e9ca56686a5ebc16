"""The frozen picture encoder: a vision transformer, small, patches of 14 pixels (DINOv2, arXiv 2304.07193).

Its weights come from an ONNX file that holds the network as exported from its makers' published form.
"""
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

PATCH = 14
WIDTH = 384
HEADS = 6
LAYERS = 12
LEARNT = 37  # positions were learnt on 37 x 37 patches
MEAN = (0.485, 0.456, 0.406)  # R G B, of pixels 0..1
STD = (0.229, 0.224, 0.225)
ORIGIN = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"  # sha256 of the file that was read


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6), nn.LayerNorm(WIDTH, eps=1e-6)
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in "qkvo")
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.scale1, self.scale2 = (nn.Parameter(torch.ones(WIDTH)) for _ in "12")

    def forward(self, x):
        n, t, _ = x.shape
        y = self.norm1(x)
        split = lambda v: v.reshape(n, t, HEADS, WIDTH // HEADS).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(self.query(y)), split(self.key(y)), split(self.value(y)))
        x = x + self.scale1 * self.out(y.transpose(1, 2).reshape(n, t, WIDTH))
        return x + self.scale2 * self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Encoder(nn.Module):
    """Pictures R G B, normalised by MEAN and STD, [n, 3, h, w] -> [n, 1 + cells, 384]: the whole, then its patches by rows."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.whole = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.position = nn.Parameter(torch.zeros(1, WIDTH, LEARNT, LEARNT))
        self.first = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, x):
        x = self.patch(x)
        # Positions are stretched from the learnt ones, whatever the sides of the picture.
        x = x + F.interpolate(self.position, size=x.shape[-2:], mode="bicubic", align_corners=False)
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([(self.whole + self.first).expand(x.shape[0], -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def load(path):
    """The encoder of the file."""
    graph = onnx.load(str(path)).graph
    arrays = {i.name: torch.from_numpy(numpy_helper.to_array(i).astype(np.float32)) for i in graph.initializer}
    # Linear weights lost their names in the export; the nodes that use them kept theirs.
    matrices = {n.name: arrays[n.input[1]] for n in graph.node if n.op_type == "MatMul" and n.input[1] in arrays}
    net, state = Encoder(), {}
    named = lambda key: arrays["backbone." + key]
    for part in ("weight", "bias"):
        state[f"patch.{part}"] = named(f"embeddings.patch_embeddings.projection.{part}")
        state[f"norm.{part}"] = named(f"layernorm.{part}")
    state["whole"] = named("embeddings.cls_token")
    positions = {tuple(a.shape): a for n, a in arrays.items() if n.startswith("onnx::")}
    state["position"] = positions[(1, LEARNT**2, WIDTH)].reshape(1, LEARNT, LEARNT, WIDTH).permute(0, 3, 1, 2).contiguous()
    state["first"] = positions[(1, 1, WIDTH)]
    for i in range(LAYERS):
        theirs = f"encoder.layer.{i}."
        for ours, key in (("query", "attention.attention.query"), ("key", "attention.attention.key"), ("value", "attention.attention.value"),
                          ("out", "attention.output.dense"), ("fc1", "mlp.fc1"), ("fc2", "mlp.fc2")):
            state[f"blocks.{i}.{ours}.weight"] = matrices[f"/backbone/encoder/layer.{i}/{key.replace('.', '/')}/MatMul"].T.contiguous()
            state[f"blocks.{i}.{ours}.bias"] = named(f"{theirs}{key}.bias")
        for norm in ("norm1", "norm2"):
            for part in ("weight", "bias"):
                state[f"blocks.{i}.{norm}.{part}"] = named(f"{theirs}{norm}.{part}")
        for n in "12":
            state[f"blocks.{i}.scale{n}"] = named(f"{theirs}layer_scale{n}.lambda1")
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)


def normalised(pictures):
    """B G R bytes [n, side, side, 3] -> what the encoder takes."""
    x = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1])).permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def compare(path, side=224):
    """The largest difference between our patches and the file's on the same noise, and the smallest cosine."""
    import onnxruntime

    model, end = onnx.load(str(path)), "/backbone/layernorm/Add_1_output_0"
    model.graph.output.append(onnx.helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(0).normal(size=(1, 3, side, side)).astype(np.float32)
    theirs = torch.from_numpy(session.run([end], {session.get_inputs()[0].name: noise})[0])
    ours = load(path)(torch.from_numpy(noise))
    return float((ours - theirs).abs().max()), float(F.cosine_similarity(ours, theirs, dim=-1).min())


if __name__ == "__main__":
    import sys

    difference, cosine = compare(sys.argv[1])
    print(f"largest difference to {sys.argv[1]}: {difference:.1e}, smallest cosine {cosine:.6f}")
    sys.exit(cosine < 0.999)

"""The detector: CSPDarknet, path aggregation and decoupled heads of YOLOX-Nano (arXiv 2107.08430), depthwise, 416 px.

Written without batch normalisation: the starting weights carry it folded into their convolutions.
"""
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

COCO = {"person": 0, "bicycle": 1, "car": 2, "motorcycle": 3, "bus": 5, "truck": 7, "umbrella": 25, "chair": 56, "dining table": 60}
OWN = ["garbage", "garbage_bin", "overflow"]
CLASSES = [*COCO, *OWN]
KEPT = len(COCO)
STRIDES = (8, 16, 32)
SIDE = 416
COCO_CLASSES = 80


class Conv(nn.Sequential):
    def __init__(self, cin, cout, size=1, stride=1, groups=1):
        super().__init__(nn.Conv2d(cin, cout, size, stride, size // 2, groups=groups), nn.SiLU(inplace=True))


class Depthwise(nn.Sequential):
    def __init__(self, cin, cout, stride=1):
        super().__init__(Conv(cin, cin, 3, stride, cin), Conv(cin, cout))


class Bottleneck(nn.Module):
    def __init__(self, width, shortcut):
        super().__init__()
        self.shortcut, self.squeeze, self.spread = shortcut, Conv(width, width), Depthwise(width, width)

    def forward(self, x):
        y = self.spread(self.squeeze(x))
        return y + x if self.shortcut else y


class Stage(nn.Module):
    """Cross-stage partial block."""

    def __init__(self, cin, cout, depth, shortcut):
        super().__init__()
        half = cout // 2
        self.main, self.side = Conv(cin, half), Conv(cin, half)
        self.blocks = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(depth)))
        self.join = Conv(2 * half, cout)

    def forward(self, x):
        main, side = self.main(x), self.side(x)
        return self.join(torch.cat([self.blocks(main), side], 1))


class Pyramid(nn.Module):
    """Spatial pyramid pooling."""

    def __init__(self, width):
        super().__init__()
        self.squeeze, self.join = Conv(width, width // 2), Conv(2 * width, width)

    def forward(self, x):
        x = self.squeeze(x)
        return self.join(torch.cat([x] + [F.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13)], 1))


class Head(nn.Module):
    def __init__(self, cin, classes, width=64):
        super().__init__()
        self.stem = Conv(cin, width)
        self.cls_convs = nn.Sequential(Depthwise(width, width), Depthwise(width, width))
        self.cls = nn.Conv2d(width, classes, 1)
        self.reg_convs = nn.Sequential(Depthwise(width, width), Depthwise(width, width))
        self.reg, self.obj = nn.Conv2d(width, 4, 1), nn.Conv2d(width, 1, 1)

    def forward(self, x):
        x = self.stem(x)
        cls = self.cls(self.cls_convs(x))
        reg = self.reg_convs(x)
        return torch.cat([self.reg(reg), self.obj(reg), cls], 1).flatten(2).transpose(1, 2)


class Detector(nn.Module):
    """Pictures B G R 0..255 -> [pictures, cells, 5 + classes]: x, y, log w, log h relative to the cell, then logits."""

    def __init__(self, classes=len(CLASSES)):
        super().__init__()
        self.stem = Conv(12, 16, 3)
        self.dark2 = nn.Sequential(Depthwise(16, 32, 2), Stage(32, 32, 1, True))
        self.dark3 = nn.Sequential(Depthwise(32, 64, 2), Stage(64, 64, 3, True))
        self.dark4 = nn.Sequential(Depthwise(64, 128, 2), Stage(128, 128, 3, True))
        self.dark5 = nn.Sequential(Depthwise(128, 256, 2), Pyramid(256), Stage(256, 256, 1, False))
        self.lateral5, self.up4 = Conv(256, 128), Stage(256, 128, 1, False)
        self.lateral4, self.up3 = Conv(128, 64), Stage(128, 64, 1, False)
        self.down3, self.out4 = Depthwise(64, 64, 2), Stage(128, 128, 1, False)
        self.down4, self.out5 = Depthwise(128, 128, 2), Stage(256, 256, 1, False)
        self.heads = nn.ModuleList(Head(c, classes) for c in (64, 128, 256))

    def early(self, x):
        """Features at stride 8, the part that training may freeze and share with the teacher."""
        x = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)
        return self.dark3(self.dark2(self.stem(x)))

    def late(self, c3):
        c4 = self.dark4(c3)
        p5 = self.lateral5(self.dark5(c4))
        p4 = self.lateral4(self.up4(torch.cat([F.interpolate(p5, scale_factor=2), c4], 1)))
        n3 = self.up3(torch.cat([F.interpolate(p4, scale_factor=2), c3], 1))
        n4 = self.out4(torch.cat([self.down3(n3), p4], 1))
        n5 = self.out5(torch.cat([self.down4(n4), p5], 1))
        return torch.cat([head(level) for head, level in zip(self.heads, (n3, n4, n5))], 1)

    def forward(self, x):
        return self.late(self.early(x))

    def early_parts(self):
        return [self.stem, self.dark2, self.dark3]

    def late_parts(self):
        return [part for part in self.children() if part not in self.early_parts()]

    def freeze_early(self):
        for part in self.early_parts():
            part.requires_grad_(False)


class Exported(nn.Module):
    """What leaves as ONNX: scores with their sigmoid, boxes undecoded."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        out = self.net(images)
        return torch.cat([out[..., :4], out[..., 4:].sigmoid()], -1)


def cells(side, device="cpu", strides=STRIDES):
    """Column, line and stride of every cell, in the order of the outputs."""
    rows = []
    for stride in strides:
        n = side // stride
        y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
        rows.append(torch.stack([x.flatten(), y.flatten(), torch.full((n * n,), stride)], 1))
    return torch.cat(rows).float().to(device)


def boxes(out, grid):
    """Corners in pixels of the tensor."""
    centre = (out[..., :2] + grid[:, :2]) * grid[:, 2:]
    half = out[..., 2:4].clamp(max=8).exp() * grid[:, 2:] / 2
    return torch.cat([centre - half, centre + half], -1)


def load_start(path):
    """The COCO network of the starting ONNX file. Its convolutions are met in the order in which ours run."""
    net = Detector(COCO_CLASSES)
    graph = onnx.load(path).graph
    weights = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    theirs = [[weights[name] for name in node.input[1:3]] for node in graph.node if node.op_type == "Conv"]
    ours = []
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    hooks = [m.register_forward_hook(lambda m, *_: ours.append(m)) for m in convs]
    with torch.no_grad():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    if [tuple(m.weight.shape) for m in ours] != [w.shape for w, _ in theirs]:
        raise SystemExit(f"{path} is no YOLOX-Nano of {COCO_CLASSES} classes: its convolutions differ from ours")
    with torch.no_grad():
        for m, (weight, bias) in zip(ours, theirs):
            m.weight.copy_(torch.from_numpy(weight.copy()))
            m.bias.copy_(torch.from_numpy(bias.copy()))
    return net.eval()


def student_of(teacher):
    """The teacher with the kept COCO classes and, new, our own, which start improbable."""
    net = Detector()
    state = teacher.state_dict()
    for key, value in net.state_dict().items():
        if ".cls." in key:
            ours = value.clone()
            ours[:KEPT] = state[key][list(COCO.values())]
            ours[KEPT:] = -3.0 if key.endswith("bias") else torch.randn_like(ours[KEPT:]) * 0.01
            state[key] = ours
    net.load_state_dict(state)
    return net


def compare(path):
    """The largest difference between our start and the file, each on the same noise picture."""
    import onnxruntime

    picture = np.random.default_rng(0).integers(0, 256, (1, 3, SIDE, SIDE)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {session.get_inputs()[0].name: picture})[0]
    with torch.no_grad():
        ours = Exported(load_start(path))(torch.from_numpy(picture)).numpy()
    return float(np.abs(ours - theirs).max())


if __name__ == "__main__":
    import sys

    difference = compare(sys.argv[1])
    print(f"largest difference to {sys.argv[1]}: {difference:.2e}")
    sys.exit(difference > 1e-3)

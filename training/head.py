"""The dense head on the encoder's tokens: boxes of garbage, garbage_bin and overflow. Convolutional, so it runs on any grid."""
import torch
from torch import nn

from encoder import PATCH, WIDTH
from net import OWN

STRIDES = (PATCH, 2 * PATCH)


class Level(nn.Module):
    """Answers of one grid: box, objectness and classes of each cell."""

    def __init__(self, width, classes):
        super().__init__()
        part = lambda: nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, groups=width), nn.Conv2d(width, width, 1), nn.SiLU())
        self.cls_convs, self.reg_convs = nn.Sequential(part(), part()), nn.Sequential(part(), part())
        self.cls, self.reg, self.obj = nn.Conv2d(width, classes, 1), nn.Conv2d(width, 4, 1), nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.cls.bias, -2.0)
        nn.init.constant_(self.obj.bias, -4.0)

    def forward(self, x):
        reg = self.reg_convs(x)
        return torch.cat([self.reg(reg), self.obj(reg), self.cls(self.cls_convs(x))], 1).flatten(2).transpose(1, 2)


class Dense(nn.Module):
    """Tokens [n, 384, h, w] -> [n, cells of strides 14 and 28, 5 + classes], logits, boxes undecoded."""

    def __init__(self, width=160, classes=len(OWN)):
        super().__init__()
        self.squeeze = nn.Sequential(nn.Conv2d(WIDTH, width, 1), nn.SiLU())
        mix = lambda: nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, groups=width), nn.Conv2d(width, width, 1), nn.SiLU())
        self.around = nn.ModuleList(mix() for _ in range(2))
        self.coarse = nn.Sequential(nn.Conv2d(width, width, 3, 2, 1, groups=width), nn.Conv2d(width, width, 1), nn.SiLU())
        self.levels = nn.ModuleList(Level(width, classes) for _ in STRIDES)

    def forward(self, tokens):
        x = self.squeeze(tokens)
        for around in self.around:
            x = x + around(x)
        return torch.cat([level(y) for level, y in zip(self.levels, (x, self.coarse(x)))], 1)

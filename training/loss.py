"""What is learnt from a picture whose labels cover only our own classes.

A cell's truth has two sources: the labels (our classes) and the frozen starting network (COCO classes). Where that
network is sure, its answer is the label; where it is unsure, the cell is no background; elsewhere it is.
"""
import torch
import torch.nn.functional as F

from net import COCO, KEPT, boxes

SURE = 0.35
UNSURE = 0.05
LIKE = 0.5  # weight of staying near the start's answers in classes of COCO
REACH = 2.5  # strides around a label's centre within which cells compete for it
CANDIDATES = 10


def iou_pairs(a, b):
    """IoU of every box of `a` with every one of `b`."""
    lo, hi = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    both = (hi - lo).clamp(min=0).prod(-1)
    area = lambda x: (x[:, 2:] - x[:, :2]).clamp(min=0).prod(-1)
    return both / (area(a)[:, None] + area(b) - both + 1e-6)


def giou(a, b):
    """Generalised IoU of box and box."""
    area = lambda x: (x[:, 2:] - x[:, :2]).clamp(min=0).prod(-1)
    both = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    union = area(a) + area(b) - both + 1e-6
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(-1) + 1e-6
    return both / union - (hull - union) / hull


@torch.no_grad()
def assign(own_logits, obj_logits, found, grid, labels, kinds):
    """SimOTA (arXiv 2107.08430): for each cell the label that it answers for, or -1, and the IoU with it."""
    owner = torch.full((len(grid),), -1, dtype=torch.long, device=grid.device)
    overlap = torch.zeros(len(grid), device=grid.device)
    if not len(labels):
        return owner, overlap
    centre = (grid[:, :2] + 0.5) * grid[:, 2:]
    middle = (labels[:, :2] + labels[:, 2:]) / 2
    near = ((centre[:, None] - middle).abs() < REACH * grid[:, None, 2:]).all(-1)
    inside = ((centre[:, None] > labels[:, :2]) & (centre[:, None] < labels[:, 2:])).all(-1)
    some = torch.where((near | inside).any(1))[0]
    if not len(some):
        return owner, overlap
    iou = iou_pairs(found[some], labels)
    likeness = (own_logits[some].sigmoid() * obj_logits[some, None].sigmoid()).sqrt()
    wanted = F.one_hot(kinds, own_logits.shape[1]).float()
    wrong = F.binary_cross_entropy(likeness[:, None].expand(-1, len(labels), -1), wanted.expand(len(some), -1, -1), reduction="none").sum(-1)
    cost = wrong - 3 * (iou + 1e-8).log() + 1e5 * ~(near & inside)[some]
    takes = torch.zeros_like(cost, dtype=torch.bool)
    counts = iou.topk(min(CANDIDATES, len(some)), 0).values.sum(0).long().clamp(min=1)
    for label, count in enumerate(counts.tolist()):
        takes[cost[:, label].topk(count, largest=False).indices, label] = True
    cheapest = cost.masked_fill(~takes, torch.inf).min(1)
    taken = takes.any(1)
    owner[some[taken]] = cheapest.indices[taken]
    overlap[some[taken]] = iou[taken, cheapest.indices[taken]]
    return owner, overlap


def loss_of(out, taught, grid, labels):
    """`out` of the student, `taught` of the teacher (80 classes), both logits; `labels` per picture [n, x0 y0 x1 y1 class].

    Returns the loss and its parts for the log.
    """
    kept = taught[..., 5:][..., list(COCO.values())].sigmoid()
    taught_obj = taught[..., 4].sigmoid()
    coco = kept * taught_obj[..., None]
    sure = coco.amax(-1)
    found, taught_box = boxes(out, grid), boxes(taught, grid)
    obj_target, obj_weight = torch.zeros_like(taught_obj), (sure < UNSURE).float()
    pseudo = sure >= SURE
    obj_target[pseudo], obj_weight[pseudo] = taught_obj[pseudo], 1.0
    cls_target = torch.cat([kept, torch.zeros_like(out[..., 5 + KEPT:])], -1)
    cls_weight = torch.where(sure >= UNSURE, sure, 0)[..., None].expand_as(cls_target).clone()
    # A cell of which the teacher is only half sure may be a thing of ours that looks like one of COCO's.
    cls_weight[..., KEPT:] *= pseudo[..., None]
    box_target, box_weight = taught_box.clone(), torch.where(pseudo, sure, 0)
    own, free = 0, torch.ones_like(taught_obj)
    for i, rows in enumerate(labels):
        rows = rows.to(out.device)
        kinds = rows[:, 4].long()
        owner, overlap = assign(out[i, :, 5 + KEPT:].float(), out[i, :, 4].float(), found[i].float(), grid, rows[:, :4], kinds)
        mine = owner >= 0
        who = owner[mine]
        own += len(who)
        free[i, mine] = 0.0
        obj_target[i, mine], obj_weight[i, mine] = 1.0, 1.0
        box_target[i, mine], box_weight[i, mine] = rows[who, :4], 1.0
        cls_weight[i, mine] = 1.0
        cls_target[i, mine, :KEPT] = coco[i, mine]
        cls_target[i, mine, KEPT:] = F.one_hot(kinds[who], out.shape[-1] - 5 - KEPT) * overlap[mine, None]
    total = max(float(box_weight.sum()), 1.0)
    some = box_weight > 0
    box = ((1 - giou(found[some], box_target[some])) * box_weight[some]).sum() / total
    obj = (F.binary_cross_entropy_with_logits(out[..., 4], obj_target, reduction="none") * obj_weight).sum() / total
    cls = (F.binary_cross_entropy_with_logits(out[..., 5:], cls_target, reduction="none") * cls_weight).sum() / total
    # A class that is seldom in the pictures would be forgotten: its unlikely answers, too, are to stay as they were.
    far = F.smooth_l1_loss(out[..., 5:5 + KEPT], taught[..., 5:][..., list(COCO.values())], reduction="none").mean(-1)
    like = (far * free).sum() / free.sum().clamp(min=1)
    return 5 * box + obj + cls + LIKE * like, {"box": box.item(), "obj": obj.item(), "cls": cls.item(), "like": like.item(), "own": own}

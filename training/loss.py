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
    """IoU of every box of `a` with every one of `b`, picture by picture."""
    lo, hi = torch.maximum(a[..., :, None, :2], b[..., None, :, :2]), torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    both = (hi - lo).clamp(min=0).prod(-1)
    area = lambda x: (x[..., 2:] - x[..., :2]).clamp(min=0).prod(-1)
    return both / (area(a)[..., :, None] + area(b)[..., None, :] - both + 1e-6)


def giou(a, b):
    """Generalised IoU of box and box."""
    area = lambda x: (x[:, 2:] - x[:, :2]).clamp(min=0).prod(-1)
    both = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    union = area(a) + area(b) - both + 1e-6
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(-1) + 1e-6
    return both / union - (hull - union) / hull


@torch.no_grad()
def assign(own_logits, obj_logits, found, grid, labels):
    """SimOTA (arXiv 2107.08430), all pictures at once: for each cell the row of its picture's labels that it answers for, or -1, and the
    IoU with it. `labels` is [pictures, 1 or more rows, x0 y0 x1 y1 class]; a class below 0 fills up."""
    there, kinds = labels[..., 4] >= 0, labels[..., 4].long().clamp(min=0)
    owner = torch.full(found.shape[:2], -1, dtype=torch.long, device=grid.device)
    centre = ((grid[:, :2] + 0.5) * grid[:, 2:])[:, None]
    corner, far = labels[:, None, :, :2], labels[:, None, :, 2:4]
    near = ((centre - (corner + far) / 2).abs() < REACH * grid[:, None, 2:]).all(-1) & there[:, None]
    inside = ((centre > corner) & (centre < far)).all(-1) & there[:, None]
    rivals = (near | inside).any(-1, keepdim=True) & there[:, None]
    iou = iou_pairs(found, labels[..., :4]) * rivals
    likeness = (own_logits.sigmoid() * obj_logits.sigmoid()[..., None]).sqrt()
    # Cross-entropy of the likeness against each label's class: all classes as wrong, less the one that is right.
    no, yes = (1 - likeness).log().clamp(min=-100), likeness.log().clamp(min=-100)
    right = (no - yes).gather(2, kinds[:, None].expand(-1, found.shape[1], -1))
    cost = right - no.sum(-1, keepdim=True) - 3 * (iou + 1e-8).log() + 1e5 * ~(near & inside)
    cost = cost.masked_fill(~rivals, torch.inf)
    most = min(CANDIDATES, found.shape[1])
    counts = iou.topk(most, 1).values.sum(1).long().clamp(min=1)
    cheap = cost.topk(most, 1, largest=False)
    takes = torch.zeros_like(rivals).scatter(1, cheap.indices, (torch.arange(most, device=grid.device)[:, None] < counts[:, None]) & cheap.values.isfinite())
    best = cost.masked_fill(~takes, torch.inf).min(-1)
    taken = takes.any(-1)
    owner[taken] = best.indices[taken]
    return owner, iou.gather(2, best.indices[..., None])[..., 0] * taken


def loss_of(out, taught, grid, labels):
    """`out` of the student, `taught` of the teacher (80 classes), both logits; `labels` as for [assign].

    Returns the loss and its parts for the log.
    """
    kept = taught[..., 5:][..., list(COCO.values())].sigmoid()
    taught_obj = taught[..., 4].sigmoid()
    coco = kept * taught_obj[..., None]
    sure = coco.amax(-1)
    found, taught_box = boxes(out, grid), boxes(taught, grid)
    pseudo = sure >= SURE
    owner, overlap = assign(out[..., 5 + KEPT:].float(), out[..., 4].float(), found.float(), grid, labels)
    mine = owner >= 0
    row = labels.gather(1, owner.clamp(min=0)[..., None].expand(-1, -1, 5))
    obj_target = torch.where(mine, 1.0, torch.where(pseudo, taught_obj, 0.0))
    obj_weight = (mine | pseudo | (sure < UNSURE)).float()
    box_target = torch.where(mine[..., None], row[..., :4], taught_box)
    box_weight = torch.where(mine, 1.0, torch.where(pseudo, sure, 0.0))
    kind = F.one_hot(row[..., 4].long().clamp(min=0), out.shape[-1] - 5 - KEPT) * (overlap * mine)[..., None]
    cls_target = torch.cat([torch.where(mine[..., None], coco, kept), kind], -1)
    cls_weight = torch.where(mine, 1.0, torch.where(sure >= UNSURE, sure, 0.0))[..., None].repeat(1, 1, cls_target.shape[-1])
    # A cell of which the teacher is only half sure may be a thing of ours that looks like one of COCO's.
    cls_weight[..., KEPT:] *= (mine | pseudo)[..., None]
    total = box_weight.sum().clamp(min=1.0)
    box = ((1 - giou(found.flatten(0, 1), box_target.flatten(0, 1))) * box_weight.flatten()).sum() / total
    obj = (F.binary_cross_entropy_with_logits(out[..., 4], obj_target, reduction="none") * obj_weight).sum() / total
    cls = (F.binary_cross_entropy_with_logits(out[..., 5:], cls_target, reduction="none") * cls_weight).sum() / total
    # A class that is seldom in the pictures would be forgotten: its unlikely answers, too, are to stay as they were.
    far = F.smooth_l1_loss(out[..., 5:5 + KEPT], taught[..., 5:][..., list(COCO.values())], reduction="none").mean(-1)
    like = (far * ~mine).sum() / (~mine).sum().clamp(min=1)
    return 5 * box + obj + cls + LIKE * like, {"box": box, "obj": obj, "cls": cls, "like": like, "own": mine.sum()}


def own_loss(out, grid, labels):
    """Only our classes, and every cell without a label is background: what the dense head learns from."""
    found = boxes(out, grid)
    owner, overlap = assign(out[..., 5:], out[..., 4], found, grid, labels)
    mine = owner >= 0
    row = labels.gather(1, owner.clamp(min=0)[..., None].expand(-1, -1, 5))
    box = ((1 - giou(found.flatten(0, 1), row[..., :4].flatten(0, 1))) * mine.flatten()).sum()
    obj = F.binary_cross_entropy_with_logits(out[..., 4], mine.float(), reduction="sum")
    kind = F.one_hot(row[..., 4].long().clamp(min=0), out.shape[-1] - 5) * overlap[..., None]
    cls = (F.binary_cross_entropy_with_logits(out[..., 5:], kind, reduction="none") * mine[..., None]).sum()
    total = mine.sum().clamp(min=1)
    return (5 * box + obj + cls) / total, {"box": box / total, "obj": obj / total, "cls": cls / total, "own": mine.sum()}

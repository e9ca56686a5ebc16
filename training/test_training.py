"""python -m unittest, in this folder: what training promises about missing labels, checked without any data."""
import random
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch

import data
import loss
import measure
import net


def logit(p):
    return float(np.log(p / (1 - p)))


def answers(side=64):
    """A teacher that sees nothing, and a student that is undecided."""
    grid = net.cells(side)
    taught = torch.zeros(1, len(grid), 5 + net.COCO_CLASSES)
    taught[..., 4:] = -12.0
    out = torch.zeros(1, len(grid), 5 + len(net.CLASSES), requires_grad=True)
    return grid, taught, out


def pull(taught, grid, out, labels):
    """What the loss does to each number of the student."""
    value, _ = loss.loss_of(out, taught, grid, [labels])
    return torch.autograd.grad(value, out)[0][0]


NONE = torch.zeros(0, 5)


class MissingLabels(unittest.TestCase):
    def taught(self, cell, score):
        grid, taught, out = answers()
        taught[0, cell, 4], taught[0, cell, 5 + net.COCO["bus"]] = 12.0, logit(score)
        return pull(taught, grid, out, NONE)

    def test_where_the_teacher_sees_nothing_is_background(self):
        grid, taught, out = answers()
        self.assertTrue((pull(taught, grid, out, NONE)[:, 4] > 0).all())

    def test_where_the_teacher_is_unsure_is_no_background(self):
        pulled = self.taught(9, 0.2)
        self.assertEqual(pulled[9, 4].item(), 0.0)
        self.assertGreater(pulled[8, 4].item(), 0.0)
        self.assertTrue((pulled[9, 5 + net.KEPT:] == 0).all(), "it may be a thing of ours")

    def test_where_the_teacher_is_sure_its_answer_is_the_label(self):
        pulled = self.taught(9, 0.9)
        bus = 5 + net.CLASSES.index("bus")
        self.assertLess(pulled[9, 4].item(), 0.0)
        self.assertLess(pulled[9, bus].item(), 0.0)
        self.assertTrue((pulled[9, 5 + net.KEPT:] > 0).all(), "and it is nothing of ours")

    def test_a_class_that_was_not_kept_is_background(self):
        grid, taught, out = answers()
        taught[0, 9, 4], taught[0, 9, 5 + 10] = 12.0, 12.0  # a fire hydrant, as litter bins are called
        self.assertGreater(pull(taught, grid, out, NONE)[9, 4].item(), 0.0)

    def test_a_label_of_ours_wins_over_the_teacher(self):
        grid, taught, out = answers()
        taught[0, :, 4], taught[0, :, 5 + net.COCO["chair"]] = 12.0, logit(0.2)
        pulled = pull(taught, grid, out, torch.tensor([[8.0, 8, 40, 40, 0]]))
        mine = pulled[:, 4] < 0
        self.assertGreaterEqual(int(mine.sum()), 1)
        centre = (grid[mine, :2] + 0.5) * grid[mine, 2:]
        self.assertTrue(((centre > 8) & (centre < 40)).all())
        self.assertTrue((pulled[~mine, 4] == 0).all(), "the rest stays unsure")


class Pictures(unittest.TestCase):
    def scene(self, folder, name, lines):
        cv2.imwrite(f"{folder}/{name}.jpg", np.random.default_rng(1).integers(0, 255, (90, 120, 3)).astype(np.uint8))
        Path(f"{folder}/{name}.txt").write_text(lines)

    def test_labels_outside_are_cut_and_empty_ones_left_out(self):
        with TemporaryDirectory() as folder:
            self.scene(folder, "a", "0 0.1 0.5 0.4 0.2\n1 0.5 0.5 0 0.1\n2 1.5 0.5 0.2 0.2\n")
            rows = data.scenes(folder)[0].labels
        np.testing.assert_allclose(rows, [[0, 0, 0.4, 0.3, 0.6]], atol=1e-6)

    def test_a_broken_label_names_its_file_and_line(self):
        with TemporaryDirectory() as folder:
            self.scene(folder, "a", "0 0.1 0.5 0.4 0.2\n0 0.1 zero\n")
            with self.assertRaisesRegex(SystemExit, r"a\.txt, line 2"):
                data.scenes(folder)

    def test_the_same_seed_makes_the_same_picture_with_labels_inside(self):
        with TemporaryDirectory() as folder:
            self.scene(folder, "a", "0 0.5 0.5 0.4 0.4\n1 0.8 0.8 0.3 0.3\n")
            streets, clean = data.scenes(folder), data.scenes(folder, clean=True)
            mixer = data.Mixer(streets, clean)
            for seed in range(40):
                scene = (streets + clean)[seed % 2]
                (p, l), (q, m) = (mixer.make(scene, 96, random.Random(seed)) for _ in "ab")
                np.testing.assert_array_equal(p, q)
                np.testing.assert_array_equal(l, m)
                self.assertEqual(p.shape, (96, 96, 3))
                self.assertTrue((l[:, :2] >= 0).all() and (l[:, 2:4] <= 96).all() and (l[:, 2:4] > l[:, :2]).all())


class Figures(unittest.TestCase):
    def test_average_precision_by_hand(self):
        # Right, wrong, right of 3: the envelope is 1 up to a third, then 2/3 up to two thirds.
        self.assertAlmostEqual(measure.average_precision([(0.9, True), (0.8, False), (0.7, True)], 3), 1 / 3 + 2 / 9)

    def test_boxes_agree_between_training_and_measuring(self):
        out = torch.randn(1, len(net.cells(64)), 4)
        np.testing.assert_allclose(net.boxes(out, net.cells(64))[0], measure.corners(out[0].numpy(), measure.grid_of(64)), rtol=1e-4, atol=1e-3)


if __name__ == "__main__":
    unittest.main()

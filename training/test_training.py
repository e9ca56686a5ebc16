"""python -m unittest, in this folder: what training promises about missing labels, checked without any data."""
import argparse
import json
import random
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import onnx
import torch

import compose
import data
import encoder
import fuse
import head
import loop
import loss
import measure
import net
import newness
import verifier
import weather


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
    value, _ = loss.loss_of(out, taught, grid, torch.from_numpy(loop.padded([labels.numpy()])))
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


    def test_a_class_that_is_seldom_seen_is_held_where_the_start_has_it(self):
        grid, taught, out = answers()
        bus = net.COCO["bus"]
        taught[0, 9, 5 + bus] = 3.0  # no object, and yet a thought of a bus
        pulled = pull(taught, grid, out, NONE)
        column = 5 + net.CLASSES.index("bus")
        self.assertLess(pulled[9, column].item(), 0.0)
        self.assertGreater(pulled[8, column].item(), 0.0)
        self.assertTrue((pulled[:, 5 + net.KEPT:] == 0).all(), "ours have nothing to be held to")


class Assigned(unittest.TestCase):
    def test_pictures_do_not_touch_each_other_and_rows_that_fill_up_are_no_labels(self):
        grid = net.cells(64)
        torch.manual_seed(3)
        out = torch.randn(3, len(grid), 5 + len(net.OWN))
        rows = [[[4.0, 6, 40, 44, 1]], [[10.0, 10, 30, 30, 0], [28.0, 20, 60, 60, 2]], []]
        labels = torch.from_numpy(loop.padded([np.array(r, np.float32).reshape(-1, 5) for r in rows]))
        together = loss.assign(out[..., 5:], out[..., 4], net.boxes(out, grid), grid, labels)
        for i in range(3):
            alone = loss.assign(out[i:i + 1, :, 5:], out[i:i + 1, :, 4], net.boxes(out, grid)[i:i + 1], grid, labels[i:i + 1, :max(len(rows[i]), 1)])
            torch.testing.assert_close(together[0][i], alone[0][0])
            torch.testing.assert_close(together[1][i], alone[1][0])
        self.assertEqual(sorted(set(together[0][1].tolist())), [-1, 0, 1], "every label is answered for")
        self.assertEqual(set(together[0][2].tolist()), {-1})


class Going(unittest.TestCase):
    """A run that is cut and goes on sees the batches of one that was not."""

    def run_of(self, folder, epochs):
        a = argparse.Namespace(run=Path(folder), epochs=epochs, minutes=None, batch=2, sides="64", last_side=None, clean=2, composed_share=0, rate=1e-3, seed=7,
                               hold=True, workers=0, measure_every=9, save_every=3)
        torch.manual_seed(1)
        make = lambda: net.Detector(len(net.OWN))
        model = make()
        loss_of = lambda model, x, labels: losses_own(model(x), labels)
        return a, loop.Run(a, model, make(), [{"params": list(model.parameters()), "factor": 1.0}], loss_of)

    def test_it_ends_where_an_unbroken_run_ends(self):
        with TemporaryDirectory() as folder:
            for name in "abcd":
                cv2.imwrite(f"{folder}/{name}.jpg", np.random.default_rng(ord(name)).integers(0, 255, (90, 120, 3)).astype(np.uint8))
                Path(f"{folder}/{name}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
            mixer = data.Mixer(data.scenes(folder), data.scenes(folder, clean=True))
            ends = []
            for parts in ((2,), (1, 2)):
                with TemporaryDirectory() as out, redirect_stdout(StringIO()):
                    for _ in parts:
                        a, run = self.run_of(out, 2)
                        batches = loop.Batches(mixer, [], a)
                        if len(parts) == 2 and _ == 1:
                            # Killed in batch 4, after the checkpoint of batch 3.
                            with self.assertRaises(Cut):
                                cut(run, 4).train(batches, lambda mean: {})
                        else:
                            run.train(batches, lambda mean: {})
                    ends.append(torch.cat([p.flatten() for p in run.mean.parameters()]))
                    self.assertEqual(run.step, len(batches))
            self.assertGreater(len(batches), 4)
            torch.testing.assert_close(ends[0], ends[1])


class Cut(Exception):
    pass


def cut(run, step):
    """The run, killed before its step of that number."""
    learn = run.learn

    def until(*rest):
        if run.step + 1 == step:
            raise Cut
        learn(*rest)
    run.learn = until
    return run


def losses_own(out, labels):
    return loss.own_loss(out, net.cells(64), labels)


class Composed(unittest.TestCase):
    def test_things_are_the_same_after_they_were_kept(self):
        noise = np.random.default_rng(4)
        soft = cv2.GaussianBlur(noise.integers(0, 255, (40, 30, 3)).astype(np.uint8), (0, 0), 3)
        parts = {"garbage": [compose.Cut(soft, np.ones((40, 30), np.float32), "garbage")]}
        with TemporaryDirectory() as folder:
            compose.keep(parts, Path(folder) / "parts")
            back = compose.opened(Path(folder) / "parts")["garbage"][0]
        self.assertEqual(back.kind, "garbage")
        self.assertLess(float(np.abs(back.pixels.astype(float) - soft).mean()), 4)
        np.testing.assert_allclose(back.mask, 1.0)

    def test_ground_that_is_no_rubbish_stays_inside_the_picture(self):
        for seed in range(60):
            canvas = np.full((compose.H, compose.W, 3), 100.0, np.float32)
            compose.litter_free(random.Random(seed))(canvas)
            self.assertTrue(np.isfinite(canvas).all() and canvas.shape == (compose.H, compose.W, 3), seed)

    def test_what_is_further_up_is_smaller_and_nothing_stands_on_another(self):
        cut, rng, taken = compose.Cut(np.zeros((60, 40, 3), np.uint8), np.ones((60, 40), np.float32), "garbage"), random.Random(1), []
        for _ in range(12):
            box = compose.spot(cut, 1.0, rng, taken)
            if box:
                self.assertTrue(0 <= box[0] < box[2] <= compose.W and box[3] <= compose.H, box)
                self.assertTrue(all(box[2] < o[0] or o[2] < box[0] or box[3] < o[1] or o[3] < box[1] for o in taken), (box, taken))
                taken.append(box)
        self.assertGreater(len(taken), 5)
        taken.sort(key=lambda b: b[3])
        heights = [b[3] - b[1] for b in taken]
        self.assertTrue(all(a <= b + 1 for a, b in zip(heights, heights[1:])), heights)

    def test_a_thing_hides_what_is_behind_it_and_ends_at_the_border(self):
        canvas = np.full((compose.H, compose.W, 3), 100.0, np.float32)
        cut = compose.Cut(np.full((20, 20, 3), 255, np.uint8), np.ones((20, 20), np.float32), "garbage")
        compose.draw(canvas, cut, (-10, 400, 10, 420), False, shadow=False)
        self.assertTrue((canvas[400:420, :10] == 255).all())
        self.assertTrue((canvas[400:420, 10:] == 100).all())

    def test_every_weather_keeps_the_size_and_grows_worse(self):
        picture = np.random.default_rng(2).integers(0, 255, (480, 640, 3)).astype(np.uint8)
        picture = cv2.GaussianBlur(picture, (0, 0), 3)
        for kind, spoil in weather.KINDS.items():
            apart = []
            for severity in range(5):
                spoiled = np.clip(spoil(picture, severity, np.random.default_rng(3)), 0, 255).astype(float)
                self.assertEqual(spoiled.shape, picture.shape, kind)
                apart.append(float(np.abs(spoiled - picture).mean()))
            self.assertTrue(all(a < b for a, b in zip(apart, apart[1:])), (kind, apart))


class Heads(unittest.TestCase):
    def test_a_head_answers_every_cell_of_any_grid(self):
        dense = head.Dense(8)
        for side in (224, 448):
            tokens = torch.zeros(1, encoder.WIDTH, side // encoder.PATCH, side // encoder.PATCH)
            self.assertEqual(tuple(dense(tokens).shape), (1, len(net.cells(side, strides=head.STRIDES)), 5 + len(net.OWN)))


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
            for seed in range(16):
                scene = (streets + clean)[seed % 2]
                (p, l), (q, m) = (mixer.make(scene, 96, random.Random(seed)) for _ in "ab")
                np.testing.assert_array_equal(p, q)
                np.testing.assert_array_equal(l, m)
                self.assertEqual(p.shape, (96, 96, 3))
                self.assertTrue((l[:, :2] >= 0).all() and (l[:, 2:4] <= 96).all() and (l[:, 2:4] > l[:, :2]).all())


class NewPatches(unittest.TestCase):
    THING, PERSON = map(newness.CLASSES.index, ("thing", "person"))

    def said(self, was, there, kind=THING):
        shares = np.zeros((2, len(newness.CLASSES), 1, 1), np.float32)
        shares[:, kind] = np.array([was, there])[:, None, None]
        return newness.said_of(*shares)[kind, 0, 0]

    def test_what_comes_is_new_and_what_stays_or_goes_is_not(self):
        self.assertEqual([self.said(*shares) for shares in ((0, 1), (1, 1), (1, 0), (0, 0))], [1, 0, 0, 0])

    def test_nothing_is_said_of_a_hem_or_of_another_person_in_the_same_place(self):
        self.assertEqual((self.said(0, 0.2), self.said(1, 1, self.PERSON), self.said(0, 1, self.PERSON)), (2, 2, 1))

    def test_patches_are_filled_where_the_thing_stands(self):
        kinds = np.full((newness.H, newness.W), -1, np.int8)
        patch = newness.W / newness.WIDE * encoder.PATCH
        kinds[int(10 * patch):int(12 * patch), int(20 * patch):int(23 * patch)] = self.THING
        lines, columns = np.nonzero(newness.filled(kinds)[self.THING] > 0.9)
        self.assertEqual((set(lines), set(columns)), ({10, 11}, {20, 21, 22}))

    def test_a_spill_lies_on_the_ground(self):
        for seed in range(12):
            picture = newness.Picture(np.full((newness.H, newness.W, 3), 110, np.float32))
            newness.spill(picture, random.Random(seed))
            self.assertTrue((picture.kinds[:int(newness.FOOT * newness.H)] < 0).all())
            changed = np.abs(picture.pixels - 110).max(2) > 40
            self.assertTrue(changed[int(newness.FOOT * newness.H) + 12:].any() or not (picture.kinds >= 0).any())

    def test_only_a_board_that_is_hung_up_is_a_new_one(self):
        noise = np.random.default_rng(2)
        cut = lambda kind: compose.Cut(noise.integers(0, 255, (60, 60, 3), np.uint8), np.ones((60, 60), np.float32), kind)
        house = data.Scene(Path(), np.float32([[0, 0.2, 0.5, 0.3, 0.7], [5, 0.5, 0.6, 0.6, 0.9]]), held=np.full((300, 480, 3), 150, np.uint8))
        kinds = ("garbage", "overflow", "garbage_bin", "vehicle", "person", "piece of a facade")
        parts = newness.Parts([house], [house.read()], {kind: [cut(kind)] for kind in kinds}, [(3, cut("sign board"))])
        hung, none = 0, 0
        for seed in range(16):
            _, _, said, forms = newness.pair_of_walls(parts, random.Random(seed))
            new = said[newness.CLASSES.index("board")] == 1
            self.assertEqual(new.any(), bool(forms), seed)
            self.assertFalse(new[-8:].any(), "boards hang")
            hung, none = hung + bool(forms), none + (not forms)
        self.assertGreater(min(hung, none), 2)

    def test_the_head_takes_any_grid(self):
        head = newness.Comparisons().eval()
        for h, w in ((26, 46), (9, 12)):
            now = torch.nn.functional.normalize(torch.randn(1, encoder.WIDTH, h, w), dim=1)
            self.assertEqual(head(now, torch.zeros_like(now)).shape, (1, len(newness.CLASSES), h, w))

    def test_it_learns_on_the_patches_that_the_product_compares(self):
        file = Path(__file__).parent.parent / "models/street_verifier/model.onnx"
        name = "/encoder/blocks.8/Add_2_output_0"
        picture = np.random.default_rng(1).integers(0, 255, (8, 14, 3), np.uint8)
        picture = cv2.resize(picture, (newness.WIDE, newness.HIGH), interpolation=cv2.INTER_CUBIC)
        tensor = ((picture[..., ::-1] / 255 - encoder.MEAN) / encoder.STD).transpose(2, 0, 1)[None].astype(np.float32)
        with TemporaryDirectory() as folder:
            onnx.utils.extract_model(str(file), f"{folder}/cut.onnx", ["images"], [name], check_model=False)
            eight_bits = measure.opened(f"{folder}/cut.onnx").run([name], {"images": tensor})[0][0, 1:]
        with torch.no_grad():
            learnt = newness.Tokens(file).eval()(torch.from_numpy(picture[None]))[0].flatten(1).T.numpy()
        eight_bits /= np.linalg.norm(eight_bits, axis=1, keepdims=True)
        self.assertGreater((learnt * eight_bits).sum(1).mean(), 0.99)


class Figures(unittest.TestCase):
    def test_average_precision_by_hand(self):
        # Right, wrong, right of 3: the envelope is 1 up to a third, then 2/3 up to two thirds.
        self.assertAlmostEqual(measure.average_precision([(0.9, True), (0.8, False), (0.7, True)], 3), 1 / 3 + 2 / 9)

    def test_crops_are_those_of_the_product(self):
        rows = json.loads((Path(__file__).parent.parent / "fixtures/score/squares.json").read_text())
        self.assertGreaterEqual(len(rows), 10)
        for row in rows:
            found = fuse.square(row["box"], *row["picture"])
            self.assertEqual(found and list(found), row["square"], row)

    def test_scores_are_fused_as_the_product_does_it(self):
        table = json.loads((Path(__file__).parent.parent / "fixtures/score/fusion.json").read_text())
        found = fuse.fused(table["fusion"].values(), [("garbage", row["detector"], row["verifier"]) for row in table["rows"]])
        np.testing.assert_allclose(1 / (1 + np.exp(-found)), [row["fused"] for row in table["rows"]], atol=1e-3)
        self.assertEqual(tuple(table["fusion"].values()), verifier.FUSION)

    def test_what_is_fitted_says_how_often_it_is_right(self):
        rng = np.random.default_rng(5)
        a, b = rng.normal(0, 2, (2, 6000))
        line = 0.8 * a + 0.6 * b - 0.4
        likely = 1 / (1 + np.exp(-np.where(line > 0.5, 2.5 * line - 0.75, line)))
        odds = lambda x: 1 / (1 + np.exp(-x))
        rows = list(zip(["garbage"] * len(a), odds(a), odds(b), rng.random(len(a)) < likely))
        said = odds(fuse.fused(fuse.fitted(rows), rows))
        self.assertLess(np.abs(said - likely).mean(), 0.02)

    def test_boxes_agree_between_training_and_measuring(self):
        out = torch.randn(1, len(net.cells(64)), 4)
        np.testing.assert_allclose(net.boxes(out, net.cells(64))[0], measure.corners(out[0].numpy(), measure.grid_of(64)), rtol=1e-4, atol=1e-3)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What composed streets show that is no stall, by name: in how many clips, and in how many of those something was taken for one.

  told_apart.py CLIPS REPORT.json [CLIPS REPORT.json]...     clips of compose_stalls.py, reports of `xunjie eval clips`
A false incident counts against everything lawful in its clip: which of them it lay on is not told.
"""
import json
import re
import sys
from pathlib import Path


def kinds(scene):
    """What stands in the scene's first line after "also there"; markets by what they sell are one."""
    also = re.search(r"also there: (.*)\.$", scene.read_text().split("\n")[0])[1]
    return sorted({"a lawful market stall" if "market" in kind else kind for kind in also.split(", ") if kind != "nothing"})


def main():
    shown, wrong = {}, {}
    for folder, report in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        for clip in json.loads(Path(report).read_text())["clips"]:
            for kind in kinds(Path(folder) / clip["name"] / "scene.toml"):
                shown[kind] = shown.get(kind, 0) + 1
                wrong[kind] = wrong.get(kind, 0) + (clip["wrong"] > 0)
    for kind, count in sorted(shown.items()):
        print(f"{kind}: in {count} clips, in {wrong[kind]} of them something was taken for a stall that is none")


if __name__ == "__main__":
    main()

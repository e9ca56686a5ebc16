"""Letters the sign boards of facades in Chinese, for measuring how often a lawful sign is taken for a banner or a small ad.

    python compose_signs.py FACADES_DIR OUT [--seed N]      (opencv-python-headless, numpy, pillow, fonts-noto-cjk)

Every facade with a labelled sign board (class 3) or cantilever (class 1) of at least 12 px letters becomes one picture: the board gets a
name, most of the time a colour of its own, and one of three boards wide enough a second line with a number to call, which lawful shops
write as well. Where there is room, one banner hangs on the same wall with a slogan, so that what keeps signs out can be seen to leave
banners in. Names, slogans and numbers are made up here, by the hand that wrote the words of city/example/ads.toml: the figures say
how the rules work together, not how many signs of another city they know. Composed pictures are for measuring only.
"""

import argparse
import json
import pathlib
import random

import cv2
import numpy
from PIL import Image, ImageDraw, ImageFont

from compose_text import FONTS, SIDE_PX, SIMPLIFIED, number, patch, put

SIGNBOARD, CANTILEVER = 3, 1
LETTER_PX_MIN = 12
NAMES = ["好又多生活超市", "老王五金建材", "四季鲜水果店", "康宁大药房", "川味人家饭店", "中国邮政储蓄银行", "阳光便利店", "名剪造型美发沙龙", "社区卫生服务中心",
         "金利来烟酒商行", "小天使幼儿园", "宏达汽车修理厂", "新华书店", "兰州正宗牛肉拉面", "百姓缘大药房连锁", "春天花店", "明眸眼镜行", "学府文具图文快印",
         "悦来商务宾馆", "重庆老火锅", "人民路派出所", "中国建设银行高新支行", "湘西土菜馆", "鑫源手机维修中心", "童心母婴生活馆", "诚信房产中介", "红旗连锁超市有限公司",
         "同仁堂中医馆", "华联商厦", "美家窗帘布艺", "沙县小吃", "顺风快递服务站", "老地方烧烤店", "农村商业银行营业部", "天天干洗店", "德克士炸鸡汉堡",
         "蓝天电脑维修部", "福满楼大酒店", "永辉生鲜市场", "东方红旅行社营业部", "健民口腔门诊部", "丽人服饰", "大众浴室", "第三中学", "老北京布鞋专卖店", "街道办事处便民服务中心",
         "绿源电动车专卖", "天府茶楼", "水电安装防水补漏服务部", "专业开锁配钥匙店"]
SLOGANS = ["热烈庆祝我店隆重开业", "全民动员共建文明城市", "年终大促全场五折起", "禁止在此倾倒垃圾违者罚款", "热烈欢迎各级领导莅临指导", "学区洋房首付十万起", "招聘服务员数名待遇从优",
           "安全生产重于泰山", "新店开张免费试吃三天", "深入开展扫黑除恶专项斗争", "亏本清仓最后三天", "创建国家卫生城市人人有责", "暑期班火热招生中欢迎报名", "保护环境从我做起",
           "祝贺我校高考再创佳绩", "团购热线欢迎来电咨询", "珍惜水资源节约每一滴水", "盛大开盘买房送车位", "坚决打赢蓝天保卫战", "庆祝建店十周年感恩回馈"]
BOARDS = [((170, 24, 30), (255, 224, 90)), ((32, 70, 150), (250, 250, 250)), ((245, 245, 242), (30, 30, 34)), ((20, 110, 62), (255, 255, 255)),
          ((250, 214, 60), (170, 20, 24)), ((36, 36, 40), (240, 214, 150)), ((120, 74, 40), (250, 236, 200)), ((196, 22, 28), (255, 255, 255))]


def lettered(rng, wall, box, text, second):
    """Letters a board; returns labels, none where the letters would be too small."""
    x0, y0, x1, y1 = (round(side) for side in box)
    width, height = x1 - x0, y1 - y0
    upright = height > 1.6 * width
    along, across = (height, width) if upright else (width, height)
    room = across * (0.45 if second else 0.68)
    letter = min(room, 0.92 * along / (1.06 * len(text)))
    if letter < LETTER_PX_MIN or letter > 60:
        return []
    paper, ink = rng.choice(BOARDS)
    if rng.random() < 0.7:
        shade = rng.uniform(0.6, 1.0)
        wall[y0:y1, x0:x1] = numpy.array(paper) * shade
    else:  # single letters on the wall itself
        wall[y0:y1, x0:x1] = cv2.GaussianBlur(wall[y0:y1, x0:x1], (0, 0), 9)
        ink = (250, 250, 250) if wall[y0:y1, x0:x1].mean() < 110 else (120, 16, 20)
    image = Image.fromarray(wall)
    draw = ImageDraw.Draw(image)
    face = ImageFont.truetype(rng.choice(FONTS), round(letter * 1.08), index=SIMPLIFIED)
    labels = []

    def line(said, font, middle_x, middle_y):
        left, top, right, bottom = font.getbbox(said)
        at = (middle_x - (right - left) / 2 - left, middle_y - (bottom - top) / 2 - top)
        draw.text(at, said, font=font, fill=ink)
        a, b, c, d = at[0] + left, at[1] + top, at[0] + right, at[1] + bottom
        labels.append({"kind": "sign", "text": said, "letter_px": round(letter), "quad": [[a, b], [c, b], [c, d], [a, d]]})

    if upright:
        step = height / len(text)
        for i, character in enumerate(text):
            line(character, face, (x0 + x1) / 2, y0 + step * (i + 0.5))
        quads = [label["quad"] for label in labels]
        whole = [[min(q[0][0] for q in quads), quads[0][0][1]], [max(q[1][0] for q in quads), quads[0][1][1]],
                 [max(q[2][0] for q in quads), quads[-1][2][1]], [min(q[3][0] for q in quads), quads[-1][3][1]]]
        labels[:] = [{"kind": "sign", "text": text, "letter_px": round(letter), "quad": whole}]
    else:
        line(text, face, (x0 + x1) / 2, y0 + height * (0.36 if second else 0.5))
        if second:
            size = min(letter * 0.6, 0.9 * width / (0.6 * len(second)))
            if size >= LETTER_PX_MIN:
                line(second, ImageFont.truetype(face.path, round(size), index=SIMPLIFIED), (x0 + x1) / 2, y0 + height * 0.8)
    wall[:] = numpy.array(image)
    return labels


def boxes(path, width, height):
    for row in path.with_suffix(".txt").read_text().split("\n"):
        cells = row.split()
        if len(cells) == 5 and int(cells[0]) in (SIGNBOARD, CANTILEVER):
            x, y, w, h = (float(cell) for cell in cells[1:])
            yield [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height]


def compose(rng, path):
    bgr = cv2.imread(str(path))
    factor = SIDE_PX / max(bgr.shape[:2])
    wall = cv2.cvtColor(cv2.resize(bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB)
    labels, taken = [], []
    for box in boxes(path, wall.shape[1], wall.shape[0]):
        box = [max(0, box[0]), max(0, box[1]), min(wall.shape[1], box[2]), min(wall.shape[0], box[3])]
        text = rng.choice(NAMES)
        second = f"电话 {number(rng)}" if rng.random() < 1 / 3 else None
        put_on = lettered(rng, wall, box, text, second)
        labels += put_on
        if put_on:
            taken.append(tuple(box))
    if labels:
        letter = rng.choice([16, 20, 24, 28])
        slogan = rng.choice(SLOGANS)
        drawn, places = patch(rng, [slogan], letter, True)
        corners = put(rng, wall, drawn, places, letter, taken, False)
        labels += [{"kind": "banner", "text": slogan, "letter_px": letter, "quad": corners[0]}] if corners else []
    noise = numpy.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(0, 5), wall.shape)
    wall = numpy.clip(cv2.GaussianBlur(wall, (0, 0), 0.5) + noise, 0, 255).astype(numpy.uint8)
    return cv2.cvtColor(wall, cv2.COLOR_RGB2BGR), labels


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("facades", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=4)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    walls = sorted(asked.facades.rglob("*.jpg"))
    if not walls:
        parser.error(f"{asked.facades} holds no .jpg")
    asked.out.mkdir(parents=True, exist_ok=True)
    said = {}
    for path in walls:
        bgr, labels = compose(rng, path)
        if labels:
            cv2.imwrite(str(asked.out / path.name), bgr, [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(60, 96)])
            said[path.name] = labels
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(labels, ensure_ascii=False)}" for name, labels in said.items())
    (asked.out / "labels.json").write_text("{\n" + rows + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()

//! What is made of a reader's tensors and of the words that it read: regions, lines, four-cornered things, plates by
//! vote, ads. Numbers are mostly likelihoods and sometimes anything; nothing panics, what is found is bounded and best
//! first, and a telephone number never shows in a masked text.

use std::sync::OnceLock;

use xunjie::{
    analysis::{
        ads,
        decode::{Charset, Corners, Output, TextMap, TextMapRule, line, spelled},
        lines, plate,
    },
    config::{CityFiles, Config, TextFile},
    domain::{AdRules, FrameSpace, Point, Quad, ReadText, Score, TextLine, phone},
};

/// Hands out the input piece by piece; zeros when it is used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    fn number(&mut self) -> f32 {
        match self.byte() {
            byte @ 0..=200 => f32::from(byte) / 200.0,
            201..=230 => f32::from(self.byte()) - 128.0,
            231 => f32::NAN,
            232 => f32::NEG_INFINITY,
            233 => f32::MAX,
            _ => f32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }
    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.number()).collect()
    }
}

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which {
        b'm' => map(Bytes(rest)),
        b'c' => characters(Bytes(rest)),
        b'k' => corners(Bytes(rest)),
        b'p' => plates(Bytes(rest)),
        b'a' => words(rest),
        _ => {}
    }
}

fn map(mut bytes: Bytes<'_>) {
    let (width, height) = (usize::from(bytes.byte() % 33), usize::from(bytes.byte() % 33));
    let row_px = usize::from(bytes.byte() % 40);
    let mut next = || usize::from(bytes.byte() % 40);
    let (source, to, size) = ([next(), next()], [next(), next()], [next(), next()]);
    let values = bytes.numbers(row_px * 20);
    let mut text = TextMap::blank(width, height);
    text.paste(&values, row_px, source, to, size);
    let rule = TextMapRule { pixel_min: 0.3, score_min: Score::ZERO, unclip: 1.5, regions_max: 5 };
    let found = text.regions(&rule);
    assert!(found.len() <= 5 && found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(found.iter().flat_map(|region| region.quad.0).all(|corner| corner.x.is_finite() && corner.y.is_finite()));
}

fn characters(mut bytes: Bytes<'_>) {
    let (blank, spare) = (usize::from(bytes.byte() % 6), usize::from(bytes.byte() % 4));
    let list = ["粤", "A", "0", "·"];
    let Ok(charset) = Charset::new(list.into_iter(), blank, 3 + spare) else { return };
    let steps = usize::from(bytes.byte() % 40);
    let odd = usize::from(bytes.byte() % 2);
    let data = bytes.numbers(steps * charset.classes() + odd);
    let shape = [steps, charset.classes()];
    let output = Output { shape: &shape, data: &data };
    if let Ok(read) = charset.read("likelihood", &output) {
        assert!(read.len() <= steps && read.iter().all(|one| (0.0..1.0).contains(&one.at)));
        let (text, _) = line(&read);
        assert_eq!(text, text.trim());
    }
    let form = [vec!['粤'], vec!['A'], vec!['0', 'A']];
    if let Ok(Some(said)) = spelled(&charset, "likelihood", &output, &form, &['·']) {
        assert_eq!(said.characters.len(), form.len());
        assert!(said.characters.iter().zip(&form).all(|((said, _), place)| place.contains(said)));
        assert!(said.characters.iter().all(|(_, share)| (0.0..=1.0).contains(share)), "{said:?}");
    }
}

fn corners(mut bytes: Bytes<'_>) {
    let finder = Corners {
        outputs: ["boxes", "scores", "corners"].map(str::to_owned),
        strides: vec![16, 8],
        priors: vec![vec![16.0], vec![32.0, bytes.number()]],
        variances: [0.1, 0.2],
        score_floor: Score::ZERO,
        nms_iou: 0.3,
        things_max: 6,
    };
    let [width, height] = [1 + u32::from(bytes.byte() % 40), 1 + u32::from(bytes.byte() % 40)];
    let cells = |stride: u32| (width.div_ceil(stride) * height.div_ceil(stride)) as usize;
    let priors = cells(16) + 2 * cells(8);
    let priors = if bytes.byte() == 255 { priors + 1 } else { priors };
    let data = [4, 2, 8].map(|numbers| bytes.numbers(priors * numbers));
    let shapes = [[priors, 4], [priors, 2], [priors, 8]];
    let outputs: Vec<Output<'_>> = shapes.iter().zip(&data).map(|(shape, data)| Output { shape, data }).collect();
    if let Ok(found) = finder.decode(&outputs, [width, height]) {
        assert!(found.len() <= 6 && found.windows(2).all(|pair| pair[0].score >= pair[1].score));
        assert!(found.iter().flat_map(|thing| thing.quad.0).all(|corner| corner.x.is_finite() && corner.y.is_finite()));
    }
}

/// A vote over frames shows a number of a known form, or none.
fn plates(mut bytes: Bytes<'_>) {
    let forms = plate::forms();
    let letters: Vec<String> = "京粤AB09D学".chars().map(String::from).collect();
    let Ok(charset) = Charset::new(letters.iter().map(String::as_str), 0, letters.len() + 1) else { return };
    let mut frames = Vec::new();
    for _ in 0..bytes.byte() % 4 {
        let steps = usize::from(bytes.byte() % 12);
        let data = bytes.numbers(steps * charset.classes());
        let shape = [steps, charset.classes()];
        let output = Output { shape: &shape, data: &data };
        let spell = |form: &Vec<Vec<char>>| spelled(&charset, "likelihood", &output, form, &plate::SEPARATORS);
        frames.push(forms.iter().map(|form| spell(form).ok().flatten()).collect());
    }
    if let Some(voted) = plate::voted(&frames) {
        assert!(voted.frames > 0 && (0.0..=1.0).contains(&voted.agreement), "{voted:?}");
        assert_ne!(voted.number.masked(), voted.number.reveal());
    }
}

/// Lines of any text at any place: `text, 9 numbers, text, ...`, parted by zero bytes.
fn words(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let mut read = Vec::new();
    while let (Some(text), Some(place)) = (parts.next(), parts.next()) {
        let mut place = Bytes(place);
        let mut corner = || Point::new(place.number() * 640.0, place.number() * 360.0);
        let quad: Quad<FrameSpace> = Quad([corner(), corner(), corner(), corner()]);
        let score = Score::new(place.number()).unwrap_or(Score::ZERO);
        read.push(TextLine { quad, text: String::from_utf8_lossy(text).as_ref().into(), score });
    }
    for line in &read {
        let masked = phone::masked(&line.text);
        assert_eq!(masked.chars().count(), line.text.chars().count(), "{masked:?}");
        assert!(phone::numbers(&masked).is_empty(), "{masked:?} still shows a number");
        assert_eq!(ReadText::new(&line.text).masked(), ReadText::new(&line.text).masked());
    }
    let count = read.len();
    let joined = lines::joined(lines::without_twins(read));
    assert!(joined.len() <= count);
    let found = ads::detections(&joined, 640, rules());
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(found.iter().all(|seen| ads::CLASSES.contains(&&*seen.class)));
}

fn rules() -> &'static AdRules {
    static RULES: OnceLock<AdRules> = OnceLock::new();
    RULES.get_or_init(|| {
        let file = |name: &str, text: &str| TextFile { name: name.to_owned(), text: text.to_owned() };
        let city = CityFiles {
            city: Some(file("city.toml", include_str!("../../city/example/city.toml"))),
            holidays: Some(file("holidays.tsv", include_str!("../../city/example/holidays.tsv"))),
            matters: Some(file("matters.tsv", include_str!("../../city/example/matters.tsv"))),
            limits: Some(file("limits.tsv", include_str!("../../city/example/limits.tsv"))),
            grid_cells: Some(file("grid_cells.tsv", include_str!("../../city/example/grid_cells.tsv"))),
            ads: Some(file("ads.toml", include_str!("../../city/example/ads.toml"))),
            vehicles: None,
        };
        let settings = file("xunjie.toml", include_str!("../../xunjie.example.toml"));
        let matter = file("pipelines/stall.toml", include_str!("../../pipelines/stall.toml"));
        let config = Config::check(std::path::Path::new("/srv/xunjie"), &settings, &[matter], &city);
        config.ok().and_then(|config| config.ads).expect("the shipped files are sound")
    })
}

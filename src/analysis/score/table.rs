//! Tests alone: our AP beside the numbers that pycocotools gave for the same boxes, crowds included.

use serde::Deserialize;

use super::{Found, Scene, Truth, curve};
use crate::domain::BBox;

#[derive(Deserialize)]
struct Table {
    want: Vec<Want>,
    scenes: Vec<Row>,
}

#[derive(Deserialize)]
struct Want {
    ap50: f64,
    ap50_95: f64,
}

#[derive(Deserialize)]
struct Row {
    /// Class, box, crowd.
    truths: Vec<(usize, f32, f32, f32, f32, u8)>,
    /// Class, score, box.
    found: Vec<(usize, f32, f32, f32, f32, f32)>,
}

#[test]
fn average_precision_is_that_of_the_trusted_implementation() {
    let table: Table = serde_json::from_str(include_str!("../../../fixtures/score/coco_table.json")).unwrap();
    let scenes: Vec<Scene> = (table.scenes.iter())
        .map(|row| Scene {
            truths: (row.truths.iter())
                .map(|&(class, x0, y0, x1, y1, crowd)| Truth {
                    class,
                    bbox: BBox::new(x0, y0, x1, y1),
                    ignored: crowd == 1,
                })
                .collect(),
            found: (row.found.iter())
                .map(|&(class, score, x0, y0, x1, y1)| Found { class, score, bbox: BBox::new(x0, y0, x1, y1) })
                .collect(),
        })
        .collect();
    assert!(scenes.iter().flat_map(|s| &s.truths).any(|t| t.ignored), "the table has crowds");
    for (class, want) in table.want.iter().enumerate() {
        let ap50 = curve::of_boxes(&scenes, class, 0.5).ap().unwrap();
        let ap50_95 = curve::ap50_95(&scenes, class).unwrap();
        assert!((ap50 - want.ap50).abs() < 1e-6, "class {class}: AP50 {ap50}, want {}", want.ap50);
        assert!((ap50_95 - want.ap50_95).abs() < 1e-6, "class {class}: AP50-95 {ap50_95}, want {}", want.ap50_95);
    }
}

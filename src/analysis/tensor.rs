//! Pixels as a graph wants them, at the size that they have: for graphs that take any size. What must be scaled goes
//! through `letterbox`. Pure.

use super::letterbox::{ColourOrder, TensorFormat, TensorLayout};

/// Appends the tensor of one picture of `width` x `height` to `tensor`: `value * scale`, less the mean, over the deviation.
/// `rgb` gives a pixel by column and row, 0..=255, or `None` where the picture ends; there stands the format's filling.
///
/// Width and height of `format` are not looked at.
pub fn append(
    format: &TensorFormat,
    [width, height]: [usize; 2],
    rgb: impl Fn(usize, usize) -> Option<[f32; 3]>,
    tensor: &mut Vec<f32>,
) {
    let start = tensor.len();
    tensor.resize(start + 3 * width * height, 0.0);
    let target = &mut tensor[start..];
    let normal = |channel: usize, value: f32| (value * format.scale - format.mean[channel]) / format.std[channel];
    for y in 0..height {
        for x in 0..width {
            let rgb = rgb(x, y).unwrap_or([format.pad; 3]);
            for channel in 0..3 {
                let source = match format.colour {
                    ColourOrder::Rgb => channel,
                    ColourOrder::Bgr => 2 - channel,
                };
                let at = match format.layout {
                    TensorLayout::Nchw => (channel * height + y) * width + x,
                    TensorLayout::Nhwc => (y * width + x) * 3 + channel,
                };
                target[at] = normal(channel, rgb[source]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::letterbox::Placement;

    #[test]
    fn channels_follow_the_order_and_the_rest_is_filled() {
        let format = |layout, colour| TensorFormat {
            width: 0,
            height: 0,
            layout,
            colour,
            scale: 0.5,
            mean: [1.0, 2.0, 3.0],
            std: [1.0, 2.0, 4.0],
            pad: 10.0,
            placement: Placement::TopLeft,
        };
        let rgb = |x: usize, _| (x == 0).then_some([20.0, 40.0, 60.0]);
        let mut tensor = vec![7.0];
        append(&format(TensorLayout::Nchw, ColourOrder::Bgr), [2, 1], rgb, &mut tensor);
        assert_eq!(tensor, [7.0, 29.0, 4.0, 9.0, 1.5, 1.75, 0.5]);
        tensor.clear();
        append(&format(TensorLayout::Nhwc, ColourOrder::Rgb), [2, 1], rgb, &mut tensor);
        assert_eq!(tensor, [9.0, 9.0, 6.75, 4.0, 1.5, 0.5]);
    }
}

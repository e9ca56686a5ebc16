//! How a detector's graph says how the patches of a picture look, and which matters may ask it what is new.

use super::Manifest;
use crate::{
    analysis::{
        decode::{DecodeError, Output},
        letterbox::{Letterbox, TensorFormat},
        newness::PatchGrid,
    },
    domain::{Matter, Newness},
    infer::InferError,
};

/// Tokens of patches inside of a detector's graph.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchesSpec {
    /// Name of the tensor `[1, leading + patches, numbers]`.
    pub tensor: String,
    /// Side of a patch in pixels of the input.
    pub patch_px: u32,
    /// Tokens before the patches.
    pub leading_tokens: u32,
}

impl PatchesSpec {
    /// The patches that show the picture and not the filled rest, from the tensor of one picture.
    ///
    /// # Errors
    /// [`DecodeError`] when the tensor is not what the manifest describes.
    pub fn read(
        &self,
        output: &Output<'_>,
        letterbox: &Letterbox,
        format: &TensorFormat,
    ) -> Result<PatchGrid, DecodeError> {
        let whole = [format.width, format.height].map(|side| (side / self.patch_px) as usize);
        let leading = self.leading_tokens as usize;
        let tokens = leading + whole[0] * whole[1];
        let length = output.shape.last().copied().unwrap_or(0);
        let fault = || DecodeError::Shape {
            name: self.tensor.clone(),
            got: output.shape.to_vec(),
            numbers: output.data.len(),
            want: [tokens, length.max(1)],
        };
        if output.shape != [tokens, length] || length == 0 || output.data.len() != tokens * length {
            return Err(fault());
        }
        let shown = |axis: usize| {
            let px = letterbox.scaled()[axis] as usize;
            ((px + self.patch_px as usize / 2) / self.patch_px as usize).clamp(1, whole[axis])
        };
        let (columns, rows) = (shown(0), shown(1));
        let row = |row: usize| (0..columns).map(move |column| leading + row * whole[0] + column);
        let looks: Vec<&[f32]> =
            (0..rows).flat_map(row).map(|at| &output.data[at * length..(at + 1) * length]).collect();
        let frame = letterbox.frame();
        let patch_px = [0, 1].map(|axis| (self.patch_px * frame[axis]) as f32 / letterbox.scaled()[axis] as f32);
        PatchGrid::new(frame, [columns, rows], patch_px, &looks).ok_or_else(fault)
    }
}

impl Manifest {
    /// Whether the model can say what is new for the matter.
    ///
    /// # Errors
    /// [`InferError::Model`] when it does not say how patches look, or lacks a class that the matter wants known.
    pub fn compares(&self, matter: &Matter, newness: &Newness) -> Result<(), InferError> {
        let spec = self.detector()?;
        if let Some(class) = newness.known.iter().find(|class| !spec.classes.contains(class)) {
            let text = format!(
                "has no class {class}, which [newness] known of matter {} names; it has {}",
                matter.key,
                spec.classes.join(", ")
            );
            return Err(InferError::Model(self.name.clone(), text));
        }
        if spec.patches.is_some() {
            return Ok(());
        }
        let text = format!(
            "says nothing of patches, which [newness] of matter {} needs; name their tensor in [detector.patches] of {}",
            matter.key, newness.model
        );
        Err(InferError::Model(self.name.clone(), text))
    }
}

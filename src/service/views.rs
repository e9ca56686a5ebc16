//! Views: what is looked for on them and how often.

use super::{Faults, Service, ServiceError, Want, streams::check_revisit};
use crate::domain::{Caller, LookReport, Stream, Thing, View, ViewId, Zone};

/// What a person changes about a view; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct ChangeView {
    /// Name for people.
    pub name: Option<String>,
    /// What is looked for.
    pub matters: Option<Vec<String>>,
    /// Overrides the matters' revisit target, in seconds; `Some(None)` takes the override away.
    pub revisit_s: Option<Option<u32>>,
    /// Share of a short budget.
    pub weight: Option<f32>,
}

impl Service {
    /// One view with its stream and zones.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn view(&self, id: ViewId) -> Result<(View, Stream, Vec<Zone>), ServiceError> {
        let registry = self.registry()?;
        let view =
            registry.views.into_iter().find(|v| v.id == id).ok_or_else(|| ServiceError::missing(Thing::View, id))?;
        let stream = registry.streams.into_iter().find(|s| s.id == view.stream);
        let stream = stream.ok_or_else(|| ServiceError::missing(Thing::Stream, view.stream))?;
        let zones = registry.zones.into_iter().filter(|zone| zone.view == id).collect();
        Ok((view, stream, zones))
    }

    /// Changes a view.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is none.
    pub fn change_view(&self, id: ViewId, change: &ChangeView, actor: &str) -> Result<View, ServiceError> {
        let (mut view, _, _) = self.view(id)?;
        let mut faults = Faults::default();
        if let Some(name) = &change.name {
            view.name = faults.name("name", name, 200);
        }
        if let Some(matters) = &change.matters {
            view.matters = faults.matters("matters", matters, |key| self.config.matters.contains_key(key));
        }
        if let Some(revisit_s) = change.revisit_s {
            check_revisit(&mut faults, revisit_s);
            view.revisit_s = revisit_s;
        }
        if let Some(weight) = change.weight {
            if !(0.01..=100.0).contains(&weight) {
                faults.add("weight", &weight.to_string(), Want::Weight);
            }
            view.weight = weight;
        }
        faults.none()?;
        self.store.put_view(&view, self.now(), actor)?;
        Ok(view)
    }

    /// The reference picture of a view: media type and bytes. What is not masked is audited.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such view, it has no reference yet, or none that is masked: the next
    /// look at the view makes the masked copy. [`ServiceError::Unmasked`] where the caller may not see the original;
    /// [`ServiceError::Folder`] where the file cannot be read.
    pub fn reference_picture(
        &self,
        id: ViewId,
        original: bool,
        by: &Caller,
    ) -> Result<(&'static str, Vec<u8>), ServiceError> {
        let reference = self.view(id)?.0.reference.ok_or_else(|| ServiceError::missing(Thing::Reference, id))?;
        if original && !by.may_unmask {
            return Err(ServiceError::Unmasked(format!("reference picture {} of view {id}", reference.version)));
        }
        let masked = reference.masked_file();
        let is_there = self.data().join(&masked).exists();
        if !original && !is_there && !by.may_unmask {
            return Err(ServiceError::missing(Thing::ReferenceMasked, id));
        }
        let file = if original || !is_there {
            let detail = serde_json::json!({"version": reference.version});
            self.store.audit(self.now(), &by.name, "reference.unmasked", &id.to_string(), &detail)?;
            &reference.file
        } else {
            &masked
        };
        let bytes = self.picture_below_data(file)?;
        Ok((if bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" }, bytes))
    }

    /// The latest looks at a view, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such view.
    pub fn looks(&self, id: ViewId, limit: u32) -> Result<Vec<LookReport>, ServiceError> {
        self.view(id)?;
        Ok(self.store.looks(id, limit.clamp(1, 500))?)
    }
}

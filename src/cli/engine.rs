//! Puts the parts of the patrol together: models, streams, memory. Used by `serve` and `replay`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use anyhow::Context;

use crate::{
    infer::{Detector, catalogue::Catalogue},
    media::{
        FrameSource,
        gst::{GstConfig, GstSource},
        sessions::{PoolConfig, SessionPool},
    },
    patrol::{keep::Keep, scenes::Scenes, spine::Spine},
    service::Service,
};

/// The detectors that the configured matters name, each with its own threads.
pub(super) fn detectors(service: &Service) -> anyhow::Result<BTreeMap<String, Arc<dyn Detector>>> {
    let settings = &service.config.settings;
    let catalogue = Catalogue::load(&settings.folders.models)?;
    let mut detectors = BTreeMap::new();
    for matter in service.config.matters.values() {
        catalogue.manifest(&matter.model)?.serves(matter)?;
        if !detectors.contains_key(&matter.model) {
            let detector = catalogue
                .detector(&matter.model, settings.patrol.infer_threads)
                .with_context(|| format!("matter {} cannot be judged", matter.key))?;
            detectors.insert(matter.model.clone(), detector);
        }
    }
    Ok(detectors)
}

/// A source of live streams and recordings.
pub(super) fn live_source(service: &Service) -> anyhow::Result<GstSource> {
    let config = GstConfig { networks: service.config.settings.networks.clone(), ..GstConfig::default() };
    Ok(GstSource::new(config, service.clock.clone())?)
}

/// The spine over an open service. `keep_open_max`: views visited at least this often keep their session.
pub(super) fn spine(service: &Service, source: Arc<dyn FrameSource>, keep_open_max: Duration) -> anyhow::Result<Spine> {
    let sessions = SessionPool::new(
        source,
        PoolConfig { open_max: service.config.settings.patrol.open_sessions_max, ..PoolConfig::default() },
        service.clock.clone(),
    );
    Ok(Spine {
        config: service.config.clone(),
        clock: service.clock.clone(),
        store: service.store.clone(),
        evidence: service.evidence.clone(),
        sessions,
        detectors: detectors(service)?,
        scenes: Scenes::new(service.store.clone(), service.data()),
        keep: Keep::new(service.data().join("kept")),
        keep_open_max,
        decode_ns: AtomicU64::new(0),
        thinned: AtomicBool::new(false),
        chain: Mutex::new(()),
    })
}

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
    domain::Matter,
    infer::{Detector, catalogue::Catalogue},
    media::{
        FrameSource,
        gst::{GstConfig, GstSource},
        sessions::{PoolConfig, SessionPool},
    },
    patrol::{keep::Keep, scenes::Scenes, second_look::Verifier, spine::Spine},
    service::Service,
};

/// At most one in so many workers is busy with a camera that failed when it was last tried.
const RETRIES_SHARE: usize = 4;

/// The models that the configured matters name.
pub(super) struct Eyes {
    /// Those that propose and scan.
    pub detectors: BTreeMap<String, Arc<dyn Detector>>,
    /// Those that look again.
    pub verifiers: BTreeMap<String, Verifier>,
}

/// The models that the configured matters name, each with its own threads.
pub(super) fn eyes(service: &Service) -> anyhow::Result<Eyes> {
    let settings = &service.config.settings;
    let catalogue = Catalogue::load(&settings.folders.models)?.with_ads(service.config.ads.clone());
    let mut eyes = Eyes { detectors: BTreeMap::new(), verifiers: BTreeMap::new() };
    let detector = |name: &str, matter: &Matter| {
        let detector = catalogue.detector(name, settings.patrol.infer_threads);
        detector.with_context(|| format!("matter {} cannot be judged", matter.key))
    };
    for matter in service.config.matters.values() {
        catalogue.manifest(&matter.model)?.serves(matter)?;
        let scan = matter.scan.as_ref().map(|scan| &scan.model);
        if let Some(scan) = scan {
            catalogue.manifest(scan)?.scans(matter)?;
        }
        for name in [Some(&matter.model), scan].into_iter().flatten() {
            if !eyes.detectors.contains_key(name) {
                eyes.detectors.insert(name.clone(), detector(name, matter)?);
            }
        }
        if let Some(verify) = &matter.verify
            && !eyes.verifiers.contains_key(&verify.model)
        {
            let fusion = catalogue.manifest(&verify.model)?.verifies(matter, verify)?;
            let spec = catalogue.manifest(&verify.model)?.detector()?;
            let unseen = spec.classes.iter().map(|class| (class.clone(), spec.unseen(class))).collect();
            let detector = detector(&verify.model, matter)?;
            eyes.verifiers.insert(verify.model.clone(), Verifier { detector, fusion, unseen });
        }
    }
    Ok(eyes)
}

/// A source of live streams and recordings.
pub(super) fn live_source(service: &Service) -> anyhow::Result<GstSource> {
    let (settings, cameras) = (&service.config.settings, service.config.settings.cameras);
    let config = GstConfig {
        networks: settings.networks.clone(),
        connect_within: cameras.connect_timeout,
        stall_after: cameras.stall_after,
        ..GstConfig::default()
    };
    Ok(GstSource::new(config, service.clock.clone())?)
}

/// The spine over an open service. `keep_open_max`: views visited at least this often keep their session.
pub(super) fn spine(service: &Service, source: Arc<dyn FrameSource>, keep_open_max: Duration) -> anyhow::Result<Spine> {
    let (patrol, cameras) = (service.config.settings.patrol, service.config.settings.cameras);
    let limits = PoolConfig {
        open_max: patrol.open_sessions_max,
        // Most workers stay free for cameras that answer.
        retries_max: (patrol.look_workers / RETRIES_SHARE).max(1),
        backoff_first: cameras.retry_first,
        backoff_max: cameras.retry_max,
        backoff_refused: cameras.retry_refused,
    };
    let sessions = SessionPool::new(source, limits, service.clock.clone());
    let Eyes { detectors, verifiers } = eyes(service)?;
    Ok(Spine {
        config: service.config.clone(),
        clock: service.clock.clone(),
        store: service.store.clone(),
        evidence: service.evidence.clone(),
        sessions,
        detectors,
        verifiers,
        scenes: Scenes::new(service.store.clone(), service.data()),
        keep: Keep::new(service.data().join("kept")),
        keep_open_max,
        decode_ns: AtomicU64::new(0),
        thinned: AtomicBool::new(false),
        chain: Mutex::new(()),
    })
}

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
    analysis::verify::Fusion,
    domain::{Matter, PlateReading, Unable, Verify},
    infer::{
        ComparisonHead, Detector, InferError, catalogue::Catalogue, manifest::Manifest, pool::PoolSettings,
        text::Plates,
    },
    media::{
        FrameSource,
        gst::{GstConfig, GstSource},
        sessions::{PoolConfig, SessionPool},
    },
    patrol::{
        keep::Keep,
        scenes::Scenes,
        second_look::Verifier,
        shadow::{ShadowBench, Tried, WhenFull},
        spine::Spine,
    },
    service::{SHADOW_FOLDER, Service},
};

/// At most one in so many workers is busy with a camera that failed when it was last tried.
const RETRIES_SHARE: usize = 4;

/// Models by the names that matters call them by.
type Detectors = BTreeMap<String, Arc<dyn Detector>>;

/// The models that the configured matters name.
#[derive(Default)]
pub(super) struct Eyes {
    /// Those that propose, scan, and find who must be hidden.
    pub detectors: Detectors,
    /// Those that say what is new.
    pub heads: BTreeMap<String, Arc<dyn ComparisonHead>>,
    /// Those that look again.
    pub verifiers: BTreeMap<String, Verifier>,
    /// Those that read plates.
    pub plates: BTreeMap<String, Plates>,
    /// New models that are tried beside the matters' own.
    pub shadows: Tried,
    /// Matters that cannot be judged without what is missing here.
    pub unable: Vec<Unable>,
}

/// The models that the configured matters name, each with its own threads. A matter whose model cannot be loaded is set
/// aside with the reason; the others go on.
///
/// # Errors
/// A pipeline that its model's manifest contradicts, and no matter left that can be judged.
pub(super) fn eyes(service: &Service) -> anyhow::Result<Eyes> {
    let settings = &service.config.settings;
    let catalogue = Catalogue::load(&settings.folders.models)?.with_ads(service.config.ads.clone());
    let mut eyes = Eyes::default();
    let mut tried: BTreeMap<String, Result<Arc<dyn Detector>, InferError>> = BTreeMap::new();
    let mut load = |name: &str| {
        let made = || catalogue.detector(name, settings.patrol.infer_threads);
        tried.entry(name.to_owned()).or_insert_with(made).clone()
    };
    compares_one_way(service)?;
    let mut first = None;
    for matter in service.config.matters.values() {
        let fusion = fits(&catalogue, matter)?;
        let models = models_of(matter, &mut load).and_then(|models| {
            eyes.add_head(&catalogue, matter, &models, settings.patrol.infer_threads)?;
            Ok(models)
        });
        match models {
            Ok(models) => eyes.detectors.extend(models),
            Err(error) => {
                let why = why_unable(&catalogue, service.config.ads.is_none(), &error);
                eyes.unable.push(Unable { matter: matter.key.clone(), why });
                first.get_or_insert((matter, error));
                continue;
            }
        }
        if let Some(plate) = &matter.plate
            && let Err(why) = eyes.add_plates(service, &catalogue, plate)
        {
            eyes.unable.push(Unable { matter: matter.key.clone(), why });
            continue;
        }
        // A new model that cannot be loaded costs its trial and nothing else.
        if let Err(error) = eyes.add_shadow(&catalogue, matter) {
            tracing::warn!(matter = %matter.key, %error, "the new model is not tried; the old one judges as before");
        }
        if let Some((verify, fusion)) = matter.verify.as_ref().zip(fusion)
            && !eyes.verifiers.contains_key(&verify.model)
        {
            let detector = load(&verify.model)?;
            eyes.verifiers.insert(verify.model.clone(), verifier(&catalogue, &verify.model, detector, fusion)?);
        }
    }
    match first {
        Some((matter, error)) if eyes.unable.len() == service.config.matters.len() => {
            Err(error).with_context(|| format!("matter {} cannot be judged", matter.key))
        }
        _ => Ok(eyes),
    }
}

/// A look compares a view with its reference picture once, for all matters that are about what is new.
fn compares_one_way(service: &Service) -> anyhow::Result<()> {
    let asked = || service.config.matters.values().filter_map(|matter| Some((&matter.key, matter.newness.as_ref()?)));
    let models: Vec<_> = asked().map(|(key, newness)| (key, &newness.model)).collect();
    let heads: Vec<_> = asked().filter_map(|(key, newness)| Some((key, &newness.head.as_ref()?.model))).collect();
    for (named, what) in [(models, "model"), (heads, "head")] {
        let mut named = named.into_iter();
        if let Some((first, model)) = named.next()
            && let Some((other, another)) = named.find(|(_, another)| *another != model)
        {
            anyhow::bail!(
                "[newness] of matter {first} names {model} and of {other} {another}; name one {what} in both pipelines"
            );
        }
    }
    Ok(())
}

impl Eyes {
    /// Loads the head that says what is new for a matter; `models` are those that the matter names.
    fn add_head(
        &mut self,
        catalogue: &Catalogue,
        matter: &Matter,
        models: &Detectors,
        threads: usize,
    ) -> Result<(), InferError> {
        for newness in matter.comparisons() {
            if let Some((head, detector)) = newness.head.as_ref().zip(models.get(&newness.model))
                && !self.heads.contains_key(&head.model)
            {
                self.heads.insert(head.model.clone(), catalogue.head(&head.model, &**detector, threads)?);
            }
        }
        Ok(())
    }

    /// Loads the new models that a matter tries.
    fn add_shadow(&mut self, catalogue: &Catalogue, matter: &Matter) -> Result<(), InferError> {
        let Some(shadow) = &matter.shadow else { return Ok(()) };
        if let Some(name) = shadow.model.as_ref().filter(|name| !self.shadows.detectors.contains_key(*name)) {
            let detector = catalogue.detector_with(name, PoolSettings::lowest())?;
            self.shadows.detectors.insert(name.clone(), detector);
        }
        if let Some((name, fusion)) = shadow.verifier.as_ref().zip(shadow_fusion(catalogue, matter)?)
            && !self.shadows.verifiers.contains_key(name)
        {
            let detector = catalogue.detector_with(name, PoolSettings::lowest())?;
            self.shadows.verifiers.insert(name.clone(), verifier(catalogue, name, detector, fusion)?);
        }
        Ok(())
    }

    /// Loads the reader of plates; why it cannot be used, in words.
    fn add_plates(&mut self, service: &Service, catalogue: &Catalogue, plate: &PlateReading) -> Result<(), String> {
        if service.config.vehicles.is_empty() {
            return Err("城市目录里没有备案车辆 vehicles.tsv，读到的号牌无从核对；补上后重启服务".to_owned());
        }
        if !self.plates.contains_key(&plate.model) {
            let made = catalogue.plates(&plate.model).map_err(|error| why_unable(catalogue, false, &error))?;
            self.plates.insert(plate.model.clone(), made);
        }
        Ok(())
    }
}

/// Whether pipeline and manifests fit each other; how the verifier's score joins the proposal's, where there is one.
fn fits(catalogue: &Catalogue, matter: &Matter) -> anyhow::Result<Option<Fusion>> {
    let manifest = catalogue.manifest(&matter.model)?;
    manifest.serves(matter)?;
    match &matter.hide_by {
        Some(name) => catalogue.manifest(name)?.hides(matter)?,
        None => manifest.hides(matter)?,
    }
    if let Some(plate) = &matter.plate {
        catalogue.manifest(&plate.model)?.plate_detection()?;
    }
    for newness in matter.comparisons() {
        let section = if matter.newness.as_ref() == Some(newness) { "newness" } else { "verify.newness" };
        let at = || format!("pipelines/{}.toml, [{section}]", matter.key);
        let compares = |manifest: &Manifest| manifest.compares(matter, newness);
        catalogue.manifest(&newness.model).and_then(compares).with_context(at)?;
        if let Some(head) = &newness.head {
            let tells = |manifest: &Manifest| manifest.tells(matter, newness, head);
            catalogue.manifest(&head.model).and_then(tells).with_context(at)?;
        }
    }
    if let Some(shadow) = &matter.shadow {
        let at = || format!("pipelines/{}.toml, [shadow]", matter.key);
        if let Some(name) = &shadow.model {
            catalogue.manifest(name).and_then(|manifest| manifest.serves(matter)).with_context(at)?;
        }
        shadow_fusion(catalogue, matter).with_context(at)?;
    }
    if let Some(scan) = &matter.scan {
        catalogue.manifest(&scan.model)?.scans(matter)?;
    }
    let verify = |verify: &Verify| anyhow::Ok(catalogue.manifest(&verify.model)?.verifies(matter, verify)?);
    matter.verify.as_ref().map(verify).transpose()
}

/// A verifier with what its manifest says about its scores.
fn verifier(
    catalogue: &Catalogue,
    name: &str,
    detector: Arc<dyn Detector>,
    fusion: Fusion,
) -> Result<Verifier, InferError> {
    let manifest = catalogue.manifest(name)?;
    Ok(Verifier { detector, fusion, unseen: manifest.unseen()?, tells_crops: manifest.few_shot().is_ok() })
}

/// How the score of the new verifier that is tried joins the proposal's, where there is one.
fn shadow_fusion(catalogue: &Catalogue, matter: &Matter) -> Result<Option<Fusion>, InferError> {
    let new = matter.shadow.as_ref().and_then(|shadow| shadow.verifier.as_ref());
    let Some((name, verify)) = new.zip(matter.verify.as_ref()) else { return Ok(None) };
    let verify = Verify { model: name.clone(), newness_min: None, newness: None, ..verify.clone() };
    catalogue.manifest(name)?.verifies(matter, &verify).map(Some)
}

/// Every model that proposes, scans or hides for the matter; its verifier must load, too.
fn models_of(
    matter: &Matter,
    load: &mut impl FnMut(&str) -> Result<Arc<dyn Detector>, InferError>,
) -> Result<Detectors, InferError> {
    if let Some(verify) = &matter.verify {
        load(&verify.model)?;
    }
    let scan = matter.scan.as_ref().map(|scan| &scan.model);
    let compared = matter.comparisons().map(|newness| &newness.model);
    let names = [Some(&matter.model), scan, matter.hide_by.as_ref()].into_iter().flatten().chain(compared);
    names.map(|name| Ok((name.clone(), load(name)?))).collect()
}

/// Why a matter cannot be judged, in words, with what helps.
fn why_unable(catalogue: &Catalogue, has_no_ads: bool, error: &InferError) -> String {
    let InferError::Model(name, text) = error else { return error.to_string() };
    let manifest = catalogue.manifest(name).ok();
    let reads = manifest.is_some_and(|manifest| manifest.text_detection().is_ok());
    if reads && has_no_ads {
        return "城市目录里没有 ads.toml，读到的文字无从判断；补上后重启服务".to_owned();
    }
    match manifest.map(Manifest::weight_path) {
        Some(path) if !path.exists() => format!("缺少模型 {name} 的权重文件；运行 script/setup 取得后重启服务"),
        _ => format!("模型 {name} 不能使用：{text}"),
    }
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

/// The spine over an open service. `keep_open_max`: views visited at least this often keep their session; `when_full`: what a
/// look does when new models that are tried are behind.
pub(super) fn spine(
    service: &Service,
    source: Arc<dyn FrameSource>,
    keep_open_max: Duration,
    when_full: WhenFull,
) -> anyhow::Result<Spine> {
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
    let Eyes { detectors, heads, verifiers, plates, shadows, unable } = eyes(service)?;
    for Unable { matter, why } in &unable {
        tracing::warn!(%matter, why, "the matter is not judged; the others are");
    }
    let mut config = (*service.config).clone();
    config.matters.retain(|key, _| unable.iter().all(|one| one.matter != *key));
    let config = Arc::new(config);
    let bench = |shadows: Tried| {
        let folder = service.data().join(SHADOW_FOLDER);
        ShadowBench::start(shadows, service.store.clone(), config.clone(), folder, when_full)
    };
    let shadow = (!shadows.is_empty()).then(|| bench(shadows)).transpose()?;
    Ok(Spine {
        config,
        unable,
        clock: service.clock.clone(),
        store: service.store.clone(),
        evidence: service.evidence.clone(),
        sessions,
        detectors,
        verifiers,
        heads,
        shadow,
        plates,
        scenes: Scenes::new(service.store.clone(), service.data()),
        keep: Keep::new(service.data().join("kept")),
        keep_open_max,
        decode_ns: AtomicU64::new(0),
        thinned: AtomicBool::new(false),
        chain: Mutex::new(()),
    })
}

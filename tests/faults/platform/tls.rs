//! TLS towards the platform, with a real handshake: whoever cannot prove that it is the platform gets nothing, the
//! reason is one that a person can act on, and the deliveries wait.

use std::{fs, path::Path, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};
use url::Url;
use xunjie::{
    config::{Config, MediaMode, Outlet, Platform},
    deliver::{self, CaseSink, HttpSink, Media, SinkError, Trust},
    store::Store,
};

use crate::{
    simulator::Platform as Simulator,
    world::{World, key},
};

/// The city's own authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a server proves itself with.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "the city's own authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn identity(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let pair = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&pair, &self.0).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(pair.serialize_der().into()))
    }
}

fn self_signed(name: &str) -> Identity {
    let pair = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&pair).unwrap();
    (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(pair.serialize_der().into()))
}

/// Ends TLS before the simulator. Returns its address by name.
fn front(runtime: &Runtime, platform: &Simulator, (chain, private): Identity) -> Url {
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = platform.url.socket_addrs(|| None).unwrap()[0];
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let Ok(mut behind) = tokio::net::TcpStream::connect(behind).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    Url::parse(&format!("https://localhost:{port}/")).unwrap()
}

#[test]
fn whoever_cannot_prove_to_be_the_platform_gets_nothing_and_the_reason_helps() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (world, platform, authority) = (World::new(), Simulator::start(), Authority::new());
    let case = world.confirmed_case("car");
    let ca_file = world.folder.path().join("city-ca.pem");
    fs::write(&ca_file, authority.0.pem()).unwrap();
    let own = Trust::read(&ca_file).unwrap();
    let tried = |url: Url, trust: &Trust| {
        let sink = HttpSink::new(url, key(), world.packer(Media::Inline), Duration::from_secs(10), world.clock.clone());
        sink.trusting(trust).deliver(&world.parcel(&case, 0))
    };
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    };
    let of_tomorrow = |params: &mut CertificateParams| params.not_before = date_time_ymd(2090, 1, 1);
    let good = || authority.identity("localhost", |_| {});
    let http = platform.url.as_str().replace("http://127.0.0.1", "https://localhost");
    for (what, url, trust, said) in [
        ("self-signed", front(&runtime, &platform, self_signed("localhost")), &own, "signed by nobody who is trusted"),
        ("an authority that the public does not know", front(&runtime, &platform, good()), &Trust::Public, "ca_file"),
        ("another name", front(&runtime, &platform, authority.identity("other.example", |_| {})), &own, "another name"),
        ("expired", front(&runtime, &platform, authority.identity("localhost", expired)), &own, "has expired"),
        (
            "of tomorrow",
            front(&runtime, &platform, authority.identity("localhost", of_tomorrow)),
            &own,
            "not valid yet",
        ),
        ("no TLS at all", Url::parse(&http).unwrap(), &own, "does not speak TLS"),
    ] {
        let Err(SinkError::Unavailable(why)) = tried(url, trust) else { panic!("{what}: it was not refused") };
        assert!(why.contains(said), "{what}: {why}");
        println!("refused: {what}: {why}");
    }
    assert!(platform.report().cases.is_empty(), "nobody got anything");

    let url = front(&runtime, &platform, good());
    let receipt = tried(url.clone(), &own).unwrap();
    assert!(receipt.platform_number.is_some(), "the city's own authority is believed when it is named");

    // The same by the settings: ca_file is read where the outlet is opened.
    let secret_file = world.folder.path().join("secret");
    fs::write(&secret_file, crate::world::SECRET).unwrap();
    let settings = Platform {
        outlet: Outlet::Http { url: url.clone(), key_id: "city".into(), secret_file, ca_file: Some(ca_file) },
        media: MediaMode::Inline,
        public_url: None,
        timeout: Duration::from_secs(10),
        attempts_max: 2,
        backoff_base: Duration::from_secs(1),
        backoff_max: Duration::from_secs(1),
        parallel_max: 4,
    };
    let city = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap().city;
    let sink = deliver::open(&settings, &city, world.read_bundle(), world.clock.clone()).unwrap();
    assert!(sink.deliver(&world.parcel(&case, 0)).unwrap().repeated, "it is the same message");

    // Through the courier: a certificate that expired pauses the platform; a new one ends the pause.
    let courier_to = |url: Url| {
        let sink = HttpSink::new(url, key(), world.packer(Media::Inline), Duration::from_secs(10), world.clock.clone());
        world.courier(Arc::new(sink.trusting(&own)), 2)
    };
    let stale = courier_to(front(&runtime, &platform, authority.identity("localhost", expired)));
    for _ in 0..5 {
        stale.run_once(world.clock.now()).unwrap();
        std::thread::sleep(Duration::from_millis(70));
    }
    assert_eq!(world.states(&case), ["pending"], "it waits, although two tries were allowed");
    assert!(world.store.platform_pause().unwrap().unwrap().why.contains("has expired"));
    let began = std::time::Instant::now();
    crate::world::run_until(&courier_to(url), &*world.clock, || world.states(&case) == ["delivered"]);
    assert_eq!(world.store.platform_pause().unwrap(), None);
    println!("recovered: certificate expired: {:.2} s (after it was renewed)", began.elapsed().as_secs_f64());
}

#[test]
fn an_authority_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty) = (folder.path().join("missing.pem"), folder.path().join("empty.pem"));
    fs::write(&empty, "no certificate").unwrap();
    for (file, said) in [(missing, "platform.ca_file"), (empty, "holds no certificate")] {
        let refused = Trust::read(&file).unwrap_err().to_string();
        assert!(refused.contains(said) && refused.contains(".pem"), "{refused}");
    }
    let settings = format!(
        "[platform]\nurl = \"https://127.0.0.1:9\"\nkey_id = \"city\"\nsecret_file = \"{0}/secret\"\nca_file = \"{0}/no.pem\"\n",
        folder.path().display()
    );
    fs::write(folder.path().join("secret"), crate::world::SECRET).unwrap();
    let deployment = crate::street::Deployment::new("ca_file", &settings);
    for command in ["serve", "doctor"] {
        let output = deployment.xunjie().arg(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("no.pem"), "{command}: {said}");
    }
}

//! A real RTSP camera for demos and tests: plays an annex-B clip for ever over RTSP (TCP and UDP), with
//! basic or digest authentication. Prints `ready rtsp://...` once for each mount. Not for production.
//!
//! Lines on its standard input make it fall ill and well again while it plays (`camera_ills/mod.rs` lists them).
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod camera_ills;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::{glib, gst, gst_rtsp, prelude::*};

use camera_ills::Ills;

/// Plays a clip for ever as an RTSP camera.
#[derive(Parser)]
struct Options {
    /// Address to listen on, as 127.0.0.1:8554.
    #[arg(long, default_value = "127.0.0.1:8554")]
    listen: String,
    /// Path of the camera; with --count above 1 a number is added.
    #[arg(long, default_value = "/cam")]
    path: String,
    /// Annex-B file without B frames, .h264 or .h265 (B frames cannot be stamped from it); or VP8 in .ivf, as a camera that cannot be used.
    #[arg(long)]
    clip: PathBuf,
    /// Frames a second of the clip.
    #[arg(long, default_value_t = 25)]
    fps: u32,
    /// User name that the camera asks for.
    #[arg(long, requires = "password")]
    user: Option<String>,
    /// Password that the camera asks for.
    #[arg(long, requires = "user")]
    password: Option<String>,
    /// How the camera asks.
    #[arg(long, value_enum, default_value_t = Auth::Digest)]
    auth: Auth,
    /// Refuse RTP over TCP.
    #[arg(long, conflicts_with = "tcp_only")]
    udp_only: bool,
    /// Refuse RTP over UDP.
    #[arg(long)]
    tcp_only: bool,
    /// How many cameras to mount.
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// Run from the start and for ever, so that a client joins in the middle of a group of pictures, as with a real
    /// camera; otherwise a camera begins at a key frame when its first client comes.
    #[arg(long, conflicts_with_all = ["user", "udp_only"])]
    running: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Auth {
    Basic,
    Digest,
}

fn main() -> ExitCode {
    match serve(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("street_camera: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> anyhow::Result<()> {
    gst::init()?;
    let (host, port) = options.listen.rsplit_once(':').context("--listen is written as 127.0.0.1:8554")?;
    let server = rtsp::RTSPServer::new();
    server.set_address(host);
    server.set_service(port);
    if let (Some(user), Some(password)) = (&options.user, &options.password) {
        server.set_auth(Some(&sign_in(options.auth, user, password)));
    }
    let mounts = server.mount_points().context("the server has no mount points")?;
    let ills = Arc::new(Ills::new(u64::from(options.fps.max(1))));
    let paths: Vec<String> = match options.count {
        1 => vec![options.path.clone()],
        count => (0..count).map(|i| format!("{}{i}", options.path)).collect(),
    };
    let mut factories = Vec::new();
    for path in &paths {
        let factory = camera(options, &ills)?;
        mounts.add_factory(path, factory.clone());
        factories.push(factory);
    }
    let main_loop = glib::MainLoop::new(None, false);
    let _attached = server.attach(None).context("the address is in use")?;
    let addresses = paths.iter().map(|path| format!("rtsp://{host}:{}{path}", server.bound_port()));
    let watchers: Vec<gst::Element> =
        addresses.clone().filter(|_| options.running).map(|address| watch(&address)).collect::<Result<_, _>>()?;
    for address in addresses {
        println!("ready {address}");
    }
    let (user, auth) = (options.user.clone(), options.auth);
    let sign = move |password: &str| Some(sign_in(auth, user.as_deref()?, password));
    camera_ills::listen(ills, server, factories, sign, launch);
    main_loop.run();
    drop(watchers);
    Ok(())
}

/// A client that never goes.
fn watch(address: &str) -> anyhow::Result<gst::Element> {
    let client = format!("rtspsrc location={address} protocols=tcp latency=0 ! fakesink sync=false async=false");
    let watching = gst::parse::launch(&client)?;
    watching.set_state(gst::State::Playing)?;
    Ok(watching)
}

/// One mount: all clients share one running camera, as with a real one.
fn camera(options: &Options, ills: &Arc<Ills>) -> anyhow::Result<rtsp::RTSPMediaFactory> {
    let factory = rtsp::RTSPMediaFactory::new();
    factory.set_launch(&launch(&options.clip)?);
    factory.set_shared(true);
    let ills = Arc::clone(ills);
    factory.connect_media_configure(move |_, media| ills.infect(media));
    let all = gst_rtsp::RTSPLowerTrans::TCP | gst_rtsp::RTSPLowerTrans::UDP;
    factory.set_protocols(match () {
        () if options.udp_only => gst_rtsp::RTSPLowerTrans::UDP,
        () if options.tcp_only => gst_rtsp::RTSPLowerTrans::TCP,
        () => all,
    });
    if options.user.is_some() {
        let role = gst::Structure::builder("viewer")
            .field("media.factory.access", true)
            .field("media.factory.construct", true)
            .build();
        factory.add_role_from_structure(&role);
    }
    Ok(factory)
}

/// The pipeline of a mount.
fn launch(clip: &Path) -> anyhow::Result<String> {
    let (path, clip) = (clip, clip.to_str().context("the clip's path is not text")?);
    if clip.contains(['"', '!', '\\']) || !path.is_file() {
        bail!("{clip} is no file with a plain name");
    }
    let camera = |codec: &str| {
        format!(
            "( multifilesrc name=clip location=\"{clip}\" loop=true ! {codec}parse name=parse ! video/x-{codec},alignment=au \
             ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
        )
    };
    Ok(match path.extension().and_then(|e| e.to_str()) {
        Some("h264") => camera("h264"),
        Some("h265") => camera("h265"),
        Some("ivf") => format!("( multifilesrc location=\"{clip}\" loop=true ! ivfparse ! rtpvp8pay name=pay0 pt=96 )"),
        _ => bail!("{clip} is neither .h264 nor .h265 nor .ivf"),
    })
}

fn sign_in(method: Auth, user: &str, password: &str) -> rtsp::RTSPAuth {
    let auth = rtsp::RTSPAuth::new();
    let token = rtsp::RTSPToken::builder().field("media.factory.role", "viewer").build();
    match method {
        Auth::Basic => {
            auth.set_supported_methods(gst_rtsp::RTSPAuthMethod::Basic);
            auth.add_basic(&rtsp::RTSPAuth::make_basic(user, password), &token);
        }
        Auth::Digest => {
            auth.set_supported_methods(gst_rtsp::RTSPAuthMethod::Digest);
            auth.add_digest(user, password, &token);
        }
    }
    auth
}

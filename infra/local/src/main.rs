//! `cargo run`: Tenon on a laptop.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use local::{
    Options, Stack, data,
    embeddings::Embeddings,
    events,
    stack::{IdentityProvider, Origin, RATE_LIMIT},
    tour,
};
use shared::lambda::telemetry;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Tenon with everything under it, in one process on 127.0.0.1.
#[derive(Parser)]
#[command(name = "tenon", bin_name = "cargo run --")]
struct Arguments {
    /// The API's port; the AWS services are on the next one. 0: any free ones.
    #[arg(long, global = true, default_value_t = 3000)]
    port: u16,
    /// The folder that keeps everything; made if missing.
    #[arg(long, global = true, default_value = ".tenon")]
    data: PathBuf,
    /// Lets the pages at this URL's origin call the APIs, such as those of a front end that is served on
    /// `http://localhost:5173`; may be given several times.
    #[arg(long, value_name = "URL")]
    allow_origin: Vec<Origin>,
    /// Takes the tokens of this OpenID Connect provider beside Tenon's own.
    #[arg(long, value_name = "URL", requires = "oidc_audience")]
    oidc_issuer: Option<String>,
    /// Whom that provider's tokens are for: their `aud`.
    #[arg(long, value_name = "NAME", requires = "oidc_issuer")]
    oidc_audience: Option<String>,
    /// How many calls a user or an API key may make in any 60 seconds, unless their tenant's settings say otherwise;
    /// 0 limits nobody, whatever they say.
    #[arg(long, value_name = "N", default_value_t = RATE_LIMIT)]
    rate_limit: u32,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Prints an event of events/ with fresh tokens from the stack that runs on the port, for
    /// `cargo lambda invoke --data-ascii`.
    Event {
        /// `create-project/ok`
        fixture: String,
    },
    /// Tells the product's story, from a sign-up to a search: each request and what came of it. It is lived on the
    /// stack that runs on the port, or on one that is started for as long as it takes.
    Tour,
    /// Makes a key that signs access tokens on AWS: the private half goes into a new file, the public
    /// half to stdout, as the template's parameter `SigningPublicKeys` takes it.
    SigningKey {
        /// Where the private key goes, as PEM; the file must not exist yet.
        file: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A story is told without what happens behind it.
    let level = match arguments.command {
        Some(Command::Tour) => "error",
        _ => "info",
    };
    let filter = EnvFilter::try_from_env("TENON_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .finish()
        .with(telemetry::closed())
        .init();
    let outcome = match arguments.command {
        Some(Command::Event { ref fixture }) => print_event(fixture, arguments.port).await,
        Some(Command::SigningKey { ref file }) => make_signing_key(file),
        Some(Command::Tour) => tell_story(arguments).await,
        None => serve(arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tenon: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a fixture, filled from the stack that runs on the port.
async fn print_event(fixture: &str, port: u16) -> Result<(), String> {
    let text = events::read(fixture).map_err(|error| error.to_string())?;
    let api = format!("http://127.0.0.1:{port}");
    let filled = events::fill(&text, &api).await;
    println!("{}", filled.map_err(|error| error.to_string())?.trim_end());
    Ok(())
}

/// Makes a signing key, and prints its public half.
fn make_signing_key(file: &Path) -> Result<(), String> {
    let public = data::new_signing_key(file).map_err(|error| error.to_string())?;
    println!("{public}");
    Ok(())
}

/// Tells the story, on a stack that is there or on one of its own.
async fn tell_story(arguments: Arguments) -> Result<(), String> {
    let running = format!("http://127.0.0.1:{}", arguments.port);
    let told = if tour::serves(&running).await {
        tour::walk(&running, &mut std::io::stdout()).await
    } else {
        eprintln!("tenon: starting, which takes a minute the first time: a model is fetched");
        let stack = Stack::start(options(arguments)?).await;
        let stack = stack.map_err(|error| error.to_string())?;
        let told = tour::walk(&stack.api_url(), &mut std::io::stdout()).await;
        stack.stop().await;
        told
    };
    told.map_err(|error| error.to_string())
}

/// Runs a stack until it is told to stop.
async fn serve(arguments: Arguments) -> Result<(), String> {
    let told_to_stop =
        stop_signal().map_err(|error| format!("signals can't be received: {error}"))?;
    tokio::pin!(told_to_stop);
    let options = options(arguments)?;
    let stack = tokio::select! {
        stack = Stack::start(options) => stack.map_err(|error| error.to_string())?,
        () = &mut told_to_stop => return Ok(()),
    };
    println!("{}", stack.ready_line());
    told_to_stop.await;
    stack.stop().await;
    Ok(())
}

/// How the stack is to be started.
fn options(arguments: Arguments) -> Result<Options, String> {
    let Arguments { port, data, .. } = arguments;
    let aws_port = match port {
        0 => 0,
        u16::MAX => {
            return Err(
                "--port must be below 65535: the AWS services take the next one".to_owned(),
            );
        }
        port => port + 1,
    };
    Ok(Options {
        port,
        aws_port,
        allowed_origins: arguments.allow_origin,
        rate_limit: arguments.rate_limit,
        identity_provider: identity_provider(arguments.oidc_issuer, arguments.oidc_audience),
        embeddings: Embeddings::Fetched(data.join("models")),
        ..Options::new(data)
    })
}

fn identity_provider(issuer: Option<String>, audience: Option<String>) -> Option<IdentityProvider> {
    let (issuer, audience) = issuer.zip(audience)?;
    Some(IdentityProvider { issuer, audience })
}

/// Returns at Ctrl-C or SIGTERM.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

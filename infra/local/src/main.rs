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
    stack::{IdentityProvider, Origin},
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
    let filter = EnvFilter::try_from_env("TENON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .finish()
        .with(telemetry::closed())
        .init();
    let outcome = match arguments.command {
        Some(Command::Event { fixture }) => print_event(&fixture, arguments.port).await,
        Some(Command::SigningKey { file }) => make_signing_key(&file),
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

/// Runs a stack until it is told to stop.
async fn serve(arguments: Arguments) -> Result<(), String> {
    let Arguments { port, data, .. } = arguments;
    let told_to_stop =
        stop_signal().map_err(|error| format!("signals can't be received: {error}"))?;
    tokio::pin!(told_to_stop);
    let aws_port = match port {
        0 => 0,
        u16::MAX => {
            return Err(
                "--port must be below 65535: the AWS services take the next one".to_owned(),
            );
        }
        port => port + 1,
    };
    let options = Options {
        port,
        aws_port,
        allowed_origins: arguments.allow_origin,
        identity_provider: identity_provider(arguments.oidc_issuer, arguments.oidc_audience),
        embeddings: Embeddings::Fetched(data.join("models")),
        ..Options::new(data)
    };
    let stack = tokio::select! {
        stack = Stack::start(options) => stack.map_err(|error| error.to_string())?,
        () = &mut told_to_stop => return Ok(()),
    };
    println!("{}", stack.ready_line());
    told_to_stop.await;
    stack.stop().await;
    Ok(())
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

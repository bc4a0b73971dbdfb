//! An HTTP server on the loopback that can be stopped for good.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header::HOST, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long requests under way may take to end once the server stops.
const GRACE: Duration = Duration::from_millis(400);

/// What this machine is called by whoever is on it; so is every name below `localhost`, which no other name server
/// is asked for (RFC 6761).
const OWN_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Takes a port of 127.0.0.1; 0 stands for any free one.
pub(crate) async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves `router` to requests that name this machine until `shutdown`, then lets requests under way end and closes every connection:
/// once it returns, nothing of the router is in use any more.
pub(crate) async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let router = router.layer(middleware::from_fn(only_for_this_machine));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve_connection(stream, peer, router.clone(), shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, drained).await.is_err() {
        connections.shutdown().await;
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    // Without it a small answer waits for the acknowledgement of the one before it.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // An idle connection costs nothing here, and one that closes just as it is used again an error.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Refuses what is meant for another host. A website can have its own name lead to 127.0.0.1, and a browser
/// then lets the site's pages read whatever is answered here.
async fn only_for_this_machine(request: Request<Body>, next: Next) -> Response {
    if names_this_machine(&request) {
        return next.run(request).await;
    }
    let message =
        "Only requests whose Host is 127.0.0.1, [::1], localhost or below it are answered here";
    let body = Json(json!({"message": message}));
    (StatusCode::MISDIRECTED_REQUEST, body).into_response()
}

fn names_this_machine(request: &Request<Body>) -> bool {
    let headers = request.headers().get_all(HOST).iter();
    let named = headers.map(|host| Authority::try_from(host.as_bytes()).ok());
    let target = request.uri().authority().cloned().map(Some);
    let mut hosts = named.chain(target).peekable();
    hosts.peek().is_some() && hosts.all(|host| host.is_some_and(|host| is_own(host.host())))
}

fn is_own(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    OWN_NAMES.contains(&host.as_str()) || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_answered(target: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        names_this_machine(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn a_request_for_this_machine_is_answered_whatever_the_port() {
        for host in [
            "127.0.0.1",
            "localhost:3000",
            "LocalHost:1",
            "acme.localhost:3000",
            "[::1]:65535",
        ] {
            assert!(is_answered("/", &[host]), "{host}");
            let target = format!("http://{host}/");
            assert!(is_answered(&target, &["127.0.0.1:3000"]), "{target}");
        }
    }

    #[test]
    fn a_request_for_another_host_or_for_none_is_refused() {
        for host in [
            "",
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "127.0.0.1@evil.example",
            "127.0.0.2",
            "::1",
            "a b",
        ] {
            assert!(!is_answered("/", &[host]), "{host}");
        }
        assert!(!is_answered("/", &[]));
        assert!(!is_answered("/", &["127.0.0.1", "evil.example"]));
        assert!(!is_answered("http://evil.example/", &["127.0.0.1"]));
    }
}

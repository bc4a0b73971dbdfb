//! One open connection, from the upgrade to its end.

use std::sync::Arc;

use shared::sdk::clock::{Clock, millis};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

use super::{
    SocketLimits, connections::Connection, ending::Ending, socket_api::SocketApi, wire::Wire,
};

/// Takes the client's messages to their routes, until the client, the limits, the gateway or
/// `asked` ends it; says why it ended.
pub(super) async fn run(
    api: &Arc<SocketApi>,
    connection: &Arc<Connection>,
    wire: &mut Wire,
    asked: impl Future<Output = Option<Ending>>,
) -> Ending {
    tokio::select! {
        ending = converse(api, connection, wire) => ending,
        ending = out_of_time(connection, &api.limits, &api.clock) => ending,
        Some(ending) = asked => ending,
    }
}

async fn converse(api: &Arc<SocketApi>, connection: &Arc<Connection>, wire: &mut Wire) -> Ending {
    let in_flight = Arc::new(Semaphore::new(api.limits.in_flight));
    loop {
        let permit = tokio::select! {
            Ok(permit) = Arc::clone(&in_flight).acquire_owned() => permit,
            error = wire.write() => return Ending::of(&error),
        };
        let text = match wire.read().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return Ending::Binary,
            Some(Ok(Message::Close(frame))) => {
                let said = frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned()));
                return Ending::ByClient(said);
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Ending::of(&error),
            None => return Ending::Lost,
        };
        connection.touch(api.clock.now());
        let (api_of_task, connection) = (Arc::clone(api), Arc::clone(connection));
        api.tasks.spawn(async move {
            api_of_task.dispatch(&connection, text.as_str()).await;
            drop(permit);
        });
    }
}

async fn out_of_time(connection: &Connection, limits: &SocketLimits, clock: &Clock) -> Ending {
    let expires = connection
        .origin
        .connected_at
        .saturating_add(millis(limits.lifetime));
    loop {
        let idle = connection.last_active().saturating_add(millis(limits.idle));
        clock.sleep_until(idle.min(expires)).await;
        let now = clock.now();
        if now >= expires {
            return Ending::Expired;
        }
        if now >= connection.last_active().saturating_add(millis(limits.idle)) {
            return Ending::Idle;
        }
    }
}

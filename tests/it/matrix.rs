//! The matrix: every way in × every place where an id or a key goes in × what could be put there × whoever
//! could put it there. `tests/README.md` tells how it works and how a new route gets its cases.

mod channels;
mod credentials;
mod lane;
mod members;
mod places;
mod private;
mod request;
mod routes;
mod scene;
mod stored;
mod tally;
mod tokens;
mod told;
mod values;
mod victim;

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};

use self::lane::Lane;
use self::routes::Entry;
use self::scene::Scene;
use self::tally::Tally;

/// How many routes are asked at once.
const AT_ONCE: usize = 6;

/// The most findings that are shown of a kind.
const SHOWN: usize = 20;

/// After so long a key that was used gives the same answer no more to whoever has lost it.
const USED: Duration = Duration::from_secs(31);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_another_tenant_s_gets_in_or_out_anywhere() {
    let began = Instant::now();
    let routes = routes::all();
    let scene = Scene::set(&routes).await;
    let first = scene.stored().await;
    let mut lanes: Vec<Lane> = (1_u8..)
        .zip(&routes)
        .map(|(number, route)| Lane::new(&scene, route, number))
        .collect();

    each(&mut lanes, Lane::serves).await;
    let served = scene.stored().await;
    // Who opens connections calls other functions, whose calls are counted before.
    lanes.sort_by_key(|lane| lane.entry() == Entry::Message);
    let messages = lanes.partition_point(|lane| lane.entry() != Entry::Message);
    each(&mut lanes[..messages], Lane::refuses).await;
    each(&mut lanes, Lane::keeps_what_is_private).await;
    let refused = scene.stored().await;
    each(&mut lanes[messages..], Lane::refuses).await;
    each(&mut lanes, Lane::takes_texts).await;
    scene.app.advance(USED);
    each(&mut lanes, Lane::refuses_what_was_used).await;
    let last = scene.stored().await;

    let mut tally = Tally::default();
    for lane in lanes {
        tally.add(lane.tally);
    }
    let victims = &scene.victim.canaries;
    tally.leaks.extend(last.harm_to(victims, &first));
    tally.leaks.extend(last.new_with(victims, &first));
    tally.leaks.extend(scene.emails_with(victims).await);
    tally.wrong.extend(refused.changes_since(&served));
    let seconds = began.elapsed().as_secs_f32();
    tests::report(&format!(
        "{}the matrix: {} routes, {} credentials, {} probes, {} leaks in {seconds:.1} s",
        tally.table(),
        routes.len(),
        scene.credentials.len(),
        tally.probes(),
        tally.leaks.len(),
    ));
    for route in &routes {
        for place in &route.places {
            let place = place.at.to_string();
            assert!(
                tally.of(&route.label, &place) > 0,
                "{}: {place} was not tried",
                route.label
            );
        }
    }
    assert_none("leaks", &tally.leaks);
    assert_none("wrong answers", &tally.wrong);
    assert_eq!(
        tally.refusals.len(),
        1,
        "nobody is refused in one way: {:#?}",
        tally.refusals
    );
    scene.app.stop().await;
}

async fn each<'a, 'b: 'a, F: Future<Output = ()>>(
    lanes: &'a mut [Lane<'b>],
    ask: impl Fn(&'a mut Lane<'b>) -> F,
) {
    stream::iter(lanes.iter_mut())
        .for_each_concurrent(AT_ONCE, ask)
        .await;
}

#[track_caller]
fn assert_none(what: &str, found: &[String]) {
    let shown: Vec<_> = found.iter().take(SHOWN).map(String::as_str).collect();
    assert!(
        found.is_empty(),
        "\n{} {what}:\n\n{}\n",
        found.len(),
        shown.join("\n\n")
    );
}

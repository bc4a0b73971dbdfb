use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What a table keeps, which writes by condition alone.
#[derive(Default)]
struct Table(Option<Calls>);

impl Table {
    /// Whether the step's condition was met: it is then done.
    fn takes(&mut self, step: &Step, kind: Kind) -> bool {
        match step {
            Step::Full(_) => false,
            Step::Roll { over, to } => {
                let found = self
                    .0
                    .as_ref()
                    .map(|calls| (calls.second, calls.all.latest));
                let met = found == *over;
                if met {
                    self.0 = Some(to.clone());
                }
                met
            }
            Step::Add {
                second,
                room,
                room_of_kind,
            } => {
                let Some(calls) = self.0.clone().filter(|calls| calls.second == *second) else {
                    return false;
                };
                let of_kind = calls.of(kind).map_or(0, |tally| tally.latest);
                let met =
                    calls.all.latest < *room && room_of_kind.is_none_or(|room| of_kind < room);
                if met {
                    self.0 = Some(calls.with(kind));
                }
                met
            }
        }
    }

    /// Counts a call as of what is there, if there is room.
    fn count(&mut self, now: Millis, limit: Limit, kind: Kind) -> Result<(), Quota> {
        match Calls::step(self.0.as_ref(), now, limit, kind) {
            Step::Full(quota) => Err(quota),
            step => {
                assert!(self.takes(&step, kind), "nobody came between");
                Ok(())
            }
        }
    }
}

fn limit(calls: u32) -> Limit {
    Limit::of(calls).expect("there is one")
}

/// How many of these times lie in the 60 s that end with each of them, at most.
fn most_within(times: &[Millis], span: Millis) -> usize {
    let within = |end: Millis| {
        let lies = |at: &&Millis| **at > end - span && **at <= end;
        times.iter().filter(lies).count()
    };
    times.iter().map(|end| within(*end)).max().unwrap_or(0)
}

#[test]
fn a_place_is_free_again_when_its_second_has_left_the_window() {
    let mut table = Table::default();
    let limit = limit(2);
    assert_eq!(table.count(5_900, limit, Kind::Plain), Ok(()));
    assert_eq!(table.count(6_000, limit, Kind::Plain), Ok(()));
    let full = table
        .count(7_500, limit, Kind::Plain)
        .expect_err("it is full");
    assert_eq!((full.limit, full.remaining, full.reset), (2, 0, 66));
    assert_eq!(full.wait(7_500), 59);
    assert!(table.count(65_999, limit, Kind::Plain).is_err());
    assert_eq!(table.count(66_000, limit, Kind::Plain), Ok(()));
    let full = table
        .count(66_000, limit, Kind::Plain)
        .expect_err("it is full");
    assert_eq!((full.reset, full.wait(66_999)), (67, 1));
    assert_eq!(table.count(67_000, limit, Kind::Plain), Ok(()));
}

#[test]
fn a_search_counts_as_a_call_too_and_of_searches_there_may_be_three_tenths() {
    let mut table = Table::default();
    let limit = limit(10);
    for _ in 0..3 {
        assert_eq!(table.count(0, limit, Kind::Search), Ok(()));
    }
    let full = table.count(0, limit, Kind::Search).expect_err("it is full");
    assert_eq!((full.limit, full.remaining), (3, 0));
    for _ in 0..3 {
        assert_eq!(table.count(0, limit, Kind::File), Ok(()));
    }
    let calls = table.0.clone().expect("they are counted");
    assert_eq!(calls.quota(limit, Kind::Plain).remaining, 4);
    assert_eq!(calls.quota(limit, Kind::Search).remaining, 0);
    for _ in 0..4 {
        assert_eq!(table.count(1_000, limit, Kind::Plain), Ok(()));
    }
    let full = table
        .count(1_000, limit, Kind::Plain)
        .expect_err("it is full");
    assert_eq!((full.limit, full.reset), (10, 61));
}

#[test]
fn a_limit_that_has_become_smaller_waits_for_as_many_as_are_too_many() {
    let mut table = Table::default();
    for second in 0..5 {
        assert_eq!(table.count(second * 1000, limit(5), Kind::Plain), Ok(()));
    }
    let full = table
        .count(4_000, limit(2), Kind::Plain)
        .expect_err("it is full");
    assert_eq!((full.remaining, full.reset), (0, 64));
    assert!(table.count(63_999, limit(2), Kind::Plain).is_err());
    assert_eq!(table.count(64_000, limit(2), Kind::Plain), Ok(()));
}

#[test]
fn no_limit_is_none_and_the_least_has_room_for_one_of_each_kind() {
    assert_eq!(Limit::of(0), None);
    assert_eq!((limit(1).costly(), limit(100).costly()), (1, 30));
    assert_eq!(limit(u32::MAX).costly(), u32::MAX.div_ceil(10));
}

/// As DynamoDB counts: a number has a byte for each two digits and one more, and whatever is in something else one.
#[test]
fn the_row_of_who_may_make_the_most_calls_is_written_by_one_unit() {
    const KEY: usize = "pk#CALLS#user/01900000-0000-7000-8000-000000000001#sk#CALLS".len();
    const NAMES: usize = "second#ttl#all#searches#files".len() + 3 * "latest#past".len();
    let number = |count: u32| 1 + count.to_string().len().div_ceil(2);
    let tally = |total: u32| 6 + 61 * (1 + number(total / 61));
    let bytes = KEY + NAMES + 2 * number(2_000_000_000) + tally(100_000) + 2 * tally(30_000);
    assert!(bytes < 1024, "{bytes}");
}

/// Some while between two calls: none, less than a second, seconds, or more than the window.
fn pause() -> impl Strategy<Value = Millis> {
    prop_oneof![
        Just(0),
        0..1_000_i64,
        0..70_000_i64,
        select(vec![999, 1_000, 59_999, 60_000, 60_001, 61_000]),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    select(vec![Kind::Plain, Kind::Plain, Kind::Search, Kind::File])
}

proptest! {
    #[test]
    fn no_minute_has_more_than_the_limit_and_nobody_is_refused_where_61_s_have_room(
        calls in prop::collection::vec((pause(), kind()), 1..120),
        most in 1..12_u32,
    ) {
        let (mut table, limit) = (Table::default(), limit(most));
        let (mut now, mut admitted) = (1_700_000_000_000, Vec::new());
        for (pause, kind) in calls {
            now += pause;
            let of = |wanted: Option<Kind>, admitted: &[(Millis, Kind)]| -> Vec<Millis> {
                let counts = |(_, kind): &&(Millis, Kind)| wanted.is_none_or(|wanted| *kind == wanted);
                admitted.iter().filter(counts).map(|(at, _)| *at).collect()
            };
            let has_room = |times: &[Millis], most: u32| {
                let recent = times.iter().filter(|at| **at > now - 61_000).count();
                u32::try_from(recent).is_ok_and(|recent| recent < most)
            };
            let of_kind = (kind != Kind::Plain).then(|| of(Some(kind), &admitted));
            let room = has_room(&of(None, &admitted), most)
                && of_kind.is_none_or(|times| has_room(&times, limit.costly()));
            match table.count(now, limit, kind) {
                Ok(()) => admitted.push((now, kind)),
                Err(quota) => {
                    prop_assert!(!room);
                    prop_assert_eq!(quota.remaining, 0);
                    let then = now + i64::try_from(quota.wait(now))? * 1000;
                    let mut later = Table(table.0.clone());
                    prop_assert_eq!(later.count(then, limit, kind), Ok(()));
                }
            }
            prop_assert!(most_within(&of(None, &admitted), 60_000) <= usize::try_from(most)?);
            for kind in [Kind::Search, Kind::File] {
                let of_kind = of(Some(kind), &admitted);
                prop_assert!(most_within(&of_kind, 60_000) <= usize::try_from(limit.costly())?);
            }
        }
    }

    /// Each client reads, and some time later writes what it made of that, on a clock that is a little off; a write
    /// whose condition was not met has what is there, and is thought over.
    #[test]
    fn whoever_comes_between_and_whatever_the_clocks_say_no_minute_has_more_than_the_limit(
        turns in prop::collection::vec((0..8_usize, pause(), -1_500..1_500_i64, kind()), 1..250),
        most in 1..12_u32,
    ) {
        let (mut table, limit) = (Table::default(), limit(most));
        let mut under_way: Vec<Option<(Step, Kind)>> = vec![None; 8];
        let (mut now, mut counted) = (1_700_000_000_000, Vec::new());
        for (client, pause, off, kind) in turns {
            now += pause / 4;
            let decided = match under_way[client].take() {
                None => Some((None, kind)),
                Some((step, kind)) if table.takes(&step, kind) => {
                    // It counts in the second that it was written to.
                    let second = table.0.as_ref().map_or(0, Calls::second);
                    counted.push(second * 1000);
                    None
                }
                Some((_, kind)) => Some((Some(()), kind)),
            };
            if let Some((_, kind)) = decided {
                let step = Calls::step(table.0.as_ref(), now + off, limit, kind);
                if !matches!(step, Step::Full(_)) {
                    under_way[client] = Some((step, kind));
                }
            }
            prop_assert!(most_within(&counted, 61_000) <= usize::try_from(most)?);
            prop_assert!(counted.is_sorted(), "a second does not come back");
        }
    }

    #[test]
    fn whoever_has_found_it_full_would_find_it_full_now(
        calls in prop::collection::vec((pause(), kind()), 2..60),
        most in 1..8_u32,
    ) {
        let (mut table, limit, mut now) = (Table::default(), limit(most), 0);
        let mut found = None;
        for (pause, kind) in calls {
            now += pause;
            let before = Calls::step(found.as_ref(), now, limit, kind);
            let as_of_now = Calls::step(table.0.as_ref(), now, limit, kind);
            if found.is_some() && matches!(before, Step::Full(_)) {
                prop_assert!(matches!(as_of_now, Step::Full(_)));
            }
            found.clone_from(&table.0);
            let _counted_or_not = table.count(now, limit, kind);
        }
    }
}

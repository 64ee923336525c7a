//! The pure engine under simulation: random graphs and random schedules from a seed, on several nodes that crash, lose their
//! leases and hear of things twice or not at all, with invariants checked after every operation.
//!
//! `STEPWELL_SIM_SEED=… cargo test -p stepwell-core --test simulation` replays one schedule;
//! `STEPWELL_SIM_SCHEDULES` says how many are run and `STEPWELL_SIM_FROM` from which seed on.

mod chain;
mod check;
mod count;
mod drain;
mod fault;
mod flows;
mod graphs;
mod loaded;
mod map;
mod nodes;
mod ops;
mod plan;
mod script;
mod tally;
mod way;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use count::{Count, Seen};
use fault::Fault;
use plan::Broken;

/// How many schedules are run where nobody says otherwise.
const SCHEDULES: u64 = 100_000;
/// How many operations of a failed schedule are shown.
const TAIL: usize = 40;
/// How many schedules a deliberate fault may survive.
const SURVIVES: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Runs a schedule; whatever panics in it is a failure with a seed too.
fn schedule(seed: u64, fault: Option<Fault>) -> Result<Seen, Broken> {
    let ran = catch_unwind(AssertUnwindSafe(|| plan::run(seed, fault)));
    let ran = ran.unwrap_or_else(|_| Err(Broken { why: "it panicked, see above".into(), ops: vec![] }));
    ran.map(|(seen, _)| seen)
}

fn report(seed: u64, broken: &Broken) -> String {
    let tail = &broken.ops[broken.ops.len().saturating_sub(TAIL)..];
    let tail: String = tail.iter().map(|op| format!("  {op:?}\n")).collect();
    format!(
        "seed {seed}: {}\nthe last of {} operations:\n{tail}replay: STEPWELL_SIM_SEED={seed} cargo test -p stepwell-core \
         --test simulation every_schedule",
        broken.why,
        broken.ops.len()
    )
}

/// Runs the schedules of all seeds, on every core, up to the first that fails.
fn all(seeds: std::ops::Range<u64>) -> Result<Seen, String> {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (sum, failed) = (Mutex::new(Seen::default()), Mutex::new(None));
    let work = || {
        let mut seen = Seen::default();
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            match schedule(seed, None) {
                Ok(more) => seen.absorb(&more),
                Err(broken) => {
                    stop.store(true, Ordering::Relaxed);
                    failed.lock().expect("no panic").get_or_insert_with(|| report(seed, &broken));
                }
            }
        }
        sum.lock().expect("no panic").absorb(&seen);
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    match failed.into_inner().expect("no panic") {
        Some(report) => Err(report),
        None => Ok(sum.into_inner().expect("no panic")),
    }
}

#[test]
fn every_schedule_keeps_the_invariants() {
    let seeds = match number("STEPWELL_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("STEPWELL_SIM_FROM").unwrap_or(0);
            from..from + number("STEPWELL_SIM_SCHEDULES").unwrap_or(SCHEDULES)
        }
    };
    let asked = seeds.end - seeds.start;
    let started = std::time::Instant::now();
    let seen = all(seeds).unwrap_or_else(|report| panic!("{report}"));
    println!("simulation: {} schedules in {:.1?}\n{seen}", seen.of(Count::Schedules), started.elapsed());
    assert!(seen.of(Count::Schedules) >= asked, "{} of {asked} schedules ran", seen.of(Count::Schedules));
    if asked >= SURVIVES {
        let never = Count::ALL.into_iter().find(|count| seen.of(*count) == 0);
        assert_eq!(never, None, "never seen in {asked} schedules");
    }
}

#[test]
fn a_seed_replays_exactly() {
    let ops = |seed| plan::run(seed, None).map(|(seen, ops)| format!("{seen:?} {ops:?}")).expect("no failure");
    for seed in 0..50 {
        assert_eq!(ops(seed), ops(seed), "seed {seed}");
    }
    assert_ne!(ops(1), ops(2));
}

/// What the simulator says of a world with a fault, and after how many schedules.
fn caught(fault: Fault) -> (u64, String) {
    let found = (0..SURVIVES).find_map(|seed| schedule(seed, Some(fault)).err().map(|broken| (seed + 1, broken.why)));
    let (after, why) = found.unwrap_or_else(|| panic!("{fault:?} survived {SURVIVES} schedules"));
    println!("{fault:?}: caught by schedule {after}: {}", why.chars().take(120).collect::<String>());
    (after, why)
}

macro_rules! catches {
    ($($(#[$doc:meta])* $name:ident: $fault:ident, $says:literal;)*) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            let (_, why) = caught(Fault::$fault);
            assert!(why.contains($says), "{why}");
        }
    )*};
}

catches! {
    a_store_without_compare_and_set_is_caught: NoCompareAndSet, "";
    a_commit_without_its_effects_is_caught: TornCommit, "effects";
    effects_that_are_written_before_the_commit_are_caught: EffectsBeforeCommit, "effects";
    a_wait_that_stays_when_it_is_over_is_caught: WakeKeepsWait, "waits of";
    a_contact_that_enters_twice_is_caught: NoReentryIndex, "executions of one contact";
    a_step_that_runs_after_the_end_is_caught: NoLook, "a step runs in an execution";
    an_answer_that_is_taken_for_another_run_is_caught: AnyRun, "effects of one run";
    an_execution_that_sees_an_edit_is_caught: NewestGraph, "";
    an_execution_that_forgets_its_way_is_caught: ForgetsWay, "";
    a_path_that_goes_on_when_its_execution_ends_is_caught: SkipsNobody, "";
    a_join_that_does_not_wait_is_caught: JoinsAny, "join";
    a_path_that_is_lost_at_a_fork_is_caught: ForksNot, "path";
    work_that_nobody_takes_over_is_caught: NoTakeOver, "stuck";
    a_timer_that_does_not_fire_is_caught: NoTimer, "stuck";
    a_task_that_is_done_and_stays_current_is_caught: StaysCurrent, "and current";
    a_phase_that_stands_as_it_stood_is_caught: StalePhases, "phase";
    an_end_that_nobody_hears_of_is_caught: ForgetsParent, "never told";
}

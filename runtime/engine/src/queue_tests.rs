use super::*;
use uuid::Uuid;

fn workspace(n: u128) -> WorkspaceId {
    Uuid::from_u128(n).into()
}

fn ticket(of: u128, visit: u128) -> Ticket {
    let execution = Uuid::from_u128(visit).into();
    Ticket { workspace: workspace(of), execution, visit: Uuid::from_u128(visit).into(), run: 1 }
}

fn queued(of: u128, visit: u128) -> Queued {
    let ticket = ticket(of, visit);
    let run_at = Timestamp(i64::try_from(visit).expect("a small number"));
    Queued { workspace_id: ticket.workspace, execution_id: ticket.execution, id: ticket.visit, run: 1, run_at }
}

/// Adds work, or keeps in mind that it is in the database.
fn add(queue: &mut FairQueue, ticket: Ticket) -> bool {
    let queued = queue.push(ticket);
    if !queued {
        queue.is_behind(ticket.workspace);
    }
    queued
}

/// Takes everything, one after the other, and gives whose it was.
fn taken(queue: &mut FairQueue) -> Vec<u128> {
    let next = || {
        let ticket = queue.pop()?;
        queue.done(&ticket);
        Some(ticket.workspace.0.as_u128())
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn workspaces_take_turns_whatever_they_have_queued() {
    let mut queue = FairQueue::new(100, 10);
    for n in 0..3 {
        queue.push(ticket(1, n));
    }
    queue.push(ticket(2, 10));
    assert_eq!(taken(&mut queue), [1, 2, 1, 1]);
}

#[test]
fn one_workspace_leaves_room_for_others_in_the_queue() {
    let mut queue = FairQueue::new(1_000, 10);
    let mine = (0..100_000).filter(|n| queue.push(ticket(1, *n))).count();
    assert_eq!((mine, queue.len()), (500, 500));
    let theirs = (0..100_000).filter(|n| queue.push(ticket(2, 1_000_000 + n))).count();
    assert_eq!(theirs, 250);
}

#[test]
fn the_first_work_of_a_workspace_is_never_refused_and_comes_at_once() {
    let mut queue = FairQueue::new(1_000, 10);
    for crowd in 1..=300 {
        for n in 0..1_000 {
            queue.push(ticket(crowd, crowd * 100_000 + n));
        }
    }
    assert!(queue.len() <= 1_000 + 300 * FLOOR, "{} are queued", queue.len());
    assert!(queue.push(ticket(9_999, 1)));
    let position = taken(&mut queue).iter().position(|workspace| *workspace == 9_999);
    assert_eq!(position, Some(300));
}

#[test]
fn a_queue_that_is_kept_short_for_other_nodes_is_short_for_every_workspace() {
    let mut queue = FairQueue::new(2, 1);
    let kept = (0..24).filter(|n| queue.push(ticket(1, *n))).count();
    assert_eq!(kept, 2);
    assert!(queue.push(ticket(2, 100)), "the first work of another is not refused");
}

#[test]
fn one_workspace_leaves_places_to_run_for_others() {
    let mut queue = FairQueue::new(10_000, 256);
    for n in 0..1_000 {
        queue.push(ticket(1, n));
    }
    let running = std::iter::from_fn(|| queue.pop()).count();
    assert!((220..240).contains(&running), "{running} run");
    for n in 0..5 {
        queue.push(ticket(2, 10_000 + n));
    }
    let next: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|ticket| ticket.workspace).collect();
    assert_eq!(next, [workspace(2); 5]);
}

#[test]
fn steps_that_compute_do_not_take_all_places_and_a_workspace_with_none_runs_at_once() {
    let mut queue = FairQueue::new(10_000, 256);
    for n in 0..1_000 {
        queue.push(ticket(1, n));
    }
    for _ in 0..100 {
        queue.measured(Duration::from_millis(20));
    }
    assert_eq!(std::iter::from_fn(|| queue.pop()).count(), LEAST);
    queue.push(ticket(2, 10_000));
    assert_eq!(queue.pop().map(|ticket| ticket.workspace), Some(workspace(2)));
    let raised = (0..100).filter(|_| queue.measured(Duration::ZERO)).count();
    assert!(raised > 0 && queue.pop().is_some());
}

#[test]
fn a_single_place_is_used_by_whoever_has_work() {
    let mut queue = FairQueue::new(100, 1);
    queue.push(ticket(1, 1));
    queue.push(ticket(2, 2));
    let first = queue.pop().expect("work");
    assert_eq!(queue.pop(), None);
    queue.done(&first);
    assert_eq!(queue.pop(), Some(ticket(2, 2)));
}

#[test]
fn a_wait_that_ends_before_the_run_that_began_it_is_forgotten_is_taken_up() {
    let mut queue = FairQueue::new(10, 10);
    queue.push(ticket(1, 1));
    queue.pop().expect("work");
    queue.push(Ticket { run: 2, ..ticket(1, 1) });
    assert_eq!(queue.len(), 1);
}

#[test]
fn a_visit_is_held_once_until_it_is_done() {
    let mut queue = FairQueue::new(10, 10);
    queue.push(ticket(1, 1));
    queue.push(ticket(1, 1));
    assert_eq!(queue.len(), 1);
    let taken = queue.pop().expect("work");
    queue.push(ticket(1, 1));
    assert_eq!(queue.len(), 0);
    queue.done(&taken);
    queue.push(ticket(1, 1));
    assert_eq!(queue.len(), 1);
}

#[test]
fn work_that_was_put_back_is_done_later_and_holds_no_place() {
    let mut queue = FairQueue::new(10, 1);
    queue.push(ticket(1, 1));
    let taken = queue.pop().expect("work");
    queue.put_back(taken);
    assert_eq!((queue.pop(), queue.pop()), (Some(taken), None));
    queue.done(&taken);
    assert!(queue.lanes.is_empty() && queue.known.is_empty() && queue.running == 0);
}

/// A database: what it has of each workspace, in order.
struct Stored(HashMap<WorkspaceId, Vec<Queued>>);

impl Stored {
    /// One round of searching; how many pages were read.
    fn search(&self, queue: &mut FairQueue) -> usize {
        let wanted = queue.behind();
        for (workspace, after, room) in &wanted {
            let all = self.0.get(workspace).map(Vec::as_slice).unwrap_or_default();
            let from = all.iter().filter(|stored| after.is_none_or(|after| (stored.run_at, stored.id) > after));
            let page: Vec<_> = from.take(*room).copied().collect();
            queue.found(*workspace, &page, page.len() < *room);
        }
        wanted.len()
    }
}

#[test]
fn what_was_refused_is_found_in_order_and_nothing_twice() {
    let mut queue = FairQueue::new(100, 10);
    let mut stored = Stored(HashMap::from([(workspace(1), (0..1_000).map(|n| queued(1, n)).collect())]));
    for n in 0..1_000 {
        add(&mut queue, ticket(1, n));
    }
    let mut ran = Vec::new();
    loop {
        while let Some(ticket) = queue.pop() {
            ran.push(ticket.visit.0.as_u128());
            stored.0.values_mut().for_each(|all| all.retain(|queued| queued.id != ticket.visit));
            queue.done(&ticket);
            if queue.runs_low(workspace(1)) {
                stored.search(&mut queue);
            }
        }
        if stored.search(&mut queue) == 0 {
            break;
        }
    }
    assert!(ran.iter().copied().eq(0..1_000), "{ran:?}");
    assert!(queue.behind.is_empty());
}

#[test]
fn work_that_was_refused_in_front_of_a_search_is_found_by_the_next() {
    let mut queue = FairQueue::new(20, 10);
    for n in 100..200 {
        add(&mut queue, ticket(1, n));
    }
    let all: Vec<_> = (100..200).map(|n| queued(1, n)).collect();
    let mut stored = Stored(HashMap::from([(workspace(1), all)]));
    // A visit that became due again is older than all of them.
    let mut early = Some(queued(1, 1));
    let mut ran = 0;
    for _ in 0..200 {
        if let Some(ticket) = queue.pop() {
            ran += 1;
            stored.0.values_mut().for_each(|all| all.retain(|queued| queued.id != ticket.visit));
            queue.done(&ticket);
        }
        if ran == 50
            && let Some(early) = early.take()
        {
            while queue.push(ticket(1, 300 + queue.len() as u128)) {}
            stored.0.entry(workspace(1)).or_default().insert(0, early);
            assert!(!add(&mut queue, (&early).into()));
        }
        stored.search(&mut queue);
    }
    assert!(stored.0[&workspace(1)].is_empty(), "{:?}", stored.0);
}

#[test]
fn a_backlog_in_the_database_does_not_keep_out_another_workspace() {
    let mut queue = FairQueue::new(1_000, 10);
    let many: Vec<_> = (0..100_000).map(|n| queued(1, n)).collect();
    let stored = Stored(HashMap::from([(workspace(1), many)]));
    queue.is_behind(workspace(1));
    for _ in 0..10 {
        stored.search(&mut queue);
    }
    assert_eq!(queue.len(), 500);
    assert!(queue.push(ticket(2, 1_000_000)));
    let next: Vec<_> = (0..2).filter_map(|_| queue.pop()).map(|ticket| ticket.workspace).collect();
    assert_eq!(next, [workspace(1), workspace(2)]);
}

#[test]
fn what_waits_in_the_database_has_room_that_new_work_does_not_take() {
    let mut queue = FairQueue::new(64, 10);
    let mut n = 0;
    while queue.push(ticket(1, n)) {
        n += 1;
    }
    assert_eq!((queue.len(), queue.reserve(workspace(1)), queue.spare()), (32, 8, 48));
    queue.push_anyway(ticket(1, 100));
    queue.push_anyway(ticket(1, 100));
    assert_eq!(queue.len(), 33);
}

#[test]
fn new_work_leaves_half_of_the_room_to_older_work_in_the_database() {
    let mut queue = FairQueue::new(300, 10);
    queue.is_behind(workspace(1));
    let new = (0..1_000).take_while(|n| queue.push(ticket(1, *n))).count();
    assert_eq!(new, 100);
    let older: Vec<_> = (2_000..3_000).map(|n| queued(1, n)).collect();
    assert_eq!(queue.found(workspace(1), &older, false), 50);
}

//! A schedule: operations drawn from a seed until their number is reached, then everything that is due is done. The same seed
//! gives the same operations and the same end.

use rand::rngs::Xoshiro256PlusPlus as Chance;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use stepwell_core::{
    ContactId, ExecutionId, ExecutionStatus, Reentry, Start, StepStatus, Timestamp, Wait, Wake, testing,
};
use uuid::Uuid;

use crate::count::{Count, Seen};
use crate::fault::{Fault, Rules};
use crate::flows;
use crate::graphs::{self, Shape};
use crate::map::Map;
use crate::nodes::{Ask, Job, Luck, Moment, Node};
use crate::ops::{Op, name};
use crate::script::{HAPPENS, Mood};
use crate::world::{LEASE_MS, NodeId, Workflow, World};

/// How many contacts there are.
pub(crate) const CONTACTS: u128 = 2;
/// How many of the schedules are about flows.
const FLOWS: f64 = 0.4;
/// How many jobs a node has at most before it looks for more.
const MOST_JOBS: usize = 10;

/// A schedule that broke an invariant.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) why: String,
    pub(crate) ops: Vec<Op>,
}

/// A schedule as it goes on.
pub(crate) struct Plan {
    pub(crate) world: World,
    pub(crate) nodes: Vec<Node>,
    pub(crate) chance: Chance,
    pub(crate) clock: i64,
    pub(crate) mood: Mood,
    pub(crate) shape: Shape,
    pub(crate) ops: Vec<Op>,
}

/// Runs the schedule of a seed, with something wrong in its world if `fault` says so.
pub(crate) fn run(seed: u64, fault: Option<Fault>) -> Result<(Seen, Vec<Op>), Broken> {
    let mut plan = Plan::new(seed, fault);
    let length = plan.chance.random_range(20..=140);
    for _ in 0..length {
        plan.any();
        if let Some(why) = plan.checked() {
            return Err(Broken { why, ops: plan.ops });
        }
    }
    let end = plan.drain().and_then(|()| plan.at_rest()).and_then(|()| plan.answer_all());
    plan.world.seen.add(Count::Schedules);
    match end {
        Ok(()) => Ok((plan.world.seen, plan.ops)),
        Err(why) => Err(Broken { why, ops: plan.ops }),
    }
}

fn contact(number: u128) -> ContactId {
    Uuid::from_u128(0xC0 + number).into()
}

fn workflow(at: usize, chance: &mut Chance, shape: Shape) -> Workflow {
    let mut definition = testing::definition(rule(chance));
    definition.id = Uuid::from_u128(0xD0 + at as u128).into();
    definition.trigger_config = json!({ "eventName": HAPPENS[chance.random_range(0..HAPPENS.len())] });
    Workflow { definition, versions: vec![Map::new(graphs::random(chance, shape)).into()] }
}

fn rule(chance: &mut Chance) -> Reentry {
    [Reentry::Once, Reentry::OnceUnlessFailed, Reentry::OneActive, Reentry::Always][chance.random_range(0..4)]
}

impl Plan {
    fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut chance = Chance::seed_from_u64(seed);
        let flows = chance.random_bool(FLOWS);
        let shape = Shape { loops: chance.random_bool(0.3), forks: chance.random_bool(0.5) && !flows, flows };
        let rules = Rules { fault, leases_fence: chance.random_bool(0.5) };
        let mut workflows: Vec<_> =
            (0..chance.random_range(1..=2)).map(|at| workflow(at, &mut chance, shape)).collect();
        if flows {
            workflows.truncate(1);
            workflows.insert(0, flows::workflow(0, &mut chance));
        }
        let nodes = (0..chance.random_range(1..=3)).map(|id| Node { id, skew: 0, jobs: vec![] }).collect();
        let clock = 1_800_000_000_000;
        let world = World::new(rules, workflows);
        let mut plan = Self { world, nodes, chance, clock, mood: Mood::Any, shape, ops: vec![] };
        if flows {
            plan.start_flow()
        } else {
            plan.track()
        }
        plan
    }

    /// The first invariant that does not hold.
    pub(crate) fn checked(&mut self) -> Option<String> {
        self.world.check();
        self.world.broken.take()
    }

    pub(crate) fn now(&self, node: NodeId) -> Timestamp {
        Timestamp(self.clock + self.nodes[node].skew)
    }

    /// One operation, whatever chance says.
    fn any(&mut self) {
        self.world.seen.add(Count::Operations);
        if self.shape.flows {
            return self.any_of_flow();
        }
        match self.chance.random_range(0..100) {
            0..=57 => self.work(),
            58..=69 => self.look(),
            70..=74 => self.track(),
            75..=76 => self.start(),
            77..=80 => self.jump(),
            81..=82 => self.crash(),
            83..=85 => self.double_or_lose(),
            86..=87 => self.cancel(),
            88..=91 => self.retry(),
            92 => self.edit(),
            93..=96 => self.renew(),
            _ => self.task(),
        }
    }

    /// The same where people work on flows.
    fn any_of_flow(&mut self) {
        match self.chance.random_range(0..100) {
            0..=41 => self.work(),
            42..=49 => self.look(),
            50..=74 => self.person(),
            75..=76 => self.start_flow(),
            77..=81 => self.jump(),
            82..=83 => self.crash(),
            84..=86 => self.double_or_lose(),
            87 => self.cancel(),
            88 => self.retry(),
            89 => self.edit_flow(),
            90..=91 => self.renew(),
            92..=93 => self.entity(),
            94..=95 => self.nudge(),
            96 => self.track(),
            _ => self.task(),
        }
    }

    pub(crate) fn some_node(&mut self) -> NodeId {
        self.chance.random_range(0..self.nodes.len())
    }

    /// A node and one of its jobs.
    pub(crate) fn some_job(&mut self) -> Option<(NodeId, usize)> {
        let first = self.some_node();
        let nodes = (0..self.nodes.len()).map(|step| (first + step) % self.nodes.len());
        let node = nodes.into_iter().find(|node| !self.nodes[*node].jobs.is_empty())?;
        Some((node, self.chance.random_range(0..self.nodes[node].jobs.len())))
    }

    fn luck(&mut self) -> Luck {
        match self.chance.random_range(0..100) {
            0..=2 => Luck::Fails,
            3..=5 => Luck::AnswerLost,
            6..=8 => Luck::NotPassedOn,
            _ => Luck::Good,
        }
    }

    /// A node does one of its jobs, in no order.
    fn work(&mut self) {
        let Some((node, at)) = self.some_job() else { return self.idle() };
        let luck = self.luck();
        self.work_on(node, at, luck);
    }

    /// Nobody has anything to do: somebody looks, or time passes up to the next thing that is due.
    fn idle(&mut self) {
        match self.next_time().filter(|_| self.chance.random_bool(0.4)) {
            Some(at) => self.move_clock(at - self.clock),
            None => self.look(),
        }
    }

    pub(crate) fn work_on(&mut self, node: NodeId, at: usize, luck: Luck) {
        let job = self.nodes[node].jobs.swap_remove(at);
        let (name, id) = name(&job);
        self.ops.push(Op::Do(node, name, id, luck));
        let (now, mood) = (self.now(node), self.mood);
        let mut moment = Moment { world: &mut self.world, chance: &mut self.chance, node, now, luck, mood };
        let next = moment.step(job);
        self.nodes[node].jobs.extend(next);
    }

    /// A node looks for waits and retries whose time has come and for leases that have run out.
    fn look(&mut self) {
        let node = self.some_node();
        if self.nodes[node].jobs.len() < MOST_JOBS {
            self.look_on(node);
        }
    }

    pub(crate) fn look_on(&mut self, node: NodeId) {
        self.ops.push(Op::Look(node));
        let (now, mut jobs) = (self.now(node), vec![]);
        let rules = self.world.rules;
        for record in self.world.records.values() {
            let due = record.waits.iter().filter(|wait| wait.due_at.is_some_and(|at| at <= now));
            let wake = |wait: &Wait| wait.ended_by.clone().unwrap_or(Wake::Timer);
            if !rules.has(Fault::NoTimer) {
                jobs.extend(due.map(|wait| Job::Decide(Ask::Wake(Box::new(wait.clone()), wake(wait)))));
            }
            let pending = record.rows.iter().filter(|row| row.visit.status == StepStatus::Pending);
            let ready = pending.filter(|row| row.visit.run_at.is_some_and(|at| at <= now));
            jobs.extend(ready.map(|row| Job::Claim(row.visit.clone())));
            let lost = record.rows.iter().filter(|row| row.lease.is_some_and(|(_, until)| until <= now));
            if !rules.has(Fault::NoTakeOver) {
                jobs.extend(lost.map(|row| Job::TakeOver(row.visit.clone())));
            }
        }
        self.nodes[node].jobs.extend(jobs);
    }

    fn track(&mut self) {
        let node = self.some_node();
        let (who, name) = (self.chance.random_range(0..CONTACTS), HAPPENS[self.chance.random_range(0..HAPPENS.len())]);
        let luck = self.luck();
        self.track_on(node, who, name, luck);
    }

    pub(crate) fn track_on(&mut self, node: NodeId, who: u128, name: &'static str, luck: Luck) {
        self.ops.push(Op::Track(node, who, name, luck));
        let now = self.now(node);
        let tracked =
            self.world.transaction(luck == Luck::Fails, |world| Ok(world.track(contact(who), name, node, now)));
        if luck == Luck::Good {
            self.nodes[node].jobs.extend(tracked.unwrap_or_default().into_iter().map(Job::Run));
        }
    }

    /// Somebody or a schedule starts an execution; the schedule's has no contact.
    fn start(&mut self) {
        let (node, at) = (self.some_node(), self.chance.random_range(0..self.world.workflows.len()));
        let who = self.chance.random_bool(0.8).then(|| self.chance.random_range(0..CONTACTS));
        self.ops.push(Op::Start(node, at, who));
        let (now, with) = (self.now(node), Start { contact_id: who.map(contact), ..Start::default() });
        let due = self.world.begin(at, with, node, now);
        self.nodes[node].jobs.extend(due.into_iter().map(Job::Run));
    }

    fn jump(&mut self) {
        let by = match self.chance.random_range(0..10) {
            0..=2 => -self.chance.random_range(1..3_000),
            3..=5 => self.chance.random_range(1..1_000),
            6..=7 => self.chance.random_range(1_000..30_000),
            8 => LEASE_MS + 1,
            _ => self.chance.random_range(30_000..300_000),
        };
        self.world.seen.add(Count::Jumps);
        self.move_clock(by);
    }

    pub(crate) fn move_clock(&mut self, by: i64) {
        self.ops.push(Op::Clock(by));
        self.clock += by;
    }

    /// A node loses all it knows; its leases run out by themselves.
    fn crash(&mut self) {
        let node = self.some_node();
        self.ops.push(Op::Crash(node));
        self.world.seen.add(Count::Crashes);
        let skew = self.chance.random_range(-2_000..=2_000);
        self.nodes[node] = Node { id: self.nodes[node].id, skew, jobs: vec![] };
    }

    fn double_or_lose(&mut self) {
        let Some((node, at)) = self.some_job() else { return };
        let jobs = &mut self.nodes[node].jobs;
        if self.chance.random_bool(0.7) {
            let twin = jobs[at].clone();
            self.ops.push(Op::Double(node, name(&twin).0));
            jobs.push(twin);
            self.world.seen.add(Count::Doubled);
        } else {
            let lost = jobs.swap_remove(at);
            self.ops.push(Op::Lose(node, name(&lost).0));
        }
    }

    pub(crate) fn some_execution(&mut self, fits: impl Fn(ExecutionStatus) -> bool) -> Option<ExecutionId> {
        let all = self.world.records.values().map(|record| &record.execution);
        let ids: Vec<_> = all.filter(|execution| fits(execution.status)).map(|execution| execution.id).collect();
        (!ids.is_empty()).then(|| ids[self.chance.random_range(0..ids.len())])
    }

    fn cancel(&mut self) {
        let node = self.some_node();
        let Some(id) = self.some_execution(|status| !status.is_terminal()) else { return };
        self.ops.push(Op::Cancel(node, id));
        self.nodes[node].jobs.push(Job::Decide(Ask::Cancel(id)));
    }

    fn retry(&mut self) {
        let node = self.some_node();
        let Some(id) = self.some_execution(|status| status == ExecutionStatus::Failed) else { return };
        self.ops.push(Op::Retry(node, id));
        self.nodes[node].jobs.push(Job::Decide(Ask::Retry(id)));
    }

    /// A person completes a task.
    pub(crate) fn task(&mut self) {
        let node = self.some_node();
        let tasks: Vec<_> = self.world.tasks().cloned().collect();
        if !tasks.is_empty() {
            let wait = tasks[self.chance.random_range(0..tasks.len())].clone();
            self.ops.push(Op::Task(node, wait.step_execution_id.0));
            self.nodes[node].jobs.push(Job::Decide(Ask::Wake(Box::new(wait), Wake::Task(json!({ "done": true })))));
        }
    }

    /// A new version, sometimes under another re-entry rule.
    fn edit(&mut self) {
        let at = self.chance.random_range(0..self.world.workflows.len());
        self.ops.push(Op::Edit(at));
        self.world.seen.add(Count::Edits);
        let graph = graphs::random(&mut self.chance, self.shape);
        let workflow = &mut self.world.workflows[at];
        workflow.versions.push(Map::new(graph).into());
        workflow.definition.version += 1;
        if self.chance.random_bool(0.2) {
            workflow.definition.reentry = rule(&mut self.chance);
        }
    }

    fn renew(&mut self) {
        let node = self.some_node();
        self.ops.push(Op::Renew(node));
        let now = self.now(node);
        for job in &self.nodes[node].jobs {
            match job {
                Job::Run(visit) => self.world.renew(visit, node, now),
                Job::Decide(Ask::Settle(ran)) | Job::Apply(Ask::Settle(ran), _) => {
                    self.world.renew(&ran[0].visit, node, now);
                }
                _ => {}
            }
        }
    }
}

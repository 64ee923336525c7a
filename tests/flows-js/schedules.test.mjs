// Schedules: when a task begins by itself, and what may come between.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused } from './client.mjs';
import { automation, change, decision, edges, manual, start, that, when } from './flow.mjs';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const span = (duration, unit) => ({ duration, unit });
const relative = (direction, length, origin, more = {}) => ({
  mode: 'relative',
  direction,
  ...length,
  reference: { id: origin, origin, ...more },
});
const date = { schema: 'order', attribute: 'date' };
const before = relative('before', span(1, 'minutes'), 'trigger_entity_attribute', date);
const scheduled = (id, schedule, more) => automation(id, { trigger_mode: 'automatic', schedule, ...more });
const parts = (schedule) => ({ tasks: [scheduled('s', schedule), manual('next')], edges: edges('s > next') });

// A date that a minute before is so many milliseconds ahead.
const ahead = (millis) => new Date(Date.now() + MINUTE + millis).toISOString();
const fires = (flow, name = 's') => Date.parse(flow.task(name).schedule.scheduled_at);
const near = (one, other, by = 10_000) => assert.ok(Math.abs(one - other) <= by, `${one} is not near ${other}`);

test('a delayed task is scheduled so long after it became current', async () => {
  const flow = await start(parts({ mode: 'delayed', ...span(2, 'hours') }));
  await flow.reaches('s', 'SCHEDULED');
  const { schedule } = flow.task('s');
  assert.ok(schedule.schedule_id);
  assert.match(schedule.scheduled_at, /Z$/);
  near(fires(flow), Date.now() + 2 * HOUR);
  assert.deepEqual([schedule.mode, schedule.duration, schedule.unit], ['delayed', 2, 'hours']);
  assert.deepEqual(flow.current, ['s']);
});

test('it is relative to the start of the flow, in calendar units too', async () => {
  const flow = await start({
    tasks: [
      scheduled('hour', relative('after', span(1, 'hours'), 'flow_started')),
      scheduled('month', relative('after', span(1, 'months'), 'flow_started')),
    ],
  });
  await flow.reaches('month', 'SCHEDULED');
  const started = Date.parse(flow.data.analytics.started_at);
  near(fires(flow, 'hour'), started + HOUR, 5);
  const month = fires(flow, 'month') - started;
  assert.ok(month >= 28 * 24 * HOUR && month <= 31 * 24 * HOUR);
});

test('it is relative to the completion of a task, and armed when that is there', async () => {
  const flow = await start({
    tasks: [manual('a'), scheduled('s', relative('after', span(1, 'days'), 'task_completed', { id: 'a' }))],
    edges: [],
  });
  assert.deepEqual([flow.current, flow.statuses('s')], [['a', 's'], ['PENDING']]);
  await flow.complete('a');
  await flow.reaches('s', 'SCHEDULED');
  near(fires(flow), Date.parse(flow.task('a').analytics.completed_at) + 24 * HOUR, 5);
});

test('it is relative to the last of all direct predecessors', async () => {
  const flow = await start({
    tasks: [manual('a'), manual('b'), scheduled('s', relative('after', span(1, 'hours'), 'all_preceding_tasks_completed'))],
    edges: edges('a > s', 'b > s'),
  });
  await flow.complete('a');
  assert.deepEqual([flow.current, flow.statuses('s')], [['b', 's'], ['PENDING']]);
  await flow.complete('b');
  await flow.reaches('s', 'SCHEDULED');
  near(fires(flow), Date.parse(flow.task('b').analytics.completed_at) + HOUR, 5);
});

test('it starts when the time has come, before or after a date of the entity', async () => {
  const flow = await start(parts(before), { entity: { date: ahead(1_500) } });
  await flow.reaches('s', 'SCHEDULED');
  assert.equal(flow.task('s').automation_execution_id, undefined);
  await flow.begins('s');
  assert.ok(flow.task('s').automation_execution_id);
  await flow.complete('s');
  await flow.stands('next');
  const after = relative('after', span(1, 'minutes'), 'trigger_entity_attribute', date);
  const late = await start(parts(after), { entity: { date: new Date(Date.now() - MINUTE + 1_000).toISOString() } });
  await late.begins('s');
});

test('a decision that is scheduled is evaluated when the time has come', async () => {
  const conditions = [when('x', that('status', 'equals', 'won'))];
  const flow = await start(
    {
      tasks: [decision('d', conditions, { schedule: before }), manual('a'), manual('b')],
      edges: edges('d > a : x', 'd > b !'),
    },
    { entity: { date: ahead(1_500), status: 'lost' } },
  );
  await flow.reaches('d', 'SCHEDULED');
  assert.equal(flow.task('d').conditions[0].evaluated_at, undefined);
  await change(flow.entity, { status: 'won' });
  await flow.stands('a');
});

test('executing or running it now does not wait for the time', async () => {
  for (const call of ['executeTask', 'runTaskAutomation', 'runTaskScheduleNow']) {
    const flow = await start(parts({ mode: 'delayed', ...span(1, 'years') }));
    await flow.reaches('s', 'SCHEDULED');
    const { data } = await executions[call](flow.at('s'));
    assert.equal(data.status, 'IN_PROGRESS', call);
    assert.deepEqual([data.schedule?.schedule_id, (await flow.load()).current], [undefined, ['s']], call);
  }
  const conditions = [when('x', that('status', 'is_empty'))];
  const parted = { tasks: [decision('d', conditions, { schedule: { mode: 'delayed', ...span(1, 'days') } }), manual('a')] };
  for (const call of ['executeTask', 'runTaskScheduleNow']) {
    const flow = await start({ ...parted, edges: edges('d > a : x') });
    await flow.reaches('d', 'SCHEDULED');
    await executions[call](flow.at('d'));
    await flow.stands('a');
  }
});

test('a task that is completed or skipped by hand is not scheduled any more', async () => {
  for (const status of ['COMPLETED', 'SKIPPED']) {
    const flow = await start(parts({ mode: 'delayed', ...span(1, 'days') }));
    await flow.reaches('s', 'SCHEDULED');
    const schedule_id = flow.task('s').schedule.schedule_id;
    await flow.patch('s', { status });
    await flow.stands('next');
    assert.equal((await refused(executions.cancelSchedule({ execution_id: flow.id, schedule_id }))).status, 404);
  }
});

test('a date that is empty, unreadable or over makes the task fail with a reason, and a new one arms it', async () => {
  for (const [wrong, code] of [
    [undefined, 'INVALID_SCHEDULE_CONFIG'],
    ['soon', 'INVALID_SCHEDULE_CONFIG'],
    ['2020-01-01', /./],
  ]) {
    const flow = await start(parts(before), { entity: { date: wrong } });
    await flow.reaches('s', 'FAILED');
    assert.deepEqual(flow.current, ['s']);
    const reason = JSON.parse(flow.task('s').automation_config.error_reason);
    assert.match(reason.error_code, new RegExp(code));
    assert.ok(reason.error_reason && reason.error_info);
    await change(flow.entity, { date: ahead(HOUR) });
    await flow.reaches('s', 'SCHEDULED');
    assert.equal(flow.task('s').automation_config.error_reason, undefined);
    near(fires(flow), Date.now() + HOUR);
  }
});

test('of a decision that cannot be scheduled the schedule says why', async () => {
  const flow = await start({ tasks: [decision('d', [when('x')], { schedule: before }), manual('a')], edges: edges('d > a !') });
  await flow.reaches('d', 'FAILED');
  assert.equal(JSON.parse(flow.task('d').schedule.error_reason).error_code, 'INVALID_SCHEDULE_CONFIG');
  await executions.executeTask(flow.at('d'));
  await flow.stands('a');
});

test('a date that moves takes the schedule with it', async () => {
  const flow = await start(parts(before), { entity: { date: ahead(HOUR) } });
  await flow.reaches('s', 'SCHEDULED');
  await change(flow.entity, { date: ahead(5 * HOUR) });
  await flow.comes(() => fires(flow) > Date.now() + 4 * HOUR);
  assert.deepEqual(flow.statuses('s'), ['SCHEDULED']);
  await change(flow.entity, { date: ahead(500) });
  await flow.begins('s');
});

test('what is not scheduled can neither be cancelled nor run now', async () => {
  const flow = await start({ tasks: [manual('a')] });
  const unknown = { execution_id: flow.id, task_id: '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10' };
  for (const call of ['cancelTaskSchedule', 'runTaskScheduleNow']) {
    assert.equal((await refused(executions[call](flow.at('a')))).status, 400, call);
    assert.equal((await refused(executions[call](unknown))).status, 404, call);
  }
  for (const schedule_id of ['nobody', '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10']) {
    assert.equal((await refused(executions.cancelSchedule({ execution_id: flow.id, schedule_id }))).status, 404);
  }
});

test('closing a flow gives up its schedules', async () => {
  const flow = await start(parts(before), { entity: { date: ahead(1_000) } });
  await flow.reaches('s', 'SCHEDULED');
  const { schedule_id, scheduled_at } = flow.task('s').schedule;
  await flow.change({ status: 'CLOSED' });
  assert.equal((await refused(executions.cancelSchedule({ execution_id: flow.id, schedule_id }))).status, 404);
  await flow.comes(() => Date.now() > Date.parse(scheduled_at) + 300);
  assert.equal(flow.task('s').automation_execution_id, undefined);
});

test('a month after the last of January is the last of February', async () => {
  const month = relative('after', span(1, 'months'), 'trigger_entity_attribute', date);
  const flow = await start(parts(month), { entity: { date: '2099-01-31' } });
  await flow.reaches('s', 'SCHEDULED');
  assert.equal(flow.task('s').schedule.scheduled_at, '2099-02-28T00:00:00.000Z');
});

// Requirements, disabled tasks, and due dates that are computed.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused } from './client.mjs';
import { automation, edges, manual, start } from './flow.mjs';

const HOUR = 3_600_000;
const after = (...ids) => ({ requirements: ids.map((task_id) => ({ when: 'TASK_FINISHED', task_id })) });
const afterPhase = (phase_id) => ({ requirements: [{ when: 'PHASE_FINISHED', phase_id }] });
const due = (type, duration, unit, more) => ({ due_date_config: { type, duration, unit, ...more } });
const near = (text, millis) => assert.ok(Math.abs(Date.parse(text) - millis) <= 5, `${text} is not near ${new Date(millis).toISOString()}`);
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const WALL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/;

test('a task is enabled when the tasks it requires are done, and not before', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b'), manual('c', after('a', 'b'))], edges: [] });
  const enabled = () => flow.task('c').enabled;
  assert.deepEqual([flow.current, enabled()], [['a', 'b', 'c'], false]);
  assert.deepEqual(flow.task('c').requirements, after('a', 'b').requirements);
  await flow.complete('a');
  assert.equal(enabled(), false);
  await flow.skip('b');
  assert.equal(enabled(), true);
  await flow.patch('b', { status: 'PENDING' });
  assert.equal(enabled(), false, 'what it requires is open again');
});

test('a phase that is finished enables a task', async () => {
  const flow = await start({
    phases: [{ id: 'p', name: 'P' }],
    tasks: [manual('a', { phase_id: 'p' }), manual('b', { phase_id: 'p' }), manual('c', afterPhase('p'))],
    edges: edges('a > b'),
  });
  await flow.complete('a');
  assert.equal(flow.task('c').enabled, false);
  await flow.complete('b');
  assert.equal(flow.task('c').enabled, true);
});

test('the status of a disabled task cannot be changed, until it is enabled', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b', after('a'))], edges: [] });
  const before = flow.data;
  for (const status of ['IN_PROGRESS', 'COMPLETED', 'SKIPPED', 'ON_HOLD']) {
    const answer = await refused(executions.patchTask(flow.at('b'), { status }));
    assert.equal(answer.status, 400, status);
    assert.match(answer.message, /status|enabled/);
  }
  assert.equal((await refused(executions.executeTask(flow.at('b')))).status, 400);
  assert.deepEqual((await flow.load()).data, before);
  assert.equal((await flow.patch('b', { name: 'Renamed' })).name, 'Renamed', 'all else can');
  const done = await flow.patch('b', { enabled: true, status: 'COMPLETED' });
  assert.deepEqual([done.enabled, done.status], [true, 'COMPLETED']);
});

test('what a patch says of it holds until the next patch', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b', after('a')), manual('c')], edges: [] });
  await flow.patch('b', { enabled: true });
  await flow.patch('c', { enabled: false });
  await flow.complete('a');
  assert.deepEqual([flow.task('b').enabled, flow.task('c').enabled], [true, false]);
  await flow.patch('a', { status: 'PENDING' });
  assert.equal(flow.task('b').enabled, true);
  await flow.patch('b', { enabled: false });
  await flow.complete('a');
  assert.equal(flow.task('b').enabled, false);
});

test('a disabled task becomes current, and starts by itself once it is enabled', async () => {
  const runs = { trigger_mode: 'automatic' };
  const flow = await start({ tasks: [manual('a'), automation('b', { ...runs, ...after('a') })], edges: [] });
  assert.deepEqual([flow.current, flow.statuses('b')], [['a', 'b'], ['PENDING']]);
  assert.equal((await refused(executions.runTaskAutomation(flow.at('b')))).status, 400);
  await flow.complete('a');
  await flow.begins('b');
  const other = await start({ tasks: [manual('a'), automation('b', runs)], edges: edges('a > b') });
  await other.patch('b', { enabled: false });
  await other.complete('a');
  assert.deepEqual([other.current, other.statuses('b')], [['b'], ['PENDING']]);
  await other.patch('b', { enabled: true });
  await other.begins('b');
});

test('due dates count from the start: hours as an instant, days without a zone', async () => {
  const flow = await start({
    ...due('WORKFLOW_STARTED', 2, 'weeks'),
    phases: [{ id: 'p', name: 'P', ...due('WORKFLOW_STARTED', 1, 'days') }],
    tasks: [manual('a', due('WORKFLOW_STARTED', 90, 'minutes')), manual('b', { phase_id: 'p', ...due('WORKFLOW_STARTED', 3, 'days') })],
    edges: [],
  });
  const started = Date.parse(flow.data.analytics.started_at);
  assert.match(flow.task('a').due_date, INSTANT);
  near(flow.task('a').due_date, started + 1.5 * HOUR);
  for (const [date, days] of [
    [flow.task('b').due_date, 3],
    [flow.data.due_date, 14],
    [flow.phase('p').due_date, 1],
  ]) {
    assert.match(date, WALL);
    near(`${date}Z`, started + days * 24 * HOUR);
  }
});

test('due dates count from the end of a task or a phase', async () => {
  const flow = await start({
    phases: [{ id: 'p', name: 'P' }],
    tasks: [
      manual('a', { phase_id: 'p' }),
      manual('b', { phase_id: 'p' }),
      manual('c', due('TASK_FINISHED', 1, 'hours', { task_id: 'a' })),
      manual('d', due('PHASE_FINISHED', 2, 'hours', { phase_id: 'p' })),
    ],
    edges: [],
  });
  assert.deepEqual([flow.task('c').due_date, flow.task('d').due_date], [undefined, undefined]);
  await flow.complete('a');
  near(flow.task('c').due_date, Date.parse(flow.task('a').analytics.completed_at) + HOUR);
  assert.equal(flow.task('d').due_date, undefined);
  await flow.complete('b');
  near(flow.task('d').due_date, Date.parse(flow.task('b').analytics.completed_at) + 2 * HOUR);
});

test('due dates count from the first or the last direct predecessor', async () => {
  const flow = await start({
    tasks: [
      manual('a'),
      manual('b'),
      manual('first', due('A_PRECEDING_TASK_COMPLETED', 1, 'hours')),
      manual('last', due('ALL_PRECEDING_TASKS_COMPLETED', 1, 'hours')),
    ],
    edges: edges('a > first', 'b > first', 'a > last', 'b > last'),
  });
  await flow.complete('a');
  const one = Date.parse(flow.task('a').analytics.completed_at);
  near(flow.task('first').due_date, one + HOUR);
  assert.equal(flow.task('last').due_date, undefined);
  await flow.complete('b');
  near(flow.task('first').due_date, one + HOUR);
  near(flow.task('last').due_date, Date.parse(flow.task('b').analytics.completed_at) + HOUR);
});

test('an explicit due date goes first, and is given back as it was sent', async () => {
  const flow = await start({
    due_date: '2031-05-06',
    ...due('WORKFLOW_STARTED', 1, 'days'),
    tasks: [manual('a', { due_date: '2030-01-01T00:00:00.000', ...due('WORKFLOW_STARTED', 1, 'hours') })],
  });
  assert.deepEqual([flow.data.due_date, flow.task('a').due_date], ['2031-05-06', '2030-01-01T00:00:00.000']);
  for (const text of ['2030-02-03', '2030-02-03T04:05', '2030-02-03T04:05:06Z', '2030-02-03T04:05:06+02:00']) {
    assert.equal((await flow.patch('a', { due_date: text })).due_date, text);
  }
  const both = await flow.patch('a', { due_date: '2030-03-03', due_date_config: due('WORKFLOW_STARTED', 5, 'hours').due_date_config });
  assert.deepEqual([both.due_date, both.due_date_config.duration], ['2030-03-03', 5]);
});

test('a rule that is patched computes the date anew', async () => {
  const flow = await start({ tasks: [manual('a')] });
  const task = await flow.patch('a', due('WORKFLOW_STARTED', 4, 'hours'));
  near(task.due_date, Date.parse(flow.data.analytics.started_at) + 4 * HOUR);
  const data = await flow.change(due('WORKFLOW_STARTED', 2, 'hours'));
  near(data.due_date, Date.parse(data.analytics.started_at) + 2 * HOUR);
});

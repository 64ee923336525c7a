// Going back: a task that is done becomes current again, and what came after it is undone.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused } from './client.mjs';
import { automation, choice, edges, manual, start } from './flow.mjs';

const tasks = (...names) => names.map((name) => manual(name));

// a → d → b or c → e
const forked = () => ({
  tasks: [manual('a'), choice('d', ['l', 'r']), ...tasks('b', 'c', 'e')],
  edges: edges('a > d', 'd > b : l', 'd > c : r', 'b > e', 'c > e'),
});

test('a revert across a decision undoes its branch, and another may be taken', async () => {
  const flow = await start(forked());
  await flow.complete('a');
  await flow.choose('d', 'l');
  await flow.complete('b');
  assert.deepEqual(flow.current, ['e']);
  const task = await flow.revert('a');
  assert.equal(task.status, 'PENDING');
  assert.deepEqual([flow.current, flow.statuses('a', 'd', 'b', 'e')], [['a'], ['PENDING', 'PENDING', 'PENDING', 'PENDING']]);
  assert.equal(flow.task('b').analytics.completed_at, undefined);
  await flow.complete('a');
  assert.deepEqual(flow.current, ['d']);
  await flow.choose('d', 'r');
  assert.deepEqual(flow.current, ['c']);
});

test('a revert to a decision lets it be taken again', async () => {
  const flow = await start(forked());
  await flow.complete('a');
  await flow.choose('d', 'l');
  await flow.revert('d');
  assert.deepEqual([flow.current, flow.statuses('a', 'd')], [['d'], ['COMPLETED', 'PENDING']]);
  await flow.choose('d', 'r');
  assert.deepEqual(flow.current, ['c']);
});

test('a revert into the work on it needs the flag', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  await flow.complete('a');
  const { status, message } = await refused(executions.patchTask(flow.at('a'), { status: 'IN_PROGRESS' }));
  assert.equal(status, 400);
  assert.match(message, /status/);
  assert.deepEqual([(await flow.load()).current, flow.statuses('a')], [['b'], ['COMPLETED']]);
  await flow.revert('a', 'IN_PROGRESS');
  assert.deepEqual([flow.current, flow.statuses('a', 'b')], [['a'], ['IN_PROGRESS', 'PENDING']]);
});

test('without the flag a done task becomes pending where it is, and the flow stays', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  await flow.complete('a');
  await flow.patch('a', { status: 'PENDING' });
  assert.deepEqual([flow.current, flow.statuses('a', 'b')], [['b'], ['PENDING', 'PENDING']]);
});

test('a revert starts a flow again that was done', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  await flow.complete('a');
  await flow.complete('b');
  await flow.ends();
  await flow.revert('b');
  assert.deepEqual([flow.data.status, flow.current, flow.data.analytics.completed_at], ['STARTED', ['b'], undefined]);
  await flow.complete('b');
  await flow.ends();
});

test('the flag is ignored for the current task and for one that was not reached', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  await flow.complete('a');
  await flow.revert('b', 'IN_PROGRESS');
  assert.deepEqual([flow.current, flow.statuses('a', 'b')], [['b'], ['COMPLETED', 'IN_PROGRESS']]);
  await flow.revert('c', 'ON_HOLD');
  assert.deepEqual([flow.current, flow.statuses('b', 'c')], [['b'], ['IN_PROGRESS', 'ON_HOLD']]);
});

test('a task that is reverted to another end passes on at once', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  await flow.complete('a');
  await flow.complete('b');
  await flow.revert('a', 'SKIPPED');
  assert.deepEqual([flow.current, flow.statuses('a', 'b', 'c')], [['b'], ['SKIPPED', 'PENDING', 'PENDING']]);
});

test('parallel paths beside the reverted task stay as they are', async () => {
  const flow = await start({ tasks: tasks('s', 'a', 'b', 'x', 'y'), edges: edges('s > a', 's > x', 'a > b', 'x > y') });
  await flow.complete('s');
  await flow.complete('a');
  await flow.complete('x');
  assert.deepEqual(flow.current, ['b', 'y']);
  await flow.revert('a');
  assert.deepEqual([flow.current, flow.statuses('x', 's')], [['a', 'y'], ['COMPLETED', 'COMPLETED']]);
});

test('what is scheduled or runs behind the reverted task is given up', async () => {
  const later = { trigger_mode: 'automatic', schedule: { mode: 'delayed', duration: 1, unit: 'hours' } };
  const flow = await start({
    tasks: [manual('a'), automation('b', later), automation('c', { trigger_mode: 'automatic' })],
    edges: edges('a > b', 'a > c'),
  });
  await flow.complete('a');
  await flow.reaches('b', 'SCHEDULED');
  await flow.begins('c');
  await flow.revert('a');
  assert.deepEqual([flow.current, flow.statuses('b', 'c')], [['a'], ['PENDING', 'PENDING']]);
  assert.equal(flow.task('b').schedule.schedule_id, undefined);
  assert.equal(flow.task('c').automation_execution_id, undefined);
});

test('in a phase that is reverted to, the phases behind are open again', async () => {
  const flow = await start({
    phases: [{ id: 'p', name: 'P' }, { id: 'q', name: 'Q' }],
    tasks: [manual('a', { phase_id: 'p' }), manual('b', { phase_id: 'q' })],
    edges: edges('a > b'),
  });
  const statuses = () => ['p', 'q'].map((name) => flow.phase(name).status);
  await flow.complete('a');
  assert.deepEqual(statuses(), ['COMPLETED', 'IN_PROGRESS']);
  await flow.revert('a');
  assert.deepEqual(statuses(), ['IN_PROGRESS', 'OPEN']);
});

// Linear flows: a task is enabled when all that leads to it is done.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused } from './client.mjs';
import { automation, choice, edges, manual, start } from './flow.mjs';

const linear = (parts) => ({ linear: true, version: 'v2', ...parts });
const tasks = (...names) => names.map((name) => manual(name));
const enabled = (flow, ...names) => names.map((name) => flow.task(name).enabled);

test('one task after the other is enabled', async () => {
  const flow = await start(linear({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') }));
  assert.deepEqual([flow.data.linear, enabled(flow, 'a', 'b', 'c')], [true, [true, false, false]]);
  assert.equal((await refused(executions.patchTask(flow.at('b'), { status: 'COMPLETED' }))).status, 400);
  await flow.complete('a');
  assert.deepEqual([enabled(flow, 'a', 'b', 'c'), flow.current], [[true, true, false], ['b']]);
  await flow.complete('b');
  await flow.complete('c');
  await flow.ends();
});

test('where paths meet, all of them are waited for', async () => {
  const flow = await start(linear({ tasks: tasks('s', 'a', 'b', 'c'), edges: edges('s > a', 's > b', 'a > c', 'b > c') }));
  await flow.complete('s');
  await flow.complete('a');
  assert.deepEqual(enabled(flow, 'b', 'c'), [true, false]);
  assert.ok(!flow.current.includes('c'));
  await flow.complete('b');
  assert.deepEqual([flow.current, enabled(flow, 'c')], [['c'], [true]]);
});

test('a branch that was not taken is not waited for', async () => {
  const flow = await start(
    linear({
      tasks: [choice('d', ['l', 'r']), ...tasks('a', 'b', 'c')],
      edges: edges('d > a : l', 'd > b : r', 'a > c', 'b > c'),
    }),
  );
  await flow.choose('d', 'l');
  assert.deepEqual(flow.current, ['a']);
  await flow.complete('a');
  assert.deepEqual([flow.current, enabled(flow, 'c')], [['c'], [true]]);
});

test('requirements do not count', async () => {
  const requires = { requirements: [{ when: 'TASK_FINISHED', task_id: 'c' }] };
  const flow = await start(linear({ tasks: [manual('a'), manual('b', requires), manual('c')], edges: edges('a > b', 'b > c') }));
  await flow.complete('a');
  assert.deepEqual([flow.current, enabled(flow, 'b')], [['b'], [true]]);
});

test('what runs by itself waits for all as well', async () => {
  const flow = await start(
    linear({ tasks: [...tasks('a', 'b'), automation('c', { trigger_mode: 'automatic' })], edges: edges('a > c', 'b > c') }),
  );
  await flow.complete('a');
  assert.deepEqual(flow.statuses('c'), ['PENDING']);
  await flow.skip('b');
  await flow.begins('c');
});

test('a revert disables what lies behind', async () => {
  const flow = await start(linear({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') }));
  await flow.complete('a');
  await flow.complete('b');
  await flow.revert('a');
  assert.deepEqual([flow.current, enabled(flow, 'a', 'b', 'c')], [['a'], [true, false, false]]);
});

test('a flow that is not linear says so', async () => {
  const flow = await start({ version: 'v2', tasks: tasks('a', 'b'), edges: edges('a > b') });
  assert.deepEqual([flow.data.linear ?? false, enabled(flow, 'a', 'b')], [false, [true, true]]);
});

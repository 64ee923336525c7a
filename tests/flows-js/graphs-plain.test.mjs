// Graphs as the API's own example writes them: edges from task to task, phases only group.

import test from 'node:test';
import assert from 'node:assert/strict';
import { about, choice, edges, manual, start } from './flow.mjs';

const tasks = (...names) => names.map((name) => manual(name));

test('a flow without edges begins with all its tasks', async () => {
  const flow = await start({ tasks: tasks('a', 'b'), edges: [] });
  assert.deepEqual(flow.current, ['a', 'b']);
  await flow.complete('a');
  await flow.stands('b');
  await flow.skip('b');
  await flow.ends();
});

test('several edges run in parallel, and the flow is done with the last of them', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c', 'd'), edges: edges('a > b', 'a > c', 'c > d') });
  await flow.complete('a');
  assert.deepEqual(flow.current, ['b', 'c']);
  await flow.complete('c');
  assert.deepEqual(flow.current, ['b', 'd']);
  await flow.complete('d');
  assert.deepEqual([flow.current, flow.data.status], [['b'], 'STARTED']);
  await flow.complete('b');
  await flow.ends();
});

test('the first of several predecessors enters a task, and a second changes nothing', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c', 'd'), edges: edges('a > c', 'b > c', 'c > d') });
  await flow.complete('a');
  assert.deepEqual(flow.current, ['b', 'c']);
  const since = flow.data.crt_tasks.find(({ id }) => id === flow.task('c').id).crt_since;
  await flow.complete('b');
  assert.deepEqual([flow.current, flow.data.crt_tasks[0].crt_since], [['c'], since]);
  await flow.complete('c');
  assert.deepEqual(flow.current, ['d']);
});

test('a task that was done beforehand is passed through', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  await flow.complete('b');
  assert.deepEqual([flow.current, flow.statuses('b')], [['a'], ['COMPLETED']]);
  await flow.complete('a');
  assert.deepEqual(flow.current, ['c']);
});

test('a second predecessor passes through a task that the first has done already', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > c', 'b > c') });
  await flow.complete('a');
  await flow.complete('c');
  assert.deepEqual(flow.current, ['b']);
  await flow.complete('b');
  await flow.ends();
});

test('edges lead across phases, and an open end ends its path', async () => {
  const flow = await start({
    phases: [{ id: 'one', name: 'One' }, { id: 'two', name: 'Two' }],
    tasks: [manual('a', { phase_id: 'one' }), manual('b', { phase_id: 'two' }), manual('c', { phase_id: 'one' })],
    edges: edges('a > b', 'b > c', 'c > -'),
  });
  assert.deepEqual(flow.current, ['a']);
  assert.equal(flow.data.edges.length, 2);
  for (const name of ['a', 'b', 'c']) {
    assert.deepEqual(flow.current, [name]);
    await flow.complete(name);
  }
  await flow.ends();
});

test('a done task that is not current moves nothing when it changes again', async () => {
  const flow = await start({ tasks: tasks('a', 'b', 'c'), edges: edges('a > b', 'b > c') });
  await flow.complete('a');
  for (const status of ['SKIPPED', 'COMPLETED', 'PENDING', 'COMPLETED']) {
    await flow.patch('a', { status });
    assert.deepEqual([flow.statuses('a'), flow.current], [[status], ['b']]);
  }
});

test('paths that part at a decision come together again', async () => {
  const flow = await start({
    tasks: [choice('d', ['l', 'r']), ...tasks('a', 'b', 'c')],
    edges: edges('d > a : l', 'd > b : r', 'a > c', 'b > c'),
  });
  await flow.choose('d', 'r');
  assert.deepEqual(flow.current, ['b']);
  await flow.complete('b');
  assert.deepEqual(flow.current, ['c']);
  await flow.complete('c');
  await flow.ends();
  assert.deepEqual(flow.statuses('a', 'b', 'c', 'd'), ['PENDING', 'COMPLETED', 'COMPLETED', 'COMPLETED']);
});

test('a flow is about several entities, and the first is the primary one', async () => {
  const contexts = [await about({ n: 1 }), await about({ n: 2 }, 'meter')];
  const flow = await start({ tasks: tasks('a'), edges: [] }, { contexts });
  assert.deepEqual(flow.data.contexts.map((one) => one.entity_id), contexts.map((one) => one.entity_id));
});

test('two flows of one template stand each for itself', async () => {
  const one = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  const other = await start({ tasks: tasks('a', 'b'), edges: edges('a > b') });
  await one.complete('a');
  assert.deepEqual([one.current, (await other.load()).current], [['b'], ['a']]);
  assert.notEqual(one.task('a').id, other.task('a').id);
});

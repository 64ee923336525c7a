// Purposes: what a flow is started for, and which of its tasks that concerns.

import test from 'node:test';
import assert from 'node:assert/strict';
import { edges, manual, start } from './flow.mjs';

const tagged = (id, ...taxonomies) => manual(id, { taxonomies });
const line = (...tasks) => ({ tasks, edges: tasks.slice(1).map((task, at) => edges(`${tasks[at].id} > ${task.id}`)[0]) });

test('tasks for other purposes are skipped at the start, and passed through', async () => {
  const parts = line(tagged('solar', 'solar'), tagged('heat', 'heat'), manual('both'), tagged('late', 'heat', 'solar'));
  const flow = await start(parts, { purposes: ['heat'] });
  assert.deepEqual(flow.statuses('solar', 'heat', 'both', 'late'), ['SKIPPED', 'PENDING', 'PENDING', 'PENDING']);
  assert.deepEqual(flow.current, ['heat']);
  assert.deepEqual(flow.task('solar').taxonomies, ['solar']);
});

test('without purposes every task is active', async () => {
  const flow = await start(line(tagged('solar', 'solar'), tagged('heat', 'heat')));
  assert.deepEqual(flow.statuses('solar', 'heat'), ['PENDING', 'PENDING']);
});

test('tasks that are skipped in the middle are passed through when their time comes', async () => {
  const flow = await start(line(manual('a'), tagged('b', 'solar'), tagged('c', 'solar'), manual('d')), { purposes: ['heat'] });
  await flow.complete('a');
  assert.deepEqual(flow.current, ['d']);
});

test('a phase for another purpose is left out with its tasks', async () => {
  const flow = await start(
    {
      phases: [{ id: 'p', name: 'P', taxonomies: ['solar'] }, { id: 'q', name: 'Q' }],
      tasks: [manual('a', { phase_id: 'p' }), tagged('own', 'heat'), manual('b', { phase_id: 'q' })].map((task) =>
        task.id === 'own' ? { ...task, phase_id: 'p' } : task,
      ),
      edges: edges('a > own', 'own > b'),
    },
    { purposes: ['heat'] },
  );
  assert.deepEqual(flow.statuses('a', 'own', 'b'), ['SKIPPED', 'PENDING', 'PENDING']);
  assert.deepEqual(flow.current, ['own']);
  await flow.complete('own');
  assert.equal(flow.phase('p').status, 'COMPLETED');
});

test('a flow whose tasks are all for other purposes is done at once', async () => {
  const flow = await start(line(tagged('a', 'solar'), tagged('b', 'solar')), { purposes: ['heat'] });
  assert.deepEqual([flow.data.status, flow.current], ['DONE', []]);
});

test('several purposes are asked for at once', async () => {
  const flow = await start(line(tagged('a', 'solar'), tagged('b', 'wind'), tagged('c', 'heat')), { purposes: ['heat', 'solar'] });
  assert.deepEqual(flow.statuses('a', 'b', 'c'), ['PENDING', 'SKIPPED', 'PENDING']);
});

// Phases: their status is worked out, and counts only what can be reached.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions, refused } from './client.mjs';
import { choice, edges, manual, start } from './flow.mjs';

const phases = (...ids) => ids.map((id) => ({ id, name: `Phase ${id}` }));
const inside = (phase, ...names) => names.map((name) => manual(name, { phase_id: phase }));
const statuses = (flow) => flow.data.phases.map((phase) => phase.status);

test('a phase is open, then in progress, then completed', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a', 'b'), ...inside('q', 'c')],
    edges: edges('a > b', 'b > c'),
  });
  assert.deepEqual(statuses(flow), ['IN_PROGRESS', 'OPEN']);
  await flow.complete('a');
  assert.deepEqual(statuses(flow), ['IN_PROGRESS', 'OPEN']);
  await flow.skip('b');
  assert.deepEqual(statuses(flow), ['COMPLETED', 'IN_PROGRESS']);
  await flow.complete('c');
  assert.deepEqual(statuses(flow), ['COMPLETED', 'COMPLETED']);
});

test('a phase is completed when what is open of it cannot be reached any more', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [choice('d', ['in', 'out'], { phase_id: 'p' }), ...inside('p', 'a'), ...inside('q', 'b')],
    edges: edges('d > a : in', 'd > b : out', 'a > b'),
  });
  assert.deepEqual(statuses(flow), ['IN_PROGRESS', 'OPEN']);
  await flow.choose('d', 'out');
  assert.deepEqual([flow.statuses('a'), statuses(flow)], [['PENDING'], ['COMPLETED', 'IN_PROGRESS']]);
});

test('a phase stays in progress while a path still leads to an open task of it', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a', 'z'), ...inside('q', 'b')],
    edges: edges('a > b', 'b > z'),
  });
  await flow.complete('a');
  assert.deepEqual([flow.current, statuses(flow)], [['b'], ['IN_PROGRESS', 'IN_PROGRESS']]);
  await flow.complete('b');
  assert.deepEqual(statuses(flow), ['IN_PROGRESS', 'COMPLETED']);
  await flow.complete('z');
  assert.deepEqual(statuses(flow), ['COMPLETED', 'COMPLETED']);
});

test('a phase that the flow passes by stays open', async () => {
  const flow = await start({
    phases: phases('p', 'q', 'r'),
    tasks: [choice('d', ['l', 'r'], { phase_id: 'p' }), ...inside('q', 'a'), ...inside('r', 'b')],
    edges: edges('d > a : l', 'd > b : r'),
  });
  await flow.choose('d', 'r');
  assert.deepEqual(statuses(flow), ['COMPLETED', 'OPEN', 'IN_PROGRESS']);
  await flow.complete('b');
  await flow.ends();
  assert.deepEqual(statuses(flow), ['COMPLETED', 'OPEN', 'COMPLETED']);
});

test('a phase without an exit ends its path and is completed', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a'), ...inside('q', 'b')],
    edges: edges('trigger > p', 'trigger > q', 'p > a', 'q > b'),
  });
  await flow.complete('a');
  assert.deepEqual([statuses(flow), flow.current], [['COMPLETED', 'IN_PROGRESS'], ['b']]);
});

test('a task that was done beforehand puts its phase in progress', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a'), ...inside('q', 'b', 'c')],
    edges: edges('a > b', 'b > c'),
  });
  await flow.complete('c');
  assert.deepEqual(statuses(flow), ['IN_PROGRESS', 'IN_PROGRESS']);
});

test('a phase is assigned, named and dated, and cannot be given a status', async () => {
  const flow = await start({ phases: phases('p'), tasks: inside('p', 'a'), edges: [] });
  const at = { execution_id: flow.id, phase_id: flow.phase('p').id };
  const config = { duration: 1, unit: 'days', type: 'WORKFLOW_STARTED' };
  const { data } = await executions.patchPhase(at, { name: 'New', assigned_to: ['u1'], due_date_config: config, status: 'COMPLETED' });
  assert.deepEqual([data.name, data.assigned_to, data.status], ['New', ['u1'], 'IN_PROGRESS']);
  assert.match(data.due_date, /^\d{4}-\d\d-\d\dT/);
  for (const [more, word] of [
    [{ due_date: 'soon' }, /due_date/],
    [{ name: 7 }, /name/],
    [{ assigned_to: [''] }, /assigned_to/],
  ]) {
    const { status, message } = await refused(executions.patchPhase(at, more));
    assert.equal(status, 400);
    assert.match(message, word);
  }
  for (const phase_id of ['p', 'nobody', '7c1c7a3e-58a5-4f0b-9a51-0d6a2a4a2f10']) {
    const { status } = await refused(executions.patchPhase({ ...at, phase_id }, { name: 'Other' }));
    assert.equal(status, 400, phase_id);
  }
  await flow.load();
  assert.equal(flow.data.phases[0].name, 'New');
});

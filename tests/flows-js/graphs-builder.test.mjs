// Graphs as the flow builder stores them: a node `trigger`, phases as nodes with their entries and exits, open ends.

import test from 'node:test';
import assert from 'node:assert/strict';
import { choice, edges, manual, repeat, start } from './flow.mjs';

const phases = (...ids) => ids.map((id) => ({ id, name: `Phase ${id}` }));
const inside = (phase, ...names) => names.map((name) => manual(name, { phase_id: phase }));

// Two phases, each with an entry; the first leads to the second.
const two = () => ({
  phases: phases('p', 'q'),
  tasks: [...inside('p', 'a', 'b'), ...inside('q', 'c')],
  edges: edges('trigger > p', 'p > a', 'a > b', 'b > -', 'p > q', 'q > c', 'c > -'),
});

test('the trigger leads to a phase, a phase to its first task, and its exit to the next phase', async () => {
  const flow = await start(two());
  for (const name of ['a', 'b', 'c']) {
    assert.deepEqual(flow.current, [name]);
    await flow.complete(name);
  }
  await flow.ends();
});

test('the edges of an execution keep the trigger and the phases, and leave out open ends', async () => {
  const flow = await start(two());
  const shown = Object.fromEntries(flow.data.edges.map((edge) => [edge.id, [edge.from_id, edge.to_id]]));
  assert.deepEqual(Object.keys(shown).sort(), ['a>b', 'p>a', 'p>q', 'q>c', 'trigger>p']);
  assert.deepEqual(shown['trigger>p'], ['trigger', flow.phase('p').id]);
  assert.deepEqual(shown['p>a'], [flow.phase('p').id, flow.task('a').id]);
  assert.deepEqual(shown['p>q'], [flow.phase('p').id, flow.phase('q').id]);
});

test('the trigger may lead to several tasks', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b'), manual('c')], edges: edges('trigger > a', 'trigger > b', 'b > c') });
  assert.deepEqual(flow.current, ['a', 'b']);
});

test('the exit of a phase is taken when its last current task is done', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a', 'b', 'c'), ...inside('q', 'd')],
    edges: edges('trigger > p', 'p > a', 'a > b', 'a > c', 'p > q', 'q > d'),
  });
  await flow.complete('a');
  assert.deepEqual(flow.current, ['b', 'c']);
  await flow.complete('b');
  assert.deepEqual(flow.current, ['c']);
  await flow.skip('c');
  assert.deepEqual(flow.current, ['d']);
});

test('a phase without an exit ends its path', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a'), ...inside('q', 'b')],
    edges: edges('trigger > p', 'trigger > q', 'p > a', 'q > b'),
  });
  assert.deepEqual(flow.current, ['a', 'b']);
  await flow.complete('a');
  assert.deepEqual(flow.current, ['b']);
  await flow.complete('b');
  await flow.ends();
});

test('a phase that leads nowhere is the end, whatever lies behind in the list', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a'), ...inside('q', 'b')],
    edges: edges('trigger > p', 'p > a', 'q > b'),
  });
  await flow.complete('a');
  await flow.ends();
  assert.deepEqual(flow.statuses('b'), ['PENDING']);
});

test('a task leads directly to a task of another phase, or to a phase', async () => {
  const flow = await start({
    phases: phases('p', 'q', 'r'),
    tasks: [choice('d', ['task', 'phase'], { phase_id: 'p' }), ...inside('q', 'b', 'c'), ...inside('r', 'e')],
    edges: edges('trigger > p', 'p > d', 'd > c : task', 'd > r : phase', 'q > b', 'b > c', 'r > e'),
  });
  await flow.choose('d', 'task');
  assert.deepEqual(flow.current, ['c']);
  await flow.revert('d');
  await flow.choose('d', 'phase');
  assert.deepEqual(flow.current, ['e']);
});

test('the branch of a decision ends its path where its end is open, and the phase is left', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [choice('d', ['on', 'off'], { phase_id: 'p' }), ...inside('p', 'a'), ...inside('q', 'b')],
    edges: edges('trigger > p', 'p > d', 'd > a : on', 'd > - : off', 'p > q', 'q > b'),
  });
  await flow.choose('d', 'off');
  assert.deepEqual(flow.current, ['b']);
  assert.deepEqual(flow.statuses('a'), ['PENDING']);
});

test('a phase is entered where nothing inside leads to, if it has no edge of its own', async () => {
  const flow = await start({
    phases: phases('p', 'q'),
    tasks: [...inside('p', 'a'), ...inside('q', 'b', 'c')],
    edges: edges('trigger > p', 'p > a', 'p > q', 'b > c'),
  });
  await flow.complete('a');
  assert.deepEqual(flow.current, ['b']);
});

test('a loop of the builder leads back by the one edge that says so', async () => {
  const flow = await start({
    phases: phases('p'),
    tasks: [
      ...inside('p', 'a', 'fix', 'end'),
      choice('d', ['again', 'exit-loop-d'], {
        phase_id: 'p',
        loop_config: { loop_branch_id: 'again', exit_branch_id: 'exit-loop-d', max_iterations: 1 },
      }),
    ],
    edges: [
      ...edges('trigger > p', 'p > a', 'a > d', 'd > fix : again', 'd > end : exit-loop-d', 'end > -'),
      { id: 'loop-edge-1', from_id: 'fix', to_id: 'a' },
    ],
  });
  for (const name of ['a', 'd', 'fix', 'a', 'd', 'end']) {
    await flow.stands(name);
    if (name === 'd') await flow.choose('d', 'again');
    else await flow.complete(name);
  }
  await flow.ends();
});

test('a phase without tasks is gone through, and all exits of a phase are taken', async () => {
  const through = await start({
    phases: phases('p', 'q', 'r'),
    tasks: [...inside('p', 'a'), ...inside('r', 'b')],
    edges: edges('trigger > p', 'p > a', 'p > q', 'q > r', 'r > b'),
  });
  await through.complete('a');
  assert.deepEqual(through.current, ['b']);
  const parted = await start({
    phases: phases('p', 'q', 'r'),
    tasks: [...inside('p', 'a'), ...inside('q', 'b'), ...inside('r', 'c')],
    edges: edges('trigger > p', 'p > a', 'p > q', 'p > r', 'q > b', 'r > c'),
  });
  await parted.complete('a');
  assert.deepEqual(parted.current, ['b', 'c']);
});

test('a loop may lead back over phases, which show its rounds and are open again', async () => {
  const flow = await start({
    phases: phases('p', 'q', 'r'),
    tasks: [...inside('p', 'a'), choice('d', ['again', 'enough'], { phase_id: 'q', ...repeat('again', 'enough', 2) }), ...inside('r', 'b')],
    edges: edges('trigger > p', 'p > a', 'p > q', 'q > d', 'd > p : again', 'd > r : enough', 'r > b'),
  });
  const statuses = () => flow.data.phases.map((phase) => phase.status).join(' ');
  for (const round of [0, 1, 2]) {
    assert.deepEqual([flow.current, statuses()], [['a'], 'IN_PROGRESS OPEN OPEN']);
    assert.equal(flow.phase('p').loop_config.crt_iterations, round);
    await flow.complete('a');
    assert.deepEqual([flow.current, statuses()], [['d'], 'COMPLETED IN_PROGRESS OPEN']);
    await flow.choose('d', 'again');
  }
  assert.deepEqual([flow.current, statuses()], [['b'], 'COMPLETED COMPLETED IN_PROGRESS']);
});

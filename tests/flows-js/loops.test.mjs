// Loops: how often they repeat, what begins anew, and loops within loops.

import test from 'node:test';
import assert from 'node:assert/strict';
import { about, change, choice, decision, edges, manual, repeat, start, that, when } from './flow.mjs';

// a → d, back to a or on to end.
const single = (max) => ({
  tasks: [manual('a'), choice('d', ['again', 'enough'], repeat('again', 'enough', max)), manual('end')],
  edges: edges('a > d', 'd > a : again', 'd > end : enough'),
});

const shown = (flow, name) => flow.task(name).loop_config;

test('with three repetitions the body runs four times, and then the exit is taken', async () => {
  const flow = await start(single(3));
  assert.deepEqual(shown(flow, 'd'), { ...repeat('again', 'enough', 3).loop_config, crt_iterations: 0 });
  assert.deepEqual(shown(flow, 'a'), { max_iterations: 3, crt_iterations: 0 });
  for (const round of [1, 2, 3]) {
    await flow.complete('a');
    await flow.choose('d', 'again');
    assert.deepEqual(flow.current, ['a']);
    assert.equal(shown(flow, 'd').crt_iterations, round);
    assert.equal(shown(flow, 'a').crt_iterations, round);
    assert.deepEqual(flow.statuses('a', 'd'), ['PENDING', 'PENDING']);
  }
  await flow.complete('a');
  await flow.choose('d', 'again');
  assert.deepEqual(flow.current, ['end']);
  await flow.complete('end');
  await flow.ends();
});

test('a loop is left by any other branch, whatever rounds are left', async () => {
  const flow = await start(single(3));
  await flow.complete('a');
  await flow.choose('d', 'enough');
  assert.deepEqual([flow.current, shown(flow, 'd').crt_iterations], [['end'], 0]);
});

test('a new round begins with nothing of the old one', async () => {
  const flow = await start(single(2));
  await flow.patch('a', { status: 'IN_PROGRESS', assigned_to: ['u1'] });
  await flow.complete('a');
  assert.ok(flow.task('a').analytics.completed_at);
  await flow.choose('d', 'again');
  const { analytics, assigned_to } = flow.task('a');
  assert.deepEqual([analytics.completed_at, analytics.in_progress_at, analytics.completed_by], [undefined, undefined, undefined]);
  assert.deepEqual(assigned_to, ['u1']);
});

test('what is between the decision and the way back is part of the body', async () => {
  const flow = await start({
    tasks: [manual('a'), choice('d', ['again', 'enough'], repeat('again', 'enough', 1)), manual('fix'), manual('end')],
    edges: edges('a > d', 'd > fix : again', 'fix > a', 'd > end : enough'),
  });
  await flow.complete('a');
  await flow.choose('d', 'again');
  assert.deepEqual([flow.current, flow.statuses('a', 'd')], [['fix'], ['COMPLETED', 'COMPLETED']]);
  await flow.complete('fix');
  assert.deepEqual([flow.current, flow.statuses('a', 'd', 'fix')], [['a'], ['PENDING', 'PENDING', 'PENDING']]);
  await flow.complete('a');
  await flow.choose('d', 'again');
  assert.deepEqual(flow.current, ['end']);
});

test('an automatic loop goes round until what it waits for holds', async () => {
  const contexts = [await about({ status: 'open' })];
  const conditions = [when('again', that('status', 'equals', 'open')), when('enough', that('status', 'equals', 'won'))];
  const flow = await start(
    {
      tasks: [manual('a'), decision('d', conditions, repeat('again', 'enough', 3)), manual('end')],
      edges: edges('a > d', 'd > a : again', 'd > end : enough'),
    },
    { contexts },
  );
  await flow.complete('a');
  await flow.comes(() => shown(flow, 'd').crt_iterations === 1);
  await flow.stands('a');
  assert.deepEqual(flow.task('d').conditions.map((one) => [one.is_met, one.evaluated_at]), [
    [undefined, undefined],
    [undefined, undefined],
  ]);
  await change(contexts[0], { status: 'won' });
  await flow.complete('a');
  await flow.stands('end');
});

test('an automatic loop whose branch is always met ends by its rounds', async () => {
  const conditions = [when('again', that('status', 'is_empty')), when('exit-loop-d')];
  const flow = await start({
    tasks: [manual('a'), decision('d', conditions, repeat('again', 'exit-loop-d', 2)), manual('end')],
    edges: edges('a > d', 'd > a : again', 'd > end : exit-loop-d'),
  });
  for (const round of [1, 2]) {
    await flow.complete('a');
    await flow.comes(() => shown(flow, 'd').crt_iterations === round && flow.current[0] === 'a');
  }
  await flow.complete('a');
  await flow.stands('end');
});

// o → i → di (inner, back to i) → do (outer, back to o) → end
const nested = (inner, outer) => ({
  tasks: [
    manual('o'),
    manual('i'),
    choice('di', ['i-again', 'i-enough'], repeat('i-again', 'i-enough', inner)),
    choice('do', ['o-again', 'o-enough'], repeat('o-again', 'o-enough', outer)),
    manual('end'),
  ],
  edges: edges('o > i', 'i > di', 'di > i : i-again', 'di > do : i-enough', 'do > o : o-again', 'do > end : o-enough'),
});

test('an inner loop counts anew in each round of the outer', async () => {
  const flow = await start(nested(2, 1));
  for (const outer of [0, 1]) {
    assert.deepEqual(flow.current, ['o']);
    assert.deepEqual([shown(flow, 'do').crt_iterations, shown(flow, 'di').crt_iterations], [outer, 0]);
    await flow.complete('o');
    for (const inner of [1, 2]) {
      await flow.complete('i');
      await flow.choose('di', 'i-again');
      assert.deepEqual([flow.current, shown(flow, 'di').crt_iterations], [['i'], inner]);
    }
    await flow.complete('i');
    await flow.choose('di', 'i-again');
    assert.deepEqual(flow.current, ['do'], 'the rounds of the inner loop are used up');
    await flow.choose('do', 'o-again');
  }
  assert.deepEqual(flow.current, ['end'], 'and those of the outer');
});

test('a task in two loops shows the inner one', async () => {
  const flow = await start(nested(2, 5));
  assert.deepEqual([shown(flow, 'i').max_iterations, shown(flow, 'o').max_iterations], [2, 5]);
  assert.equal(shown(flow, 'end'), undefined);
});

test('a revert to before a loop counts its rounds from the beginning', async () => {
  const parts = single(1);
  const flow = await start({ tasks: [manual('first'), ...parts.tasks], edges: [...edges('first > a'), ...parts.edges] });
  await flow.complete('first');
  await flow.complete('a');
  await flow.choose('d', 'again');
  assert.equal(shown(flow, 'd').crt_iterations, 1);
  await flow.revert('first');
  assert.deepEqual([flow.current, shown(flow, 'd').crt_iterations], [['first'], 0]);
});

test('where both branches of a loop are met both are followed, and what is behind stays', async () => {
  const empty = that('status', 'is_empty');
  const flow = await start({
    tasks: [manual('a'), decision('d', [when('again', empty), when('enough', empty)], repeat('again', 'enough', 1)), manual('end')],
    edges: edges('a > d', 'd > a : again', 'd > end : enough'),
  });
  await flow.complete('a');
  await flow.stands('a', 'end');
  await flow.complete('a');
  await flow.stands('end');
});

test('a revert within a round stays in that round', async () => {
  const parts = single(3);
  const lines = edges('a > b', 'b > d', 'd > a : again', 'd > end : enough');
  const flow = await start({ tasks: [...parts.tasks, manual('b')], edges: lines });
  await flow.complete('a');
  await flow.complete('b');
  await flow.choose('d', 'again');
  await flow.complete('a');
  await flow.revert('a');
  assert.deepEqual([flow.current, flow.statuses('a', 'b', 'd')], [['a'], ['PENDING', 'PENDING', 'PENDING']]);
  assert.equal(shown(flow, 'd').crt_iterations, 1);
});

// Assignees: people by their ids, and variables that name some from the entities of a flow.

import test from 'node:test';
import assert from 'node:assert/strict';
import { executions } from './client.mjs';
import { about, change, edges, manual, start } from './flow.mjs';

const variable = (path) => ({ variable: `{{${path}}}` });
const entity = {
  owner: 'ada',
  team: ['bob', 'cy'],
  lead: { user_id: 'dan', name: 'Dan' },
  people: [{ id: 'eve' }, { id: 'fay' }],
  nested: { inner: { owner: 'gil' } },
};

test('a variable keeps its expression and gets its people when the flow starts', async () => {
  const of = (path, id) => manual(id, { assigned_to: [variable(path)] });
  const flow = await start(
    {
      assigned_to: ['boss', variable('entity.owner')],
      phases: [{ id: 'p', name: 'P', assigned_to: [variable('entity.team')] }],
      tasks: [
        of('entity.owner', 'text'),
        of('entity.team', 'list'),
        of('entity.lead', 'object'),
        of('entity.people', 'objects'),
        of('entity.nested.inner.owner', 'nested'),
        of('order.owner', 'schema'),
        of('entity.missing', 'missing'),
        of('meter.owner', 'elsewhere'),
      ],
    },
    { entity },
  );
  assert.deepEqual(flow.data.assigned_to, ['boss', { ...variable('entity.owner'), value: ['ada'] }]);
  assert.deepEqual(flow.phase('p').assigned_to, [{ ...variable('entity.team'), value: ['bob', 'cy'] }]);
  const people = Object.fromEntries(flow.data.tasks.map((task) => [task.template_id, task.assigned_to[0].value]));
  assert.deepEqual(people, {
    text: ['ada'],
    list: ['bob', 'cy'],
    object: ['dan'],
    objects: ['eve', 'fay'],
    nested: ['gil'],
    schema: ['ada'],
    missing: [],
    elsewhere: [],
  });
});

test('a variable may name an entity beside the primary one', async () => {
  const contexts = [await about({ owner: 'ada' }), await about({ owner: 'bob' }, 'meter')];
  const flow = await start({ tasks: [manual('a', { assigned_to: [variable('meter.owner'), variable('entity.owner')] })] }, { contexts });
  assert.deepEqual(flow.task('a').assigned_to.map((one) => one.value), [['bob'], ['ada']]);
});

test('what is patched is resolved then, and stays when the entity changes', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b', { assigned_to: ['u1'] })], edges: edges('a > b') }, { entity });
  const task = await flow.patch('b', { assigned_to: ['u2', variable('entity.owner')] });
  assert.deepEqual(task.assigned_to, ['u2', { ...variable('entity.owner'), value: ['ada'] }]);
  await change(flow.entity, { owner: 'zoe' });
  assert.deepEqual((await flow.load()).task('b').assigned_to, task.assigned_to);
  const data = await flow.change({ assigned_to: [variable('entity.owner')] });
  assert.deepEqual(data.assigned_to[0].value, ['zoe']);
});

test('an added task may have a variable too, and nobody may be left', async () => {
  const flow = await start({ tasks: [manual('a'), manual('b', { assigned_to: ['u1'] })], edges: edges('a > b') }, { entity });
  const added = await flow.add('a', 'b', { name: 'New', assigned_to: [variable('entity.team')] });
  assert.deepEqual(added.assigned_to[0].value, ['bob', 'cy']);
  const { data } = await executions.patchTask(flow.at('b'), { assigned_to: [] });
  assert.deepEqual(data.assigned_to ?? [], []);
});

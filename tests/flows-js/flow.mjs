// Flows under test: templates in short hand, and a running flow with its tasks by the ids of its template.

import assert from 'node:assert/strict';
import { entities, executions, templates, until } from './client.mjs';

const task = (id, task_type, more) => ({ id, name: `Task ${id}`, task_type, ...more });

export const manual = (id, more) => task(id, 'MANUAL', more);
export const agent = (id, more) => task(id, 'AI_AGENT', more);

// An automation that a runner elsewhere does, unless it says otherwise.
export const automation = (id, more) => task(id, 'AUTOMATION', { automation_config: { flow_id: 'elsewhere' }, ...more });

// A decision that a person takes. Its branches have no statements.
export const choice = (id, branches, more) =>
  task(id, 'DECISION', { trigger_mode: 'manual', conditions: branches.map((branch) => when(branch)), ...more });

// A decision that is taken by its conditions.
export const decision = (id, conditions, more) => task(id, 'DECISION', { trigger_mode: 'automatic', conditions, ...more });

// A branch, with what has to hold for it.
export const when = (id, ...statements) => ({
  id,
  branch_name: `Branch ${id}`,
  logical_operator: 'AND',
  statements: statements.map((statement, at) => ({ id: `${id}-${at}`, ...statement })),
});

// What has to hold of an attribute of the primary entity.
export const that = (attribute, operator, values = [], source = {}, more = {}) => ({
  source: { origin: 'trigger', origin_type: 'entity', attribute, attribute_type: 'string', ...source },
  operator,
  values: [values].flat(),
  ...more,
});

// Edges: 'a > b', 'd > b : yes' for a branch, 'd > c : none !' for the default branch, 'a > -' for an open end.
export const edges = (...lines) =>
  lines.map((line) => {
    const [, from_id, to, condition, otherwise] = /^(\S+) > (\S+)(?: : (\S+?))?( !)?$/.exec(line);
    const branch = { ...(condition && { condition_id: condition }), ...(otherwise && { none_met: true }) };
    return { id: line.replaceAll(' ', ''), from_id, to_id: to === '-' ? null : to, ...branch };
  });

// A loop of a decision.
export const repeat = (loop_branch_id, exit_branch_id, max_iterations) => ({
  loop_config: { loop_branch_id, exit_branch_id, max_iterations },
});

// An entity, as the context of a flow.
export async function about(attributes = {}, schema = 'order') {
  const { data } = await entities.createEntity(schema, attributes);
  return { entity_id: data._id, entity_schema: schema };
}

export async function attributes({ entity_id, entity_schema }) {
  return (await entities.getEntity({ slug: entity_schema, id: entity_id })).data.entity;
}

export async function change({ entity_id, entity_schema }, patch) {
  await entities.patchEntity({ slug: entity_schema, id: entity_id }, patch);
}

export async function template(parts) {
  return (await templates.createFlowTemplate(null, { name: 'A flow under test', edges: [], ...parts })).data;
}

// Starts a flow of such a template. `more.entity` is what it is about, if `more.contexts` does not say it.
export async function start(parts, { entity, ...more } = {}) {
  const { id } = await template(parts);
  const contexts = more.contexts ?? [await about(entity)];
  const answer = await executions.startFlowExecution(null, { flow_template_id: id, contexts, ...more });
  assert.equal(answer.status, 201);
  return new Flow(answer.data);
}

export class Flow {
  constructor(data) {
    this.data = data;
  }

  get id() {
    return this.data.id;
  }

  // The one that it is about.
  get entity() {
    return this.data.contexts[0];
  }

  async load() {
    this.data = (await executions.getFlowExecution(this.id)).data;
    return this;
  }

  task(name) {
    const found = this.data.tasks.find((one) => one.template_id === name);
    assert.ok(found, `a task ${name}`);
    return found;
  }

  phase(name) {
    return this.data.phases.find((one) => one.template_id === name);
  }

  // The parameters of an operation on a task.
  at(name) {
    return { execution_id: this.id, task_id: this.task(name).id };
  }

  statuses(...names) {
    return names.map((name) => this.task(name).status);
  }

  get current() {
    const names = this.data.crt_tasks.map(({ id }) => this.data.tasks.find((one) => one.id === id).template_id);
    return names.sort();
  }

  // Changes a task; gives it as it was answered.
  async patch(name, patch) {
    const { data } = await executions.patchTask(this.at(name), patch);
    await this.load();
    return data;
  }

  complete(name, more) {
    return this.patch(name, { status: 'COMPLETED', ...more });
  }

  choose(name, branch) {
    return this.complete(name, { next_condition_id: branch });
  }

  skip(name) {
    return this.patch(name, { status: 'SKIPPED' });
  }

  revert(name, status = 'PENDING') {
    return this.patch(name, { status, revert_execution: true });
  }

  // Adds a task between two others.
  async add(previous, next, added) {
    const body = { previous_task_id: this.task(previous).id, next_task_id: this.task(next).id, task: added };
    const { data } = await executions.addTask(this.id, body);
    await this.load();
    return data;
  }

  async change(patch) {
    this.data = (await executions.patchFlowExecution(this.id, patch)).data;
    return this.data;
  }

  // Waits until something holds of it.
  async comes(holds) {
    await until(() => this.load(), holds);
  }

  // Waits until exactly these tasks are current.
  async stands(...names) {
    const wanted = names.sort().join(' ');
    await until(async () => [(await this.load()).current.join(' '), this.data.status].join(' | '), (now) => now === `${wanted} | STARTED`);
  }

  // Waits until a task has a status.
  async reaches(name, status) {
    await until(async () => (await this.load()).task(name).status, (now) => now === status);
  }

  // Waits until an automation or an agent is in progress, and its run known.
  async begins(name) {
    const run = (task) => task.automation_execution_id ?? task.agent_execution_id;
    await this.comes(() => this.task(name).status === 'IN_PROGRESS' && run(this.task(name)));
  }

  // Waits until it has ended.
  async ends(status = 'DONE') {
    await until(async () => (await this.load()).data.status, (now) => now === status);
    assert.deepEqual(this.current, []);
  }
}

// Checks answers against the OpenAPI documents in the package: the schema of the operation and status, and nothing else.
//
// Two defects of the documents are mended first (spec epilot-flows, 15): a task is chosen by its task_type, because the members of the
// union overlap; DynamicDueDate requires a member that it does not define.

import { createRequire } from 'node:module';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);

export const documents = {
  execution: require('@epilot/sdk/workflow/openapi.json'),
  definition: require('@epilot/sdk/workflow-definition/openapi.json'),
};

const TASKS = { MANUAL: 'ManualTask', AUTOMATION: 'AutomationTask', DECISION: 'DecisionTask', AI_AGENT: 'AiAgentTask' };

// A schema of OpenAPI 3.0 as one of JSON Schema: `nullable`, and no words that ajv does not know.
function schema(value) {
  if (Array.isArray(value)) return value.map(schema);
  if (value === null || typeof value !== 'object') return value;
  if (value.$ref) return { $ref: `#/definitions/${value.$ref.split('/').pop()}` };
  const { nullable, example, examples, discriminator, xml, externalDocs, readOnly, writeOnly, deprecated, ...rest } = value;
  const plain = Object.fromEntries(
    Object.entries(rest).map(([name, part]) => [name, name === 'enum' || name === 'default' ? part : schema(part)]),
  );
  return nullable ? { anyOf: [plain, { type: 'null' }] } : plain;
}

function definitions(document) {
  const all = schema(document.components.schemas);
  if (all.DynamicDueDate?.required) {
    all.DynamicDueDate.required = all.DynamicDueDate.required.filter((name) => all.DynamicDueDate.properties[name]);
  }
  const is = (type) => ({ properties: { task_type: { const: type } }, required: ['task_type'] });
  all.Task = {
    allOf: [
      { $ref: '#/definitions/TaskBase' },
      ...Object.entries(TASKS).map(([type, name]) => ({ if: is(type), then: { $ref: `#/definitions/${name}` } })),
    ],
  };
  return all;
}

function compile(document, api) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const shared = definitions(document);
  const operations = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation.operationId) continue;
      const answers = Object.entries(operation.responses).map(([status, answer]) => {
        const body = answer.content?.['application/json']?.schema;
        return [status, body && ajv.compile({ ...schema(body), definitions: shared })];
      });
      const pattern = new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);
      const parameters = (path.match(/\{/g) ?? []).length;
      operations.push({ id: operation.operationId, api, method, path, pattern, parameters, answers: Object.fromEntries(answers) });
    }
  }
  // Literal paths before those with parameters.
  return operations.sort((a, b) => a.parameters - b.parameters);
}

const operations = [...compile(documents.execution, 'executions'), ...compile(documents.definition, 'templates')];

// Which operations were called, with which statuses.
export const called = new Map();

// V1 answers an unknown execution with an empty body.
const empty = (operation, body) => operation.id === 'getExecution' && body === '';

// Throws where an answer does not fit what the document says of it.
export function check(method, url, status, body) {
  const path = new URL(url, 'http://any').pathname;
  const operation = operations.find((known) => known.method === method.toLowerCase() && known.pattern.test(path));
  if (!operation) return;
  if (!called.has(operation.id)) called.set(operation.id, new Set());
  called.get(operation.id).add(status);
  const validate = operation.answers[status];
  // The documents leave out refusals in places (a bad body where only 500 stands); a success has to be theirs.
  if (!(status in operation.answers) && (status < 400 || status >= 500)) {
    throw new Error(`${operation.id}: ${status} is not documented: ${JSON.stringify(body)}`);
  }
  if (validate && !empty(operation, body) && !validate(body)) {
    const wrong = validate.errors.map((error) => `${error.instancePath} ${error.message}`).join('; ');
    throw new Error(`${operation.id} ${status}: ${wrong}\n${JSON.stringify(body, null, 1).slice(0, 4000)}`);
  }
  if (status >= 400 && status !== 404 && typeof body?.message !== 'string') {
    throw new Error(`${operation.id} ${status}: no message: ${JSON.stringify(body)}`);
  }
}

// What the documents say of each operation: its parameters in the path, and the statuses it may be answered with.
export const documented = operations.map(({ id, path, answers, api }) => ({
  id,
  api,
  parameters: [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name),
  statuses: Object.keys(answers).map(Number),
}));

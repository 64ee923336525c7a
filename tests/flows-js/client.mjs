// The vendor's clients, pointed at the server under test. Every answer is checked on its way.

import { createRequire } from 'node:module';
import { workflow, authorize } from '@epilot/sdk/workflow';
import { workflowDefinition } from '@epilot/sdk/workflow-definition';
import { entity } from '@epilot/sdk/entity';
import { check } from './validate.mjs';

const require = createRequire(import.meta.url);

export const base = process.env.STEPWELL_URL;
export const key = process.env.STEPWELL_KEY;

function pointed(client, as) {
  client.defaults.baseURL = base;
  authorize(client, () => as);
  return checked(client);
}

function checked(client) {
  const look = (answer) => check(answer.config.method, answer.request.path, answer.status, answer.data);
  client.interceptors.response.use(
    (answer) => {
      look(answer);
      return answer;
    },
    (error) => {
      if (error.response) look(error.response);
      throw error;
    },
  );
  return client;
}

// The clients with another key.
export const withKey = (as) => ({
  executions: pointed(workflow.createClient(), as),
  templates: pointed(workflowDefinition.createClient(), as),
  entities: pointed(entity.createClient(), as),
});

export const { executions, templates, entities } = withKey(key);

// The older client, with a default header.
export const old = checked(require('@epilot/workflow-client').createClient());
old.defaults.baseURL = base;
old.defaults.headers.common.authorization = `Bearer ${key}`;

// The status and message of a call that is refused.
export async function refused(call) {
  try {
    const answer = await call;
    throw new Error(`it was answered with ${answer.status}`);
  } catch (error) {
    if (!error.response) throw error;
    return { status: error.response.status, message: error.response.data?.message };
  }
}

// Asks until something holds.
export async function until(ask, holds, seconds = 10) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`it did not come: ${JSON.stringify(value).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

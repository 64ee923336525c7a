// Templates and definitions that several tests start from.

// A phase with two tasks, a decision, and a phase with a task for each branch.
export const onboarding = () => ({
  name: 'Onboarding',
  description: 'From the first call to the meter',
  version: 'v3',
  enabled: true,
  trigger: { type: 'manual', entity_schema: 'opportunity' },
  assigned_to: ['user-1', { variable: '{{entity.owner}}' }],
  due_date_config: { duration: 2, unit: 'weeks', type: 'WORKFLOW_STARTED' },
  available_in_ecp: true,
  taxonomies: ['new'],
  phases: [
    { id: 'ph-1', name: 'First', assigned_to: ['user-2'] },
    { id: 'ph-2', name: 'Second', taxonomies: ['late'] },
  ],
  tasks: [
    {
      id: 't-call',
      name: 'Call',
      task_type: 'MANUAL',
      phase_id: 'ph-1',
      description: { enabled: true, value: '<p>Call <b>them</b></p>' },
      ecp: { enabled: true, label: 'We call you' },
    },
    {
      id: 't-check',
      name: 'Check',
      task_type: 'DECISION',
      phase_id: 'ph-1',
      trigger_mode: 'manual',
      conditions: [condition('c-yes', 'Yes'), condition('c-no', 'No')],
    },
    { id: 't-meter', name: 'Meter', task_type: 'MANUAL', phase_id: 'ph-2', requirements: [{ when: 'TASK_FINISHED', task_id: 't-call' }] },
    {
      id: 't-letter',
      name: 'Letter',
      task_type: 'AUTOMATION',
      phase_id: 'ph-2',
      automation_config: { flow_id: 'send-letter' },
      trigger_mode: 'manual',
    },
  ],
  edges: [
    { id: 'e-1', from_id: 't-call', to_id: 't-check' },
    { id: 'e-2', from_id: 't-check', to_id: 't-meter', condition_id: 'c-yes' },
    { id: 'e-3', from_id: 't-check', to_id: 't-letter', condition_id: 'c-no' },
  ],
});

export function condition(id, name, more = {}) {
  return {
    id,
    branch_name: name,
    logical_operator: 'AND',
    statements: [
      {
        id: `${id}-s`,
        source: { id: 'src', origin: 'trigger', origin_type: 'entity', schema: 'opportunity', attribute: 'status', attribute_type: 'string' },
        operator: 'equals',
        values: ['won'],
      },
    ],
    ...more,
  };
}

// Two sections of steps.
export const checklist = () => ({
  name: 'Installation',
  description: 'From order to grid',
  enabled: true,
  assignedTo: ['user-1'],
  taxonomies: ['solar'],
  flow: [
    {
      id: 'sec-1',
      name: 'Order',
      order: 1,
      type: 'SECTION',
      steps: [
        { id: 'st-1', name: 'Ask', order: 1, type: 'STEP', executionType: 'MANUAL', description: { enabled: true, value: 'Ask' } },
        {
          id: 'st-2',
          name: 'Order',
          order: 2,
          type: 'STEP',
          requirements: [{ definitionId: 'st-1', type: 'STEP', condition: 'CLOSED' }],
          dynamicDueDate: { numberOfUnits: 2, timePeriod: 'days', actionTypeCondition: 'WORKFLOW_STARTED' },
        },
      ],
    },
    { name: 'Grid', order: 2, type: 'SECTION', steps: [{ name: 'Announce', order: 1, type: 'STEP' }] },
  ],
});

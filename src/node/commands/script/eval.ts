/** Owns EVAL and its like as rows; scripts run in script/. Source: Redis eval.c; commands/eval*.json. */
import { type CommandRow, countedKeys } from '../../command/row.ts';

const anyUse = 'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE';
const anyRead = 'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS';

const common = {
  arity: -3,
  categories: ['scripting'],
  group: 'scripting',
  complexity: 'Depends on the script that is executed.',
} as const;

const writing = ['noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys'] as const;
const reading = ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys'] as const;

export const evalRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'eval',
    flags: writing,
    keySpecs: [{ ...countedKeys(['RW', 'access', 'update'], 2), notes: anyUse }],
    summary: 'Runs a Lua script',
    since: '2.6.0',
    bitsOf: ({ scripts }, argv, bits) => scripts.evalBits(argv, bits, false),
    handler: (context, argv) =>
      context.node.scripts.evaluate(context, argv, { bySha: false, readOnly: false }),
  },
  {
    ...common,
    name: 'evalsha',
    flags: writing,
    keySpecs: [countedKeys(['RW', 'access', 'update'], 2)],
    summary: 'Runs a Lua script that is known by its SHA1',
    since: '2.6.0',
    bitsOf: ({ scripts }, argv, bits) => scripts.evalBits(argv, bits, true),
    handler: (context, argv) =>
      context.node.scripts.evaluate(context, argv, { bySha: true, readOnly: false }),
  },
  {
    ...common,
    name: 'eval_ro',
    flags: reading,
    keySpecs: [{ ...countedKeys(['RO', 'access'], 2), notes: anyRead }],
    summary: 'Runs a Lua script that writes nothing',
    since: '7.0.0',
    bitsOf: ({ scripts }, argv, bits) => scripts.evalBits(argv, bits, false),
    handler: (context, argv) =>
      context.node.scripts.evaluate(context, argv, { bySha: false, readOnly: true }),
  },
  {
    ...common,
    name: 'evalsha_ro',
    flags: reading,
    keySpecs: [countedKeys(['RO', 'access'], 2)],
    summary: 'Runs a Lua script that writes nothing and is known by its SHA1',
    since: '7.0.0',
    bitsOf: ({ scripts }, argv, bits) => scripts.evalBits(argv, bits, true),
    handler: (context, argv) => context.node.scripts.evaluate(context, argv, { bySha: true, readOnly: true }),
  },
  {
    ...common,
    name: 'fcall',
    flags: writing,
    keySpecs: [{ ...countedKeys(['RW', 'access', 'update'], 2), notes: anyUse }],
    summary: 'Calls a function',
    since: '7.0.0',
    complexity: 'Depends on the function that is executed.',
    bitsOf: ({ scripts }, argv, bits) => scripts.functionBits(argv, bits),
    handler: (context, argv) => context.node.scripts.callFunction(context, argv, false),
  },
  {
    ...common,
    name: 'fcall_ro',
    flags: reading,
    keySpecs: [{ ...countedKeys(['RO', 'access'], 2), notes: anyRead }],
    summary: 'Calls a function that writes nothing',
    since: '7.0.0',
    complexity: 'Depends on the function that is executed.',
    bitsOf: ({ scripts }, argv, bits) => scripts.functionBits(argv, bits),
    handler: (context, argv) => context.node.scripts.callFunction(context, argv, true),
  },
];

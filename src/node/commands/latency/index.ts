/** Owns LATENCY: delays by event, and how long commands take. Source: Redis latency.c latencyCommand. */
import { array, bulk, EMPTY_ARRAY, error, integer, map, verbatim } from '../../../protocol/resp/encode.ts';
import { helpReply } from '../../command/help.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Command, LatencyHistogram } from '../../command/table.ts';
import type { Context } from '../../dispatch/context.ts';
import { drawGraph } from './graph.ts';
import { latencyReport } from './report.ts';

const help = [
  'DOCTOR',
  '    Return a human readable latency analysis report.',
  'GRAPH <event>',
  '    Return an ASCII latency graph for the <event> class.',
  'HISTORY <event>',
  '    Return time-latency samples for the <event> class.',
  'LATEST',
  '    Return the latest latency samples for all events.',
  'RESET [<event> ...]',
  '    Reset latency data of one or more <event> classes.',
  '    (default: reset all data for all event classes)',
  'HISTOGRAM [COMMAND ...]',
  '    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.',
  '    If no commands are specified then all histograms are replied.',
];

const nowSeconds = ({ node }: Context): number => Math.trunc(node.clock.nowMs() / 1000);

function latest({ node }: Context): Reply {
  return array(
    Array.from(node.server.latency.all(), ({ event, samples, maxMs }) => {
      const last = samples.at(-1);
      return array([
        bulk(event),
        integer(last?.timeSeconds ?? 0),
        integer(last?.latencyMs ?? 0),
        integer(maxMs),
      ]);
    }),
  );
}

function history({ node }: Context, argv: readonly string[]): Reply {
  const series = node.server.latency.find(argv[2] as string);
  if (series === undefined) return EMPTY_ARRAY;
  return array(
    series.samples.map(({ timeSeconds, latencyMs }) => array([integer(timeSeconds), integer(latencyMs)])),
  );
}

function graph(context: Context, argv: readonly string[]): Reply {
  const event = argv[2] as string;
  const series = context.node.server.latency.find(event);
  if (series === undefined) return error(`ERR No samples available for event '${event}'`);
  return verbatim(drawGraph(series, nowSeconds(context)), context.resp);
}

function doctor(context: Context): Reply {
  const { config, server } = context.node;
  return verbatim(latencyReport([...server.latency.all()], config, nowSeconds(context)), context.resp);
}

function reset({ node }: Context, argv: readonly string[]): Reply {
  const { latency } = node.server;
  if (argv.length === 2) return integer(latency.reset());
  return integer(argv.slice(2).reduce((sum, event) => sum + latency.reset(event), 0));
}

function distribution({ resp }: Context, histogram: LatencyHistogram): string {
  const steps = histogram
    .cumulative()
    .flatMap(({ upToMicroseconds, count }) => [integer(upToMicroseconds), integer(count)]);
  return map([bulk('calls'), integer(histogram.count), bulk('histogram_usec'), map(steps, resp)], resp);
}

function histogram(context: Context, argv: readonly string[]): Reply {
  const { commands } = context.node;
  const asked =
    argv.length === 2
      ? commands.rows
      : argv
          .slice(2)
          .map((name) => commands.find(name))
          .filter((command): command is Command => command !== undefined);
  const items = asked
    .flatMap((command) => [command, ...(command.subcommands ?? [])])
    .flatMap(({ fullName, stats: { latency } }) =>
      latency === undefined ? [] : [bulk(fullName), distribution(context, latency)],
    );
  return map(items, context.resp);
}

const common = {
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: [],
  keySpecs: [],
  group: 'server',
  since: '2.8.13',
  complexity: 'O(1)',
} as const;

const nondeterministic = [
  'nondeterministic_output',
  'request_policy:all_nodes',
  'response_policy:special',
] as const;

const subcommands: readonly CommandRow[] = [
  {
    ...common,
    name: 'doctor',
    arity: 2,
    summary: 'Tells about delays in words, with advice',
    tips: nondeterministic,
    handler: doctor,
  },
  {
    ...common,
    name: 'graph',
    arity: 3,
    summary: 'Draws the delays of an event',
    tips: nondeterministic,
    handler: graph,
  },
  {
    ...common,
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    summary: 'Tells about the subcommands',
    handler: () => helpReply('LATENCY', help),
  },
  {
    ...common,
    name: 'histogram',
    arity: -2,
    summary: 'How long commands took, as a cumulative distribution',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
    tips: nondeterministic,
    handler: histogram,
  },
  {
    ...common,
    name: 'history',
    arity: 3,
    summary: 'The delays of an event with their times',
    tips: nondeterministic,
    handler: history,
  },
  {
    ...common,
    name: 'latest',
    arity: 2,
    summary: 'The last delay of each event, and the longest',
    tips: nondeterministic,
    handler: latest,
  },
  {
    ...common,
    name: 'reset',
    arity: -2,
    summary: 'Forgets the delays of some events, or of all',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    handler: reset,
  },
];

export const latencyRow: CommandRow = {
  ...common,
  name: 'latency',
  arity: -2,
  flags: [],
  summary: 'Commands about delays',
  complexity: 'Depends on subcommand.',
  subcommands,
};

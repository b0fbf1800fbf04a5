/**
 * Owns the refusals that a command may meet before it runs, in Redis's order. A gate only looks; it changes nothing.
 * Source: Redis server.c processCommand.
 */
import { type Command, type CommandTable, flagBits } from '../command/table.ts';
import type { NodeParts } from '../parts/node.ts';
import type { Session } from './session.ts';

/** The error of a request that names no command. */
export function unknownCommand(table: CommandTable, argv: readonly string[]): string {
  const name = argv[0] as string;
  const container = table.find(name);
  if (container?.subcommandByName && argv.length > 1)
    return `ERR unknown subcommand '${(argv[1] as string).slice(0, 128)}'. Try ${name.toUpperCase()} HELP.`;
  let args = '';
  for (let i = 1; i < argv.length && args.length < 128; i++)
    args += `'${(argv[i] as string).slice(0, 128 - args.length)}' `;
  return `ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${args}`;
}

export function wrongArity(command: Command, argc: number): boolean {
  const arity = command.arity;
  return arity >= 0 ? argc !== arity : argc < -arity;
}

/** Whether a protected command may run for this client: its directive says yes, or "local" for a local one. */
export function isAllowed(setting: string, session: Session): boolean {
  return setting === 'yes' || (setting === 'local' && isLocal(session));
}

/** Whether the client is on this machine. */
export function isLocal(session: Pick<Session, 'address'>): boolean {
  const address = session.address;
  if (address === '' || address.startsWith('/')) return true;
  return address.startsWith('127.0.0.1:') || address.startsWith('[::1]:');
}

export function protectedRefusal(command: Command, session: Session, parts: NodeParts): string | undefined {
  const { name } = command.container ?? command;
  const directive = `enable-${name}-command`;
  if (isAllowed(parts.config.text(directive), session)) return undefined;
  return (
    `ERR ${name.toUpperCase()} command not allowed. If the ${directive} option is set to "local", ` +
    'you can run it from a local connection, otherwise you need to set this option in the configuration file, ' +
    'and then restart the server.'
  );
}

/** How many replicas have answered within min-replicas-max-lag. */
export function goodReplicas(parts: NodeParts): number {
  const maxLagSeconds = parts.config.number('min-replicas-max-lag');
  return parts.replication.replicas.filter(
    (replica) => replica.state === 'online' && replica.lagSeconds <= maxLagSeconds,
  ).length;
}

const subscriberCommands: ReadonlySet<string> = new Set([
  'ping',
  'subscribe',
  'ssubscribe',
  'unsubscribe',
  'sunsubscribe',
  'psubscribe',
  'punsubscribe',
  'quit',
  'reset',
]);

/**
 * The gates behind the cluster's: state of the node, role, kind of client. `bits` are the command's flags, or for EXEC those
 * of all queued commands; `allBits` has a flag only where every one of them has it.
 */
export function stateRefusal(
  parts: NodeParts,
  session: Session,
  command: Command,
  bits: number,
  allBits: number,
): string | undefined {
  const { config, replication, persistence } = parts;
  const isWrite = (bits & flagBits.write) !== 0;
  const { refusal } = persistence;
  // PING too: who asks whether this node is well shall know.
  if (refusal !== undefined && (isWrite || command.name === 'ping') && session.kind !== 'master')
    return refusal;
  if (isWrite && replication.role === 'master') {
    const wanted = config.number('min-replicas-to-write');
    if (wanted > 0 && config.number('min-replicas-max-lag') > 0 && goodReplicas(parts) < wanted)
      return 'NOREPLICAS Not enough good replicas to write.';
  }
  const isReplica = replication.role === 'replica';
  if (isReplica && isWrite && session.kind !== 'master' && config.flag('replica-read-only'))
    return "READONLY You can't write against a read only replica.";
  if (session.kind === 'pubsub' && session.resp === 2 && !subscriberCommands.has(command.fullName)) {
    return (
      `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
      'are allowed in this context'
    );
  }
  if (
    isReplica &&
    (allBits & flagBits.stale) === 0 &&
    !replication.linkUp &&
    !config.flag('replica-serve-stale-data')
  )
    return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
  if (parts.loading) {
    // Data of the same history are served until the new ones are there.
    const refused = replication.asyncLoading
      ? (bits & flagBits.no_async_loading) !== 0
      : (allBits & flagBits.loading) === 0;
    if (refused) return 'LOADING Redis is loading the dataset in memory';
  }
  const keyspace = flagBits.write | flagBits.may_replicate | flagBits.readonly;
  if (session.kind === 'replica' && (bits & keyspace) !== 0)
    return "ERR Replica can't interact with the keyspace";
  return undefined;
}

/**
 * Owns the reading of redis.conf and of the command line into the values of the directives. Whatever is wrong stops the
 * start with a ConfigError. Source: Redis config.c loadServerConfigFromString, loadServerConfig; server.c main.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { splitArgs } from '../../protocol/resp/split-args.ts';
import { CommandIndex } from '../acl/command-index.ts';
import { DUPLICATE_USER, UNKNOWN_COMMAND } from '../acl/rule-texts.ts';
import { applyRule, mergeSelectors } from '../acl/rules.ts';
import { User } from '../acl/user.ts';
import { globMatches } from '../keyspace/glob.ts';
import { fromPath, systemErrorText, toPath } from './special.ts';
import type { ConfigStore } from './store.ts';
import { quote } from './value.ts';

/** A line that cannot be taken. `report` is what the operator reads, several lines in Redis's words. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly report: string;

  constructor(message: string, report: string) {
    super(message);
    this.report = report;
  }
}

/** Directives of older versions that are still skipped, with exactly one value. */
const retired = ['list-max-ziplist-entries', 'list-max-ziplist-value', 'lua-replicate-commands'];

/** Directives whose value must not be shown when their line is wrong. */
const secrets =
  /^\s*(?:requirepass|masterauth|masteruser|user|tls-key-file-pass|tls-client-key-file-pass)\s/i;

export interface LoadedConfig {
  /** rename-command: old name and new one, which may be empty. */
  readonly renames: (readonly [from: string, to: string])[];
  /** Lines of users: the name, and its rules. */
  readonly users: (readonly string[])[];
}

/**
 * A user line; an error text when it cannot be right. Commands are not known here: rules that name them are looked at when
 * the users are made.
 */
function loadUser(words: readonly string[], store: ConfigStore, loaded: LoadedConfig): string | undefined {
  const [name = '', ...rules] = words;
  const refuse = (word: string, why: string): string => `Error in user declaration '${word}': ${why}`;
  if (loaded.users.some(([known]) => known === name)) return refuse(name, DUPLICATE_USER);
  const merged = mergeSelectors(rules);
  if ('unmatched' in merged) return refuse(merged.unmatched, 'Unmatched parenthesis');
  const allChannels = store.text('acl-pubsub-default') === 'allchannels';
  const settings = { commands: new CommandIndex([]), allChannels, warn: () => {} };
  const draft = new User(name, settings.commands, allChannels);
  for (const rule of merged.rules) {
    const refusal = applyRule(draft, rule, settings);
    // The rule may hold a password.
    if (refusal !== undefined && refusal !== UNKNOWN_COMMAND) return refuse(name, refusal);
  }
  loaded.users.push(words);
  return undefined;
}

const FATAL = '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***';

function fail(message: string, lineNumber: number, line: string): never {
  const shown = secrets.test(line) ? `${line.trim().split(/\s/)[0]} (the value is not shown)` : line;
  const report = `\n${FATAL}\nReading the configuration file, at line ${lineNumber}\n>>> '${shown}'\n${message}\n`;
  throw new ConfigError(message, report);
}

/** The files that an include names: one that must be there, or all that a pattern matches, sorted. */
function includedFiles(name: string): string[] {
  if (!/[*?[]/.test(name)) return [name];
  const folder = dirname(name);
  const pattern = fromPath(name.slice(name.lastIndexOf('/') + 1));
  try {
    const names = readdirSync(folder).filter(
      (entry) => !entry.startsWith('.') && globMatches(pattern, fromPath(entry)),
    );
    return names.sort().map((entry) => join(folder, entry));
  } catch {
    return [];
  }
}

/** The text of redis.conf as latin1. Throws a ConfigError when it cannot be read. */
export function readConfigFile(path: string): string {
  let text = '';
  for (const file of includedFiles(path)) {
    try {
      text += readFileSync(file, 'latin1');
    } catch (error) {
      const message = `Fatal error, can't open config file '${file}': ${systemErrorText(error)}`;
      throw new ConfigError(message, `${message}\n`);
    }
  }
  return text;
}

/** What a line of redis.conf may say besides directives; an error text, or undefined when it was taken. */
function loadOther(
  words: readonly string[],
  store: ConfigStore,
  loaded: LoadedConfig,
  depth: number,
): string | undefined {
  const [name = '', first = '', second = ''] = words;
  if (retired.includes(name) && words.length === 2) return undefined;
  if (name === 'include' && words.length === 2) {
    if (depth >= 32) return 'Includes go too deep';
    const path = toPath(first);
    // Redis opens it from the directory that it is in by then.
    const base = toPath(store.text('dir'));
    loadConfigText(readConfigFile(isAbsolute(path) ? path : resolve(base, path)), store, loaded, depth + 1);
    return undefined;
  }
  if (name === 'rename-command' && words.length === 3) {
    loaded.renames.push([first, second]);
    return undefined;
  }
  if (name === 'user' && words.length >= 2) return loadUser(words.slice(1), store, loaded);
  if (name === 'loadmodule' && words.length >= 2) return 'This node loads no modules';
  if (name === 'sentinel' && words.length > 1) return 'sentinel directive while not in sentinel mode';
  if (name === 'sentinel') return 'This node is no sentinel';
  if (name.includes('.')) return 'This node loads no modules';
  return 'Bad directive or wrong number of arguments';
}

function loadDirective(words: readonly string[], store: ConfigStore): string | undefined {
  const [name = '', ...args] = words;
  const directive = store.directive(name);
  if (directive === undefined) return undefined;
  if (!directive.multiArg && args.length !== 1) return 'wrong number of arguments';
  if (directive.multiArg && args.length === 1 && args[0] !== '') {
    // One argument may hold several, as "--save '900 1'" does.
    return store.load(name, splitArgs(args[0] as string) ?? []);
  }
  return store.load(name, args);
}

/**
 * Takes in the text of a redis.conf, latin1, line by line. Throws a ConfigError at the first line that is wrong;
 * what stood before it is already taken.
 */
export function loadConfigText(text: string, store: ConfigStore, loaded: LoadedConfig, depth = 0): void {
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    if (line === '' || line.startsWith('#')) continue;
    const words = splitArgs(line);
    if (words === undefined) fail('Unbalanced quotes in configuration line', index + 1, line);
    if (words.length === 0) continue;
    words[0] = (words[0] as string).toLowerCase();
    const refusal = store.directive(words[0])
      ? loadDirective(words, store)
      : loadOther(words, store, loaded, depth);
    if (refusal !== undefined) fail(refusal, index + 1, line);
  }
}

export interface CommandLine {
  readonly file: string | undefined;
  readonly stdin: boolean;
  /** As lines of redis.conf, latin1. */
  readonly options: string;
}

/** What `trib-node [redis.conf | -] [--directive value ...]` asks for; `argv` without the program. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  let options = '';
  let stdin = false;
  // Whether the directive before has a value, so that a word with dashes is the next directive.
  let complete = true;
  const file = argv[0] !== undefined && !argv[0].startsWith('-') ? argv[0] : undefined;
  const start = file === undefined ? 0 : 1;
  for (let at = start; at < argv.length; at++) {
    const word = fromPath(argv[at] as string);
    const next = argv[at + 1];
    if (word === '-' && (at === 0 || at === argv.length - 1)) {
      stdin = true;
    } else if (complete && word.startsWith('--')) {
      if (options !== '') options += '\n';
      options += `${word.slice(2)} `;
      const alone = splitArgs(word)?.length === 1;
      complete = !alone;
      if (alone && word.toLowerCase() === '--save' && (next === undefined || next.startsWith('--'))) {
        options += '""';
        complete = true;
      } else if (alone && word.toLowerCase() === '--sentinel' && next?.startsWith('--')) {
        complete = true;
      }
    } else {
      options += `${quote(word)} `;
      complete = true;
    }
  }
  return { file, stdin, options };
}

/** A start that cannot be for reasons that no single line shows. */
export function configFailure(message: string): ConfigError {
  return new ConfigError(message, `\n${FATAL}\n${message}\n`);
}

/** Rules between directives. */
function checkTogether(store: ConfigStore): string | undefined {
  if (store.flag('cluster-enabled') && store.text('replicaof') !== '')
    return 'replicaof directive not allowed in cluster mode';
  return undefined;
}

/** Reads everything that a start names, in Redis's order: file, standard input, options. Throws a ConfigError. */
export function loadConfig(
  commandLine: CommandLine,
  store: ConfigStore,
  readStdin: () => string = () => readFileSync(0, 'latin1'),
): LoadedConfig {
  const loaded: LoadedConfig = { renames: [], users: [] };
  let text = '';
  if (commandLine.file !== undefined) {
    store.file = resolve(commandLine.file);
    text += readConfigFile(commandLine.file);
  }
  if (commandLine.stdin) text += readStdin();
  if (commandLine.options !== '') text += `\n${commandLine.options}`;
  loadConfigText(text, store, loaded);
  const refusal = checkTogether(store);
  if (refusal !== undefined) throw configFailure(refusal);
  return loaded;
}

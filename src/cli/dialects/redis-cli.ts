/**
 * Owns the reading of a command line that was written for `redis-cli --cluster` or `valkey-cli --cluster`: words in, words
 * for trib out. Does nothing by itself; the tables are redis-cli-table.ts's.
 * Source: redis-cli.c parseOptions and createClusterManagerCommand, whose order of words this follows.
 */
import { TribError } from '../../core/errors.ts';
import { type Endpoint, formatAddress, parseEndpoint } from '../../protocol/text/addresses.ts';
import {
  type ClusterCommand,
  clusterCommands,
  clusterOptions,
  clusterPrefix,
  commonOptions,
  type Option,
  valkeySpellings,
  weightOption,
} from './redis-cli-table.ts';

/** What is to be run instead. */
export interface Translation {
  /** For trib; empty where only help is wanted. */
  readonly argv: readonly string[];
  /** Which of these words is to be read from standard input first. */
  readonly inputAt?: number;
}

/** A line is redis-cli's when --cluster stands in it before any word that is no option of redis-cli. */
export function isRedisCli(words: readonly string[]): boolean {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--cluster') return true;
    if (!word.startsWith('-')) return false;
    if (takesValue(word)) at++;
    else if (word === weightOption) at += weightsBehind(words, at);
    else if (!isToggle(word)) return false;
  }
  return false;
}

/** Throws a TribError ("usage") for what redis-cli refuses too. */
export function translateRedisCli(words: readonly string[]): Translation {
  return new Reader(words).read();
}

const hint = 'See: trib --cluster help';

/** Options that are more than a flag, and take a value. */
const addressOptions = ['-h', '-p', '-u', '-X'];

class Reader {
  readonly #words: readonly string[];
  #at = 0;
  #name: string | undefined;
  #args: readonly string[] = [];
  /** By flag of trib: what comes later counts. */
  readonly #flags = new Map<string, string | true>();
  /** The same by the name of the cluster manager's option. */
  readonly #clusterFlags = new Map<string, string | true>();
  #weights: readonly string[] | undefined;
  #host = '127.0.0.1';
  #port: string | undefined;
  #wantsHelp = false;
  /** -x: the last argument comes from standard input; -X TAG: the one that is TAG. */
  #input: 'last' | { readonly tag: string } | undefined;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  read(): Translation {
    for (; this.#at < this.#words.length; this.#at++) this.#takeWord(this.#words[this.#at] as string);
    if (this.#wantsHelp || this.#name === 'help') return { argv: [] };
    const name = this.#name ?? '';
    const command = Object.hasOwn(clusterCommands, name) ? clusterCommands[name] : undefined;
    if (command === undefined)
      throw new TribError('usage', `Unknown --cluster subcommand "${name}".`, { hint });
    const args = this.#withInput(this.#withAddress(command));
    if (args.words.length < command.least || args.words.length > command.most) {
      throw new TribError('usage', `[ERR] Wrong number of arguments for --cluster ${name}.`, {
        hint: `It takes: ${command.words}`,
      });
    }
    // Behind a call's "--" every word is the node's.
    const [first = '', ...rest] = args.words;
    const tail = name === 'call' ? [first, '--', ...rest] : args.words;
    const head = [name, ...this.#flagWords(command)];
    const argv = [...head, ...tail];
    return args.inputAt === undefined
      ? { argv }
      : { argv, inputAt: argv.length - args.words.length + args.inputAt };
  }

  #takeWord(word: string): void {
    const option = optionOf(word);
    if (word === '--cluster') this.#takeCommand();
    else if (word === '--help' || (word === '-h' && this.#isLast())) this.#wantsHelp = true;
    else if (word === '-x') this.#input = 'last';
    else if (addressOptions.includes(word)) this.#takeAddressOption(word, this.#value(word));
    else if (word === weightOption) this.#takeWeights();
    else if (option !== undefined) {
      const value = option.valued ? this.#value(word) : true;
      const clusterName = clusterNameOf(word);
      if (clusterName !== undefined) this.#clusterFlags.set(clusterName, value);
      else if (option.flag !== undefined) this.#flags.set(option.flag, value);
    } else if (!word.startsWith('-') && this.#name !== undefined && this.#args.length === 0) {
      this.#at--;
      this.#args = this.#bareWords();
    } else throw this.#unexpected(word);
  }

  /** redis-cli leaves stray words out without a word; what was meant with them is not known. */
  #unexpected(word: string): TribError {
    if (word.startsWith('-')) {
      const name = word.replace(/=.*$/s, '');
      return new TribError('usage', `Unrecognized option or bad number of args for: '${name}'`, { hint });
    }
    return new TribError(
      'usage',
      'The arguments of a --cluster command stand side by side, before its options.',
      {
        hint,
      },
    );
  }

  #takeCommand(): void {
    if (this.#name !== undefined) throw new TribError('usage', '--cluster stands twice.', { hint });
    if (this.#isLast()) throw new TribError('usage', 'Which --cluster command?', { hint });
    this.#name = this.#words[++this.#at] as string;
    this.#args = this.#bareWords();
  }

  #takeAddressOption(word: string, value: string): void {
    switch (word) {
      case '-h':
        this.#host = value;
        break;
      case '-p':
        this.#port = value;
        break;
      case '-X':
        this.#input = { tag: value };
        break;
      case '-u':
        this.#takeUrl(parseEndpoint(value));
    }
  }

  #takeUrl({ host, port, credentials, tls }: Endpoint): void {
    this.#host = host;
    this.#port = String(port);
    if (tls) this.#flags.set('tls', true);
    if (credentials === undefined) return;
    this.#flags.set('pass', credentials.password);
    if (credentials.username !== undefined) this.#flags.set('user', credentials.username);
  }

  #takeWeights(): void {
    if (this.#weights !== undefined) {
      throw new TribError('usage', '--cluster-weight stands twice.', {
        hint: 'Write all weights behind one: --cluster-weight node1=weight node2=weight',
      });
    }
    const count = weightsBehind(this.#words, this.#at);
    this.#weights = this.#words.slice(this.#at + 1, this.#at + 1 + count);
    this.#at += count;
  }

  #value(option: string): string {
    const value = this.#words[++this.#at];
    if (value === undefined) throw this.#unexpected(option);
    return value;
  }

  /** From the next word on, up to an option. */
  #bareWords(): readonly string[] {
    const start = this.#at + 1;
    while (this.#words[this.#at + 1]?.startsWith('-') === false) this.#at++;
    return this.#words.slice(start, this.#at + 1);
  }

  #isLast(): boolean {
    return this.#at === this.#words.length - 1;
  }

  /** redis-cli wants the node as an argument; where it is missing, -h, -p and -u tell it as well. */
  #withAddress({ least, most }: ClusterCommand): readonly string[] {
    const isTold = this.#port !== undefined && least === 1 && most === 2 && this.#args.length === 0;
    return isTold ? [formatAddress({ host: this.#host, port: Number(this.#port) })] : this.#args;
  }

  #withInput(words: readonly string[]): { readonly words: readonly string[]; readonly inputAt?: number } {
    if (this.#input === undefined) return { words };
    if (this.#input === 'last') return { words: [...words, ''], inputAt: words.length };
    const inputAt = words.indexOf(this.#input.tag);
    if (inputAt < 0) throw new TribError('usage', 'The tag of -X is none of the arguments.');
    return { words, inputAt };
  }

  #flagWords({ options, consent }: ClusterCommand): string[] {
    const words = consent === 'never-asks' ? ['--yes'] : [];
    for (const [flag, value] of this.#flags) words.push(flagWord(flag, value));
    for (const [name, value] of this.#clusterFlags) {
      const flag = clusterOptions[name]?.flag;
      // Without a replica asked for, redis-cli passes over whose it would be.
      if (name === 'master-id' && !this.#clusterFlags.has('slave')) continue;
      if (flag !== undefined && options.includes(name)) words.push(flagWord(flag, value));
    }
    if (options.includes('weight'))
      words.push(...(this.#weights ?? []).map((weight) => `--weight=${weight}`));
    return words;
  }
}

function flagWord(flag: string, value: string | true): string {
  return value === true ? `--${flag}` : `--${flag}=${value}`;
}

/** The name of a cluster manager's option, in Redis's spelling. */
function clusterNameOf(word: string): string | undefined {
  if (!word.startsWith(clusterPrefix)) return undefined;
  const name = word.slice(clusterPrefix.length);
  return Object.hasOwn(valkeySpellings, name) ? valkeySpellings[name] : name;
}

function optionOf(word: string): Option | undefined {
  const name = clusterNameOf(word);
  if (name === undefined) return Object.hasOwn(commonOptions, word) ? commonOptions[word] : undefined;
  return Object.hasOwn(clusterOptions, name) ? clusterOptions[name] : undefined;
}

function takesValue(word: string): boolean {
  return addressOptions.includes(word) || optionOf(word)?.valued === true;
}

function isToggle(word: string): boolean {
  return word === '-x' || optionOf(word)?.valued === false;
}

/** How many words behind the one there are weights. */
function weightsBehind(words: readonly string[], at: number): number {
  const rest = words.slice(at + 1);
  const end = rest.findIndex((word) => word.startsWith('--') || !word.includes('='));
  return end < 0 ? rest.length : end;
}

/**
 * Owns the directives that are lists or have rules of their own: dir, save, client-output-buffer-limit,
 * oom-score-adj-values, notify-keyspace-events, bind, replicaof, latency-tracking-info-percentiles.
 * Source: Redis config.c setConfig*Option, getConfig*Option, rewriteConfig*Option; notify.c.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Kind } from './kinds.ts';
import { formatMemory, parseMemory, quote } from './value.ts';

/** Latin1 text (bytes) as a path of this system, and back. */
export const toPath = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
export const fromPath = (path: string): string => Buffer.from(path, 'utf8').toString('latin1');

const strerror: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  EEXIST: 'File exists',
  EBADF: 'Bad file descriptor',
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EFBIG: 'File too large',
  EROFS: 'Read-only file system',
  EIO: 'Input/output error',
};

/** What the C library says of an error of the file system. */
export function systemErrorText(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return strerror[code] ?? (error instanceof Error ? error.message : String(error));
}

/** The working directory of this node: an absolute path; a relative one is taken from the one before. */
export function dir(): Kind {
  return {
    defaultText: fromPath(process.cwd()),
    parse(args, { current }) {
      if (args.length !== 1) return { refusal: 'wrong number of arguments' };
      const path = resolve(toPath(current), toPath(args[0] as string));
      try {
        if (!statSync(path).isDirectory()) return { refusal: 'Not a directory' };
      } catch (error) {
        return { refusal: systemErrorText(error) };
      }
      return fromPath(path);
    },
    rewrite: (name, value) => [{ text: `${name} ${quote(value)}`, force: true }],
  };
}

/** Pairs of seconds and changes. While starting, lines add up; the first one replaces the default. */
export function save(): Kind {
  return {
    defaultText: '3600 1 300 100 60 10000',
    parse(args, { current, starting, given }) {
      const words = args.length === 1 && args[0] === '' ? [] : args;
      const wrong = { refusal: 'Invalid save parameters' };
      if (words.length % 2 !== 0) return wrong;
      const numbers: number[] = [];
      for (const [index, word] of words.entries()) {
        const value = /^\s*[+-]?\d+$/.test(word) ? Number(word) : Number.NaN;
        if (Number.isNaN(value) || value < (index % 2 === 0 ? 1 : 0)) return wrong;
        numbers.push(value);
      }
      const added = numbers.join(' ');
      if (!starting || !given || args.length !== words.length || current === '') return added;
      return added === '' ? current : `${current} ${added}`;
    },
    rewrite(name, value) {
      if (value === '') return [{ text: `${name} ""`, force: true }];
      return (value.match(/\d+ \d+/g) ?? []).map((pair) => ({ text: `${name} ${pair}`, force: true }));
    },
  };
}

export type BufferClass = 'normal' | 'replica' | 'pubsub';

export interface BufferLimit {
  /** 0: no limit. */
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

const bufferClasses = ['normal', 'slave', 'pubsub'] as const;
const bufferDefaults = ['0 0 0', '268435456 67108864 60', '33554432 8388608 60'] as const;

const bufferGroups = (value: string): string[] => value.match(/\S+ \S+ \S+ \S+/g) ?? [];

/** The value of client-output-buffer-limit, read. */
export function bufferLimits(value: string): Record<BufferClass, BufferLimit> {
  const limits = bufferGroups(value).map((group) => {
    const [, hard, soft, seconds] = group.split(' ');
    return { hardBytes: Number(hard), softBytes: Number(soft), softSeconds: Number(seconds) };
  });
  const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
  return { normal: limits[0] ?? none, replica: limits[1] ?? none, pubsub: limits[2] ?? none };
}

export function clientOutputBufferLimit(): Kind {
  return {
    defaultText: bufferClasses.map((name, index) => `${name} ${bufferDefaults[index]}`).join(' '),
    parse(args, { current }) {
      if (args.length % 4 !== 0)
        return { refusal: 'Wrong number of arguments in buffer limit configuration.' };
      const groups = bufferGroups(current);
      for (let at = 0; at < args.length; at += 4) {
        const [name = '', hard = '', soft = '', seconds = ''] = args.slice(at, at + 4);
        const lower = name.toLowerCase();
        const index = bufferClasses.findIndex((known) => known === (lower === 'replica' ? 'slave' : lower));
        if (index < 0) return { refusal: 'Invalid client class specified in buffer limit configuration.' };
        const hardBytes = parseMemory(hard);
        const softBytes = parseMemory(soft);
        if (hardBytes === undefined || softBytes === undefined || !/^\s*\+?\d+$/.test(seconds))
          return { refusal: 'Error in hard, soft or soft_seconds setting in buffer limit configuration.' };
        groups[index] = `${bufferClasses[index]} ${hardBytes} ${softBytes} ${Number(seconds)}`;
      }
      return groups.join(' ');
    },
    rewrite(name, value) {
      return bufferGroups(value).map((group, index) => {
        const [kind = '', hard = '0', soft = '0', seconds] = group.split(' ');
        const shown = `${formatMemory(BigInt(hard))} ${formatMemory(BigInt(soft))} ${seconds}`;
        return {
          text: `${name} ${kind === 'slave' ? 'replica' : kind} ${shown}`,
          force: group !== `${kind} ${bufferDefaults[index]}`,
        };
      });
    },
  };
}

export function oomScoreAdjValues(): Kind {
  const defaultText = '0 200 800';
  return {
    defaultText,
    parse(args) {
      if (args.length !== 3) return { refusal: 'wrong number of arguments' };
      const values = args.map((arg) => (/^\s*[+-]?\d+$/.test(arg) ? Number(arg) : Number.NaN));
      if (values.some((value) => !(value >= -2000 && value <= 2000)))
        return { refusal: 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.' };
      return values.join(' ');
    },
    rewrite: (name, value) => [{ text: `${name} ${value}`, force: value !== defaultText }],
  };
}

/** Classes that "A" stands for, in the order in which Redis shows them. */
const allEvents = 'g$lshzxetd';

export function notifyKeyspaceEvents(): Kind {
  return {
    defaultText: '',
    parse(args) {
      if (args.length !== 1) return { refusal: 'wrong number of arguments' };
      const given = (args[0] as string).replaceAll('A', allEvents);
      if (/[^g$lshzxetdKEmn]/.test(given))
        return { refusal: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." };
      const has = (letter: string): boolean => given.includes(letter);
      const all = [...allEvents].every(has);
      return (all ? 'A' : [...allEvents].filter(has).join('')) + [...'nKEm'].filter(has).join('');
    },
    // As Redis does: beside A it does not tell of new keys.
    shown: (value) => value.replace(/^An/, 'A'),
    rewrite: (name, value) => [{ text: `${name} ${quote(value)}`, force: value !== '' }],
  };
}

export function bind(): Kind {
  const defaultText = '* -::*';
  return {
    defaultText,
    parse(args) {
      if (args.length > 16) return { refusal: 'Too many bind addresses specified.' };
      return args.length === 1 && args[0] === '' ? '' : args.join(' ');
    },
    rewrite(name, value) {
      if (value === defaultText) return [];
      return [{ text: `${name} ${value === '' ? '""' : value}`, force: true }];
    },
  };
}

/** "host port", or empty for a master. */
export function replicaOf(): Kind {
  return {
    defaultText: '',
    parse(args) {
      if (args.length !== 2) return { refusal: 'wrong number of arguments' };
      const [host = '', port = ''] = args;
      if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') return '';
      if (!/^\s*\+?\d+$/.test(port) || Number(port) > 65535) return { refusal: 'Invalid master port' };
      return `${host} ${Number(port)}`;
    },
    rewrite: (name, value) => (value === '' ? [] : [{ text: `${name} ${value}`, force: true }]),
  };
}

export function percentiles(): Kind {
  return {
    defaultText: '50 99 99.9',
    parse(args) {
      if (args.length === 1 && args[0] === '') return '';
      const shown: string[] = [];
      for (const arg of args) {
        const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(arg) ? Number(arg) : Number.NaN;
        if (Number.isNaN(value)) return { refusal: 'Invalid latency-tracking-info-percentiles parameters' };
        if (value < 0 || value > 100)
          return {
            refusal: 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
          };
        shown.push(String(Number(value.toFixed(6))));
      }
      return shown.join(' ');
    },
    rewrite: (name, value) => [{ text: `${name} ${value === '' ? '""' : value}`, force: true }],
  };
}

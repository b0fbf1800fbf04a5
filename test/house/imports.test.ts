import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Each room of src/ and the rooms that it may import from, besides itself. */
const arrows: Record<string, readonly string[]> = {
  core: [],
  protocol: ['core'],
  client: ['core', 'protocol'],
  cluster: ['core', 'protocol'],
  plan: ['core', 'protocol', 'cluster'],
  execute: ['core', 'protocol', 'client', 'cluster', 'plan'],
  cli: ['core', 'protocol', 'client', 'cluster', 'plan', 'execute', 'local'],
  node: ['core', 'protocol', 'client'],
  local: ['core', 'protocol', 'client', 'cluster', 'plan', 'execute'],
  commands: ['core', 'protocol', 'client', 'cluster', 'plan', 'execute', 'cli', 'local', 'node'],
  'index.ts': ['core', 'protocol', 'client', 'cluster', 'plan', 'execute', 'local', 'node'],
};

/** Rooms that are values in, values out: no module of Node that reaches the outside. */
const pureRooms = ['protocol', 'cluster', 'plan'];
const ioModules =
  /^(?:node:)?(?:net|tls|fs|fs\/promises|child_process|http|https|dns|dgram|worker_threads|readline)$/;

const src = resolve(import.meta.dirname, '../../src');
const roomOf = (file: string): string => relative(src, file).split('/')[0] as string;

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm)].map(
    (match) => match[1] as string,
  );
}

function violations(file: string): string[] {
  const room = roomOf(file);
  const allowed = arrows[room];
  const name = relative(src, file);
  if (allowed === undefined) return [`${name}: the room ${room} is not in the plan of the house`];
  const found: string[] = [];
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith('.')) {
      const target = roomOf(resolve(dirname(file), specifier));
      if (target !== room && !allowed.includes(target))
        found.push(`${name} imports ${specifier}: ${room} -> ${target}`);
    } else if (pureRooms.includes(room) && ioModules.test(specifier)) {
      found.push(`${name} imports ${specifier}: ${room} does no I/O`);
    }
  }
  return found;
}

describe('the arrows of the house', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, name));

  it('reads the source tree', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it('imports point downward only', () => {
    expect(files.flatMap(violations)).toEqual([]);
  });
});

/** Owns the ACL categories of commands: those of the row and those that its flags imply. Source: server.c setImplicitACLCategories. */
import type { AclCategory } from './row.ts';
import { type Command, flagBits } from './table.ts';

/** In the order in which Redis lists them. */
export const aclCategories: readonly AclCategory[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
];

export function categoriesOf(command: Command): AclCategory[] {
  const own = new Set(command.categories);
  const has = (flag: keyof typeof flagBits): boolean => (command.bits & flagBits[flag]) !== 0;
  if (has('write')) own.add('write');
  if (has('readonly') && !own.has('scripting')) own.add('read');
  if (has('admin')) own.add('admin').add('dangerous');
  if (has('pubsub')) own.add('pubsub');
  if (has('fast')) own.add('fast');
  if (has('blocking')) own.add('blocking');
  if (!own.has('fast')) own.add('slow');
  return aclCategories.filter((category) => own.has(category));
}

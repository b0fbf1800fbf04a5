/**
 * Owns the order of a sorted set: a B-tree of entries by score, then by the bytes of the member, whose branches count what is
 * below them, so that ranks are found on the way down. Never knows commands. Source: the role of Redis t_zset.c's skiplist.
 */

/** What the tree holds. The score must stay while the entry is in the tree. */
export interface Scored {
  readonly key: string;
  readonly score: number;
}

/** Whether what has this score and member comes before a point in the order: true up to the point, false from there on. */
export type IsBefore = (score: number, member: string) => boolean;

/** Entries of a leaf, and children of a branch, at most. */
const NODE_SIZE = 64;
/** Of the nodes of a tree that is built at once. */
const FILLED_SIZE = 48;
/** A node with fewer joins a neighbour that has room. */
const SMALL_NODE = NODE_SIZE / 4;

function comesBefore(a: Scored, score: number, member: string): boolean {
  return a.score < score || (a.score === score && a.key < member);
}

class Leaf<E extends Scored> {
  readonly entries: E[];

  constructor(entries: E[]) {
    this.entries = entries;
  }

  get count(): number {
    return this.entries.length;
  }

  get fill(): number {
    return this.entries.length;
  }

  get first(): E {
    return this.entries[0] as E;
  }

  /** Index of the first entry that is not before this point. */
  #placeOf(score: number, member: string): number {
    const { entries } = this;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comesBefore(entries[middle] as E, score, member)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The right half as a node of its own, when this one has become too large. */
  insert(entry: E): Leaf<E> | undefined {
    const { entries } = this;
    const place = this.#placeOf(entry.score, entry.key);
    entries.push(entry);
    for (let at = entries.length - 1; at > place; at--) entries[at] = entries[at - 1] as E;
    entries[place] = entry;
    return entries.length > NODE_SIZE ? new Leaf(entries.splice(NODE_SIZE / 2)) : undefined;
  }

  remove(entry: E): void {
    this.entries.splice(this.#placeOf(entry.score, entry.key), 1);
  }

  countBefore(isBefore: IsBefore): number {
    const { entries } = this;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { score, key } = entries[middle] as E;
      if (isBefore(score, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  collect(start: number, count: number, found: E[]): void {
    const end = Math.min(this.entries.length, start + count);
    for (let at = start; at < end; at++) found.push(this.entries[at] as E);
  }

  findMember(member: string): E | undefined {
    for (const entry of this.entries) if (entry.key === member) return entry;
    return undefined;
  }

  *leaves(): IterableIterator<readonly E[]> {
    yield this.entries;
  }

  absorb(right: Leaf<E>): void {
    for (const entry of right.entries) this.entries.push(entry);
  }
}

type Node<E extends Scored> = Leaf<E> | Branch<E>;

class Branch<E extends Scored> {
  count = 0;
  readonly #children: Node<E>[];
  /** Nothing in a child comes before these, everything to its left does. Those of the first child are not looked at. */
  readonly #lowScores: number[] = [];
  readonly #lowMembers: string[] = [];

  constructor(children: Node<E>[]) {
    this.#children = children;
    for (const child of children) {
      const { score, key } = child.first;
      this.#lowScores.push(score);
      this.#lowMembers.push(key);
      this.count += child.count;
    }
  }

  get fill(): number {
    return this.#children.length;
  }

  get first(): E {
    return (this.#children[0] as Node<E>).first;
  }

  /** The only child, if it has but one. */
  get onlyChild(): Node<E> | undefined {
    return this.#children.length === 1 ? this.#children[0] : undefined;
  }

  /** The child where an entry of this score and member belongs. */
  #childFor(score: number, member: string): number {
    let low = 1;
    let high = this.#children.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const lowScore = this.#lowScores[middle] as number;
      if (lowScore < score || (lowScore === score && (this.#lowMembers[middle] as string) <= member))
        low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  insert(entry: E): Branch<E> | undefined {
    const at = this.#childFor(entry.score, entry.key);
    this.count++;
    const right = insertInto(this.#children[at] as Node<E>, entry);
    if (right === undefined) return undefined;
    const { score, key } = right.first;
    this.#children.splice(at + 1, 0, right);
    this.#lowScores.splice(at + 1, 0, score);
    this.#lowMembers.splice(at + 1, 0, key);
    if (this.#children.length <= NODE_SIZE) return undefined;
    const half = NODE_SIZE / 2;
    this.#lowScores.length = half;
    this.#lowMembers.length = half;
    const split = new Branch(this.#children.splice(half));
    this.count -= split.count;
    return split;
  }

  remove(entry: E): void {
    const at = this.#childFor(entry.score, entry.key);
    const child = this.#children[at] as Node<E>;
    child.remove(entry);
    this.count--;
    if (child.fill === 0) this.#drop(at);
    else if (child.fill < SMALL_NODE) {
      if (!this.#join(at)) this.#join(at - 1);
    }
  }

  /** Makes a child and its right neighbour one, where they fit together. */
  #join(at: number): boolean {
    const left = this.#children[at];
    const right = this.#children[at + 1];
    if (left === undefined || right === undefined || left.fill + right.fill > NODE_SIZE) return false;
    if (left instanceof Leaf && right instanceof Leaf) left.absorb(right);
    else if (left instanceof Branch && right instanceof Branch) left.absorb(right);
    this.#drop(at + 1);
    return true;
  }

  absorb(right: Branch<E>): void {
    for (const [index, child] of right.#children.entries()) {
      const { score, key } = child.first;
      this.#children.push(child);
      this.#lowScores.push(index === 0 ? score : (right.#lowScores[index] as number));
      this.#lowMembers.push(index === 0 ? key : (right.#lowMembers[index] as string));
    }
    this.count += right.count;
  }

  #drop(at: number): void {
    this.#children.splice(at, 1);
    this.#lowScores.splice(at, 1);
    this.#lowMembers.splice(at, 1);
  }

  countBefore(isBefore: IsBefore): number {
    let low = 1;
    let high = this.#children.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#lowScores[middle] as number, this.#lowMembers[middle] as string)) low = middle + 1;
      else high = middle;
    }
    let before = 0;
    for (let at = 0; at < low - 1; at++) before += (this.#children[at] as Node<E>).count;
    return before + (this.#children[low - 1] as Node<E>).countBefore(isBefore);
  }

  collect(start: number, count: number, found: E[]): void {
    const wanted = found.length + count;
    let offset = start;
    for (const child of this.#children) {
      if (offset >= child.count) {
        offset -= child.count;
        continue;
      }
      child.collect(offset, wanted - found.length, found);
      if (found.length >= wanted) return;
      offset = 0;
    }
  }

  findMember(member: string): E | undefined {
    for (const child of this.#children) {
      const found = child.findMember(member);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *leaves(): IterableIterator<readonly E[]> {
    for (const child of this.#children) yield* child.leaves();
  }
}

function insertInto<E extends Scored>(node: Node<E>, entry: E): Node<E> | undefined {
  return node.insert(entry);
}

function inOrder(a: Scored, b: Scored): number {
  if (a.score === b.score && a.key === b.key) return 0;
  return comesBefore(a, b.score, b.key) ? -1 : 1;
}

/** In parts that fill a node, with room to grow. */
function parts<T>(items: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let at = 0; at < items.length; at += FILLED_SIZE) found.push(items.slice(at, at + FILLED_SIZE));
  return found;
}

export class ScoreTree<E extends Scored> {
  #root: Node<E> = new Leaf<E>([]);

  /** Of entries in any order, no two of one score and member. */
  static from<E extends Scored>(entries: readonly E[]): ScoreTree<E> {
    const tree = new ScoreTree<E>();
    const sorted = entries.toSorted(inOrder);
    let nodes: Node<E>[] = parts(sorted).map((part) => new Leaf(part));
    while (nodes.length > 1) nodes = parts(nodes).map((part) => new Branch(part));
    tree.#root = nodes[0] ?? tree.#root;
    return tree;
  }

  get size(): number {
    return this.#root.count;
  }

  /** There must be no entry of this score and member. */
  insert(entry: E): void {
    const right = insertInto(this.#root, entry);
    if (right !== undefined) this.#root = new Branch<E>([this.#root, right]);
  }

  /** The entry must be there, with the score that it had when it came. */
  remove(entry: E): void {
    this.#root.remove(entry);
    while (this.#root instanceof Branch && this.#root.onlyChild !== undefined)
      this.#root = this.#root.onlyChild;
  }

  /** How many entries come before a point in the order. */
  countBefore(isBefore: IsBefore): number {
    return this.#root.countBefore(isBefore);
  }

  /** The entries of the ranks [start, start + count) that there are. */
  slice(start: number, count: number): E[] {
    const found: E[] = [];
    if (count > 0) this.#root.collect(start, count, found);
    return found;
  }

  /** The entry of a member whose score is not known: looks at all. */
  findMember(member: string): E | undefined {
    return this.#root.findMember(member);
  }

  /** All entries in order, some at a time. */
  leaves(): IterableIterator<readonly E[]> {
    return this.#root.leaves();
  }

  *entries(): IterableIterator<E> {
    for (const leaf of this.leaves()) yield* leaf;
  }
}

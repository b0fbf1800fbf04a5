import { beforeEach, describe, expect, it } from 'vitest';
import { PropagationStream } from '../../../src/node/propagate/stream.ts';

describe('PropagationStream', () => {
  let stream: PropagationStream;
  let heard: string[];
  beforeEach(() => {
    stream = new PropagationStream();
    heard = [];
    stream.subscribe((dbIndex, argv) => heard.push(`${dbIndex} ${argv.join(' ')}`));
  });

  it('sends at once what belongs to nothing', () => {
    stream.feed(0, ['DEL', 'a']);
    expect(heard).toEqual(['0 DEL a']);
  });

  it('keeps together what one command does, however deep', () => {
    stream.enter();
    stream.feed(0, ['DEL', 'a']);
    stream.enter();
    stream.feed(1, ['SET', 'b', '1']);
    stream.leave();
    expect(heard).toEqual([]);
    stream.leave();
    expect(heard).toEqual(['0 MULTI', '0 DEL a', '1 SET b 1', '1 EXEC']);
  });

  it('makes no transaction of a single write, and nothing of none', () => {
    stream.enter();
    stream.leave();
    stream.feedTransaction(2, [['SET', 'a', '1']]);
    expect(heard).toEqual(['2 SET a 1']);
    stream.feedTransaction(2, [
      ['SET', 'a', '1'],
      ['SET', 'b', '1'],
    ]);
    expect(heard.slice(1)).toEqual(['2 MULTI', '2 SET a 1', '2 SET b 1', '2 EXEC']);
  });

  it('sends what is for replicas only to them, as far as a script lets it', () => {
    const stream = new PropagationStream();
    const files: string[] = [];
    const replicas: string[] = [];
    stream.subscribe((_dbIndex, argv) => files.push(argv.join(' ')), 1);
    stream.subscribe((_dbIndex, argv) => replicas.push(argv.join(' ')), 2);
    stream.feed(0, ['PUBLISH', 'a', '1'], 2);
    stream.enter();
    stream.feed(0, ['SET', 'a', '1']);
    stream.feed(0, ['PUBLISH', 'a', '2'], 2);
    stream.targets = 1;
    stream.feed(0, ['PUBLISH', 'a', '3'], 2);
    stream.targets = 3;
    stream.leave();
    expect(files).toEqual(['MULTI', 'SET a 1', 'EXEC']);
    expect(replicas).toEqual(['PUBLISH a 1', 'MULTI', 'SET a 1', 'PUBLISH a 2', 'EXEC']);
  });

  it('collects nothing while nobody listens', () => {
    const silent = new PropagationStream();
    silent.enter();
    silent.feed(0, ['DEL', 'a']);
    const late: string[] = [];
    const stop = silent.subscribe((_dbIndex, argv) => late.push(argv.join(' ')));
    silent.leave();
    silent.feed(0, ['DEL', 'b']);
    stop();
    silent.feed(0, ['DEL', 'c']);
    expect(late).toEqual(['DEL b']);
    expect(silent.wanted).toBe(false);
  });
});

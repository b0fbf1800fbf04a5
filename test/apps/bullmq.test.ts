/** Owns BullMQ, used as its documentation shows, on one server and on a cluster of either engine. */
import {
  DelayedError,
  FlowProducer,
  type Job,
  Queue,
  QueueEvents,
  UnrecoverableError,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { expect, it } from 'vitest';
import { describePlaces, type Place } from '../helpers/places.ts';
import { until } from '../helpers/servers.ts';

/** All keys of a queue have to be of one slot in a cluster. */
const prefix = '{bull}';
const name = 'mail';

/** What BullMQ asks of a connection of workers. */
const connectionOf = (place: Place) => ({
  connection: place.ioredis({ maxRetriesPerRequest: null }),
  prefix,
});

function openQueue(place: Place, queueName = name): Queue {
  const queue = new Queue(queueName, connectionOf(place));
  place.atEnd(() => queue.close());
  return queue;
}

function startWorker(
  place: Place,
  process: (job: Job, token?: string) => Promise<unknown>,
  options: Partial<WorkerOptions> & { queueName?: string } = {},
): Worker {
  const { queueName = name, ...given } = options;
  const worker = new Worker(queueName, process, { ...connectionOf(place), ...given });
  worker.on('error', () => {});
  // What it works on is not waited for.
  place.atEnd(() => worker.close(true));
  return worker;
}

async function openEvents(place: Place): Promise<QueueEvents> {
  // From the beginning: none is missed before it listens.
  const events = new QueueEvents(name, { ...connectionOf(place), lastEventId: '0-0' });
  events.on('error', () => {});
  place.atEnd(() => events.close());
  await events.waitUntilReady();
  return events;
}

/** Until so many jobs have failed or are completed. */
const finished = (queue: Queue, count: number): Promise<void> =>
  until(async () => (await queue.getJobCountByTypes('completed', 'failed')) === count, `${count} jobs`);

describePlaces((place) => {
  it('works jobs off in their order, with results, progress and logs', async () => {
    const queue = openQueue(place);
    const events = await openEvents(place);
    const progress: unknown[] = [];
    events.on('progress', ({ data }) => progress.push(data));
    const jobs = await queue.addBulk([1, 2, 3].map((to) => ({ name: 'send', data: { to } })));
    const seen: number[] = [];
    startWorker(place, async (job) => {
      seen.push(job.data.to);
      await job.updateProgress({ sent: job.data.to });
      await job.log(`sent to ${job.data.to}`);
      return { delivered: job.data.to };
    });
    const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
    expect(results).toEqual([{ delivered: 1 }, { delivered: 2 }, { delivered: 3 }]);
    expect(seen).toEqual([1, 2, 3]);
    await until(() => progress.length === 3, 'the progress of all jobs');
    expect(progress).toEqual([{ sent: 1 }, { sent: 2 }, { sent: 3 }]);
    const [first] = jobs;
    expect(await first?.getState()).toBe('completed');
    expect(await queue.getJobLogs(first?.id ?? '')).toEqual({ logs: ['sent to 1'], count: 1 });
  });

  it('takes each job once, however many workers there are', async () => {
    const queue = openQueue(place);
    const worked = new Map<string, number>();
    for (let each = 0; each < 3; each++)
      startWorker(
        place,
        async ({ id = '' }) => {
          worked.set(id, (worked.get(id) ?? 0) + 1);
        },
        { concurrency: 5 },
      );
    await queue.addBulk(Array.from({ length: 100 }, (_, index) => ({ name: 'job', data: { index } })));
    await finished(queue, 100);
    expect([...worked.values()]).toEqual(Array(100).fill(1));
  });

  it('takes what is more important first, the last that came where that is asked for, and delays', async () => {
    const queue = openQueue(place);
    const seen: string[] = [];
    const later = await queue.add('later', {}, { delay: 150 });
    await queue.add('minor', {}, { priority: 10 });
    await queue.add('major', {}, { priority: 1 });
    await queue.add('first', {});
    await queue.add('pushed', {}, { lifo: true });
    const hidden = await queue.add('much later', {}, { delay: 3_600_000 });
    expect(await queue.getDelayedCount()).toBe(2);
    expect(await queue.getCountsPerPriority([0, 1, 10])).toEqual({ 0: 2, 1: 1, 10: 1 });
    startWorker(place, async (job) => seen.push(job.name));
    await finished(queue, 5);
    expect(seen.filter((jobName) => jobName !== 'later')).toEqual(['pushed', 'first', 'major', 'minor']);
    const done = await queue.getJob(later.id ?? '');
    expect((done?.processedOn ?? 0) - later.timestamp).toBeGreaterThanOrEqual(150);
    await hidden.promote();
    await finished(queue, 6);
    expect(seen.at(-1)).toBe('much later');
  });

  it('tries again what failed, after its backoff, and no more than it should', async () => {
    const queue = openQueue(place);
    const failures: string[] = [];
    const worker = startWorker(place, async (job) => {
      if (job.name === 'hopeless') throw new UnrecoverableError('never');
      if (job.name === 'broken' || job.attemptsMade < 2) throw new Error(`attempt ${job.attemptsMade}`);
      return 'at last';
    });
    worker.on('failed', (job, error) => failures.push(`${job?.name}: ${error.message}`));
    const backoff = { type: 'exponential', delay: 20 };
    const [flaky, broken, hopeless] = await queue.addBulk(
      ['flaky', 'broken', 'hopeless'].map((jobName) => ({
        name: jobName,
        data: {},
        opts: { attempts: 3, backoff },
      })),
    );
    await finished(queue, 3);
    await until(() => failures.length === 6, 'all failures to be told');
    expect(failures.sort()).toEqual([
      ...['broken: attempt 0', 'broken: attempt 1', 'broken: attempt 2'],
      ...['flaky: attempt 0', 'flaky: attempt 1', 'hopeless: never'],
    ]);
    expect((await queue.getJob(flaky?.id ?? ''))?.returnvalue).toBe('at last');
    expect(await broken?.getState()).toBe('failed');
    const failed = await queue.getFailed();
    expect(failed.map(({ id }) => id).sort()).toEqual([broken?.id, hopeless?.id].sort());
    await broken?.remove();
    await queue.retryJobs({ state: 'failed' });
    await until(() => failures.filter((line) => line === 'hopeless: never').length === 2, 'another try');
  });

  it('works flows off from their leaves', async () => {
    const queue = openQueue(place);
    const flows = new FlowProducer(connectionOf(place));
    place.atEnd(() => flows.close());
    const order: string[] = [];
    const work = async (job: Job): Promise<unknown> => {
      order.push(job.name);
      const parts = Object.values(await job.getChildrenValues<number>());
      return parts.reduce((sum, part) => sum + part, job.data.value ?? 0);
    };
    startWorker(place, work);
    startWorker(place, work, { queueName: 'parts' });
    const child = (jobName: string, value: number) => ({
      name: jobName,
      queueName: 'parts',
      data: { value },
    });
    const tree = await flows.add({
      name: 'total',
      queueName: name,
      data: {},
      children: [
        { ...child('sum', 1), children: [child('leaf', 10), child('leaf', 20)] },
        child('other', 100),
      ],
    });
    await finished(queue, 1);
    expect((await queue.getJob(tree.job.id ?? ''))?.returnvalue).toBe(131);
    expect(order.at(-1)).toBe('total');
    expect(order.indexOf('sum')).toBeGreaterThan(order.lastIndexOf('leaf'));
    const read = await flows.getFlow({ id: tree.job.id ?? '', queueName: name, prefix });
    expect(read?.children?.map(({ job }) => job.name).sort()).toEqual(['other', 'sum']);
    expect(await tree.job.getDependencies()).toMatchObject({ processed: {} });
  });

  it('keeps to a rate', async () => {
    const queue = openQueue(place);
    const startedAtMs: number[] = [];
    const limiter = { max: 2, duration: 150 };
    startWorker(place, async () => startedAtMs.push(Date.now()), { limiter, concurrency: 5 });
    await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'job', data: {} })));
    await finished(queue, 5);
    const spanMs = Math.max(...startedAtMs) - Math.min(...startedAtMs);
    expect(spanMs).toBeGreaterThanOrEqual(limiter.duration);
    await queue.setGlobalConcurrency(1);
    expect(await queue.getGlobalConcurrency()).toBe(1);
    await queue.setGlobalRateLimit(1, 60_000);
    expect(await queue.getGlobalRateLimit()).toEqual({ max: 1, duration: 60_000 });
  });

  it('repeats jobs by schedulers', async () => {
    const queue = openQueue(place);
    const runs: Job[] = [];
    startWorker(place, async (job) => runs.push(job));
    await queue.upsertJobScheduler('often', { every: 50 }, { name: 'tick', data: { from: 'scheduler' } });
    await queue.upsertJobScheduler(
      'nightly',
      { pattern: '0 3 * * *', tz: 'Europe/Berlin' },
      { name: 'report' },
    );
    await until(() => runs.length >= 3, 'three runs');
    expect(runs.every(({ name: jobName, data }) => jobName === 'tick' && data.from === 'scheduler')).toBe(
      true,
    );
    expect((await queue.getJobSchedulers()).map(({ key }) => key).sort()).toEqual(['nightly', 'often']);
    expect(await queue.getJobSchedulersCount()).toBe(2);
    expect(await queue.getJobScheduler('nightly')).toMatchObject({
      pattern: '0 3 * * *',
      tz: 'Europe/Berlin',
    });
    expect(await queue.removeJobScheduler('often')).toBe(true);
    expect(await queue.removeJobScheduler('often')).toBe(false);
    await until(async () => (await queue.getDelayedCount()) === 1, 'only the nightly one to be left');
  });

  it('stands still while paused, and goes on', async () => {
    const queue = openQueue(place);
    const events = await openEvents(place);
    const heard: string[] = [];
    for (const event of ['paused', 'resumed', 'drained'] as const) events.on(event, () => heard.push(event));
    let worked = 0;
    startWorker(place, async () => worked++);
    await queue.pause();
    expect(await queue.isPaused()).toBe(true);
    await queue.add('job', {});
    await until(() => heard.includes('paused'), 'the pause');
    expect(await queue.getJobCounts('completed')).toEqual({ completed: 0 });
    expect(worked).toBe(0);
    await queue.resume();
    await finished(queue, 1);
    await until(() => heard.includes('drained'), 'the queue to be drained');
    expect(heard.slice(0, 2)).toEqual(['paused', 'resumed']);
  });

  it('knows the same job again, and moves a job to later', async () => {
    const queue = openQueue(place);
    const named = await queue.add('once', {}, { jobId: 'order-7' });
    expect((await queue.add('once', {}, { jobId: 'order-7' })).id).toBe(named.id);
    const deduplication = { id: 'customer-3', ttl: 60_000 };
    const kept = await queue.add('mail', { text: 1 }, { deduplication });
    expect((await queue.add('mail', { text: 2 }, { deduplication })).id).toBe(kept.id);
    expect(await queue.getWaitingCount()).toBe(2);
    startWorker(place, async (job, token) => {
      if (job.data.seen === true || job.id !== 'order-7') return job.attemptsStarted;
      await job.updateData({ seen: true });
      await job.moveToDelayed(Date.now() + 30, token);
      throw new DelayedError();
    });
    await finished(queue, 2);
    expect((await queue.getJob('order-7'))?.returnvalue).toBe(2);
  });

  it('keeps the last of the same jobs that come while one is at work', async () => {
    const queue = openQueue(place);
    const seen: number[] = [];
    let goOn = (): void => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    startWorker(place, async (job) => {
      seen.push(job.data.version);
      await mayGoOn;
    });
    const deduplication = { id: 'page-1', keepLastIfActive: true };
    await queue.add('render', { version: 1 }, { deduplication });
    await until(() => seen.length === 1, 'the first to begin');
    for (const version of [2, 3, 4]) await queue.add('render', { version }, { deduplication });
    goOn();
    await finished(queue, 2);
    expect(seen).toEqual([1, 4]);
  });

  it('counts, lists, cleans and obliterates', async () => {
    const queue = openQueue(place);
    const worker = startWorker(place, async (job) => {
      if (job.data.bad === true) throw new Error('bad');
    });
    await queue.addBulk(
      Array.from({ length: 20 }, (_, index) => ({ name: 'job', data: { bad: index % 4 === 0 } })),
    );
    await finished(queue, 20);
    expect(await queue.getWorkersCount()).toBe(1);
    await worker.close();
    await queue.add('waits', {});
    await queue.add('sleeps', {}, { delay: 60_000 });
    const counts = { completed: 15, failed: 5, waiting: 1, delayed: 1, active: 0 };
    expect(await queue.getJobCounts('completed', 'failed', 'waiting', 'delayed', 'active')).toEqual(counts);
    expect(await queue.getCompleted(0, 4)).toHaveLength(5);
    expect((await queue.getJobs(['waiting', 'delayed'])).map((job) => job.name).sort()).toEqual([
      'sleeps',
      'waits',
    ]);
    expect(await queue.clean(0, 10, 'completed')).toHaveLength(10);
    expect(await queue.clean(0, 0, 'failed')).toHaveLength(5);
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 5, failed: 0 });
    expect(await queue.trimEvents(0)).toBeGreaterThan(0);
    await queue.drain(true);
    expect(await queue.count()).toBe(0);
    await queue.obliterate({ force: true });
    expect((await place.tell('DBSIZE')).map(Number)).toEqual(place.masters.map(() => 0));
  });

  it('gives jobs of a worker that is gone to another', async () => {
    const queue = openQueue(place);
    let began = false;
    startWorker(
      place,
      async () => {
        began = true;
        await new Promise(() => {});
      },
      { lockDuration: 200, stalledInterval: 100, skipLockRenewal: true },
    );
    const job = await queue.add('job', {});
    await until(() => began, 'the job to begin');
    startWorker(place, async () => 'saved', { stalledInterval: 100 });
    await finished(queue, 1);
    expect((await queue.getJob(job.id ?? ''))?.returnvalue).toBe('saved');
  });
});

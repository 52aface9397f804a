import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { LightFirst } from '../../../lib/concurrency/light-first.ts';

describe('a heavy workload', () => {
  it('waits until all light workloads that have begun have ended, even if they began later', async () => {
    const lightFirst = new LightFirst();
    const done: ('light' | 'heavy')[] = [];
    const first = lightFirst.begin('shop');
    const heavy = lightFirst.begin('shop');
    const waiting = heavy.afterLight().then(() => done.push('heavy'));
    const later = lightFirst.begin('shop');
    first.end();
    await turnOfTheLoop();
    assert.equal(done.length, 0);
    done.push('light');
    later.end();
    await waiting;
    assert.deepEqual(done, ['light', 'heavy']);
  });

  it('does not wait for other heavy workloads, so that none of them blocks another', async () => {
    const lightFirst = new LightFirst();
    const heavy = [lightFirst.begin('shop'), lightFirst.begin('shop')];
    await Promise.all(heavy.map(({ afterLight }) => afterLight()));
  });

  it('goes on at once the second time, even if others have begun since', async () => {
    const lightFirst = new LightFirst();
    const heavy = lightFirst.begin('shop');
    await heavy.afterLight();
    const light = lightFirst.begin('shop');
    light.end();
    await heavy.afterLight();
    heavy.end();
  });

  it('waits for the first ten workloads of a namespace, but not for more', async () => {
    const lightFirst = new LightFirst();
    const many = Array.from({ length: 1000 }, () => lightFirst.begin('crowd'));
    const heavy = lightFirst.begin('shop');
    let went = false;
    const waiting = heavy.afterLight().then(() => {
      went = true;
    });
    for (const light of many.slice(0, 9)) light.end();
    await turnOfTheLoop();
    assert.equal(went, false);
    many[9]?.end();
    await waiting;
  });

  it('counts as ended once, even if its end is reported several times', async () => {
    const lightFirst = new LightFirst();
    const light = lightFirst.begin('shop');
    const other = lightFirst.begin('shop');
    light.end();
    light.end();
    const heavy = lightFirst.begin('shop');
    let went = false;
    const waiting = heavy.afterLight().then(() => {
      went = true;
    });
    await turnOfTheLoop();
    assert.equal(went, false);
    other.end();
    await waiting;
  });
});

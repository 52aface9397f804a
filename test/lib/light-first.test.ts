import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { LightFirst } from '../../lib/light-first.ts';

describe('a heavy workload', () => {
  it('waits until every light one that was begun has ended, also one that began later', async () => {
    const lightFirst = new LightFirst();
    const done: ('light' | 'heavy')[] = [];
    const first = lightFirst.begin();
    const heavy = lightFirst.begin();
    const waiting = heavy.afterLight().then(() => done.push('heavy'));
    const later = lightFirst.begin();
    first.end();
    await turnOfTheLoop();
    assert.equal(done.length, 0);
    done.push('light');
    later.end();
    await waiting;
    assert.deepEqual(done, ['light', 'heavy']);
  });

  it('waits for no other heavy one, so that all of them go on', async () => {
    const lightFirst = new LightFirst();
    const heavy = [lightFirst.begin(), lightFirst.begin()];
    await Promise.all(heavy.map(({ afterLight }) => afterLight()));
  });

  it('goes on at once a second time, whatever has begun since', async () => {
    const lightFirst = new LightFirst();
    const heavy = lightFirst.begin();
    await heavy.afterLight();
    const light = lightFirst.begin();
    light.end();
    await heavy.afterLight();
    heavy.end();
  });

  it('counts as ended once, however often that is said', async () => {
    const lightFirst = new LightFirst();
    const light = lightFirst.begin();
    const other = lightFirst.begin();
    light.end();
    light.end();
    const heavy = lightFirst.begin();
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
